/** Whether a delivery may be attempted at this moment: its deliverAt has come, its expiresAt has not. Pure. */
import type { DecodedEnvelope } from '../delivery/event.ts';
import type { Outcome } from '../delivery/outcome.ts';

/**
 * What becomes of a delivery that is not to be attempted at `nowMs` (epoch milliseconds, by this worker's clock); null
 * where it may be. No jitter on the wait: who asks for a time is given that time, and a crowd that is due at one moment
 * is spread as one that is published at one moment, by the lanes and windows of its destinations.
 */
export function untimely(
  { deliverAtMs, expiresAtMs }: Pick<DecodedEnvelope, 'deliverAtMs' | 'expiresAtMs'>,
  nowMs: number,
): Extract<Outcome, { kind: 'early' | 'refused' }> | null {
  if (expiresAtMs !== null && nowMs >= expiresAtMs)
    return {
      kind: 'refused',
      reason: 'expired',
      detail: `expiresAt (${new Date(expiresAtMs).toISOString()}) had passed before it could be sent`,
    };
  if (deliverAtMs !== null && nowMs < deliverAtMs) return { kind: 'early', waitMs: deliverAtMs - nowMs };
  return null;
}
