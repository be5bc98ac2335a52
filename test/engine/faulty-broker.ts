/** A broker whose calls a test can make fail or hang, before or after the real broker has done them. */
import type { Broker } from '../../src/broker/broker.ts';
import { VolleyError } from '../../src/errors.ts';
import { Signal } from '../signal.ts';

type Call =
  | 'open'
  | 'reserve'
  | 'reserveParked'
  | 'settle'
  | 'extend'
  | 'reclaim'
  | 'block'
  | 'unblock'
  | 'askProbe'
  | 'takeTokens';
/** `refuse`: fails and does nothing. `lose-reply`: does it and fails. `hang`: neither, until the fault is lifted; then it does it. */
export type Fault = 'refuse' | 'lose-reply' | 'hang';

export class FaultyBroker {
  readonly broker: Broker;
  readonly #faults = new Map<Call, Fault>();
  #lifted = Promise.withResolvers<void>();
  /** Calls that have met a fault. */
  readonly #met: Call[] = [];
  readonly #onMet = new Signal();

  constructor(real: Broker) {
    this.broker = new Proxy(real, {
      get: (target, name: keyof Broker) => {
        if (name === 'standingsVersion') return target[name];
        const method = target[name].bind(target) as (...args: unknown[]) => Promise<unknown>;
        return (...args: unknown[]) => this.#call(name as Call, () => method(...args));
      },
    });
  }

  impose(fault: Fault, ...calls: Call[]): void {
    for (const call of calls) this.#faults.set(call, fault);
  }

  /** Lets all calls through again. */
  lift(): void {
    this.#faults.clear();
    this.#lifted.resolve();
    this.#lifted = Promise.withResolvers();
  }

  /** Resolves when a call has met a fault so many times. */
  untilMet(call: Call, times: number): Promise<void> {
    return this.#onMet.until(() => this.#met.filter((met) => met === call).length >= times);
  }

  async #call(name: Call, real: () => Promise<unknown>): Promise<unknown> {
    const fault = this.#faults.get(name);
    if (fault === undefined) return real();
    this.#met.push(name);
    this.#onMet.raise();
    if (fault === 'hang') {
      await this.#lifted.promise;
      return real();
    }
    if (fault === 'lose-reply') await real();
    throw new VolleyError('VOLLEY_BROKER_UNAVAILABLE', `${name} fails for the test`);
  }
}
