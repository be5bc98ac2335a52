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
  #settings: ThreadSettings;
  /** By what they say: a route that stays the same keeps its sockets when settings change. */
  #routes = new Map<string, Route>();
  /** Made at first use: there may be very many destinations, and a thread meets a part of them. */
  #made = new Map<string, Profile>();
  #usual: Profile;

  constructor(policy: AttemptPolicy, settings: ThreadSettings, newRoute: (policy: RoutePolicy) => Route) {
    this.#policy = policy;
    this.#newRoute = newRoute;
    this.#settings = settings;
    this.#usual = this.#make({}, null);
  }

  /** Later attempts go by these settings. */
  configure(settings: ThreadSettings): void {
    this.#settings = settings;
    this.#made = new Map();
    // Routes in use are found again; the sockets of those that are not close when they have been idle for long.
    this.#routes = new Map([...this.#routes].filter(([, route]) => route.agents.size > 0));
    this.#usual = this.#make({}, null);
  }

  /** The profile of a destination's id, or else of its URL's origin, or else the usual one. */
  of(destination: string, origin: string): Profile {
    if (this.#settings.destinations.size === 0) return this.#usual;
    return this.#named(destination) ?? this.#named(origin) ?? this.#usual;
  }

  #named(name: string): Profile | undefined {
    const made = this.#made.get(name);
    if (made !== undefined) return made;
    const own = this.#settings.destinations.get(name);
    if (own === undefined) return undefined;
    const profile = this.#make(own, this.#usual);
    this.#made.set(name, profile);
    return profile;
  }

  #make(own: DestinationPolicy, usual: Profile | null): Profile {
    const { timeouts, signatures } = this.#policy;
    const isSignedAsUsual = own.signingSecrets === undefined && own.signatures === undefined;
    return {
      timeouts: { ...timeouts, ...own.timeouts },
      sign:
        isSignedAsUsual && usual !== null
          ? usual.sign
          : signer(own.signingSecrets ?? this.#settings.signingSecrets, own.signatures ?? signatures),
      headers: own.headers ?? [],
      route: this.#routeOf(own.route ?? {}),
      encrypt: own.encryptionKey === undefined ? null : encrypter(own.encryptionKey),
    };
  }

  #routeOf(policy: RoutePolicy): Route {
    const key = JSON.stringify(policy);
    let route = this.#routes.get(key);
    if (route === undefined) {
      route = this.#newRoute(policy);
      this.#routes.set(key, route);
    }
    return route;
  }
}
