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
  #looking: Promise<void> | null = null;
  #timer: NodeJS.Timeout | null = null;

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
    if (this.#timer !== null) clearInterval(this.#timer);
    await this.#looking;
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
      this.#disabled.delete(destination);
      if (this.#configured.has(destination)) this.#disable(destination, 'config');
    }
  }

  #disable(destination: string, by: DisabledBy): void {
    if (this.#disabled.has(destination)) return;
    this.#disabled.set(destination, by);
    const { broker, wallMs, onFault, onDisabled } = this.#parts;
    broker.disableDestination(destination, by, wallMs()).catch((error: unknown) => {
      // Forgotten here too: its next delivery will tell again.
      this.#disabled.delete(destination);
      onFault(error);
    });
    onDisabled(destination);
  }

  #look(): Promise<void> {
    this.#looking ??= this.#synchronise()
      .catch(this.#parts.onFault)
      .finally(() => {
        this.#looking = null;
      });
    return this.#looking;
  }

  async #synchronise(): Promise<void> {
    const { broker, onDisabled } = this.#parts;
    const before = new Set(this.#disabled.keys());
    const found = new Map<string, DisabledBy>();
    for (const { destination, by } of await broker.disabledDestinations()) {
      // Without a reason it is enabled already, by a call that was cut short before all its deliveries were ready again.
      if (by === null || (by === 'config' && !this.#configured.has(destination)))
        await broker.enableDestination(destination);
      else found.set(destination, by);
    }
    // What was added here meanwhile is in the broker by now, or will be.
    for (const [destination, by] of this.#disabled) if (!before.has(destination)) found.set(destination, by);
    this.#disabled = found;
    for (const destination of this.#configured) this.#disable(destination, 'config');
    for (const destination of found.keys()) if (!before.has(destination)) onDisabled(destination);
  }
}
