/**
 * How destinations stand with all workers of a queue: which are disabled or blocked, and which have something parked. The broker keeps
 * it; here is a copy of what is disabled, as that is asked for each delivery, and the one place that tells the broker and
 * hears from it. It looks for news when a claim has brought a higher version along, and every few seconds.
 */
import type { Block, DisabledBy, Standing, Standings } from '../broker/broker.ts';

/** The part of the broker that is used here. */
export interface StandingsBroker {
  readonly standingsVersion: number;
  standings(since: number | null): Promise<Standings>;
  disableDestination(destination: string, by: DisabledBy, nowMs: number): Promise<boolean>;
  enableDestination(destination: string): Promise<number | null>;
  block(destination: string, block: Block): Promise<void>;
  unblock(destination: string): Promise<void>;
}

export interface StandingsParts {
  readonly broker: StandingsBroker;
  /** A destination that was not known to be disabled is. */
  readonly onDisabled: (destination: string) => void;
  /** News of a destination that is not disabled: how it is blocked, or that it is no more. */
  readonly onBlock: (destination: string, block: Block | null) => void;
  /** A destination that is not disabled has something parked. */
  readonly onParked: (destination: string) => void;
  readonly onFault: (error: unknown) => void;
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
  /** Epoch milliseconds. */
  readonly wallMs: () => number;
}

/** How often to look where no claim says that there is news, in milliseconds. */
const LOOK_MS = 5_000;
/** Least time between two looks, in milliseconds: many destinations that fail at once are one piece of news. */
const REST_MS = 50;
/** How long until the broker is told again what it did not hear, in milliseconds. */
const TELL_AGAIN_MS = 1_000;

export class DestinationStandings {
  readonly #parts: StandingsParts;
  #disabled = new Map<string, DisabledBy>();
  /** Blocked, as far as the broker has said. */
  #blocked = new Set<string>();
  /** What the settings say, which wins over what is in the broker. */
  #configured: ReadonlySet<string> = new Set();
  /** What has been said here since the last look began is newer than what that has seen. */
  readonly #said = { disabled: new Set<string>(), block: new Set<string>() };
  #version: number | null = null;
  /** When the last look began. */
  #lookedMs = Number.NEGATIVE_INFINITY;
  #looking: Promise<void> | null = null;
  /** What the broker has not yet been told, by destination: each is told in the order in which it was said. */
  readonly #telling = { disabled: new Map<string, Promise<void>>(), block: new Map<string, Promise<void>>() };
  #timer: NodeJS.Timeout | null = null;
  #soon: NodeJS.Timeout | null = null;
  #stopped = false;

  constructor(parts: StandingsParts) {
    this.#parts = parts;
  }

  /** Whether a destination is disabled. */
  isDisabled(destination: string): boolean {
    return this.#disabled.has(destination) || this.#configured.has(destination);
  }

  /** Looks now, and from now on again and again. `configured`: as in `configure`. Rejects where the broker cannot be asked. */
  async start(configured: ReadonlySet<string>): Promise<void> {
    this.#configured = configured;
    await this.#synchronise();
    this.#timer = setInterval(() => void this.#look(), LOOK_MS).unref();
  }

