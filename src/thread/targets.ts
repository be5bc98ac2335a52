/** What a thread knows of each URL, worked out once for many events. */
import type { Egress } from './egress.ts';

export type Target =
  | { readonly kind: 'target'; readonly origin: string; readonly path: string }
  | { readonly kind: 'refused'; readonly detail: string };

/** URLs remembered at once; the cache is emptied when full. Bounds memory when every event has a URL of its own. */
const URLS_KEPT = 10_000;

export class Targets {
  readonly #egress: Egress;
  readonly #byUrl = new Map<string, Target>();

  constructor(egress: Egress) {
    this.#egress = egress;
  }

  /** The target of a valid absolute URL. */
  of(url: string): Target {
    let target = this.#byUrl.get(url);
    if (target === undefined) {
      target = this.#judge(new URL(url));
      if (this.#byUrl.size >= URLS_KEPT) this.#byUrl.clear();
      this.#byUrl.set(url, target);
    }
    return target;
  }

  #judge(url: URL): Target {
    const detail = this.#egress.refusal(url);
    if (detail !== null) return { kind: 'refused', detail };
    return { kind: 'target', origin: url.origin, path: url.pathname + url.search };
  }
}
