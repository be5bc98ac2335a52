/**
 * The composition root: hands each stage its neighbour as a function. What is between claim and settlement is in flow.ts.
 *
 *   reserve ─► dispatch ─► pool ─► threads ─► settle ─► broker
 */
import { performance } from 'node:perf_hooks';
import type { Broker, Claim, Settlement, SettleResult } from './broker/broker.ts';
import type { OptionValues } from './config/options.ts';
import { programOptions } from './config/program-options.ts';
import { Dispatcher } from './dispatch/dispatcher.ts';
import { Endings, type Settled } from './endings.ts';
import { brokerOf, type EngineOptions, type EngineParts, type EngineSnapshot } from './engine-options.ts';
import { type Delivery, Flow } from './flow.ts';
import { isQueueIdle } from './idle.ts';
import { Isolation } from './isolation.ts';
import { Machine } from './machine.ts';
import { Keeper } from './maintain/keeper.ts';
import { ThreadPool } from './pool/thread-pool.ts';
import { DeliveryLog } from './record/delivery-log.ts';
import { type Logger, silentLogger } from './record/log.ts';
import { Metrics } from './record/metrics.ts';
import { Credits } from './reserve/credit.ts';
import { Reserver } from './reserve/reserver.ts';
import { fixedSecrets } from './secrets/fixed.ts';
import { type Settings, settingsFor } from './settings.ts';
import { Settler } from './settle/settler.ts';

export type { Settled } from './endings.ts';
export type { EngineOptions, EngineParts, EngineSnapshot } from './engine-options.ts';

/** How often `whenIdle` asks the broker what is left, in milliseconds. */
const IDLE_POLL_MS = 50;
/** How long a stop waits for the broker to take the last settlements, in milliseconds. */
const SETTLE_AT_STOP_MS = 5_000;
/** What decisions are given, as they have neither clock nor chance of their own. */
const OUTSIDE = { nowMs: () => performance.now(), random: Math.random };

export class Engine {
  readonly #options: OptionValues;
  readonly #settings: Settings;
  readonly #broker: Broker;
  readonly #pool: ThreadPool;
  readonly #flow: Flow;
  readonly #settler: Settler<Settlement, SettleResult>;
  readonly #reserver: Reserver;
  readonly #keeper: Keeper;
  readonly #dispatcher: Dispatcher<Delivery>;
  readonly #isolation: Isolation;
  readonly #credits: Credits;
  readonly #machine: Machine;
  readonly #log: Logger;
  readonly #deliveryLog: DeliveryLog;
  readonly #metrics = new Metrics();
  #unwatch: (() => void) | null = null;
  #starting: Promise<readonly string[]> | null = null;
  #stopping: Promise<void> | null = null;
  #emptySinceClaim = false;

