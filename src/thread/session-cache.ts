/** TLS sessions by host and port, so that a new connection need not shake hands in full (RFC 8446 §2.2). */

/** Sessions kept at once, the least recently made is let go: some 2 KB each. */
const SESSIONS_KEPT = 2_000;

export class SessionCache {
  readonly #byKey = new Map<string, Buffer>();

  get(key: string): Buffer | undefined {
    return this.#byKey.get(key);
  }

  set(key: string, session: Buffer): void {
    this.#byKey.delete(key);
    this.#byKey.set(key, session);
    if (this.#byKey.size > SESSIONS_KEPT) this.#byKey.delete(this.#byKey.keys().next().value!);
  }

  delete(key: string): void {
    this.#byKey.delete(key);
  }
}
