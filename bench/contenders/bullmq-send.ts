/** The two ways that a Node team would post a job of BullMQ. */
import { request } from 'undici';
import { Signer } from './request.ts';

export interface WebhookJob {
  readonly url: string;
  readonly type: string;
  readonly payload: unknown;
}

/** Posts and answers the status; the response body is read and dropped. */
export type Send = (url: string, headers: Record<string, string>, body: string) => Promise<number>;

export const sendWithFetch: Send = async (url, headers, body) => {
  const response = await fetch(url, { method: 'POST', headers, body });
  await response.arrayBuffer();
  return response.status;
};

export const sendWithUndici: Send = async (url, headers, body) => {
  const response = await request(url, { method: 'POST', headers, body });
  await response.body.dump();
  return response.statusCode;
};

/** What the processor does with a job: makes the text, signs it, posts it. Throws on any status but 200. */
export class Processor {
  readonly #signer: Signer;
  readonly #send: Send;

  constructor(secret: string, send: Send) {
    this.#signer = new Signer(secret);
    this.#send = send;
  }

  /** `createdAtMs` is the time of the event, epoch milliseconds. */
  async deliver(id: string, job: WebhookJob, createdAtMs: number, attempt: number): Promise<void> {
    const body = JSON.stringify(job.payload);
    const eventSeconds = String(Math.floor(createdAtMs / 1000));
    const pairs = this.#signer.headers(id, eventSeconds, String(attempt), body);
    const headers: Record<string, string> = {};
    for (let at = 0; at < pairs.length; at += 2) headers[pairs[at]!] = pairs[at + 1]!;
    const status = await this.#send(job.url, headers, body);
    if (status !== 200) throw new Error(`the receiver answered ${status}`);
  }
}
