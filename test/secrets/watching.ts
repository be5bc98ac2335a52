/** Watches a provider, and counts what is told. */
import type { TestContext } from 'node:test';
import type { SecretProvider } from '../../src/secrets/provider.ts';
import { Signal } from '../signal.ts';

export interface Watching {
  /** How often a change was told of. */
  readonly told: number;
  /** Resolves when that many changes have been told of. */
  untilTold(count: number): Promise<void>;
  stop(): void;
}

export function watching(t: TestContext, provider: SecretProvider): Watching {
  const signal = new Signal();
  let told = 0;
  const stop = provider.watch(() => {
    told++;
    signal.raise();
  });
  // The provider's own timers keep no process alive, and a test has to.
  const alive = setInterval(() => {}, 60_000);
  t.after(() => {
    stop();
    clearInterval(alive);
  });
  return {
    get told() {
      return told;
    },
    untilTold: (count) => signal.until(() => told === count),
    stop,
  };
}
