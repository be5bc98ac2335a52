/** Says when this machine's links or its heat hold deliveries up. Silent where it tells neither, as virtual machines mostly do not. */

export interface MachineLook {
  /** Links whose speed is known, with the bytes that they have sent since they came up. */
  readonly links: readonly {
    readonly name: string;
    readonly speedMbit: number;
    readonly sentBytes: number;
  }[];
  /** Times that a core was slowed down for heat since the machine started; null where that is not counted. */
  readonly throttled: number | null;
}

export interface MachineWatchParts {
  /** A few small files are read for it. */
  readonly look: () => MachineLook;
  /** A link has been nearly full for FULL_LOOKS looks; `share` of its speed. */
  readonly onFull: (name: string, share: number) => void;
  /** Cores have been slowed down for heat so many times since the last look. */
  readonly onThrottled: (times: number) => void;
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
}

/** Time between two looks, in milliseconds: a burst is shorter, and what is read costs nothing to speak of. */
const LOOK_MS = 10_000;
/** Share of its speed at which a link is nearly full: from there on packets wait in its queue, and are dropped. */
const NEARLY_FULL = 0.9;
/** Looks one after the other that find it so before anybody is told. */
const FULL_LOOKS = 2;
/** What has not been met for this long is over, and told again when it comes back; in milliseconds. */
const OVER_MS = 600_000;

/** No link has a name with a space in it. */
const HEAT = 'the heat';

type Before = MachineLook & { readonly atMs: number };

export class MachineWatch {
  readonly #parts: MachineWatchParts;
  /** When each thing was met last, by the link's name, or HEAT. */
  readonly #metMs = new Map<string, number>();
  readonly #fullLooks = new Map<string, number>();
  #before: Before | null = null;
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: MachineWatchParts) {
    this.#parts = parts;
  }

  /** Looks from now on, where there is anything to see. */
  start(): void {
    this.look();
    const { links, throttled } = this.#before!;
    if (links.length === 0 && throttled === null) return;
    this.#timer = setInterval(() => this.look(), LOOK_MS).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Compares with the last look. */
  look(): void {
    const { look, nowMs, onThrottled } = this.#parts;
    const now = { ...look(), atMs: nowMs() };
    const before = this.#before;
    this.#before = now;
    if (before === null) return;
    for (const link of now.links) this.#judge(link, before, now.atMs);
    const times = now.throttled === null || before.throttled === null ? 0 : now.throttled - before.throttled;
    if (times > 0 && this.#isNew(HEAT, now.atMs)) onThrottled(times);
  }

  #judge({ name, speedMbit, sentBytes }: MachineLook['links'][number], before: Before, atMs: number): void {
    const sentBefore = before.links.find((link) => link.name === name)?.sentBytes;
    if (sentBefore === undefined) return;
    // Megabits a second are kilobits a millisecond.
    const share = ((sentBytes - sentBefore) * 8) / (atMs - before.atMs) / (speedMbit * 1_000);
    const looks = share >= NEARLY_FULL ? (this.#fullLooks.get(name) ?? 0) + 1 : 0;
    this.#fullLooks.set(name, looks);
    if (looks >= FULL_LOOKS && this.#isNew(name, atMs)) this.#parts.onFull(name, share);
  }

  /** Whether something has begun that was over. */
  #isNew(what: string, nowMs: number): boolean {
    const metMs = this.#metMs.get(what) ?? Number.NEGATIVE_INFINITY;
    this.#metMs.set(what, nowMs);
    return nowMs - metMs >= OVER_MS;
  }
}
