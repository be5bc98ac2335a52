/** When this machine runs out of what attempts need: nothing more is claimed for a while, so that attempts under way can end. */
import type { LocalCode } from '../delivery/outcome.ts';

/**
 * What a machine can run out of: the next attempt would meet it too, whatever its destination. Name servers that do not
 * answer are not among it: those who ask for names that hang must not be able to stop everyone else.
 */
export type Lack = Extract<LocalCode, 'no-fd' | 'no-port' | 'no-memory'>;

const ADVICE: Readonly<Record<Lack, string>> = {
  'no-fd': 'no file descriptor is left: raise LimitNOFILE, or lower --max-sockets or --concurrency',
  'no-port': 'no local port is left: widen net.ipv4.ip_local_port_range',
  'no-memory': 'the kernel has no memory for sockets: raise net.ipv4.tcp_mem, or lower --concurrency',
};

/** How long nothing is claimed, in milliseconds. */
const PAUSE_MS = 1_000;
/** When a shortage that is not met again is over, in milliseconds: longer than it takes what met it to be tried again. */
const OVER_MS = 10_000;

export interface ShortageParts {
  /** Told when a shortage begins, with what to do. */
  readonly onBegin: (lack: Lack, advice: string) => void;
  /** What is held and not used should be let go of: called when a shortage is met, and once a pause as long as it is. */
  readonly onPause: () => void;
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
}

export class Shortage {
  readonly #parts: ShortageParts;
  #metMs = Number.NEGATIVE_INFINITY;
  #pausedMs = Number.NEGATIVE_INFINITY;

  constructor(parts: ShortageParts) {
    this.#parts = parts;
  }

  /** Whether nothing should be claimed now. */
  get lasts(): boolean {
    return this.#parts.nowMs() < this.#metMs + PAUSE_MS;
  }

  /** An attempt has met a fault of this side. */
  met(code: LocalCode): void {
    if (!isLack(code)) return;
    const now = this.#parts.nowMs();
    if (now >= this.#metMs + OVER_MS) this.#parts.onBegin(code, ADVICE[code]);
    this.#metMs = now;
    if (now < this.#pausedMs + PAUSE_MS) return;
    this.#pausedMs = now;
    this.#parts.onPause();
  }
}

function isLack(code: LocalCode): code is Lack {
  return Object.hasOwn(ADVICE, code);
}
