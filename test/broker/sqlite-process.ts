/**
 * A process that works on a SQLite queue until it is killed; run by sqlite-faults.test.ts, which reads what it has said.
 *
 * `publish FILE`: publishes batches of numbered events; says `accepted N` once events 0 to N - 1 are.
 * `work FILE LEASE_MS`: claims and acknowledges; says `settling N N …` before and `settled N N …` after.
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
    process.stdout.write(`accepted ${next + BATCH}\n`);
  }
}

async function work(): Promise<never> {
  for (;;) {
    const claims = await broker.reserve(BATCH, 1_000_000);
    if (claims.length === 0) await broker.waitForWork(1_000, new AbortController().signal);
    const numbers = claims.map(({ envelope }) => String(envelope)).join(' ');
    process.stdout.write(`settling ${numbers}\n`);
    await broker.settle(claims.map((claim) => ({ kind: 'ack', claim })));
    process.stdout.write(`settled ${numbers}\n`);
  }
}
