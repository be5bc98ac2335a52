/**
 * The parked case: very many events for one destination that is dead, published while healthy destinations are delivered to.
 * It then heals, and everything must arrive.
 */
import { machineMicros } from '../clock.ts';
import { type LatencyFigures, latencyFigures } from '../histogram.ts';
import { warmUp } from '../load/window.ts';
import { Rig, until, untilMicros } from '../rig.ts';
import type { OnProgress } from '../scenario.ts';
import { flagIfKnown } from '../worker.ts';
import { HEALTHY, type HealthyLoad } from './neighbours.ts';

export interface ParkedSpec {
  /** What a run with other neighbours has; here it is less, as the dead destination's events need room too. */
  readonly healthy: HealthyLoad;
  readonly events: number;
  readonly quick: boolean;
}

/** What has become of all events, of the healthy destinations and of the dead one. */
export interface LedgerReport {
  readonly published: number;
  readonly delivered: number;
  /** Deliveries of what had been delivered before. */
  readonly repeated: number;
  readonly dead: number;
  /** What the broker still owes. */
  readonly pending: number;
  /** In none of the three places: must be 0. */
  readonly lost: number;
}

export interface ParkedReport {
  readonly events: number;
  readonly healthyPerSecond: number;
  readonly workerFlags: readonly string[];
  /** Of the healthy destinations, by what the dead one's events did meanwhile. */
  readonly healthyLatencyMs: Readonly<Record<Phase, LatencyFigures>>;
  readonly workerRssBytes: {
    readonly before: number;
    readonly most: number;
    readonly parked: number;
    readonly after: number;
  };
  readonly drain: {
    /** Whether all of them arrived or died in the time there was. */
    readonly complete: boolean;
    readonly deliveries: number;
    /** From the healing to the first delivery, and from there to the last. */
    readonly firstAfterSeconds: number;
    readonly seconds: number;
    /** From the first delivery on. */
    readonly perSecond: number;
  };
  readonly ledger: LedgerReport;
  /** Of what it was before. */
  readonly ratios: {
    readonly healthy_p99_publishing: number;
    readonly healthy_p99_parked: number;
    readonly healthy_p99_draining: number;
    readonly rss_parked: number;
  };
}

/** Before any; while they are published; when all are; while they are delivered; after that. */
const PHASES = ['before', 'publishing', 'parked', 'draining', 'after'] as const;
type Phase = (typeof PHASES)[number];

/** Of the healthy load of other cases. */
const HEALTHY_SHARE = 0.7;
/** The rate of the dead destination's events, as a ratio of the healthy load of other cases. */
const PUBLISH_SHARE = 0.35;
/**
 * How long the dead destination's events may take once it is alive: retries may be due minutes later. And how long it is until they
 * come: so long that the worker's memory, which grows for half a minute under any load, is what it will be without them.
 */
const THOROUGH = {
  warmUpSeconds: 3,
  catchUpSeconds: 10,
  beforeSeconds: 30,
  phaseSeconds: 10,
  drainLimitSeconds: 1_800,
  coolOff: '5s',
  flags: [],
};
const QUICK = {
  warmUpSeconds: 0.3,
  catchUpSeconds: 1,
  beforeSeconds: 0.5,
  phaseSeconds: 0.5,
  drainLimitSeconds: 20,
  coolOff: '500ms',
  // The default schedule would keep a smoke run for minutes.
  flags: ['--retry-schedule', new Array(30).fill('500ms').join(',')],
};
/** How long the last healthy deliveries are waited for, in milliseconds. */
const GRACE_MS = 10_000;
/** How often a phase is looked at, in milliseconds: rarely enough to be nothing beside what is measured. */
const LOOK_EVERY_MS = 100;
/** How far ahead a phase is planned, so that every process knows of it in time. */
const AHEAD_MICROS = 300_000;

export async function parked(spec: ParkedSpec, onProgress: OnProgress): Promise<ParkedReport> {
  const { coolOff, flags } = spec.quick ? QUICK : THOROUGH;
  const workerFlags = [...flags, ...flagIfKnown('cool-off', coolOff)];
  await using resources = new AsyncDisposableStack();
  const rig = await Rig.start({
    scheme: 'http',
    groups: [
      { name: 'healthy', destinations: HEALTHY, behaviour: { kind: 'answer' }, watched: true },
      { name: 'dead', destinations: 1, behaviour: { kind: 'refuse' }, watched: true },
    ],
    workerFlags,
  });
  resources.defer(() => rig.close());
  return { ...(await new ParkedRun(rig, spec, onProgress).run()), workerFlags };
}

class ParkedRun {
  readonly #rig: Rig;
  readonly #spec: ParkedSpec;
  readonly #onProgress: OnProgress;
  readonly #times: typeof THOROUGH | typeof QUICK;
  #mostRssBytes = 0;

  constructor(rig: Rig, spec: ParkedSpec, onProgress: OnProgress) {
    this.#rig = rig;
    this.#spec = spec;
    this.#onProgress = onProgress;
    this.#times = spec.quick ? QUICK : THOROUGH;
  }

