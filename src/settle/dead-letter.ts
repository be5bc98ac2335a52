/** Makes the dead letter of a delivery that ended undelivered. Pure. */
import {
  type DeadLetter,
  type DeadReason,
  describeFailure,
  type Failure,
  type Subject,
} from '../delivery/outcome.ts';

export interface Death {
  readonly reason: DeadReason;
  readonly failure: Failure;
  /** Attempts made. */
  readonly attempts: number;
  /** Null where the envelope could not be decoded. */
  readonly subject: Subject | null;
  readonly mintedId: string;
  /** The lane it was in; null where none could be read. */
  readonly destination: string | null;
}

export function deadLetter(
  { reason, failure, attempts, subject, mintedId, destination }: Death,
  diedAtMs: number,
): DeadLetter {
  return {
    id: subject?.id ?? mintedId,
    reason,
    detail: detailOf(reason, failure),
    attempts,
    destination,
    url: subject?.url ?? null,
    type: subject?.type ?? null,
    response: failure.kind === 'answered' ? failure.response : null,
    diedAtMs,
  };
}

function detailOf(reason: DeadReason, failure: Failure): string {
  // The reason has a field of its own.
  if (failure.kind === 'refused') return failure.detail;
  const met = describeFailure(failure);
  return reason === 'expired' ? `${met}; expiresAt comes before another attempt would` : met;
}
