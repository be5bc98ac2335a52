/**
 * The composition root: hands each stage its neighbour as a function. What is between claim and settlement is in flow.ts.
 *
 *   reserve ─► dispatch ─► pool ─► threads ─► settle ─► broker
 */
import { randomBytes } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { performance } from 'node:perf_hooks';
import type { Broker, Claim, QueueStats, Settlement, SettleResult } from './broker/broker.ts';
import { brokerFor } from './broker/open.ts';
import { readDestinations } from './config/destinations.ts';
import type { OptionValues } from './config/options.ts';
import { programOptions } from './config/program-options.ts';
import { idMint } from './delivery/ids.ts';
import { Endings, type Settled } from './endings.ts';
import type { EngineOptions, EngineParts, EngineSnapshot } from './engine-options.ts';
import { Flow } from './flow.ts';
import { DisabledDestinations } from './maintain/disabled.ts';
import { Keeper } from './maintain/keeper.ts';
import { Shortage } from './maintain/shortage.ts';
import { ThreadPool } from './pool/thread-pool.ts';
import { DeliveryLog } from './record/delivery-log.ts';
import { type Logger, silentLogger } from './record/log.ts';
import { Metrics } from './record/metrics.ts';
import { Reserver } from './reserve/reserver.ts';
import { openFilesLimit } from './runtime/open-files.ts';
import { fixedSecrets } from './secrets/fixed.ts';
import { Settings } from './settings.ts';
import { Settler } from './settle/settler.ts';
import { threadPlan } from './thread-plan.ts';

export type { Settled } from './endings.ts';
export type { EngineOptions, EngineParts, EngineSnapshot } from './engine-options.ts';

/** How many times its slots an engine claims ahead, at least: what keeps them fed between two claims. */
const CREDIT_PER_SLOT = 16;
const CREDIT_LEAST = 1_024;
/** Most bytes of envelopes claimed and not yet settled: bounds memory when bodies are large. */
const CREDIT_BYTES = 64 * 1_048_576;
/** A broker command that takes longer than this, in milliseconds, is given up and repeated. */
const COMMAND_TIMEOUT_MS = 5_000;
/** How often `whenIdle` asks the broker what is left, in milliseconds. */
const IDLE_POLL_MS = 50;
/** How long a stop waits for the broker to take the last settlements, in milliseconds. */
const SETTLE_AT_STOP_MS = 5_000;

