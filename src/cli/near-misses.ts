/** Members of envelopes that Volley does not know, and that look as if they were meant for one that it does. */
import { nearest } from '../config/nearest.ts';
import type { Progress } from './progress.ts';
import { note, printable } from './terminal.ts';

/** Those that an envelope may do without: where one of the others is mistyped, the envelope is refused. */
const OPTIONAL = ['id', 'destination', 'orderingKey', 'timestamp', 'deliverAt', 'expiresAt', 'headers'];
/** Different names that are told: a stream may be long, and its names anything. */
const MAX_TOLD = 20;

/**
 * Tells of near misses such as `expires_at`, each name once, and lets what holds them be published: a newer producer may
 * mean something that this version does not know.
 */
export class NearMisses {
  readonly #told = new Set<string>();
  readonly #progress: Progress;

  constructor(progress: Progress) {
    this.#progress = progress;
  }

  /** A line that is an envelope holds a member of this name. */
  met(line: number, name: string): void {
    if (this.#told.has(name) || this.#told.size >= MAX_TOLD) return;
    const meant = nearest(name, OPTIONAL);
    if (meant === null) return;
    this.#told.add(name);
    this.#progress.clear();
    note(
      `line ${line}: ${printable(JSON.stringify(name))} is no member of an envelope, and is left out here and below: did you mean ${meant}?`,
    );
  }
}
