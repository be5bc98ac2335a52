/** The process that publishes and delivers by one broker, first the one and then the other. */
import { setTimeout as pause } from 'node:timers/promises';
import { Engine } from '../../src/engine.ts';
import { Publisher } from '../../src/publish/publisher.ts';
import { BENCH_SECRET, EVENT_TYPE } from '../contenders/request.ts';
import { openObserver } from '../observer.ts';
import { payloads } from '../payload.ts';
import { serve } from '../remote.ts';

export interface BrokerJob {
  readonly broker: string;
  /** Used in turn; each is a destination. */
  readonly urls: readonly string[];
  readonly bodyBytes: number;
}

export interface Work {
  readonly events: number;
  readonly seconds: number;
  /** Of this process. */
  readonly cpuMicrosPerEvent: number;
}

/** How often the broker is asked, once all outcomes are known, whether it has them too, in milliseconds: bounds the error of the time taken. */
const EMPTY_POLL_MS = 2;

let job: BrokerJob | null = null;
let publisher: Publisher | null = null;
let engine: Engine | null = null;
let published = 0;

function begin(): (events: number) => Work {
  const startedMs = performance.now();
  const cpuBefore = process.cpuUsage();
  return (events) => {
    const { user, system } = process.cpuUsage(cpuBefore);
    return {
      events,
      seconds: (performance.now() - startedMs) / 1e3,
      cpuMicrosPerEvent: (user + system) / events,
    };
  };
}

const api = {
  async start(given: BrokerJob): Promise<void> {
    job = given;
    publisher = new Publisher({ broker: given.broker });
  },

  /** Publishes so many events, each call with `perCall` of them and after the one before is confirmed, for `mostSeconds` at most unless that is null. */
  async publish({
    events,
    perCall,
    mostSeconds,
  }: {
    readonly events: number;
    readonly perCall: number;
    readonly mostSeconds: number | null;
  }): Promise<Work> {
    const { urls, bodyBytes } = job!;
    const bodies = payloads(bodyBytes);
    const untilMs = mostSeconds === null ? Number.POSITIVE_INFINITY : performance.now() + mostSeconds * 1e3;
    const end = begin();
    let sent = 0;
    while (sent < events && performance.now() < untilMs) {
      const batch = Array.from({ length: Math.min(perCall, events - sent) }, (_, index) => ({
        url: urls[(published + index) % urls.length]!,
        type: EVENT_TYPE,
        payload: bodies[(published + index) % bodies.length],
      }));
      await publisher!.publish(batch);
      sent += batch.length;
      published += batch.length;
    }
    return end(sent);
  },

  /** Delivers all that was published; what is measured begins once `warmUp` of them are delivered. */
  async deliver(warmUp: number): Promise<Work & { readonly rssBytes: number }> {
    const observer = await openObserver(job!.broker);
    const outcome = Promise.withResolvers<ReturnType<typeof begin>>();
    let end = begin();
    let delivered = 0;
    engine = new Engine({
      broker: job!.broker,
      signingSecrets: [BENCH_SECRET],
      allowHttp: true,
      allowNet: ['127.0.0.0/8'],
      allowPort: [0],
      onSettled: ({ kind }) => {
        // What was parked is fetched again.
        if (kind === 'parked') return;
        if (kind !== 'delivered') outcome.reject(new Error(`a delivery was ${kind}`));
        delivered += 1;
        if (delivered === warmUp) end = begin();
        if (delivered === published) outcome.resolve(end);
      },
    });
    try {
      await engine.start();
      const ended = await outcome.promise;
      for (;;) {
        const { ready, leased, delayed, parked } = await observer.stats();
        if (ready + leased + delayed + parked === 0) break;
        await pause(EMPTY_POLL_MS);
      }
      return { ...ended(published - warmUp), rssBytes: process.memoryUsage.rss() };
    } finally {
      await observer.close();
    }
  },
};

export type BrokerProcessApi = typeof api;

serve(api, async () => {
  await publisher?.close();
  await engine?.stop();
});
