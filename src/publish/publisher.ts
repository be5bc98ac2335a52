/** The publisher: events in, their ids out once the broker has them. */
import type { Broker } from '../broker/broker.ts';
import { encodeEnvelope } from '../delivery/encode.ts';
import { isRejection } from '../delivery/envelope.ts';
import type { VolleyEvent } from '../delivery/event.ts';
import { VolleyError } from '../errors.ts';
import { clientBroker, DEFAULT_QUEUE } from './client-broker.ts';
import { eventIdMint } from './event-id.ts';
import { Outbox } from './outbox.ts';

export interface PublisherOptions {
  /** `redis://HOST:PORT`, `rediss://HOST:PORT` or `sqlite:FILE`. */
  readonly broker: string;
  /** `webhook_egress_queue` by default. */
  readonly queue?: string;
}

/**
 * Publishes events. Calls made at the same time travel to the broker together, in order; a call waits for nothing but
 * its own answer. Whoever publishes much awaits now and then: what is not yet with the broker is held in memory.
 */
export class Publisher {
  readonly #connect: () => Broker;
  readonly #outbox: Outbox;
  readonly #mintId = eventIdMint();
  /** The broker, opened by the first batch, and again by the next one when that failed. */
  #broker: Promise<Broker> | null = null;
  #closing: Promise<void> | null = null;

  /** Throws VOLLEY_CONFIG for a broker URL that names no broker. Connects with the first event. */
  constructor({ broker, queue = DEFAULT_QUEUE }: PublisherOptions) {
    // Made once here, and thrown away: a URL that will not do is reported where it was given.
    clientBroker(broker, queue);
    this.#connect = () => clientBroker(broker, queue);
    this.#outbox = new Outbox(async (envelopes) => (await this.#opened()).publish(envelopes));
  }

  /**
   * Queues an event, or several, and answers the ids once the broker has them as safely as it is configured to keep
   * them. Several that fit one batch (500, and 1 MiB) are queued all or none.
   *
   * Rejects with VOLLEY_EVENT_INVALID, naming the event, when one of them cannot be delivered: then nothing of the
   * call is queued. Rejects with VOLLEY_BROKER_UNAVAILABLE or VOLLEY_BROKER_UNFIT when the broker does not confirm:
   * the events may be queued or not. Give ids of your own where you will publish again, so that receivers can tell.
   * Rejects with VOLLEY_CLOSED after `close`.
   */
  publish(event: VolleyEvent): Promise<string>;
  publish(events: readonly VolleyEvent[]): Promise<string[]>;
  async publish(given: VolleyEvent | readonly VolleyEvent[]): Promise<string | string[]> {
    if (this.#closing !== null)
      throw new VolleyError('VOLLEY_CLOSED', 'the publisher is closed: make a new one');
    const events: readonly VolleyEvent[] = isMany(given) ? given : [given];
    const ids: string[] = [];
    const nowMs = Date.now();
    const envelopes = events.map((event, index) => {
      const id = event?.id ?? this.#mintId();
      const envelope = encodeEnvelope(event, () => id, nowMs);
      if (isRejection(envelope)) throw invalidEvent(event, isMany(given) ? index : null, envelope.detail);
      ids.push(id);
      return envelope;
    });
    await this.#outbox.add(envelopes);
    return isMany(given) ? ids : ids[0]!;
  }

  /** Waits until everything accepted is with the broker or has failed, then ends the connection. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.#outbox.drain();
    const broker = await this.#broker?.catch(() => null);
    await broker?.close();
  }

  #opened(): Promise<Broker> {
    if (this.#broker === null) {
      const opening = this.#open();
      this.#broker = opening;
      opening.catch(() => {
        this.#broker = null;
      });
    }
    return this.#broker;
  }

  async #open(): Promise<Broker> {
    const broker = this.#connect();
    await broker.open();
    return broker;
  }
}

function isMany(given: VolleyEvent | readonly VolleyEvent[]): given is readonly VolleyEvent[] {
  return Array.isArray(given);
}

function invalidEvent(event: VolleyEvent, index: number | null, detail: string): VolleyError {
  const place = index === null ? 'the event' : `event ${index}`;
  const id = typeof event?.id === 'string' ? ` (id ${JSON.stringify(event.id)})` : '';
  const rest = index === null ? '' : '; nothing of this call was queued';
  return new VolleyError('VOLLEY_EVENT_INVALID', `${place}${id}: ${detail}${rest}`);
}
