/** When this machine lacks what attempts need: a person is told, and where it may help, nothing more is claimed for a while. */
import type { LocalCode } from '../delivery/outcome.ts';

/** What a machine can lack. */
export type Lack = Extract<LocalCode, 'no-fd' | 'no-port' | 'no-memory' | 'dns-down'>;

interface Remedy {
  readonly advice: string;
  /**
   * Whether claims pause, so that attempts under way can end and give back what they hold. Not for name servers: those
   * who ask for names that hang must not be able to stop everyone else.
   */
  readonly pauses: boolean;
}

const REMEDIES: Readonly<Record<Lack, Remedy>> = {
  'no-fd': {
    advice: 'no file descriptor is left: raise LimitNOFILE, or lower --max-sockets or --concurrency',
    pauses: true,
  },
  'no-port': { advice: 'no local port is left: widen net.ipv4.ip_local_port_range', pauses: true },
  'no-memory': {
    advice: 'the kernel has no memory for sockets: raise net.ipv4.tcp_mem, or lower --concurrency',
    pauses: true,
  },
  'dns-down': {
    advice: 'the name servers do not answer: mend them, or name others with --dns-server',
    pauses: false,
  },
};

/** How long nothing is claimed, in milliseconds. */
const PAUSE_MS = 1_000;
/** What has not been met for this long is over, in milliseconds: many times the wait before a retry. */
const OVER_MS = 10_000;

export interface ShortageParts {
  /** Told when a shortage begins, with what to do. */
  readonly onBegin: (lack: Lack, advice: string) => void;
  /** What is held and not used should be let go of: called when claims pause, and once a pause as long as they do. */
  readonly onPause: () => void;
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
}

export class Shortage {
  readonly #parts: ShortageParts;
  /** When each was met last. */
  readonly #metMs = new Map<Lack, number>();
  #pausedUntilMs = Number.NEGATIVE_INFINITY;
  #toldMs = Number.NEGATIVE_INFINITY;

  constructor(parts: ShortageParts) {
    this.#parts = parts;
  }

  /** Whether nothing should be claimed now. */
  get lasts(): boolean {
    return this.#parts.nowMs() < this.#pausedUntilMs;
  }

  /** An attempt has met a fault of this side. */
  met(code: LocalCode): void {
    if (!isLack(code)) return;
    const { onBegin, onPause, nowMs } = this.#parts;
    const { advice, pauses } = REMEDIES[code];
    const now = nowMs();
    if (now >= (this.#metMs.get(code) ?? Number.NEGATIVE_INFINITY) + OVER_MS) onBegin(code, advice);
    this.#metMs.set(code, now);
    if (!pauses) return;
    this.#pausedUntilMs = now + PAUSE_MS;
    if (now < this.#toldMs + PAUSE_MS) return;
    this.#toldMs = now;
    onPause();
  }
}

function isLack(code: LocalCode): code is Lack {
  return Object.hasOwn(REMEDIES, code);
}
