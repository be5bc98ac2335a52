/**
 * Resolves names: the hosts file first, then DNS, A and AAAA at once.
 *
 * DNS is asked through c-ares and not through getaddrinfo: that shares libuv's few threads with everything else in the
 * process, so one name server that hangs would starve all lookups, and it tells no time to live. Search domains of the
 * system do not apply: an event's URL names its host in full.
 */
import { Resolver } from 'node:dns/promises';
import { errorCode } from '../errors.ts';
import { BoundedMap } from '../runtime/bounded-map.ts';
import { HostsFile } from './hosts-file.ts';

/** The name has no address now; told by a name server, or by one that did not answer for this name in time. */
export const NAME_UNRESOLVED = 'VOLLEY_NAME_UNRESOLVED';
/** The name servers do not answer at all: a fault of this side, not of the name. */
export const NAME_SERVERS_DOWN = 'VOLLEY_NAME_SERVERS_DOWN';

export class NameError extends Error {
  readonly code: typeof NAME_UNRESOLVED | typeof NAME_SERVERS_DOWN;

  constructor(code: NameError['code'], message: string) {
    super(message);
    this.code = code;
  }
}

/** How long one name server has for one question, in milliseconds; the second try has twice that. */
const QUERY_TIMEOUT_MS = 500;
const QUERY_TRIES = 2;
/** Longest that a lookup takes in all, in milliseconds: well within the default of the connect deadline that it is part of. */
const LOOKUP_TIMEOUT_MS = 1_200;
/** Name servers that have answered anything within this time are up, in milliseconds. */
const ANSWERED_LATELY_MS = 5_000;
/** When a lookup that has brought nothing raises the question whether the servers answer at all, and how long they have for that. */
const DOUBT_AFTER_MS = 500;
const PROBE_TIMEOUT_MS = 700;
/** How long the second of A and AAAA is waited for when the first has brought addresses, in milliseconds (RFC 8305 §3 has 50). */
const SECOND_FAMILY_MS = 250;
/** Longest that an answer is kept whatever its time to live, in milliseconds: how long a moved receiver is missed. */
const KEPT_MAX_MS = 30_000;
/** How long it is kept that a name has no address, in milliseconds: a burst of events asks once. */
const FAILURE_KEPT_MS = 1_000;
/** Names kept at once. Bounds memory. */
const NAMES_KEPT = 10_000;

/**
 * RFC 6761 §6.3: these names are the loopback, whatever DNS says. Of its addresses the one of IPv4, so that
 * `--allow-net 127.0.0.0/8` opens them.
 */
const LOCALHOST = /(?:^|\.)localhost$/;
const LOOPBACK = ['127.0.0.1'];

export interface NamesOptions {
  /** `ADDRESS`, `ADDRESS:PORT` or `[ADDRESS]:PORT`; the system's when empty. */
  readonly servers?: readonly string[];
  /** Monotonic milliseconds. */
  readonly nowMs?: () => number;
}

interface Known {
  readonly addresses: readonly string[];
  /** What was wrong where there are no addresses. */
  readonly error: NameError | null;
  readonly untilMs: number;
}

export class Names {
  readonly #servers: readonly string[];
  readonly #nowMs: () => number;
  readonly #known = new BoundedMap<string, Known>(NAMES_KEPT);
  readonly #asked = new Map<string, Promise<readonly string[]>>();
  readonly #hosts = new HostsFile();
  #resolver: Resolver;
  /** Whether the servers answer, while that is being found out. */
  #probe: Promise<boolean> | null = null;
  /** When they answered anything last. */
  #answeredMs = Number.NEGATIVE_INFINITY;
  #closed = false;

  constructor({ servers = [], nowMs = () => performance.now() }: NamesOptions = {}) {
    this.#servers = servers;
    this.#nowMs = nowMs;
    this.#resolver = this.#newResolver(QUERY_TIMEOUT_MS, QUERY_TRIES);
  }

