/** Packs parcels into one buffer, and spreads a report out again: the two ends of a message. */
import { DELIVERED, INDEX, INDEX_BYTES, type Report, type ToThread } from '../thread/messages.ts';
import type { Parcel, PoolEvents } from './attempt-pool.ts';

type Batch = Extract<ToThread, { kind: 'attempt' }>;

export function pack(parcels: readonly Parcel[]): Batch {
  const count = parcels.length;
  let total = count * INDEX.width * INDEX_BYTES;
  for (const { mintedId, envelope } of parcels) total += mintedId.length + envelope.length;
  // One of its own, to be transferred; and not filled with zeros, as all of it is written.
  const to = Buffer.allocUnsafeSlow(total);
  const bytes = to.buffer;
  const index = new Int32Array(bytes, 0, count * INDEX.width);
  let at = index.byteLength;
  let i = 0;
  for (const { number, attempts, mintedId, envelope } of parcels) {
    index[i++] = number;
    index[i++] = attempts;
    index[i++] = mintedId.length;
    index[i++] = envelope.length;
    to.write(mintedId, at, 'latin1');
    to.set(envelope, at + mintedId.length);
    at += mintedId.length + envelope.length;
  }
  return { kind: 'attempt', bytes, count };
}

export function spread(report: Report, events: PoolEvents): void {
  const { delivered, failed } = report;
  for (let i = 0; i < delivered.length; i += DELIVERED.width) {
    const age = delivered[i + DELIVERED.ageUs]!;
    events.delivered(
      delivered[i + DELIVERED.number]!,
      delivered[i + DELIVERED.status]!,
      delivered[i + DELIVERED.attemptUs]! / 1000,
      age < 0 ? age : age / 1000,
    );
  }
  for (const attempt of failed) events.failed(attempt);
  events.reported();
}
