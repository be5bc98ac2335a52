/** A worker of a simulation: what flow and engine do, as far as it concerns the dispatcher. */
import { Dispatcher } from '../../src/dispatch/dispatcher.ts';
import { type Ending, endingOf, UNTRIED } from '../../src/dispatch/ending.ts';
import type { LaneRules } from '../../src/dispatch/lane.ts';
import { Sizing } from '../../src/dispatch/sizing.ts';
import type { Change } from '../../src/dispatch/standing.ts';
import { Credits, Holdings } from '../../src/reserve/credit.ts';
import { DrainPace } from '../../src/reserve/drain-pace.ts';
import { Ring } from '../../src/runtime/ring.ts';
import { type RetryRules, verdictOn } from '../../src/settle/retry-policy.ts';
import type { Job, ModelledBroker } from './modelled-broker.ts';
import type { Answer } from './modelled-receivers.ts';

/** Of each worker. */
export interface WorkerParts {
  readonly threads: number;
  readonly slotsPerThread: number;
  readonly laneRulesOf?: (destination: string) => LaneRules;
  /** Most slots of a thread, where their number is to be found out. */
  readonly mostSlotsPerThread?: number;
}

/** What is around a worker. */
export interface World {
  readonly nowMs: number;
  readonly random: () => number;
  readonly broker: ModelledBroker;
  /** Does something at a time to come. */
  at(ms: number, what: () => void): void;
  /** One request. */
  request(job: Job, answered: (answer: Answer) => void): void;
  track(destination: string): Track;
}

/** What became of a destination's deliveries. Moments are milliseconds. */
export class Track {
  published = 0;
  dead = 0;
  /** Ages at delivery, in milliseconds. */
  readonly agesMs: number[] = [];
  /** Places of those delivered, in the order of delivery. */
  readonly places: number[] = [];
  readonly attemptsMs: number[] = [];
  /** When retries fall due, by the attempt that failed. */
  readonly retriesMs: number[][] = [];
}

/** As in the thread: how long a delivery waits there for a slot. */
const WAIT_IN_THREAD_MS = 100;
const CLAIM_MAX = 256;
/** Turns of 20 ms between two looks at how slots are used. */
const LOOK_TURNS = 5;
/** What the broker takes to answer, and for how long a probe keeps others away. */
const BROKER_MS = 1;
const PROBE_MS = 15_000;
/** How long of that a probe may be sent, from when leave was asked for. */
const PROBE_SENT_MS = 4_000;
/** The policy's defaults. */
const RETRIES: RetryRules = { scheduleMs: [1_000, 5_000, 30_000, 60_000, 300_000], permanentStatuses: [] };
const RULES: LaneRules = { window: null, rate: null, breaker: { failures: 5, coolOffMs: 30_000 } };

/** A delivery that a worker holds. */
interface Held {
  readonly job: Job;
  readonly bytes: number;
  readonly wasParked: boolean;
  thread: number;
  /** When it came to its thread. */
  placedMs: number;
}

export class Worker {
  readonly #world: World;
  #slotsPerThread: number;
  readonly #sizing: Sizing | null;
  #turns = 0;
  readonly #credits: Credits;
  readonly #pace: DrainPace;
  readonly #threads: { busy: number; readonly queue: Ring<Held> }[];
  readonly dispatcher: Dispatcher<Held>;
  #out = 0;
  readonly #holdings = new Holdings();
  #fetching = 0;
  #heard = 0;
  #wakeMs: number | null = null;
  /** Most that were held at once. */
  mostHeld = 0;

