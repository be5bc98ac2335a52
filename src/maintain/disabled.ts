/**
 * Which destinations are disabled: kept in the broker, where all workers of a queue see it, and here a copy that is asked
 * for each delivery. The copy is looked over every few seconds; that a destination has been enabled is also told by the broker
 * when a delivery is to be parked for it.
 */
import type { DisabledBy, DisabledDestination } from '../broker/broker.ts';

/** The part of the broker that is used here. */
export interface DisabledBroker {
  disableDestination(destination: string, by: DisabledBy, nowMs: number): Promise<boolean>;
  enableDestination(destination: string): Promise<number | null>;
  disabledDestinations(): Promise<readonly DisabledDestination[]>;
}

export interface DisabledParts {
  readonly broker: DisabledBroker;
  /** A destination that was not known to be disabled is. */
  readonly onDisabled: (destination: string) => void;
  readonly onFault: (error: unknown) => void;
  /** Epoch milliseconds. */
  readonly wallMs: () => number;
}

/** How often the copy is looked over, in milliseconds: how long a `destinations disable` takes to be heard of. */
const LOOK_MS = 5_000;

export class DisabledDestinations {
  readonly #parts: DisabledParts;
  #disabled = new Map<string, DisabledBy>();
  /** What the settings say, which wins over what is in the broker. */
  #configured: ReadonlySet<string> = new Set();
  /** What was added or taken out here since the last look began: newer than what that has seen. */
  readonly #changed = new Set<string>();
  #looking: Promise<void> | null = null;
  /** Until the broker has heard of all that was added here. */
  #telling: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | null = null;
  #stopped = false;

  constructor(parts: DisabledParts) {
    this.#parts = parts;
  }

  /** Whether a destination's deliveries are to be parked. */
  has(destination: string): boolean {
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
    await this.#looking;
    await this.#telling;
  }

  /** The destinations that the settings disable. Those they did before and do no more are enabled. */
  async configure(configured: ReadonlySet<string>): Promise<void> {
    this.#configured = configured;
    // A look under way may have seen the settings from before.
    await this.#looking;
    await this.#look();
  }

  /** A destination has answered that it is gone. The broker is told at once, ahead of any delivery to be parked. */
  gone(destination: string): void {
    this.#disable(destination, 'gone');
  }

  /** The broker says that these are not disabled any more. */
  enabled(destinations: readonly string[]): void {
    for (const destination of destinations) {
      this.#forget(destination);
      if (this.#configured.has(destination)) this.#disable(destination, 'config');
    }
  }

  #disable(destination: string, by: DisabledBy): void {
    if (this.#stopped || this.#disabled.has(destination)) return;
    this.#disabled.set(destination, by);
    this.#changed.add(destination);
    const { broker, wallMs, onFault, onDisabled } = this.#parts;
    const told = broker.disableDestination(destination, by, wallMs()).catch((error: unknown) => {
      // Forgotten here too: its next delivery will tell again.
      this.#forget(destination);
      onFault(error);
    });
    this.#telling = Promise.all([this.#telling, told]).then(() => {});
    onDisabled(destination);
  }

  #forget(destination: string): void {
    this.#disabled.delete(destination);
    this.#changed.add(destination);
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
    const { broker, onDisabled } = this.#parts;
    this.#changed.clear();
    const found = new Map<string, DisabledBy>();
    for (const { destination, by } of await broker.disabledDestinations()) {
      // Without a reason it is enabled already, by a call that was cut short before all its deliveries were ready again.
      if (by === null || (by === 'config' && !this.#configured.has(destination)))
        await broker.enableDestination(destination);
      else found.set(destination, by);
    }
    for (const destination of this.#changed) {
      const by = this.#disabled.get(destination);
      if (by === undefined) found.delete(destination);
      else found.set(destination, by);
    }
    const news = [...found.keys()].filter((destination) => !this.#disabled.has(destination));
    this.#disabled = found;
    for (const destination of news) onDisabled(destination);
    for (const destination of this.#configured) this.#disable(destination, 'config');
  }
}
