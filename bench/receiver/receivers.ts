/** Mock receivers in processes of their own, all destinations behind each. */
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { type Histogram, mergeHistograms } from '../histogram.ts';
import { NumberSet } from '../number-set.ts';
import { Remote } from '../remote.ts';
import type { Behaviour } from './behaviour.ts';
import { closedPort } from './closed-port.ts';
import type { GroupSpec, Scheme } from './group.ts';
import type { ReceiverApi, ReceiverCounts } from './main.ts';

/** Environment of a process that must trust the https receivers. */
export const TRUST_RECEIVERS = {
  NODE_EXTRA_CA_CERTS: fileURLToPath(new URL('test-only-certificate.pem', import.meta.url)),
};

/** A receiver spends about a third of what a sender does; with fewer processes they would be what is measured. */
const RECEIVERS_PER_CORE = 0.3;

/** Destinations that behave alike. */
export interface GroupOptions extends Pick<GroupSpec, 'name' | 'behaviour' | 'paths' | 'secret'> {
  /** A port each. */
  readonly destinations: number;
  /** Addresses that each port has, a destination each: 127.0.0.1 alone unless said. More work on Linux only, and not over https. */
  readonly addresses?: number;
  /** Whether events' ids are read; not unless said. */
  readonly watched?: boolean;
}

/** The first `count` addresses of 127.0.0.0/8 from 127.0.0.1 on. */
function loopbackAddresses(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => {
    const number = index + 1;
    return `127.${(number >>> 16) & 255}.${(number >>> 8) & 255}.${number & 255}`;
  });
}

/** What a group saw in all its processes. */
export interface GroupTally {
  readonly requests: number;
  readonly repeated: number;
  readonly badSignatures: number;
  readonly numbers: NumberSet;
  readonly periods: ReadonlyMap<string, { readonly arrived: number; readonly latency: Histogram }>;
}

/** One group that answers 200 at once. */
export function allOk(destinations: number): GroupOptions {
  return { name: 'all', destinations, behaviour: { kind: 'answer' } };
}

export class Receivers {
  readonly #urls: ReadonlyMap<string, readonly string[]>;
  readonly #remotes: readonly Remote<ReceiverApi>[];

  private constructor(urls: ReadonlyMap<string, readonly string[]>, remotes: readonly Remote<ReceiverApi>[]) {
    this.#urls = urls;
    this.#remotes = remotes;
  }

  /**
   * Each destination is an origin of its own by its port, not by its address: one certificate then covers all of them
   * (no certificate can name a range of addresses), and it works where only 127.0.0.1 is routed to loopback.
   */
  static async start(scheme: Scheme, groups: readonly GroupOptions[]): Promise<Receivers> {
    const processes = Math.ceil(availableParallelism() * RECEIVERS_PER_CORE);
    const remotes = Array.from(
      { length: processes },
      () => new Remote<ReceiverApi>(new URL('main.ts', import.meta.url)),
    );
    const urls = new Map<string, readonly string[]>();
    for (const { destinations, addresses = 1, watched = false, ...group } of groups) {
      let ports: readonly number[] = new Array(destinations).fill(0);
      if (group.behaviour.kind === 'refuse')
        ports = await Promise.all(ports.map(() => closedPort(Math.random)));
      const spec = { ...group, scheme, watched, shared: processes > 1, allLoopback: addresses > 1 };
      for (const remote of remotes) ports = await remote.call('listen', { ...spec, ports });
      urls.set(
        group.name,
        loopbackAddresses(addresses).flatMap((address) =>
          ports.map((port) => `${scheme}://${address}:${port}/hooks/orders`),
        ),
      );
    }
    return new Receivers(urls, remotes);
  }

  /** Of all groups, or of one. */
  urls(group?: string): readonly string[] {
    return group === undefined ? [...this.#urls.values()].flat() : this.#urls.get(group)!;
  }

  /** Makes a group behave otherwise from now on. */
  async behave(group: string, behaviour: Behaviour): Promise<void> {
    for (const remote of this.#remotes) await remote.call('behave', { group, behaviour });
  }

  /** Begins a period: events due, and deliveries arriving, from this time on are counted under its name. */
  async mark(name: string, fromMicros: number): Promise<void> {
    await Promise.all(this.#remotes.map((remote) => remote.call('mark', { name, fromMicros })));
  }

  /** Counts from zero again. */
  async reset(): Promise<void> {
    await Promise.all(this.#remotes.map((remote) => remote.call('reset')));
  }

  async counts(): Promise<ReceiverCounts> {
    const counts = await Promise.all(this.#remotes.map((remote) => remote.call('counts')));
    const firsts = counts.flatMap(({ firstAtMs }) => (firstAtMs === null ? [] : [firstAtMs]));
    const total = (of: (count: ReceiverCounts) => number) =>
      counts.reduce((sum, count) => sum + of(count), 0);
    return {
      requests: total(({ requests }) => requests),
      firstAtMs: firsts.length === 0 ? null : Math.min(...firsts),
      cpuSeconds: total(({ cpuSeconds }) => cpuSeconds),
      delivered: Object.fromEntries(
        this.#urls.keys().map((group) => [group, total(({ delivered }) => delivered[group]!)]),
      ),
    };
  }

  async tally(group: string): Promise<GroupTally> {
    const reports = await Promise.all(this.#remotes.map((remote) => remote.call('tally', group)));
    const numbers = NumberSet.union(reports.map((report) => report.numbers));
    const total = (of: (report: (typeof reports)[number]) => number) =>
      reports.reduce((sum, report) => sum + of(report), 0);
    const periods = reports[0]!.periods.map(({ name }, index) => {
      const parts = reports.map((report) => report.periods[index]!);
      const arrived = parts.reduce((sum, part) => sum + part.arrived, 0);
      return [name, { arrived, latency: mergeHistograms(parts.map((part) => part.latency)) }] as const;
    });
    return {
      requests: total(({ requests }) => requests),
      repeated: total(({ repeated }) => repeated),
      badSignatures: total(({ badSignatures }) => badSignatures),
      numbers,
      periods: new Map(periods),
    };
  }

  async close(): Promise<void> {
    await Promise.all(this.#remotes.map((remote) => remote.close()));
  }
}
