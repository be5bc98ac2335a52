/** What the tests of isolation share: destinations that fail until they are healed, and what came to them. */
import { deepEqual, equal, ok } from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Block, Standing } from '../../src/broker/broker.ts';
import { until } from '../broker/broker-testing.ts';
import { folderOf } from '../cli/volley.ts';
import { type Answer, type Received, receiverOf } from '../receiver.ts';
import { Signal } from '../signal.ts';
import type { TestQueue } from './running.ts';

/** Retries that outlast what a test makes an event fail, so that none dies of it. */
export const MANY_RETRIES_MS: readonly number[] = Array.from({ length: 50 }, () => 20);
/** By how much the clocks of worker and broker, of whole milliseconds, may make a wait seem shorter. */
export const CLOCK_MS = 2;

export interface Arrival {
  readonly id: string;
  readonly attempt: number;
  readonly payload: string;
  /** Monotonic milliseconds. */
  readonly atMs: number;
}

export function arrivalOf({ headers, body }: Received): Arrival {
  return {
    id: String(headers['x-webhook-id']),
    attempt: Number(headers['x-webhook-attempt']),
    payload: body.toString(),
    atMs: performance.now(),
  };
}

/** So many events of a destination, with the numbers from `from` as payloads. */
export function eventsFor(destination: string, url: string, count: number, from = 0): object[] {
  return Array.from({ length: count }, (_, n) => ({ url, destination, type: 't', payload: from + n }));
}

/** A destination that fails until it is healed. */
export interface Patient {
  readonly url: string;
  readonly arrivals: readonly Arrival[];
  /** Those that it has accepted. */
  readonly delivered: readonly Arrival[];
  /** Resolves as soon as `test` holds; looks at each arrival. */
  until(test: () => boolean): Promise<void>;
  /** It accepts everything from now on. */
  heal(): void | Promise<void>;
}

/** One that answers as it is told to, and 200 once it is healed. */
export async function patientOf(t: TestContext, answer: () => Answer | Promise<Answer>): Promise<Patient> {
  const arrivals: Arrival[] = [];
  const delivered: Arrival[] = [];
  const signal = new Signal();
  let isHealed = false;
  const receiver = await receiverOf(
    t,
    (request) => {
      const arrival = arrivalOf(request);
      arrivals.push(arrival);
      if (isHealed) delivered.push(arrival);
      signal.raise();
      return isHealed ? { status: 200 } : answer();
    },
    { keep: false },
  );
  return {
    url: receiver.origin,
    arrivals,
    delivered,
    until: (test) => signal.until(test),
    heal: () => {
      isHealed = true;
    },
  };
}

/** One that nobody listens for until it is healed. */
export async function refusingOf(t: TestContext): Promise<Patient> {
  const arrivals: Arrival[] = [];
  const signal = new Signal();
  // An address of its own, so that nobody else is given its port meanwhile.
  const address = `127.${randomInt(1, 255)}.${randomInt(1, 255)}.${randomInt(1, 255)}`;
  const server = createServer(async (request, response) => {
    const { method = '', url = '', headers } = request;
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    arrivals.push(arrivalOf({ method, path: url, headers, body }));
    signal.raise();
    response.end();
  });
  const listen = async (port: number) => {
    server.listen(port, address);
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  };
  const port = await listen(0);
  await new Promise((resolve) => server.close(resolve));
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return {
    url: `http://${address}:${port}`,
    arrivals,
    delivered: arrivals,
    until: (test) => signal.until(test),
    heal: async () => {
      await listen(port);
    },
  };
}

/** Asserts that each of so many events was delivered once, under the id it had at every attempt, and that attempts were counted on. */
export function assertDeliveredOnce({ arrivals, delivered }: Patient, events: number): void {
  deepEqual(
    delivered.map(({ payload }) => Number(payload)).sort((a, b) => a - b),
    Array.from({ length: events }, (_, n) => n),
  );
  for (const [payload, attempts] of Map.groupBy(arrivals, ({ payload: each }) => each)) {
    equal(new Set(attempts.map(({ id }) => id)).size, 1, `${payload} had more ids than one`);
    const first = attempts[0]!.attempt;
    deepEqual(
      attempts.map(({ attempt }) => attempt),
      attempts.map((_, n) => first + n),
    );
  }
}

/** Asserts that between the so-manieth time and each later one at least a cool-off passed, twice as long each time. */
export function assertCooledOff(timesMs: readonly number[], opening: number, coolOffMs: number): void {
  for (let n = opening; n < timesMs.length; n++) {
    const waitedMs = timesMs[n]! - timesMs[n - 1]!;
    const leastMs = coolOffMs * 2 ** (n - opening);
    ok(waitedMs >= leastMs - CLOCK_MS, `probe ${n - opening + 1} after ${waitedMs} ms, not ${leastMs}`);
  }
}

/** How a destination stands with the broker; null when that knows nothing of it. */
export async function standingOf(queue: TestQueue, destination: string): Promise<Standing | null> {
  const { standings } = await queue.watch.standings(null);
  return standings.find((standing) => standing.destination === destination) ?? null;
}

/** Resolves when the broker has such a block on a destination. */
export async function untilBlocked(
  queue: TestQueue,
  destination: string,
  kind: Block['kind'],
): Promise<void> {
  await until(async () => (await standingOf(queue, destination))?.block?.kind === kind);
}

/** Resolves when nothing is left in the queue but dead letters. */
export async function untilEmpty(queue: TestQueue): Promise<void> {
  await until(async () => {
    const { ready, leased, delayed, parked } = await queue.watch.stats();
    return ready + leased + delayed + parked === 0;
  });
}

/** A config file with settings of destinations; `write` replaces them. */
export function configOf(t: TestContext, destinations: object) {
  const config = join(folderOf(t), 'volley.json');
  const write = (settings: object) => writeFileSync(config, JSON.stringify({ destinations: settings }));
  write(destinations);
  return { config, write };
}
