/** The headers of a request: what Volley says of the event and the attempt, its signatures, and what was asked for beside. */
import { mintedAtMs } from '../delivery/ids.ts';
import type { Attempt } from './attempt.ts';

export interface Sent {
  readonly mintedId: string;
  /** Which attempt this is, from 1. */
  readonly number: number;
  readonly userAgent: string;
  readonly contentType: string;
  /** What is signed. */
  readonly body: Buffer;
  /** Epoch milliseconds. */
  readonly nowMs: number;
}

/** Alternating names and values. */
export function requestHeaders(
  { envelope, profile }: Attempt,
  { mintedId, number, userAgent, contentType, body, nowMs }: Sent,
): string[] {
  const eventMs = envelope.timestampMs ?? mintedAtMs(mintedId) ?? nowMs;
  const headers = [
    'content-type',
    contentType,
    'user-agent',
    userAgent,
    'x-webhook-id',
    envelope.id,
    'x-webhook-timestamp',
    String(Math.floor(eventMs / 1000)),
    'x-webhook-event',
    envelope.type,
    'x-webhook-attempt',
    String(number),
  ];
  profile.sign(headers, envelope.id, Math.floor(nowMs / 1000), body);
  if (envelope.headers !== null) headers.push(...envelope.headers);
  if (profile.headers.length > 0) addAbsent(headers, profile.headers, envelope.headers);
  return headers;
}

/** Adds those of `more` that `own` does not have: alternating names and values, the names of `more` in lower case. */
function addAbsent(headers: string[], more: readonly string[], own: readonly string[] | null): void {
  if (own === null) {
    headers.push(...more);
    return;
  }
  const names = new Set(own.filter((_, i) => i % 2 === 0).map((name) => name.toLowerCase()));
  for (let i = 0; i < more.length; i += 2) if (!names.has(more[i]!)) headers.push(more[i]!, more[i + 1]!);
}
