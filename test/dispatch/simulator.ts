/**
 * The dispatcher and the retry policy on a virtual clock: workers with threads and slots, a broker that they share, and receivers
 * that a test models. Hours take seconds, and the same seed gives the same run.
 */
import { Heap } from '../../src/runtime/heap.ts';
import { type Job, ModelledBroker } from './modelled-broker.ts';
import { type Answer, type Receiver, seeded } from './modelled-receivers.ts';
import { Track, Worker, type WorkerParts, type World } from './modelled-worker.ts';

export interface SimulationParts extends WorkerParts {
  readonly workers?: number;
  readonly receiverOf: (destination: string) => Receiver;
  readonly seed?: number;
}

/** As in the flow: how often paces are judged. */
const PACE_MS = 20;

export class Simulation implements World {
  readonly #agenda = new Heap<() => void>();
  readonly #tracks = new Map<string, Track>();
  readonly #inFlight = new Map<string, number>();
  readonly #parts: SimulationParts;
  readonly broker = new ModelledBroker(() => this.nowMs);
  readonly workers: readonly Worker[];
  readonly random: () => number;
  nowMs = 0;

  constructor(parts: SimulationParts) {
    this.#parts = parts;
    this.random = seeded(parts.seed ?? 1);
    this.workers = Array.from({ length: parts.workers ?? 1 }, () => new Worker(this, parts));
  }

  track(destination: string): Track {
    let track = this.#tracks.get(destination);
    if (track === undefined) {
      track = new Track();
      this.#tracks.set(destination, track);
    }
    return track;
  }

  /** Does something at a time to come. */
  at(ms: number, what: () => void): void {
    this.#agenda.push(ms, what);
  }

  /** Events for a destination at random times (a Poisson process) between two moments. */
  stream(destination: string, perSecond: number, fromMs: number, toMs: number, bytes = 1_000): void {
    const next = (ms: number) => {
      const atMs = ms - (Math.log(1 - this.random()) * 1_000) / perSecond;
      if (atMs >= toMs) return;
      this.at(atMs, () => {
        this.publish(destination, 1, bytes);
        next(atMs);
      });
    };
    next(fromMs);
  }

  publish(destination: string, count: number, bytes = 1_000): void {
    const track = this.track(destination);
    for (let n = 0; n < count; n++) {
      const place = track.published++;
      this.broker.publish({ destination, bytes, publishedMs: this.nowMs, place, attempts: 0 });
    }
    for (const worker of this.workers) worker.step();
  }

  /** Lets time pass. */
  run(untilMs: number): void {
    this.#tick(untilMs);
    while (this.#agenda.least <= untilMs) {
      this.nowMs = this.#agenda.least;
      this.#agenda.shift()!();
    }
    this.nowMs = untilMs;
  }

  /** One request. */
  request({ destination, bytes }: Job, answered: (answer: Answer) => void): void {
    const inFlight = (this.#inFlight.get(destination) ?? 0) + 1;
    this.#inFlight.set(destination, inFlight);
    this.track(destination).attemptsMs.push(this.nowMs);
    const { nowMs, random } = this;
    const answer = this.#parts.receiverOf(destination)({ nowMs, inFlight, bytes, random });
    this.at(nowMs + answer.afterMs, () => {
      this.#inFlight.set(destination, this.#inFlight.get(destination)! - 1);
      answered(answer);
    });
  }

  #tick(untilMs: number): void {
    this.at(this.nowMs + PACE_MS, () => {
      for (const worker of this.workers) worker.turnOver();
      if (this.nowMs + PACE_MS <= untilMs) this.#tick(untilMs);
    });
  }
}
