/**
 * One keep-alive undici pool per origin, kept while it is used and let go when it is not.
 * The sockets' connections are made here: with the vetted lookup, TLS 1.2 or newer, and a connect deadline of our own
 * (undici's timers are coarse: measured, 300 ms fired at 871).
 */
import { buildConnector, Pool } from 'undici';
import type { Egress } from './egress.ts';

/** An origin unused for this long loses its sockets, in milliseconds. */
const IDLE_MS = 60_000;
/** How often idle origins are looked for, in milliseconds. */
const SWEEP_MS = 10_000;
/** Most origins kept at once: bounds memory and file descriptors when there are very many destinations. */
const MAX_ORIGINS = 4_096;
/** How long a socket may be idle before it is closed, unless the receiver announces less, in milliseconds. */
const SOCKET_IDLE_MS = 30_000;
/** Longest head of a response that is read, in bytes: Node's own default. */
const MAX_RESPONSE_HEADER_BYTES = 16_384;

export interface Agent {
  readonly pool: Pool;
  inFlight: number;
  lastUsedMs: number;
}

export interface AgentOptions {
  readonly egress: Egress;
  readonly connectTimeoutMs: number;
  /** Most sockets per origin. */
  readonly sockets: number;
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
}

export class Agents {
  readonly #options: AgentOptions;
  readonly #byOrigin = new Map<string, Agent>();
  readonly #sweep: NodeJS.Timeout;

  constructor(options: AgentOptions) {
    this.#options = options;
    this.#sweep = setInterval(() => this.#letGo(IDLE_MS, MAX_ORIGINS), SWEEP_MS).unref();
  }

  /** The agent of an origin, made if there is none. The caller counts `inFlight` up and down around its use. */
  of(origin: string): Agent {
    let agent = this.#byOrigin.get(origin);
    if (agent === undefined) {
      if (this.#byOrigin.size >= MAX_ORIGINS) this.#letGo(0, MAX_ORIGINS / 4);
      agent = { pool: this.#newPool(origin), inFlight: 0, lastUsedMs: 0 };
      this.#byOrigin.set(origin, agent);
    }
    agent.lastUsedMs = this.#options.nowMs();
    return agent;
  }

  /** Closes every socket. Attempts in flight end with an error. */
  async destroy(): Promise<void> {
    clearInterval(this.#sweep);
    const agents = [...this.#byOrigin.values()];
    this.#byOrigin.clear();
    await Promise.all(agents.map(({ pool }) => pool.destroy()));
  }

  /** Lets go of up to `most` that have been idle for so long, in the order they were made. */
  #letGo(idleMs: number, most: number): void {
    const now = this.#options.nowMs();
    let left = most;
    for (const [origin, agent] of this.#byOrigin) {
      if (agent.inFlight > 0 || now - agent.lastUsedMs < idleMs) continue;
      if (left-- === 0) return;
      this.#byOrigin.delete(origin);
      agent.pool.destroy().catch(() => {});
    }
  }

  #newPool(origin: string): Pool {
    return new Pool(origin, {
      connections: this.#options.sockets,
      pipelining: 1,
      // The attempt has deadlines of its own (deadlines.ts), which a drip of bytes cannot push out.
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: SOCKET_IDLE_MS,
      keepAliveMaxTimeout: SOCKET_IDLE_MS,
      maxHeaderSize: MAX_RESPONSE_HEADER_BYTES,
      allowH2: false,
      connect: this.#connector(),
    });
  }

  #connector(): buildConnector.connector {
    const { egress, connectTimeoutMs } = this.#options;
    const connect = buildConnector({
      timeout: 0,
      allowH2: false,
      minVersion: 'TLSv1.2',
      lookup: egress.lookup,
      keepAlive: true,
    } as buildConnector.BuildOptions);
    return (options, callback) => {
      const deadline = setTimeout(
        () => socket.destroy(new ConnectTimeoutError(`no connection within ${connectTimeoutMs} ms`)),
        connectTimeoutMs,
      );
      const socket = connect(options, (...result) => {
        clearTimeout(deadline);
        callback(...result);
      }) as unknown as { destroy(error: Error): void };
    };
  }
}

class ConnectTimeoutError extends Error {
  readonly code = 'UND_ERR_CONNECT_TIMEOUT';
}