  /** Resolves when nothing more will be asked of the broker. */
  async stop(): Promise<void> {
    this.#stopped = true;
    if (this.#timer !== null) clearInterval(this.#timer);
    if (this.#soon !== null) clearTimeout(this.#soon);
    await this.#looking;
    await Promise.all([...this.#telling.disabled.values(), ...this.#telling.block.values()]);
  }

  /** The destinations that the settings disable. Those they did before and do no more are enabled. */
  async configure(configured: ReadonlySet<string>): Promise<void> {
    this.#configured = configured;
    // A look under way may have seen the settings from before. What was disabled by them is found in a whole look only.
    await this.#looking;
    this.#version = null;
    await this.#look();
  }

  /**
   * A claim or a settlement has come back: looks, if it brought a higher version along. Answers when the look is over; null where
   * there is no news, or the last look was so short a time ago that the next one waits for more.
   */
  heard(): Promise<void> | null {
    if (this.#stopped || this.#version === null) return null;
    if (this.#parts.broker.standingsVersion <= this.#version) return null;
    const { nowMs } = this.#parts;
    const restMs = this.#lookedMs + REST_MS - nowMs();
    if (restMs <= 0) return this.#look();
    this.#soon ??= setTimeout(() => {
      this.#soon = null;
      void this.#look();
    }, restMs);
    return null;
  }

  /** A destination has answered that it is gone. The broker is told at once. */
  gone(destination: string): void {
    this.#disable(destination, 'gone');
  }

  /** This worker's breaker for a destination has opened, or that has asked for a pause. */
  block(destination: string, block: Block): void {
    const { broker, wallMs } = this.#parts;
    const endMs = wallMs() + block.forMs;
    this.#blocked.add(destination);
    // The broker may be away for a while; the block began when it was said.
    this.#tell('block', destination, () =>
      broker.block(destination, { ...block, forMs: Math.max(0, endMs - wallMs()) }),
    );
  }

  /** It takes deliveries again. */
  unblock(destination: string): void {
    this.#blocked.delete(destination);
    this.#tell('block', destination, () => this.#parts.broker.unblock(destination));
  }

  #disable(destination: string, by: DisabledBy): void {
    if (this.#stopped || this.#disabled.has(destination)) return;
    this.#disabled.set(destination, by);
    const { broker, wallMs, onDisabled } = this.#parts;
    this.#tell('disabled', destination, async () => {
      // Meanwhile it may have been enabled.
      if (this.#disabled.has(destination)) await broker.disableDestination(destination, by, wallMs());
    });
    onDisabled(destination);
  }

  /** Tells the broker, again until it has heard. */
  #tell(what: 'disabled' | 'block', destination: string, call: () => Promise<unknown>): void {
    if (this.#stopped) return;
    this.#said[what].add(destination);
    const telling = this.#telling[what];
    const before = telling.get(destination);
    const told = before?.then(() => this.#untilHeard(call)) ?? this.#untilHeard(call);
    telling.set(destination, told);
    void told.then(() => {
      if (telling.get(destination) === told) telling.delete(destination);
    });
  }

  async #untilHeard(call: () => Promise<unknown>): Promise<void> {
    for (;;) {
      try {
        await call();
        return;
      } catch (error) {
        this.#parts.onFault(error);
      }
      if (this.#stopped) return;
      await new Promise((resolve) => setTimeout(resolve, TELL_AGAIN_MS));
    }
  }

  async #look(): Promise<void> {
    if (this.#stopped) return;
    this.#looking ??= this.#synchronise()
      .catch(this.#parts.onFault)
      .finally(() => {
        this.#looking = null;
      });
    await this.#looking;
  }

  async #synchronise(): Promise<void> {
    this.#lookedMs = this.#parts.nowMs();
    const { broker } = this.#parts;
    for (const what of ['disabled', 'block'] as const) {
      this.#said[what].clear();
      for (const destination of this.#telling[what].keys()) this.#said[what].add(destination);
    }
    const { version, standings, isComplete } = await broker.standings(this.#version);
    const absent = isComplete ? new Set([...this.#disabled.keys(), ...this.#blocked]) : new Set<string>();
    for (const standing of standings) {
      absent.delete(standing.destination);
      await this.#take(standing);
    }
    for (const destination of absent) await this.#take({ destination, ...NOTHING });
    // Only now: what could not be taken in is told of again.
    this.#version = version;
    for (const destination of this.#configured) this.#disable(destination, 'config');
  }

  async #take(standing: Standing): Promise<void> {
    const { destination, block, parked } = standing;
    if (!this.#said.disabled.has(destination)) await this.#takeDisabled(standing);
    if (!this.#said.block.has(destination)) {
      if (block === null) this.#blocked.delete(destination);
      else this.#blocked.add(destination);
      if (!this.isDisabled(destination)) this.#parts.onBlock(destination, block);
    }
    if (parked > 0 && !this.isDisabled(destination)) this.#parts.onParked(destination);
  }

  async #takeDisabled({ destination, disabled }: Standing): Promise<void> {
    const { broker, onDisabled } = this.#parts;
    const isOutdated = disabled?.by === 'config' && !this.#configured.has(destination);
    if (isOutdated) await broker.enableDestination(destination);
    if (disabled === null || isOutdated) this.#disabled.delete(destination);
    else if (!this.#disabled.has(destination)) {
      this.#disabled.set(destination, disabled.by);
      onDisabled(destination);
    }
  }
}

const NOTHING = { disabled: null, block: null, parked: 0 };
