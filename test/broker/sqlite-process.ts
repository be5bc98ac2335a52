/**
 * A process that works on a SQLite queue until it is killed; run by sqlite-kills.test.ts, which reads what it has said.
 *
 * `publish FILE`: publishes batches of numbered events; says `accepted N` once events 0 to N - 1 are.
 * `work FILE LEASE_MS`: claims and acknowledges; says `settling N N …` before and `settled N N …` after.
 *
 * It goes on only when what it has said has left the process: a kill takes back nothing.
 */
import { randomBytes } from 'node:crypto';
import { SqliteBroker } from '../../src/broker/sqlite/sqlite-broker.ts';
import { idMint } from '../../src/delivery/ids.ts';

/** Small, so that a kill often falls inside a transaction. */
const BATCH = 20;

const [, , job, file, leaseMs = '60000'] = process.argv;
const broker = new SqliteBroker(file!, {
  queue: 'shared',
  leaseMs: Number(leaseMs),
  mintToken: idMint(Date.now, randomBytes),
  commandTimeoutMs: 10_000,
});
await broker.open();
if (job === 'publish') await publish();
else await work();

async function publish(): Promise<never> {
  for (let next = 0; ; next += BATCH) {
    await broker.publish(Array.from({ length: BATCH }, (_, i) => Buffer.from(String(next + i))));
    await say(`accepted ${next + BATCH}`);
  }
}

async function work(): Promise<never> {
  for (;;) {
    const claims = await broker.reserve(BATCH, 1_000_000);
    if (claims.length === 0) await broker.waitForWork(1_000, new AbortController().signal);
    const numbers = claims.map(({ envelope }) => String(envelope)).join(' ');
    await say(`settling ${numbers}`);
    await broker.settle(claims.map((claim) => ({ kind: 'ack', claim })));
    await say(`settled ${numbers}`);
  }
}

function say(line: string): Promise<void> {
  return new Promise((resolve) => process.stdout.write(`${line}\n`, () => resolve()));
}
