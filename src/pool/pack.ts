/** Packs parcels into one buffer, and spreads a report out again: the two ends of a message. */
import { DELIVERED, INDEX, type Report, type ToThread } from '../thread/messages.ts';
import type { Parcel, PoolEvents } from './attempt-pool.ts';

type Batch = Extract<ToThread, { kind: 'attempt' }>;

export function pack(parcels: readonly Parcel[]): Batch {
  let total = 0;
  for (const { mintedId, envelope } of parcels) total += mintedId.length + envelope.length;
  const bytes = new ArrayBuffer(total);
  const to = Buffer.from(bytes);
  const index: number[] = new Array(parcels.length * INDEX.width);
  let at = 0;
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
  return { kind: 'attempt', bytes, index };
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
