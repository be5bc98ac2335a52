/**
 * Who waits for work, and the looking out for it; nothing is done while nobody waits.
 *
 * To look is to read the file's change counter. Writes to the log are notified by the kernel, but a little before
 * the commit they belong to can be seen: so a notification starts a spell of frequent looking, and between spells
 * it is rare. Where the kernel does not notify, it is frequent all the time.
 */
import { type FSWatcher, watch } from 'node:fs';
import type { Store } from './store.ts';

/** Between spells: bounds the wait where a notification is lost. 20 looks a second cost well below 1 % of a core. */
const RARE_LOOK_MS = 50;
/** In a spell, and where there are no notifications: bounds the wait after another process's publish. */
const FREQUENT_LOOK_MS = 2;
/** How long a spell lasts: commits follow their last write within microseconds, or as soon as their process is scheduled. */
const SPELL_MS = 20;

interface Waiter {
  readonly untilMs: number;
  readonly wake: () => void;
}

export class WorkWatch {
  readonly #store: Store;
  #waiters: Waiter[] = [];
  #timer: NodeJS.Timeout | null = null;
  #notifier: FSWatcher | null = null;
  #spellEndsMs = 0;
  /** The state of the file at the last look; null when this thread has itself changed something since. */
  #version: number | null = null;
  #dueMs: number | null = null;

  constructor(store: Store) {
    this.#store = store;
    try {
      this.#notifier = watch(store.logFile, () => this.#onNotification());
      this.#notifier.on('error', () => this.#endNotifications());
    } catch {
      this.#endNotifications();
    }
  }

  /** Resolves when something may be claimable, or what blocks it has changed, or after `timeoutMs`. */
  wait(timeoutMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiters.push({ untilMs: performance.now() + timeoutMs, wake: resolve });
    this.changed();
    return promise;
  }

  /** This thread has changed the file: looks at once if anybody waits. */
  changed(): void {
    this.#version = null;
    if (this.#waiters.length > 0) this.#look();
  }

  /** Wakes everybody. */
  wakeAll(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    this.#stopTimer();
    for (const { wake } of waiters) wake();
  }

  close(): void {
    this.#endNotifications();
    this.wakeAll();
  }

  #onNotification(): void {
    this.#spellEndsMs = performance.now() + SPELL_MS;
    if (this.#waiters.length > 0) this.#look();
  }

  #endNotifications(): void {
    this.#notifier?.close();
    this.#notifier = null;
    this.#spellEndsMs = Number.POSITIVE_INFINITY;
  }

  #look(): void {
    this.#stopTimer();
    if (this.#workCameUp()) {
      this.wakeAll();
      return;
    }
    const nowMs = performance.now();
    this.#waiters = this.#waiters.filter(({ untilMs, wake }) => {
      if (untilMs > nowMs) return true;
      wake();
      return false;
    });
    if (this.#waiters.length > 0) this.#timer = setTimeout(() => this.#look(), this.#restMs(nowMs));
  }

  /** How long until the next look; a retry that falls due or a wait that ends before then is not kept waiting. */
  #restMs(nowMs: number): number {
    const lookMs = nowMs < this.#spellEndsMs ? FREQUENT_LOOK_MS : RARE_LOOK_MS;
    const dueMs = this.#dueMs === null ? lookMs : Math.max(0, this.#dueMs - Date.now());
    const endMs = Math.min(...this.#waiters.map(({ untilMs }) => untilMs - nowMs));
    return Math.ceil(Math.min(lookMs, dueMs, endMs));
  }

  #workCameUp(): boolean {
    try {
      const version = this.#store.foreignVersion();
      if (version !== this.#version) {
        this.#version = version;
        if (this.#store.hasWork() || this.#store.hasNews()) return true;
        this.#dueMs = this.#store.nextDueMs();
      }
    } catch {
      // Whatever is wrong, the next claim meets it and reports it.
      return true;
    }
    return this.#dueMs !== null && this.#dueMs <= Date.now();
  }

  #stopTimer(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}
