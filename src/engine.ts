/**
 * The composition root: hands each stage its neighbour as a function. What is between claim and settlement is in flow.ts.
 *
 *   reserve ─► dispatch ─► pool ─► threads ─► settle ─► broker
 */
import { randomBytes } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { performance } from 'node:perf_hooks';
import type { Broker, Claim, QueueStats, Settlement } from './broker/broker.ts';
import { brokerFor } from './broker/open.ts';
import type { OptionValues } from './config/options.ts';
import { programOptions } from './config/program-options.ts';
import { idMint } from './delivery/ids.ts';
import { Flow, type Settled } from './flow.ts';
import { Keeper } from './maintain/keeper.ts';
import { ThreadPool } from './pool/thread-pool.ts';
import { DeliveryLog } from './record/delivery-log.ts';
import { type Logger, silentLogger } from './record/log.ts';
import { type Latency, Metrics } from './record/metrics.ts';
import { Reserver } from './reserve/reserver.ts';
import { programSecrets } from './secrets/fixed.ts';
import { Settler } from './settle/settler.ts';
import type { AttemptPolicy } from './thread/policy.ts';
import { VERSION } from './version.ts';

export type { Settled } from './flow.ts';

/** Every option of the table in config/options.ts, and what only a program can give. */
export interface EngineOptions extends Partial<OptionValues> {
  /** Newest first, at least one. */
  readonly signingSecrets: readonly string[];
  /** A pino logger; silent by default. */
  readonly log?: Logger;
  /** Called when what follows from an attempt has been decided. Must not throw. */
  readonly onSettled?: (settled: Settled) => void;
}

/** Parts that a test can put in another's place. */
export interface EngineParts {
  readonly broker?: Broker;
  /** The module that threads run. */
  readonly threadEntry?: URL;
}

export interface EngineSnapshot {
  readonly delivered: number;
  readonly retried: number;
  readonly dead: number;
  readonly handedBack: number;
  readonly late: number;
  /** Attempts in flight. */
  readonly inFlight: number;
  /** Claimed, not yet sent. */
  readonly waiting: number;
  /** Of the attempts that succeeded, in milliseconds. */
  readonly latencyMs: Latency;
  /** From the events' timestamps to their delivery, in milliseconds. */
  readonly eventAgeMs: Latency;
}

/** How many times its slots an engine claims ahead, at least: what keeps them fed between two claims. */
const CREDIT_PER_SLOT = 16;
const CREDIT_LEAST = 1_024;
/** Most bytes of envelopes claimed and not yet settled: bounds memory when bodies are large. */
const CREDIT_BYTES = 64 * 1_048_576;
/** Settlements the broker may lag behind before nothing more is claimed. */
const SETTLE_BACKLOG = 10_000;
/** A broker command that takes longer than this, in milliseconds, is given up and repeated. */
const COMMAND_TIMEOUT_MS = 5_000;
/** How often `whenIdle` asks the broker what is left, in milliseconds. */
const IDLE_POLL_MS = 50;
/** How long a stop waits for the broker to take the last settlements, in milliseconds. */
const SETTLE_AT_STOP_MS = 5_000;

export class Engine {
  readonly #options: OptionValues;
  readonly #broker: Broker;
  readonly #pool: ThreadPool;
  readonly #flow: Flow;
  readonly #settler: Settler<Settlement>;
  readonly #reserver: Reserver;
  readonly #keeper: Keeper;
  readonly #log: Logger;
  readonly #deliveryLog: DeliveryLog;
  readonly #metrics = new Metrics();
  #starting: Promise<readonly string[]> | null = null;
  #stopping: Promise<void> | null = null;
  #emptySinceClaim = false;

