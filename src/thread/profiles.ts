/** What belongs to a destination in a thread: worked out when settings come, so that an attempt only looks it up. */
import { type Sign, signer } from '../signing/sign.ts';
import type { Route } from './agents.ts';
import { type Encrypt, encrypter } from './encrypt.ts';
import type { AttemptPolicy, DestinationPolicy, RoutePolicy, ThreadSettings, Timeouts } from './policy.ts';

export interface Profile {
  readonly timeouts: Timeouts;
  readonly sign: Sign;
  /** Beside Volley's own and the event's: alternating names, in lower case, and values. */
  readonly headers: readonly string[];
  readonly route: Route;
  /** Null where bodies are sent as they are. */
  readonly encrypt: Encrypt | null;
}

export class Profiles {
  readonly #policy: AttemptPolicy;
  readonly #newRoute: (policy: RoutePolicy) => Route;
  /** By what they say: a route that stays the same keeps its sockets when settings change. */
  #routes = new Map<string, Route>();
  #byName = new Map<string, Profile>();
  #usual: Profile;

  constructor(policy: AttemptPolicy, settings: ThreadSettings, newRoute: (policy: RoutePolicy) => Route) {
    this.#policy = policy;
    this.#newRoute = newRoute;
    this.#usual = this.#configure(settings);
  }

  /** Later attempts go by these settings. */
  configure(settings: ThreadSettings): void {
    this.#usual = this.#configure(settings);
  }

  /** The profile of a destination's id, or else of its URL's origin, or else the usual one. */
  of(destination: string, origin: string): Profile {
    if (this.#byName.size === 0) return this.#usual;
    return this.#byName.get(destination) ?? this.#byName.get(origin) ?? this.#usual;
  }

  /** Fills the tables; answers the usual profile. */
  #configure({ signingSecrets, destinations }: ThreadSettings): Profile {
    const kept = this.#routes;
    this.#routes = new Map();
    const routeOf = (policy: RoutePolicy) => {
      const key = JSON.stringify(policy);
      const route = this.#routes.get(key) ?? kept.get(key) ?? this.#newRoute(policy);
      this.#routes.set(key, route);
      return route;
    };
    const { timeouts, signatures } = this.#policy;
    const sign = signer(signingSecrets, signatures);
    const usual: Profile = { timeouts, sign, headers: [], route: routeOf({}), encrypt: null };
    const profile = (own: DestinationPolicy): Profile => ({
      timeouts: { ...timeouts, ...own.timeouts },
      sign:
        own.signingSecrets === undefined && own.signatures === undefined
          ? sign
          : signer(own.signingSecrets ?? signingSecrets, own.signatures ?? signatures),
      headers: own.headers ?? [],
      route: own.route === undefined ? usual.route : routeOf(own.route),
      encrypt: own.encryptionKey === undefined ? null : encrypter(own.encryptionKey),
    });
    this.#byName = new Map([...destinations].map(([name, own]) => [name, profile(own)]));
    return usual;
  }
}
