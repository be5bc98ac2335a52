/** Mock receivers in processes of their own, all destinations behind each. */
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Remote } from '../remote.ts';
import type { Behaviour } from './behaviour.ts';
import type { ReceiverApi, ReceiverCounts } from './main.ts';

/** Environment of a process that must trust the https receivers. */
export const TRUST_RECEIVERS = {
  NODE_EXTRA_CA_CERTS: fileURLToPath(new URL('test-only-certificate.pem', import.meta.url)),
};

/** A receiver spends about a third of what a sender does; with fewer processes they would be what is measured. */
const RECEIVERS_PER_CORE = 0.3;

export class Receivers {
  readonly urls: readonly string[];
  readonly #remotes: readonly Remote<ReceiverApi>[];

  private constructor(urls: readonly string[], remotes: readonly Remote<ReceiverApi>[]) {
    this.urls = urls;
    this.#remotes = remotes;
  }

  /**
   * Each destination is an origin of its own by its port, not by its address: one certificate then covers all of them
   * (no certificate can name a range of addresses), and it works where only 127.0.0.1 is routed to loopback.
   */
  static async start(
    scheme: 'http' | 'https',
    destinations: number,
    behaviour: Behaviour,
  ): Promise<Receivers> {
    const processes = Math.ceil(availableParallelism() * RECEIVERS_PER_CORE);
    const remotes: Remote<ReceiverApi>[] = [];
    let ports: readonly number[] = new Array(destinations).fill(0);
    for (let index = 0; index < processes; index += 1) {
      const remote = new Remote<ReceiverApi>(new URL('main.ts', import.meta.url));
      remotes.push(remote);
      ports = await remote.call('listen', { scheme, ports, behaviour, shared: processes > 1 });
    }
    return new Receivers(
      ports.map((port) => `${scheme}://127.0.0.1:${port}/hooks/orders`),
      remotes,
    );
  }

  /** Counts from zero again. */
  async reset(): Promise<void> {
    await Promise.all(this.#remotes.map((remote) => remote.call('reset')));
  }

  async counts(): Promise<ReceiverCounts> {
    const counts = await Promise.all(this.#remotes.map((remote) => remote.call('counts')));
    const firsts = counts.flatMap(({ firstAtMs }) => (firstAtMs === null ? [] : [firstAtMs]));
    return {
      requests: counts.reduce((sum, { requests }) => sum + requests, 0),
      firstAtMs: firsts.length === 0 ? null : Math.min(...firsts),
      cpuSeconds: counts.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0),
    };
  }

  async close(): Promise<void> {
    await Promise.all(this.#remotes.map((remote) => remote.close()));
  }
}
