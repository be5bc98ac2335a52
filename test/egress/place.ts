/** What a scenario works with inside a namespace: receivers at any address, a name server, a queue, and the real worker. */
import { randomBytes } from 'node:crypto';
import { type NameAnswer, startNameServer } from '../../bench/receiver/name-server.ts';
import type { Broker } from '../../src/broker/broker.ts';
import { brokerFor } from '../../src/broker/open.ts';
import { idMint } from '../../src/delivery/ids.ts';
import { Site, type SiteAnswer } from './site.ts';
import { startWorker, type Worker, type WorkerLimits } from './worker.ts';

export interface Envelope {
  readonly id: string;
  readonly url: string;
}

const LEASE_MS = 20_000;
const COMMAND_TIMEOUT_MS = 5_000;

export class Place {
  readonly #broker: string;
  #queue: Promise<Broker> | null = null;

  /** `folder`: where the queue is, and whatever else has to be in a file. */
  constructor(folder: string) {
    this.#broker = `sqlite:${folder}/volley.db`;
  }

  /** The queue that workers of this place take from. */
  queue(): Promise<Broker> {
    this.#queue ??= this.#open();
    return this.#queue;
  }

  async publish(envelopes: readonly Envelope[]): Promise<void> {
    const queue = await this.queue();
    const bytes = envelopes.map((each) => Buffer.from(JSON.stringify({ ...each, type: 't', payload: 1 })));
    await queue.publish(bytes);
  }

  /** A receiver on these ports of an address; https on 443. Answers 200 if nobody says otherwise. */
  site(address: string, ports: readonly number[] = [80], answer?: SiteAnswer): Promise<Site> {
    return Site.start(address, ports, answer);
  }

  /** A name server on a free port, or on the one that is named; answers its address, as --dns-server takes it. */
  async nameServer(answer: (name: string, type: string) => NameAnswer, port?: number): Promise<string> {
    return (await startNameServer(answer, port)).address;
  }

  /** The worker on the queue; it trusts what test/certificates/authority.pem vouches for. */
  async worker(flags: readonly string[], limits: WorkerLimits = {}): Promise<Worker> {
    await this.queue();
    return startWorker(['--broker', this.#broker, ...flags], limits);
  }

  async #open(): Promise<Broker> {
    const mintToken = idMint(Date.now, randomBytes);
    const queue = brokerFor(this.#broker, {
      queue: 'webhook_egress_queue',
      leaseMs: LEASE_MS,
      mintToken,
      commandTimeoutMs: COMMAND_TIMEOUT_MS,
    });
    await queue.open();
    return queue;
  }
}