  constructor(options: EngineOptions, parts: EngineParts = {}) {
    const { signingSecrets, log = silentLogger(), onSettled, ...given } = options;
    const values = programOptions(given);
    const cores = availableParallelism();
    const threads = values.threads ?? cores;
    const slotsPerThread = Math.max(1, Math.ceil((values.concurrency * cores) / threads));
    const slots = threads * slotsPerThread;
    const policy = attemptPolicy(values, programSecrets(signingSecrets), slotsPerThread);
    this.#options = values;
    this.#log = log;
    this.#broker =
      parts.broker ??
      brokerFor(values.broker, {
        queue: values.queue,
        leaseMs: values.leaseMs,
        mintToken: idMint(Date.now, randomBytes),
        commandTimeoutMs: COMMAND_TIMEOUT_MS,
      });
    this.#pool = new ThreadPool({ threads, policy, ...(parts.threadEntry && { entry: parts.threadEntry }) });
    this.#deliveryLog = new DeliveryLog(log, this.#metrics, () => this.#flow);
    this.#settler = new Settler({
      apply: (batch) => this.#broker.settle(batch),
      onApplied: (late) => {
        this.#metrics.counters.late += late;
        this.#reserver.nudge();
      },
      onFault: (error) => this.#brokerFault('settle', error),
      random: Math.random,
    });
    this.#flow = new Flow({
      threads,
      slotsPerThread,
      retryScheduleMs: values.retryScheduleMs,
      logSuccesses: values.logSuccesses,
      pool: this.#pool,
      settle: (settlement) => this.#settler.add(settlement),
      onProgress: () => this.#reserver.nudge(),
      metrics: this.#metrics,
      deliveryLog: this.#deliveryLog,
      log,
      onSettled: onSettled ?? null,
    });
    this.#reserver = new Reserver({
      broker: this.#broker,
      credit: () => this.#credit(Math.max(CREDIT_LEAST, CREDIT_PER_SLOT * slots)),
      onClaimed: (claims) => this.#claimed(claims),
      onEmpty: () => {
        this.#emptySinceClaim = true;
      },
      onFault: (error) => this.#brokerFault('reserve', error),
      random: Math.random,
    });
    this.#keeper = new Keeper({
      leaseMs: values.leaseMs,
      extend: () => this.#broker.extend(),
      reclaim: () => this.#broker.reclaim(),
      onLapsed: () => this.#lapsed(),
      onReclaimed: (count) =>
        log.warn({ deliveries: count }, 'took over what a worker that is gone had claimed'),
      onFault: (error) => this.#brokerFault('renew lease', error),
      nowMs: () => performance.now(),
      random: Math.random,
    });
  }

  /** Connects, starts the threads, and begins to deliver. Answers warnings about the broker, one line each. Rejects with VolleyError. */
  start(): Promise<readonly string[]> {
    this.#starting ??= this.#start();
    return this.#starting;
  }

  async #start(): Promise<readonly string[]> {
    let warnings: readonly string[];
    try {
      warnings = await this.#broker.open();
      await this.#pool.start(this.#flow);
    } catch (error) {
      await this.#pool.close();
      await this.#broker.close();
      throw error;
    }
    await this.#keeper.start();
    this.#flow.start();
    this.#deliveryLog.start(() => performance.now());
    this.#reserver.start();
    return warnings;
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
    if (this.#settler.backlog > SETTLE_BACKLOG) return { count: 0, bytes: 0 };
    return { count: most - this.#flow.held, bytes: CREDIT_BYTES - this.#flow.heldBytes };
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

function attemptPolicy(
  values: OptionValues,
  signingSecrets: readonly string[],
  slots: number,
): AttemptPolicy {
  return {
    egress: { allowHttp: values.allowHttp, allowNets: values.allowNet, allowPorts: values.allowPort },
    connectTimeoutMs: values.connectTimeoutMs,
    readTimeoutMs: values.readTimeoutMs,
    totalTimeoutMs: values.totalTimeoutMs,
    signingSecrets,
    signatures: values.signatures,
    userAgent: `Volley/${VERSION}`,
    slots,
  };
}

function isIdle({ ready, leased, delayed, parked }: QueueStats): boolean {
  return ready === 0 && leased === 0 && delayed === 0 && parked === 0;
}
