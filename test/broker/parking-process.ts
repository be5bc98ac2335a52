/**
 * A process that parks, drains and delivers, until it is killed; run by parking-kill.ts, which reads what it has said.
 *
 * `BROKER QUEUE LEASE_MS`: says `delivering N N …` before it acknowledges these numbers, and goes on only when that
 * has left the process.
 */
import { randomBytes } from 'node:crypto';
import type { Claim, Settlement } from '../../src/broker/broker.ts';
import { brokerFor } from '../../src/broker/open.ts';
import { idMint } from '../../src/delivery/ids.ts';

/** Small, so that a kill often falls between two steps. */
const BATCH = 20;

const [, , url, queue, leaseMs] = process.argv;
const broker = brokerFor(url!, {
  queue: queue!,
  leaseMs: Number(leaseMs),
  mintToken: idMint(Date.now, randomBytes),
  commandTimeoutMs: 10_000,
});
await broker.open();
for (let round = 0; ; round++) {
  await broker.extend();
  await broker.reclaim();
  await settle(await broker.reserve(BATCH, 1_000_000), round % 3 === 0);
  // Slower than it parks, so that there is always something parked when it is killed.
  await settle(await broker.reserveParked('x', BATCH / 4, 1_000_000), round % 4 !== 0);
}

/** Delivers every claim, or every fourth and parks the others. */
async function settle(claims: readonly Claim[], isDelivering: boolean): Promise<void> {
  const delivered = claims.filter((_, i) => isDelivering || i % 4 === 0);
  const numbers = delivered.map(({ envelope }) => JSON.parse(String(envelope)).payload);
  if (numbers.length > 0) await say(`delivering ${numbers.join(' ')}`);
  await broker.settle(
    claims.map(
      (claim): Settlement =>
        delivered.includes(claim) ? { kind: 'ack', claim } : { kind: 'park', claim, destination: 'x' },
    ),
  );
}

function say(line: string): Promise<void> {
  return new Promise((resolve) => process.stdout.write(`${line}\n`, () => resolve()));
}
