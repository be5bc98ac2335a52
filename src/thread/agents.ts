/**
 * Keep-alive connections: an agent for each host of a route, with as many connections as attempts are in flight to it.
 *
 * Each connection is an undici Client of its own, and who uses which is decided here and not in undici's Pool: so the
 * warmest free one is found without a search, one fresh connection can be asked for when a kept one turns out to be
 * closed, and there is a bound on the sockets of the whole thread, the longest unused giving way to new ones.
 */
import { type buildConnector, Client } from 'undici';
import type { Target } from '../guard/guard.ts';
import type { Connector } from './connector.ts';
import { ClosedEarlyError } from './errors.ts';
import { IdleList } from './idle-list.ts';

/** A connection unused for this long is closed, in milliseconds: over HTTP/2, as undici closes those over HTTP/1.1 before. */
const IDLE_MS = 60_000;
/** How often such connections are looked for, in milliseconds. */
const SWEEP_MS = 10_000;
/**
 * How long an unused connection is kept unless the receiver announces less, in milliseconds; undici closes it then.
 * Shorter than IDLE_MS: common servers close after 60 to 75 s, and a request that meets the close must be sent again.
 */
const KEEP_ALIVE_MS = 30_000;
/** Sockets made for one request: one may be closed at the moment it was to be used. */
const MAX_DIALS = 2;
/** Longest head of a response that is read, in bytes: Node's own default. */
const MAX_RESPONSE_HEADER_BYTES = 16_384;

/** The connections to one host by one route. */
export interface Agent {
  readonly route: Route;
  readonly target: Target;
  /** Those that nobody uses, the last used on top. */
  readonly free: Connection[];
  /** All there are. */
  connections: number;
}

/** How some destinations are connected to: their hosts, and the connector that they share. */
export interface Route {
  readonly connector: Connector;
  readonly http2: boolean;
  readonly agents: Map<string, Agent>;
}

/**
 * One socket, or one being made. It carries one request at a time, over HTTP/2 too: what a receiver allows at once there
 * it says when it likes and may change, undici queues what is beyond that, and cutting such a queue short can keep a
 * thread busy for ever (seen with undici 8.12 on Node 26).
 */
export class Connection {
  readonly agent: Agent;
  readonly client: Client;
  inUse = false;
  /** Requests that its socket has carried to their end. */
  served = 0;
  /** When the last one ended, in monotonic milliseconds. */
  idleSinceMs = 0;
  /** Neighbours in the list of the unused. */
  older: Connection | null = null;
  newer: Connection | null = null;
  dropped = false;
  /** Sockets made for the present request. */
  #dials = 0;
  /** Gives up a connection that is being made. */
  cancel: (() => void) | null = null;

  constructor(agent: Agent, connectTimeoutMs: number, onDisconnect: (connection: Connection) => void) {
    this.agent = agent;
    const { target, route } = agent;
    const connect: buildConnector.connector = (_options, callback) => {
      // undici dials again and again while sockets close before a request could be written on them.
      if (++this.#dials > MAX_DIALS)
        return callback(
          new ClosedEarlyError('the receiver closes, or speaks, before it is asked anything'),
          null,
        );
      this.cancel = route.connector.connect(target, connectTimeoutMs, (error, socket) => {
        this.cancel = null;
        if (error !== null) return callback(error, null);
        this.served = 0;
        callback(null, socket!);
      });
    };
    this.client = new Client(target.origin, {
      pipelining: 1,
      // The attempt has deadlines of its own (deadlines.ts), which a drip of bytes cannot push out.
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: KEEP_ALIVE_MS,
      keepAliveMaxTimeout: KEEP_ALIVE_MS,
      maxHeaderSize: MAX_RESPONSE_HEADER_BYTES,
      allowH2: route.http2,
      connect,
    });
    this.client.on('disconnect', () => onDisconnect(this));
  }

  /** It is to carry a request. */
  occupy(): void {
    this.inUse = true;
    this.#dials = 0;
  }
}

export interface AgentsParts {
  /** Most sockets at once; more only while every one is in use. */
  readonly sockets: number;
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
}

export class Agents {
  readonly #parts: AgentsParts;
  readonly #unused = new IdleList<Connection>();
  readonly #all = new Set<Connection>();
  readonly #sweep: NodeJS.Timeout;
  readonly #onDisconnect = (connection: Connection) => {
    connection.served = 0;
    if (!connection.inUse) this.drop(connection);
  };

  constructor(parts: AgentsParts) {
    this.#parts = parts;
    this.#sweep = setInterval(() => this.#closeUnused(), SWEEP_MS).unref();
  }

  /** Connections there are, those being made included. */
  get connections(): number {
    return this.#all.size;
  }

  /** A connection to the target for one request: the one used last, or else a new one. `fresh` asks for a new one in any case. */
  take(route: Route, target: Target, connectTimeoutMs: number, fresh = false): Connection {
    let agent = route.agents.get(target.origin);
    if (agent === undefined) {
      agent = { route, target, free: [], connections: 0 };
      route.agents.set(target.origin, agent);
    }
    let connection = fresh ? undefined : agent.free.pop();
    if (connection === undefined) connection = this.#open(agent, connectTimeoutMs);
    else this.#unused.remove(connection);
    connection.occupy();
    return connection;
  }

  /** A request has ended on a connection, at `nowMs`. `sound`: whether the connection can carry another. */
  giveBack(connection: Connection, sound: boolean, nowMs: number): void {
    connection.inUse = false;
    if (connection.dropped) return;
    if (!sound) {
      this.drop(connection);
      return;
    }
    connection.served++;
    connection.idleSinceMs = nowMs;
    connection.agent.free.push(connection);
    this.#unused.append(connection);
  }

  /** Closes a connection at once, with all that is in flight on it. */
  drop(connection: Connection): void {
    if (connection.dropped) return;
    connection.dropped = true;
    this.#all.delete(connection);
    this.#unused.remove(connection);
    const { agent } = connection;
    const at = agent.free.lastIndexOf(connection);
    if (at !== -1) agent.free.splice(at, 1);
    if (--agent.connections === 0) agent.route.agents.delete(agent.target.origin);
    connection.cancel?.();
    connection.client.destroy().catch(() => {});
  }

  /** Closes the unused connections, all of them: descriptors are short. */
  dropUnused(): void {
    for (let oldest = this.#unused.oldest; oldest !== null; oldest = this.#unused.oldest) this.drop(oldest);
  }

  /** Closes everything. Attempts in flight end with an error. */
  async destroy(): Promise<void> {
    clearInterval(this.#sweep);
    const closing = [...this.#all].map((connection) => {
      this.drop(connection);
      return connection.client.destroy();
    });
    await Promise.all(closing);
  }

  #open(agent: Agent, connectTimeoutMs: number): Connection {
    if (this.#all.size >= this.#parts.sockets && this.#unused.oldest !== null) this.drop(this.#unused.oldest);
    // The drop may have taken the agent's last connection, and the agent with it.
    agent.route.agents.set(agent.target.origin, agent);
    const connection = new Connection(agent, connectTimeoutMs, this.#onDisconnect);
    agent.connections++;
    this.#all.add(connection);
    return connection;
  }

  #closeUnused(): void {
    const now = this.#parts.nowMs();
    for (let oldest = this.#unused.oldest; oldest !== null; oldest = this.#unused.oldest) {
      if (now - oldest.idleSinceMs < IDLE_MS) return;
      this.drop(oldest);
    }
  }
}
