/** The nouns of the way of an event: what an application hands over, and what reaches the wire. */

/** Any JSON value. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** What an application publishes. `payload` or `body` is required, not both. */
export interface VolleyEvent {
  /** Where the event goes: an absolute http or https URL. */
  url: string;
  /** What happened, for example `order.updated`; 1 to 256 printable ASCII characters. */
  type: string;
  /** Any JSON; sent as its compact text. */
  payload?: unknown;
  /** A JSON text, sent byte for byte. */
  body?: string | Uint8Array;
  /** 1 to 128 of `[A-Za-z0-9_.:-]`; a sortable `evt_…` is minted when absent. */
  id?: string;
  /** When it happened: a Date, ISO 8601, or epoch milliseconds; the time of publishing when absent. */
  timestamp?: Date | string | number;
  /** The endpoint's id: the key of lane, breaker and limiter. The URL's origin when absent. */
  destination?: string;
  /**
   * 1 to 256 printable ASCII characters. Deliveries with the same key to the same destination go one at a time, in the order
   * of publishing.
   */
  orderingKey?: string;
  /** Not attempted before this time, by the worker's clock: a Date, ISO 8601, or epoch milliseconds. */
  deliverAt?: Date | string | number;
  /** Not attempted at or after this time, by the worker's clock: a dead letter instead. A Date, ISO 8601, or epoch milliseconds. */
  expiresAt?: Date | string | number;
  /** Extra request headers. */
  headers?: Record<string, string>;
}

/** An envelope, decoded and found valid: everything an attempt needs. */
export interface DecodedEnvelope {
  readonly id: string;
  readonly url: string;
  readonly type: string;
  /** When the event happened, epoch milliseconds; null when the producer did not say. */
  readonly timestampMs: number | null;
  /** The lane key: the envelope's `destination`, or else the URL's origin. */
  readonly destination: string;
  /** What is delivered in order with it; null for none. */
  readonly orderingKey: string | null;
  /** When it may first be attempted, epoch milliseconds; null for at once. */
  readonly deliverAtMs: number | null;
  /** When it may no longer be attempted, epoch milliseconds; null for never. Later than `deliverAtMs`. */
  readonly expiresAtMs: number | null;
  /** Extra request headers, alternating names and values; null for none. */
  readonly headers: readonly string[] | null;
  /** The bytes to send. A view: valid as long as the buffer it was decoded from. */
  readonly body: Buffer;
}

/** The largest body that is delivered, in bytes (source text: 2 MB per event). */
export const MAX_BODY_BYTES = 2_097_152;
/** Longest event id, in characters (public contract). */
export const MAX_ID_CHARS = 128;
/** Longest event type, in characters: it travels in a header, and receivers cap those at 8 KiB in all. */
export const MAX_TYPE_CHARS = 256;
/** Longest URL, in characters: what common servers accept as a request line. */
export const MAX_URL_CHARS = 8_192;
/** Longest destination id, in characters: it is a key in memory, in the broker, and in each log line. */
export const MAX_DESTINATION_CHARS = 512;
/** Longest ordering key, in characters: the broker keeps it for each delivery that waits its turn. */
export const MAX_ORDERING_KEY_CHARS = 256;
/**
 * Between which a delivery may be scheduled, in epoch milliseconds: those of 13 digits, from September 2001 to November
 * 2286. Seconds and microseconds, taken for milliseconds, lie in 1970 and in the year 58 000: it would leave at once, or never.
 */
export const MIN_SCHEDULED_MS = 1_000_000_000_000;
export const MAX_SCHEDULED_MS = 9_999_999_999_999;
/** Most extra headers, and most characters in them all: receivers refuse 8 to 16 KiB of headers. */
export const MAX_HEADERS = 32;
export const MAX_HEADER_CHARS = 4_096;
/** What the envelope may hold beside its body. A body given as a string may double when escaped, hence the broker's 5 MB. */
export const MAX_ENVELOPE_BYTES = 2 * MAX_BODY_BYTES + 1_048_576;