  /** Throws VOLLEY_CONFIG, or VOLLEY_SECRET where there is no source of secrets. */
  constructor(options: EngineOptions, parts: EngineParts = {}) {
    const { signingSecrets, secrets, log = silentLogger(), onSettled, ...given } = options;
    const values = programOptions(given);
    this.#machine = new Machine(values, {
      log,
      use: () => this.#dispatcher.use,
      busyShare: () => this.#pool.busyShare(),
      onResize: (perThread) => this.#resized(perThread),
      onShortage: () => this.#pool.shed(),
    });
    const { shortage, slots } = this.#machine;
    const { threads, slotsPerThread, policy } = this.#machine.plan;
    this.#options = values;
    this.#settings = settingsFor(values, secrets ?? fixedSecrets(signingSecrets ?? []));
    this.#log = log;
    this.#broker = parts.broker ?? brokerOf(values);
    this.#pool = new ThreadPool({ threads, policy, ...(parts.threadEntry && { entry: parts.threadEntry }) });
    this.#deliveryLog = new DeliveryLog(log, this.#metrics, () => this.#flow);
    this.#settler = new Settler({
      apply: (batch) => this.#broker.settle(batch),
      onApplied: (result, batch) => this.#settled(result, batch),
      onFault: (error) => this.#brokerFault('settle', error),
      random: Math.random,
    });
    this.#dispatcher = new Dispatcher<Delivery>({
      threads,
      slotsPerThread,
      ...OUTSIDE,
      rulesOf: (destination) => this.#settings.laneRulesOf(destination),
      maxEgressBytesPerSecond: values.maxEgressBytesPerSecond,
      meter: slots.meter,
    });
    this.#isolation = this.#newIsolation(values);
    this.#flow = new Flow({
      threads,
      dispatcher: this.#dispatcher,
      pool: this.#pool,
      endings: this.#newEndings(values.logSuccesses, onSettled ?? null),
      isDisabled: (destination) => this.#isolation.isDisabled(destination),
      onProgress: () => this.#reserver.nudge(),
      onSent: () => this.#isolation.sent(),
      onChange: (destination, change) => this.#isolation.changed(destination, change),
      room: () => this.#credits.room(),
      onLocalFault: (code) => shortage.met(code),
      log,
    });
    this.#credits = new Credits(
      slots.count,
      this.#flow.holdings,
      () => this.#settler.backlog,
      () => shortage.lasts,
    );
    this.#reserver = this.#newReserver();
    this.#keeper = this.#newKeeper(values.leaseMs);
  }

  #newEndings(logSuccesses: boolean, onSettled: ((settled: Settled) => void) | null): Endings {
    return new Endings({
      rulesOf: (destination, url) => this.#settings.rulesOf(destination, url),
      logSuccesses,
      settle: (settlement) => this.#settler.add(settlement),
      onGone: (destination) => this.#isolation.gone(destination),
      metrics: this.#metrics,
      deliveryLog: this.#deliveryLog,
      onSettled,
    });
  }

  #newIsolation({ totalTimeoutMs }: OptionValues): Isolation {
    return new Isolation({
      broker: this.#broker,
      desk: this.#dispatcher.exchange,
      flow: () => this.#flow,
      creditForParked: () => this.#credits.ofParked(),
      plainLanes: () => this.#dispatcher.plainLanes,
      attemptMs: totalTimeoutMs,
      log: this.#log,
      onFault: (doing, error) => this.#brokerFault(doing, error),
      wallMs: Date.now,
      ...OUTSIDE,
    });
  }

  #newReserver(): Reserver {
    return new Reserver({
      broker: this.#broker,
      credit: () => this.#credits.ofReady(),
      passing: () => this.#isolation.toPass(),
      onParked: (destination, count) => this.#flow.passed(destination, count),
      onTook: (count, ms) => this.#isolation.took(count, ms),
      onClaimed: (claims) => this.#claimed(claims),
      onEmpty: () => {
        this.#emptySinceClaim = true;
        this.#isolation.heard();
      },
      onFault: (error) => this.#brokerFault('reserve', error),
      ...OUTSIDE,
    });
  }

  #newKeeper(leaseMs: number): Keeper {
    return new Keeper({
      leaseMs,
      extend: () => this.#broker.extend(),
      reclaim: () => this.#broker.reclaim(),
      onLapsed: () => this.#lapsed(),
      onReclaimed: (count) =>
        this.#log.warn({ deliveries: count }, 'took over what a worker that is gone had claimed'),
      onFault: (error) => this.#brokerFault('renew lease', error),
      ...OUTSIDE,
    });
  }

  /** Loads secrets and settings, connects, starts the threads, and begins to deliver. Answers warnings about the broker, one line each; those about settings are in the log. Rejects with VolleyError. */
  start(): Promise<readonly string[]> {
    this.#starting ??= this.#start();
    return this.#starting;
  }

  async #start(): Promise<readonly string[]> {
    const loaded = await this.#settings.load();
    for (const warning of loaded.warnings) this.#log.warn(warning);
    let warnings: readonly string[];
    try {
      warnings = await this.#broker.open();
      await this.#pool.start(this.#flow, loaded.thread);
      // Last: what it hears of may be fetched and sent at once.
      await this.#isolation.start(loaded.disabled);
    } catch (error) {
      await this.#isolation.stopErrands();
      await this.#isolation.stop();
      await this.#pool.close();
      await this.#broker.close();
      throw error;
    }
    await this.#keeper.start();
    // What went wrong has been logged, and everything stays as it was.
    this.#unwatch = this.#settings.watch(() => void this.reload().catch(() => {}));
    this.#flow.start();
    this.#machine.start();
    this.#deliveryLog.start(() => performance.now());
    this.#reserver.start();
    return warnings;
  }

  /**
   * Loads secrets and the settings of destinations again; later attempts go by them, and sockets are kept. Says in the log how
   * that went. Rejects with VOLLEY_SECRET or VOLLEY_CONFIG, and then all stays as it was.
   */
  async reload(): Promise<void> {
    await this.#starting;
    try {
      const { thread, disabled, warnings } = await this.#settings.load();
      if (this.#stopping !== null) return;
      this.#pool.configure(thread);
      this.#flow.reconfigure();
      await this.#isolation.configure(disabled);
      for (const warning of warnings) this.#log.warn(warning);
      this.#log.info({ secrets: this.#settings.place }, 'secrets and destinations reloaded');
    } catch (error) {
      this.#log.error(
        { error: (error as Error).message },
        'secrets and destinations not reloaded: those from before stay in force',
      );
      throw error;
    }
  }

  /** Resolves when the workers of the queue will come to nothing more by themselves; see idle.ts. */
  async whenIdle(): Promise<void> {
    while (this.#stopping === null) {
      if (this.#emptySinceClaim && this.#flow.held === 0 && this.#settler.backlog === 0) {
        const isIdle = await isQueueIdle(this.#broker).catch(() => false);
        if (isIdle && this.#flow.held === 0) return;
      }
      await new Promise((resolve) => setTimeout(resolve, IDLE_POLL_MS));
    }
  }

  /**
   * Stops claiming, waits for what is in flight (`drainTimeoutMs` at most), hands the rest back, and ends.
   * `immediately` hands back at once, also while a slower stop is under way. Idempotent.
   */
  async stop({ immediately = false }: { immediately?: boolean } = {}): Promise<void> {
    if (immediately) this.#flow.handBack();
    this.#stopping ??= this.#stop();
    await this.#stopping;
  }

  async #stop(): Promise<void> {
    // A start under way ends first, so that nothing is started after this.
    await this.#starting?.catch(() => {});
    this.#unwatch?.();
    this.#machine.stop();
    const claimsEnded = Promise.all([this.#reserver.stop(), this.#isolation.stopErrands()]);
    this.#flow.stopSending();
    await claimsEnded;
    const drained = setTimeout(() => this.#flow.handBack(), this.#options.drainTimeoutMs);
    await this.#flow.whenNothingInFlight();
    clearTimeout(drained);
    const abandoned = setTimeout(() => this.#settler.abandon(), SETTLE_AT_STOP_MS);
    await this.#settler.drain();
    clearTimeout(abandoned);
    await this.#keeper.stop();
    await this.#isolation.stop();
    this.#deliveryLog.stop();
    await this.#pool.close();
    await this.#broker.close();
  }

  /** Counters and latencies since the start. */
  snapshot(): EngineSnapshot {
    const { inFlight, waiting } = this.#flow;
    const { counters, attemptLatencyMs: latencyMs, eventAgeMs } = this.#metrics;
    return { ...counters, slots: this.#machine.slots.count, inFlight, waiting, latencyMs, eventAgeMs };
  }

  #resized(slotsPerThread: number): void {
    this.#dispatcher.resize(slotsPerThread);
    this.#pool.resize(slotsPerThread);
    this.#credits.resize(this.#machine.slots.count);
    this.#flow.send();
  }

  /** What a claim brings along of destinations comes first: that one of these is disabled, for instance. */
  #claimed(claims: readonly Claim[]): Promise<void> | void {
    this.#emptySinceClaim = false;
    const heard = this.#isolation.heard();
    if (heard === null) this.#flow.add(claims);
    else return heard.then(() => this.#flow.add(claims));
  }

  #settled({ late }: SettleResult, batch: readonly Settlement[]): void {
    this.#metrics.counters.late += late;
    this.#flow.applied(batch);
    this.#isolation.heard();
    this.#reserver.nudge();
  }

  /** What waits is handed back: that changes nothing where the lease has indeed lapsed, and loses nothing where it has not. */
  #lapsed(): void {
    const deliveries = this.#flow.releaseWaiting();
    this.#log.warn({ deliveries }, 'the lease has lapsed: what waited is handed back');
    this.#flow.send(); // Lanes that have something parked are empty now, and may go on.
  }

  #brokerFault(doing: string, fault: unknown): void {
    const error = fault instanceof Error ? fault.message : String(fault);
    this.#log.error({ doing, error }, 'broker fault, trying again');
  }
}
