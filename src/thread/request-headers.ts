/** The headers that Volley gives every request (README, "The contract"), beside the signatures. */

export interface RequestFacts {
  readonly id: string;
  readonly type: string;
  /** When the event happened, epoch milliseconds. */
  readonly eventMs: number;
  /** 1, 2, … */
  readonly attempt: number;
  readonly contentType: string;
  readonly userAgent: string;
}

/** Alternating names and values; the caller may add to them. */
export function requestHeaders({
  id,
  type,
  eventMs,
  attempt,
  contentType,
  userAgent,
}: RequestFacts): string[] {
  return [
    'content-type',
    contentType,
    'user-agent',
    userAgent,
    'x-webhook-id',
    id,
    'x-webhook-timestamp',
    String(Math.floor(eventMs / 1000)),
    'x-webhook-event',
    type,
    'x-webhook-attempt',
    String(attempt),
  ];
}
