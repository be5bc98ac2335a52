/** What belongs to a destination in a thread: worked out when settings come, so that an attempt only looks it up. */
import { BoundedMap } from '../runtime/bounded-map.ts';
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

/** Profiles kept at once. Bounds memory. */
const PROFILES_KEPT = 10_000;

export class Profiles {
  readonly #policy: AttemptPolicy;
  readonly #newRoute: (policy: RoutePolicy) => Route;
  #settings: ThreadSettings;
  /** By what they say: a route that stays the same keeps its sockets when settings change. */
  #routes = new Map<string, Route>();
  /** Made at first use: there may be very many destinations, and a thread meets a part of them. */
  readonly #made = new BoundedMap<string, Profile>(PROFILES_KEPT);
  #usual: Profile;

  constructor(policy: AttemptPolicy, settings: ThreadSettings, newRoute: (policy: RoutePolicy) => Route) {
    this.#policy = policy;
    this.#newRoute = newRoute;
    this.#settings = settings;
    this.#usual = this.#make({}, settings.signingSecrets);
  }

  /** Later attempts go by these settings. */
  configure(settings: ThreadSettings): void {
    this.#settings = settings;
    this.#made.clear();
    // Routes in use are found again; the sockets of those that are not close when they have been idle for long.
    this.#routes = new Map([...this.#routes].filter(([, route]) => route.agents.size > 0));
    this.#usual = this.#make({}, settings.signingSecrets);
  }

  /** What is set for a destination's id, or else for its URL's origin, or else for all; its secrets likewise, each by itself. */
  of(destination: string, origin: string): Profile {
    const { destinations, namedSecrets, signingSecrets } = this.#settings;
    if (destinations.size === 0 && namedSecrets.size === 0) return this.#usual;
    const own = destinations.get(destination) ?? destinations.get(origin);
    const secrets = own?.signingSecrets ?? namedSecrets.get(destination) ?? namedSecrets.get(origin);
    if (own === undefined && secrets === undefined) return this.#usual;
    const key = `${destination} ${origin}`;
    let profile = this.#made.get(key);
    if (profile === undefined) {
      profile = this.#make(own ?? {}, secrets ?? signingSecrets);
      this.#made.set(key, profile);
    }
    return profile;
  }

  #make(own: DestinationPolicy, secrets: readonly string[]): Profile {
    const { timeouts, signatures } = this.#policy;
    return {
      timeouts: { ...timeouts, ...own.timeouts },
      sign: signer(secrets, own.signatures ?? signatures),
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