  /**
   * The addresses of a canonical host name, IPv4 first: at least one. Rejects with NameError.
   * Lookups of one name at the same time are one question.
   */
  resolve(name: string): Promise<readonly string[]> {
    const known = this.#known.get(name);
    if (known !== undefined && known.untilMs > this.#nowMs())
      return known.error === null ? Promise.resolve(known.addresses) : Promise.reject(known.error);
    let asked = this.#asked.get(name);
    if (asked === undefined) {
      asked = this.#find(name).finally(() => this.#asked.delete(name));
      this.#asked.set(name, asked);
    }
    return asked;
  }

  /** Ends questions under way; they reject. */
  close(): void {
    this.#closed = true;
    this.#resolver.cancel();
  }

  async #find(name: string): Promise<readonly string[]> {
    if (LOCALHOST.test(name)) return LOOPBACK;
    const listed = this.#hosts.addressesOf(name, this.#nowMs());
    if (listed !== null) return listed;
    const doubt = setTimeout(() => void this.#serversAnswer(), DOUBT_AFTER_MS);
    const [a, aaaa] = await this.#ask(name).finally(() => clearTimeout(doubt));
    const addresses = [...a.addresses, ...aaaa.addresses];
    if (addresses.length > 0) {
      this.#keep(name, addresses, null, Math.min(a.ttlMs, aaaa.ttlMs, KEPT_MAX_MS));
      return addresses;
    }
    const code = worse(a.failure, aaaa.failure);
    // Only silence may be for the name's sake; that there is no server, or no socket to ask it with, never is.
    if (OUR_FAULT.has(code) && (code !== SILENCE || !(await this.#serversAnswer()))) {
      // A new channel reads the system's settings anew, which may be what is wrong.
      this.#resolver = this.#newResolver(QUERY_TIMEOUT_MS, QUERY_TRIES);
      throw new NameError(NAME_SERVERS_DOWN, `the name servers do not answer (${code} for ${name})`);
    }
    const what = NO_SUCH.has(code) ? 'has no address' : 'cannot be resolved';
    const error = new NameError(NAME_UNRESOLVED, `${name} ${what} (${code})`);
    this.#keep(name, [], error, FAILURE_KEPT_MS);
    throw error;
  }

  /** Both families at once; a slow one is not waited for long when the other has brought addresses. */
  async #ask(name: string): Promise<readonly [Answer, Answer]> {
    const results: [Answer, Answer] = [NO_ANSWER, NO_ANSWER];
    const { promise: enough, resolve: stopWaiting } = Promise.withResolvers<void>();
    const longest = setTimeout(stopWaiting, LOOKUP_TIMEOUT_MS);
    let second: NodeJS.Timeout | undefined;
    let over = false;
    const note = (index: 0 | 1) => (answer: Answer) => {
      results[index] = answer;
      if (answer.addresses.length > 0 && !over) second ??= setTimeout(stopWaiting, SECOND_FAMILY_MS);
    };
    const both = Promise.all([
      this.#answerOf(this.#resolver.resolve4(name, { ttl: true })).then(note(0)),
      this.#answerOf(this.#resolver.resolve6(name, { ttl: true })).then(note(1)),
    ]);
    await Promise.race([both, enough]);
    over = true;
    clearTimeout(longest);
    clearTimeout(second);
    return [results[0], results[1]];
  }

  /**
   * Whether the name servers answer anything. If they have not lately: asked for the root's own, which any of them knows, they answer with that or
   * with a refusal. Tells a name whose own servers hang from name servers of ours that do.
   */
  #serversAnswer(): Promise<boolean> {
    if (this.#nowMs() - this.#answeredMs < ANSWERED_LATELY_MS) return Promise.resolve(true);
    if (this.#closed) return Promise.resolve(false);
    this.#probe ??= this.#answerOf(
      this.#newResolver(PROBE_TIMEOUT_MS, 1)
        .resolveNs('.')
        .then(() => []),
    )
      .then(({ failure }) => !OUR_FAULT.has(failure))
      .finally(() => {
        this.#probe = null;
      });
    return this.#probe;
  }

  async #answerOf(question: Promise<{ address: string; ttl: number }[]>): Promise<Answer> {
    const answer = await answerOf(question);
    if (!OUR_FAULT.has(answer.failure)) this.#answeredMs = this.#nowMs();
    return answer;
  }

  #newResolver(timeout: number, tries: number): Resolver {
    const resolver = new Resolver({ timeout, tries });
    if (this.#servers.length > 0) resolver.setServers(this.#servers);
    return resolver;
  }

  #keep(name: string, addresses: readonly string[], error: NameError | null, forMs: number): void {
    if (forMs > 0) this.#known.set(name, { addresses, error, untilMs: this.#nowMs() + forMs });
  }
}

/** What came of one question. */
interface Answer {
  readonly addresses: readonly string[];
  /** How long the addresses may be kept; infinite where there are none. */
  readonly ttlMs: number;
  /** c-ares's code where there are no addresses. */
  readonly failure: string;
}

/** c-ares's codes (https://nodejs.org/api/dns.html#error-codes) for name servers that do not answer. */
const SILENCE = 'ETIMEOUT';
const OUR_FAULT: ReadonlySet<string> = new Set([SILENCE, 'ECONNREFUSED', 'ECANCELLED', 'ENOSERVER']);
/** And those for a name that is not there, or has no addresses. */
const NO_SUCH: ReadonlySet<string> = new Set(['ENOTFOUND', 'ENODATA']);
const NO_ANSWER: Answer = { addresses: [], ttlMs: Number.POSITIVE_INFINITY, failure: SILENCE };

async function answerOf(question: Promise<{ address: string; ttl: number }[]>): Promise<Answer> {
  try {
    const records = await question;
    return {
      addresses: records.map(({ address }) => address),
      ttlMs: Math.min(...records.map(({ ttl }) => ttl * 1_000), Number.POSITIVE_INFINITY),
      failure: 'ENODATA',
    };
  } catch (error) {
    return { ...NO_ANSWER, failure: errorCode(error) };
  }
}

/** Of two failures the one that says more: that there is no such record is what a family without addresses always says. */
function worse(one: string, other: string): string {
  return one === 'ENODATA' ? other : one;
}
