/** Asks the broker again and again how destinations stand, as `volley destinations list` does once. */
import timers from 'node:timers/promises';
import type { Broker, Standing } from '../../broker/broker.ts';
import { clientBroker, DEFAULT_QUEUE } from '../../publish/client-broker.ts';
import { allStandings } from '../destination-standing.ts';

/** Between an answer and the next question, in milliseconds: as often as a picture is drawn. */
const LOOK_MS = 100;

export class StandingsWatch {
  readonly #broker: Broker;
  readonly #onStandings: (standings: readonly Standing[]) => void;
  readonly #stop = new AbortController();
  readonly #ended: Promise<void>;

  private constructor(broker: Broker, onStandings: (standings: readonly Standing[]) => void) {
    this.#broker = broker;
    this.#onStandings = onStandings;
    this.#ended = this.#watch();
  }

  /** `url`: the broker's. Rejects with VolleyError where it cannot be opened. */
  static async start(
    url: string,
    onStandings: (standings: readonly Standing[]) => void,
  ): Promise<StandingsWatch> {
    const broker = clientBroker(url, DEFAULT_QUEUE);
    await broker.open();
    return new StandingsWatch(broker, onStandings);
  }

  /** Looks now. Where the broker does not answer, what it said before stays. */
  async look(): Promise<void> {
    const standings = await allStandings(this.#broker).catch(() => null);
    if (standings !== null) this.#onStandings(standings);
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#ended;
    await this.#broker.close();
  }

  async #watch(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      await this.look();
      await timers.setTimeout(LOOK_MS, undefined, { signal }).catch(() => {});
    }
  }
}
