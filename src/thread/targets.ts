/** What the guard says of each URL, asked once for many events. */
import type { Guard, Judged } from '../guard/guard.ts';
import { BoundedMap } from '../runtime/bounded-map.ts';

/** URLs remembered at once. Bounds memory when every event has a URL of its own. */
const URLS_KEPT = 10_000;

export class Targets {
  readonly #guard: Guard;
  readonly #byUrl = new BoundedMap<string, Judged>(URLS_KEPT);

  constructor(guard: Guard) {
    this.#guard = guard;
  }

  of(url: string): Judged {
    let judged = this.#byUrl.get(url);
    if (judged === undefined) {
      judged = this.#guard.judgeUrl(url);
      this.#byUrl.set(url, judged);
    }
    return judged;
  }
}