export class Engine {
  readonly #options: OptionValues;
  readonly #settings: Settings;
  readonly #broker: Broker;
  readonly #pool: ThreadPool;
  readonly #flow: Flow;
  readonly #settler: Settler<Settlement, SettleResult>;
  readonly #reserver: Reserver;
  readonly #keeper: Keeper;
  readonly #disabled: DisabledDestinations;
  readonly #shortage: Shortage;
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
    const { threads, slotsPerThread, policy } = threadPlan(values, availableParallelism(), openFilesLimit());
    const { signatures, retryScheduleMs: scheduleMs, permanentStatuses, config } = values;
    this.#options = values;
    this.#settings = new Settings({
      secrets: secrets ?? fixedSecrets(signingSecrets ?? []),
      readDestinations: () =>
        config === null
          ? { settings: new Map(), warnings: [] }
          : readDestinations(config, values, Date.now()),
      signatures,
      rules: { scheduleMs, permanentStatuses },
    });
    this.#log = log;
    this.#broker = parts.broker ?? newBroker(values);
    this.#pool = new ThreadPool({ threads, policy, ...(parts.threadEntry && { entry: parts.threadEntry }) });
    this.#deliveryLog = new DeliveryLog(log, this.#metrics, () => this.#flow);
    this.#settler = new Settler({
      apply: (batch) => this.#broker.settle(batch),
      onApplied: (result) => this.#settled(result),
      onFault: (error) => this.#brokerFault('settle', error),
      random: Math.random,
    });
    this.#disabled = new DisabledDestinations({
      broker: this.#broker,
      onDisabled: (destination) => this.#flow.parkWaiting(destination),
      onFault: (error) => this.#brokerFault('look for disabled destinations', error),
      wallMs: Date.now,
    });
    this.#shortage = new Shortage({
      onBegin: (lack, advice) => log.error({ lacking: lack }, advice),
      onPause: () => this.#pool.shed(),
      nowMs: () => performance.now(),
    });
    this.#flow = new Flow({
      threads,
      slotsPerThread,
      pool: this.#pool,
      endings: this.#newEndings(values.logSuccesses, onSettled ?? null),
      isDisabled: (destination) => this.#disabled.has(destination),
      onProgress: () => this.#reserver.nudge(),
      onLocalFault: (code) => this.#shortage.met(code),
      log,
    });
    this.#reserver = this.#newReserver(Math.max(CREDIT_LEAST, CREDIT_PER_SLOT * threads * slotsPerThread));
    this.#keeper = this.#newKeeper(values.leaseMs);
  }

  #newEndings(logSuccesses: boolean, onSettled: ((settled: Settled) => void) | null): Endings {
    return new Endings({
      rulesOf: (destination, url) => this.#settings.rulesOf(destination, url),
      logSuccesses,
      settle: (settlement) => this.#settler.add(settlement),
      onGone: (destination) => this.#gone(destination),
      metrics: this.#metrics,
      deliveryLog: this.#deliveryLog,
      onSettled,
    });
  }

  #newReserver(mostHeld: number): Reserver {
    return new Reserver({
      broker: this.#broker,
      credit: () => this.#credit(mostHeld),
      onClaimed: (claims) => this.#claimed(claims),
      onEmpty: () => {
        this.#emptySinceClaim = true;
      },
      onFault: (error) => this.#brokerFault('reserve', error),
      random: Math.random,
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
      nowMs: () => performance.now(),
      random: Math.random,
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
      await this.#disabled.start(loaded.disabled);
      await this.#pool.start(this.#flow, loaded.thread);
    } catch (error) {
      await this.#disabled.stop();
      await this.#pool.close();
      await this.#broker.close();
      throw error;
    }
    await this.#keeper.start();
    // What went wrong has been logged, and everything stays as it was.
    this.#unwatch = this.#settings.watch(() => void this.reload().catch(() => {}));
    this.#flow.start();
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
      await this.#disabled.configure(disabled);
      for (const warning of warnings) this.#log.warn(warning);
      this.#log.info({ secrets: this.#settings.place }, 'secrets and destinations reloaded');
    } catch (error) {
      const { message } = error as Error;
      this.#log.error(
        { error: message },
        'secrets and destinations not reloaded: those from before stay in force',
      );
      throw error;
    }
  }

  /** Resolves when nothing is ready, leased or delayed any more, here or at another worker. */
  async whenIdle(): Promise<void> {
    while (this.#stopping === null) {
      if (this.#emptySinceClaim && this.#flow.held === 0 && this.#settler.backlog === 0) {
        const stats = await this.#broker.stats().catch(() => null);
        if (stats !== null && isIdle(stats) && this.#flow.held === 0) return;
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
    const claimsEnded = this.#reserver.stop();
    this.#flow.stopSending();
    await claimsEnded;
    const drained = setTimeout(() => this.#flow.handBack(), this.#options.drainTimeoutMs);
    await this.#flow.whenNothingInFlight();
    clearTimeout(drained);
    const abandoned = setTimeout(() => this.#settler.abandon(), SETTLE_AT_STOP_MS);
    await this.#settler.drain();
    clearTimeout(abandoned);
    await this.#keeper.stop();
    await this.#disabled.stop();
    this.#deliveryLog.stop();
    await this.#pool.close();
    await this.#broker.close();
  }

  /** Counters and latencies since the start. */
  snapshot(): EngineSnapshot {
    const { inFlight, waiting } = this.#flow;
    return {
      ...this.#metrics.counters,
      inFlight,
      waiting,
      latencyMs: this.#metrics.attemptLatencyMs,
      eventAgeMs: this.#metrics.eventAgeMs,
    };
  }

  #claimed(claims: readonly Claim[]): void {
    this.#emptySinceClaim = false;
    this.#flow.add(claims);
  }

  #credit(most: number): { count: number; bytes: number } {
    if (this.#shortage.lasts) return { count: 0, bytes: 0 };
    // What is not settled yet is still ours: it would be sent again after a crash.
    const count = most - this.#flow.held - this.#settler.backlog;
    return { count, bytes: CREDIT_BYTES - this.#flow.heldBytes };
  }

  #settled({ late, enabled }: SettleResult): void {
    this.#metrics.counters.late += late;
    if (enabled !== undefined) this.#disabled.enabled(enabled);
    this.#reserver.nudge();
  }

  #gone(destination: string): void {
    if (this.#disabled.has(destination)) return;
    this.#log.warn(
      { destination },
      'the destination answered 410 Gone and is disabled: its deliveries are parked until "volley destinations enable"',
    );
    this.#disabled.gone(destination);
  }

  /** What waits is handed back: that changes nothing where the lease has indeed lapsed, and loses nothing where it has not. */
  #lapsed(): void {
    const deliveries = this.#flow.releaseWaiting();
    this.#log.warn({ deliveries }, 'the lease has lapsed: what waited is handed back');
  }

  #brokerFault(doing: string, error: unknown): void {
    this.#log.error(
      { doing, error: error instanceof Error ? error.message : String(error) },
      'broker fault, trying again',
    );
  }
}

function newBroker({ broker, queue, leaseMs }: OptionValues): Broker {
  const mintToken = idMint(Date.now, randomBytes);
  return brokerFor(broker, { queue, leaseMs, mintToken, commandTimeoutMs: COMMAND_TIMEOUT_MS });
}

/** Nothing that could be claimed without another event or command: what is parked waits for a person. */
function isIdle({ ready, leased, delayed }: QueueStats): boolean {
  return ready === 0 && leased === 0 && delayed === 0;
}