  async run(): Promise<Omit<ParkedReport, 'workerFlags'>> {
    const { receivers, worker } = this.#rig;
    const { events, healthy } = this.#spec;
    const { warmUpSeconds, catchUpSeconds, beforeSeconds, phaseSeconds } = this.#times;
    const healthyPerSecond = healthy.ratePerSecond * HEALTHY_SHARE;
    const { bodyBytes } = healthy;
    const load = { group: 'healthy', ratePerSecond: healthyPerSecond, bodyBytes };
    await warmUp(this.#rig, { load, warmUpSeconds, catchUpSeconds });
    await this.#begin('before');
    await this.#pass(beforeSeconds);
    const before = worker.rssBytes;

    const fromMicros = await this.#begin('publishing');
    const ratePerSecond = healthy.ratePerSecond * PUBLISH_SHARE;
    await this.#rig.publish({ group: 'dead', ratePerSecond, bodyBytes, most: events }, fromMicros);
    await this.#wait(
      async () => ((await this.#rig.published())['dead'] ?? 0) === events,
      Number.POSITIVE_INFINITY,
    );
    await this.#begin('parked');
    await this.#pass(phaseSeconds);
    const parkedRss = worker.rssBytes;

    await this.#begin('draining');
    const drain = await this.#drain();
    await this.#begin('after');
    await this.#pass(phaseSeconds);
    const after = worker.rssBytes;
    const endMicros = machineMicros() + AHEAD_MICROS;
    const healthyEvents = await this.#rig.endLoad('healthy', endMicros);
    await untilMicros(endMicros);
    await until(async () => (await receivers.counts()).delivered['healthy']! >= healthyEvents, GRACE_MS);
    await until(async () => (await this.#rig.pending()) === 0, drain.complete ? GRACE_MS : 0);

    const healthyLatencyMs = await this.#latencies();
    const p99Ratio = (phase: Phase) => healthyLatencyMs[phase].p99 / healthyLatencyMs.before.p99;
    return {
      events,
      healthyPerSecond: Math.round(healthyPerSecond),
      healthyLatencyMs,
      workerRssBytes: { before, most: this.#mostRssBytes, parked: parkedRss, after },
      drain,
      ledger: await this.#ledger(healthyEvents),
      ratios: {
        healthy_p99_publishing: p99Ratio('publishing'),
        healthy_p99_parked: p99Ratio('parked'),
        healthy_p99_draining: p99Ratio('draining'),
        rss_parked: parkedRss / before,
      },
    };
  }

  /** Begins a phase, and waits until it has begun; answers when that was. */
  async #begin(phase: Phase): Promise<number> {
    const fromMicros = machineMicros() + AHEAD_MICROS;
    this.#onProgress(`parked: ${phase}`);
    await this.#rig.receivers.mark(phase, fromMicros);
    await untilMicros(fromMicros);
    return fromMicros;
  }

  async #pass(seconds: number): Promise<void> {
    await this.#wait(async () => false, seconds * 1e3);
  }

  /** As `until`, and looks at the worker's memory meanwhile. */
  #wait(isSo: () => Promise<boolean>, limitMs: number): Promise<boolean> {
    return until(
      () => {
        this.#mostRssBytes = Math.max(this.#mostRssBytes, this.#rig.worker.rssBytes);
        return isSo();
      },
      limitMs,
      LOOK_EVERY_MS,
    );
  }

  /** Heals the dead destination, and waits until all its events have arrived or died. */
  async #drain(): Promise<ParkedReport['drain']> {
    const { receivers, observer } = this.#rig;
    const { events } = this.#spec;
    await receivers.behave('dead', { kind: 'answer' });
    const healedMicros = machineMicros();
    let firstMicros: number | null = null;
    let deliveries = 0;
    const complete = await this.#wait(async () => {
      deliveries = (await receivers.counts()).delivered['dead']!;
      if (deliveries > 0) firstMicros ??= machineMicros();
      this.#onProgress(`parked: delivered ${deliveries} of ${events}`);
      return deliveries === events || deliveries + (await observer.stats()).dead >= events;
    }, this.#times.drainLimitSeconds * 1e3);
    const endMicros = machineMicros();
    const seconds = (endMicros - (firstMicros ?? endMicros)) / 1e6;
    return {
      complete,
      deliveries,
      firstAfterSeconds: ((firstMicros ?? endMicros) - healedMicros) / 1e6,
      seconds,
      perSecond: seconds === 0 ? 0 : deliveries / seconds,
    };
  }

  async #latencies(): Promise<ParkedReport['healthyLatencyMs']> {
    const { periods } = await this.#rig.receivers.tally('healthy');
    const entries = PHASES.map((phase) => [phase, latencyFigures(periods.get(phase)!.latency)] as const);
    return Object.fromEntries(entries) as Record<Phase, LatencyFigures>;
  }

  async #ledger(healthyEvents: number): Promise<LedgerReport> {
    const tallies = [await this.#rig.receivers.tally('healthy'), await this.#rig.receivers.tally('dead')];
    const published = healthyEvents + this.#spec.events;
    const delivered = tallies.reduce((sum, { numbers }) => sum + numbers.size, 0);
    const repeated = tallies.reduce((sum, tally) => sum + tally.repeated, 0);
    const { dead } = await this.#rig.observer.stats();
    const pending = await this.#rig.pending();
    // What is delivered and not yet settled is in two places.
    const lost = Math.max(0, published - delivered - dead - pending);
    return { published, delivered, repeated, dead, pending, lost };
  }
}