  constructor(world: World, { threads, slotsPerThread, laneRulesOf, mostSlotsPerThread: most }: WorkerParts) {
    this.#world = world;
    this.#pace = new DrainPace(
      () => this.dispatcher.plainLanes,
      () => world.nowMs,
    );
    this.#slotsPerThread = slotsPerThread;
    const none = () => 0;
    this.#credits = new Credits(threads * slotsPerThread, this.#holdings, none, () => false);
    this.#threads = Array.from({ length: threads }, () => ({ busy: 0, queue: new Ring<Held>() }));
    const nowMs = () => world.nowMs;
    const rulesOf = laneRulesOf ?? (() => RULES);
    this.#sizing = most === undefined ? null : new Sizing({ threads, least: slotsPerThread, most });
    const meter = this.#sizing?.meter ?? null;
    this.dispatcher = new Dispatcher({
      threads,
      slotsPerThread,
      nowMs,
      random: world.random,
      rulesOf,
      meter,
    });
  }

  /** Of all threads. */
  get slots(): number {
    return this.#slotsPerThread * this.#threads.length;
  }

  get held(): number {
    return this.#out + this.dispatcher.waiting;
  }

  turnOver(): void {
    this.dispatcher.turnOver();
    if (++this.#turns % LOOK_TURNS === 0) this.#lookAtSlots();
    for (const { queue } of this.#threads) this.#handBackOld(queue);
    this.step();
  }

  /** As in the engine, on a machine that is never busy. */
  #lookAtSlots(): void {
    const sizing = this.#sizing;
    if (sizing?.look({ ...this.dispatcher.use, nowMs: this.#world.nowMs, busyShare: 0 }) !== true) return;
    this.#slotsPerThread = sizing.slotsPerThread;
    this.dispatcher.resize(sizing.slotsPerThread);
    this.#credits.resize(this.slots);
  }

  /** Claims what there is room for, and sends what may go. */
  step(): void {
    for (;;) {
      const { broker } = this.#world;
      const { count, bytes } = this.#credits.ofReady();
      const claimed = count < CLAIM_MAX || bytes <= 0 ? [] : broker.reserve(CLAIM_MAX, bytes);
      this.#hear();
      for (const job of claimed) this.#take(job, false);
      // On a machine that is never busy.
      this.#pace.took(claimed.length, BROKER_MS);
      if (claimed.length === 0) break;
    }
    this.mostHeld = Math.max(this.mostHeld, this.held);
    this.#send();
  }

  /** Standings come with each claim. */
  #hear(): void {
    const { broker } = this.#world;
    if (broker.version === this.#heard) return;
    const standings = broker.standings(this.#heard);
    this.#heard = broker.version;
    const { exchange } = this.dispatcher;
    for (const { destination, block, isParked } of standings) {
      if (block === null) exchange.unblocked(destination);
      else if (exchange.blocked(destination, block)) this.#parkWaiting(destination);
      if (isParked) exchange.setParked(destination, true);
    }
  }

  #take(job: Job, wasParked: boolean): void {
    const { bytes } = job;
    const held = { job, bytes, wasParked, thread: -1, placedMs: 0 };
    this.#holdings.take(bytes, wasParked);
    this.#add(held, wasParked);
  }

  #add(held: Held, isAhead: boolean): void {
    if (!this.dispatcher.add(held.job.destination, held, isAhead)) this.#park(held);
  }

  #park(held: Held): void {
    const { job } = held;
    this.#holdings.letGo(held.bytes, held.wasParked);
    this.#world.broker.park(job);
    this.dispatcher.exchange.setParked(job.destination, true);
  }

  #parkWaiting(destination: string): void {
    for (const held of this.dispatcher.clearLane(destination)) this.#park(held);
  }

  #handBackOld(queue: Ring<Held>): void {
    for (let first = queue.peek(); first !== undefined; first = queue.peek()) {
      if (first.placedMs + WAIT_IN_THREAD_MS > this.#world.nowMs) return;
      queue.shift();
      this.#comeBack(first, UNTRIED, 0);
      this.#add(first, true);
    }
  }

  #send(): void {
    const { nowMs } = this.#world;
    this.dispatcher.assign((held, thread) => {
      this.#out++;
      held.thread = thread;
      held.placedMs = nowMs;
      this.#threads[thread]!.queue.push(held);
      this.#fill(thread);
    });
    this.dispatcher.overflow(this.#credits.room(), (held) => this.#park(held));
    this.#ask();
    const nextMs = this.dispatcher.exchange.nextChangeMs();
    if (nextMs === null || nextMs === this.#wakeMs) return;
    this.#wakeMs = nextMs;
    this.#world.at(Math.max(nextMs, nowMs), () => this.#send());
  }

  #ask(): void {
    const { broker } = this.#world;
    const { exchange } = this.dispatcher;
    const untilMs = this.#world.nowMs + PROBE_SENT_MS;
    for (const destination of exchange.probesDue())
      this.#answered(() => {
        const answer = broker.askProbe(destination, PROBE_MS);
        exchange.probeAnswered(destination, answer, untilMs);
      });
    for (const wish of exchange.wishes())
      this.#answered(() => exchange.granted(wish.destination, broker.takeTokens(wish)));
    for (let most = this.#mostToFetch(); most > 0; most = this.#mostToFetch()) {
      const [drain] = exchange.drains(1, most);
      if (drain === undefined) return;
      const { destination, count, bytes } = drain;
      this.#fetching += count;
      this.#pace.fetched(destination, count);
      this.#answered(() => {
        this.#fetching -= count;
        const jobs = broker.reserveParked(destination, count, bytes);
        this.#pace.missed(count - jobs.length);
        exchange.drained(destination, jobs.length);
        for (const job of jobs) this.#take(job, true);
      });
    }
  }

  #mostToFetch(): number {
    const { count, bytes } = this.#credits.ofParked();
    return count > this.#fetching && bytes > 0 ? this.#pace.allowed(this.#world.nowMs) : 0;
  }

  #answered(hear: () => void): void {
    this.#world.at(this.#world.nowMs + BROKER_MS, () => {
      hear();
      this.#send();
    });
  }

  #fill(thread: number): void {
    const place = this.#threads[thread]!;
    while (place.busy < this.#slotsPerThread) {
      const held = place.queue.shift();
      if (held === undefined) return;
      place.busy++;
      this.#world.request(held.job, ({ afterMs, outcome }) => {
        place.busy--;
        this.#comeBack(held, endingOf(outcome, this.#world.nowMs), afterMs);
        this.#settle(held, outcome);
        this.#fill(thread);
        this.step();
      });
    }
  }

  #comeBack({ job, thread }: Held, ending: Ending, latencyMs: number): void {
    this.#out--;
    const change = this.dispatcher.ended(job.destination, thread, ending, latencyMs);
    if (change !== null) this.#tell(job.destination, change);
  }

  #tell(destination: string, change: Change): void {
    const { broker } = this.#world;
    switch (change.kind) {
      case 'opened':
      case 'paused': {
        const kind = change.kind === 'opened' ? 'open' : 'paused';
        broker.block(destination, { kind, forMs: change.forMs, opened: change.opened });
        this.#parkWaiting(destination);
        break;
      }
      case 'resumed':
        broker.unblock(destination);
        break;
      default:
        change satisfies never;
    }
  }

  #settle(held: Held, outcome: Answer['outcome']): void {
    const { job } = held;
    const { broker, nowMs, random } = this.#world;
    const track = this.#world.track(job.destination);
    this.#holdings.letGo(held.bytes, held.wasParked);
    if (outcome.kind === 'delivered') {
      track.agesMs.push(nowMs - job.publishedMs);
      track.places.push(job.place);
      return;
    }
    if (outcome.kind === 'handed-back' || outcome.kind === 'early')
      throw new Error('no receiver hands back, and all is due');
    const verdict = verdictOn(outcome, job.attempts, RETRIES, random, nowMs);
    if (verdict.kind !== 'retry') {
      track.dead++;
      return;
    }
    job.attempts = verdict.attempts;
    track.retriesMs[verdict.attempts] ??= [];
    track.retriesMs[verdict.attempts]!.push(nowMs + verdict.delayMs);
    broker.delay(job, verdict.delayMs);
  }
}
