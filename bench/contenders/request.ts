/** The signed request of the public contract, written out once more: a baseline must not move when Volley does. */
import { createHmac } from 'node:crypto';

/** Any key will do; this one is as long as those that are minted. */
export const BENCH_SECRET = `whsec_${Buffer.from('volley benchmark signing secret!').toString('base64')}`;

export const EVENT_TYPE = 'order.updated';
const USER_AGENT = 'Volley/0.1.0';

/** Makes the request headers of a delivery, alternating names and values; both signatures are worked out per request. */
export class Signer {
  readonly #hubKey: Buffer;
  readonly #standardKey: Buffer;

  /** `secret` begins with `whsec_`. */
  constructor(secret: string) {
    this.#hubKey = Buffer.from(secret);
    this.#standardKey = Buffer.from(secret.slice('whsec_'.length), 'base64');
  }

  /** `eventSeconds` and the time of the attempt are unix seconds. */
  headers(id: string, eventSeconds: string, attempt: string, body: Buffer | string): string[] {
    const attemptSeconds = Math.floor(Date.now() / 1000).toString();
    const hub = createHmac('sha256', this.#hubKey).update(body).digest('hex');
    const standard = createHmac('sha256', this.#standardKey)
      .update(`${id}.${attemptSeconds}.`)
      .update(body)
      .digest('base64');
    return [
      'content-type',
      'application/json',
      'user-agent',
      USER_AGENT,
      'x-webhook-id',
      id,
      'x-webhook-timestamp',
      eventSeconds,
      'x-webhook-event',
      EVENT_TYPE,
      'x-webhook-attempt',
      attempt,
      'x-hub-signature-256',
      `sha256=${hub}`,
      'webhook-id',
      id,
      'webhook-timestamp',
      attemptSeconds,
      'webhook-signature',
      `v1,${standard}`,
    ];
  }
}
