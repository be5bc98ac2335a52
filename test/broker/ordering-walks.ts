/** The part of the conformance suite that does whatever comes with ordered deliveries, in whatever order. */
import { deepEqual, equal, ok } from 'node:assert/strict';
import fc from 'fast-check';
import type { Broker, Claim, Settlement } from '../../src/broker/broker.ts';
import { acks, BIG_BYTES, type It, letterOf, MANY, stats, until } from './broker-testing.ts';
import { keyed } from './ordering.ts';

/** Few keys, so that deliveries meet. */
const KEYS = 3;
const WALKS = 15;

/** What is done next: by one of two workers, with so many deliveries. */
const STEPS = fc.array(
  fc.record({
    what: fc.constantFrom(
      ...(['publish', 'publish', 'reserve', 'reserve', 'drain', 'discard', 'replay'] as const),
      ...(['ack', 'ack', 'release', 'retry', 'park', 'dead'] as const),
    ),
    worker: fc.nat(1),
    count: fc.integer({ min: 1, max: 6 }),
  }),
  { minLength: 30, maxLength: 120 },
);

export function orderingWalks(it: It): void {
  it('whatever is done, no two of a key are in hand at once, none overtakes another, and none is left', async (open) => {
    const workers = [await open(), await open()];
    await fc.assert(
      fc.asyncProperty(STEPS, async (steps) => {
        const walk = new Walk(workers);
        for (const step of steps) await walk.take(step);
        await walk.finish();
      }),
      { numRuns: WALKS, endOnFailure: true },
    );
  });
}

type Step = typeof STEPS extends fc.Arbitrary<(infer One)[]> ? One : never;

/** One way through, on a queue that is empty before and afterwards. */
class Walk {
  readonly #workers: readonly Broker[];
  readonly #held: Claim[][];
  #published = 0;
  /** What waits for its turn is discarded unseen. */
  #discarded = 0;
  /** Numbers that have been claimed, and the last of each key that was claimed for the first time. */
  readonly #seen = new Set<number>();
  readonly #newest = new Map<string, number>();

  constructor(workers: readonly Broker[]) {
    this.#workers = workers;
    this.#held = workers.map(() => []);
  }

  async take({ what, worker, count }: Step): Promise<void> {
    const broker = this.#workers[worker]!;
    switch (what) {
      case 'publish':
        await broker.publish(Array.from({ length: count }, () => this.#next()));
        break;
      case 'reserve':
        this.#hold(worker, await broker.reserve(count, BIG_BYTES));
        break;
      case 'drain':
        this.#hold(worker, await broker.reserveParked('x', count, BIG_BYTES));
        break;
      case 'discard':
        this.#discarded += await broker.discardParked('x');
        break;
      case 'replay':
        await broker.replayDead({}, count);
        break;
      default: {
        const claims = this.#held[worker]!.splice(0, count);
        deepEqual(await broker.settle(claims.map((claim) => settlementOf(what, claim))), { late: 0 });
      }
    }
  }

  /** Delivers what is left. */
  async finish(): Promise<void> {
    const [broker] = this.#workers as [Broker];
    for (const [i, worker] of this.#workers.entries()) await worker.settle(acks(this.#held[i]!.splice(0)));
    await broker.discardDead({}, MANY);
    await until(async () => {
      for (const claims of [
        await broker.reserve(MANY, BIG_BYTES),
        await broker.reserveParked('x', MANY, BIG_BYTES),
      ]) {
        this.#hold(0, claims);
        await broker.settle(acks(this.#held[0]!.splice(0)));
      }
      const { ready, delayed, parked } = await broker.stats();
      return ready + delayed + parked === 0;
    });
    deepEqual(await broker.stats(), stats({}));
    ok(this.#seen.size >= this.#published - this.#discarded, `${this.#seen.size}`);
  }

  #next(): Buffer {
    const number = this.#published++;
    return keyed(`k${number % KEYS}`, number);
  }

  #hold(worker: number, claims: readonly Claim[]): void {
    this.#held[worker]!.push(...claims);
    const keys = this.#held.flat().map((claim) => eventOf(claim).orderingKey);
    equal(new Set(keys).size, keys.length, `${keys} in hand`);
    for (const { orderingKey, number } of claims.map(eventOf)) {
      if (this.#seen.has(number)) continue;
      this.#seen.add(number);
      ok(number > (this.#newest.get(orderingKey) ?? -1), `${number} of ${orderingKey}`);
      this.#newest.set(orderingKey, number);
    }
  }
}

function eventOf({ envelope }: Claim): { orderingKey: string; number: number } {
  const { orderingKey, payload } = JSON.parse(String(envelope));
  return { orderingKey, number: payload.number };
}

function settlementOf(kind: Settlement['kind'], claim: Claim): Settlement {
  switch (kind) {
    case 'retry':
      return { kind, claim, delayMs: 1, attempts: claim.attempts + 1 };
    case 'park':
      return { kind, claim, destination: 'x' };
    case 'dead':
      return { kind, claim, letter: letterOf(claim) };
    default:
      return { kind, claim };
  }
}
