/**
 * A machine that keeps its slots full, on a virtual clock: each attempt takes the receiver's time, and some of a processor's, for
 * which it waits in line. What the controller of slots is tried on.
 */
import type { Look, SlotMeter } from '../../src/dispatch/slot-round.ts';
import { Heap } from '../../src/runtime/heap.ts';
import { seeded } from './modelled-receivers.ts';

export interface Machine {
  readonly cores: number;
  /** Of a processor, for each attempt. */
  readonly costMs: number;
  /** Whether the engine sees how busy it is: not where it is the receivers'. */
  readonly isOurs: boolean;
  /** An attempt costs twice as much while so many are in flight. */
  readonly dearAt?: number;
  /** Others take up to this share of the processors, another one each second. */
  readonly othersShare?: number;
}

export interface LoopParts {
  /** Mean of what receivers take. */
  readonly latencyMs: number;
  readonly slots: number;
  readonly meter?: SlotMeter;
  readonly seed?: number;
}

/** Weight of the last attempt in what one is expected to take: as in a lane. */
const WEIGHT = 1 / 8;

export class ClosedLoop {
  readonly #machine: Machine;
  readonly #meter: SlotMeter | null;
  readonly #random: () => number;
  readonly #agenda = new Heap<() => void>();
  readonly #lane = { slotMs: 0, usualMs: 0 };
  /** When each processor is free. */
  readonly #freeMs: number[];
  #busyMs = 0;
  #inFlight = 0;
  #lookedMs = 0;
  #second = -1;
  #taken = 0;
  latencyMs: number;
  slots: number;
  /** Most that receivers let be in flight, as windows would. */
  window = Number.POSITIVE_INFINITY;
  nowMs = 0;
  ended = 0;

  constructor(machine: Machine, { latencyMs, slots, meter, seed = 1 }: LoopParts) {
    this.#machine = machine;
    this.#meter = meter ?? null;
    this.#random = seeded(seed);
    this.#freeMs = new Array(machine.cores).fill(0);
    this.latencyMs = latencyMs;
    this.slots = slots;
  }

  run(untilMs: number): void {
    this.#fill();
    while (this.#agenda.least <= untilMs) {
      this.nowMs = this.#agenda.least;
      this.#agenda.shift()!();
      this.#fill();
    }
    this.nowMs = untilMs;
  }

  look(): Look {
    const { nowMs } = this;
    const { cores, isOurs } = this.#machine;
    const share = Math.min(1, this.#busyMs / ((nowMs - this.#lookedMs) * cores));
    this.#busyMs = 0;
    this.#lookedMs = nowMs;
    const idle = Math.max(0, this.slots - this.#inFlight);
    return { nowMs, busyShare: isOurs ? share : 0, idle, isShort: this.#inFlight < this.window };
  }

  #takenShare(): number {
    const { othersShare = 0 } = this.#machine;
    const second = Math.floor(this.nowMs / 1_000);
    if (second !== this.#second) this.#taken = othersShare * this.#random();
    this.#second = second;
    return this.#taken;
  }

  #fill(): void {
    while (this.#inFlight < Math.min(this.slots, this.window)) this.#start();
  }

  #start(): void {
    this.#inFlight++;
    const startedMs = this.nowMs;
    const { dearAt = Number.POSITIVE_INFINITY } = this.#machine;
    const costMs = (this.#machine.costMs * (1 + this.#inFlight / dearAt)) / (1 - this.#takenShare());
    const core = this.#freeMs.indexOf(Math.min(...this.#freeMs));
    const sentMs = Math.max(startedMs, this.#freeMs[core]!) + costMs;
    this.#freeMs[core] = sentMs;
    const endsMs = sentMs + this.latencyMs * (0.5 - 0.5 * Math.log(1 - this.#random()));
    this.#agenda.push(endsMs, () => {
      this.#busyMs += costMs;
      this.#inFlight--;
      this.ended++;
      const tookMs = endsMs - startedMs;
      const lane = this.#lane;
      lane.slotMs = lane.slotMs === 0 ? tookMs : lane.slotMs + (tookMs - lane.slotMs) * WEIGHT;
      this.#meter?.ended(lane, tookMs);
    });
  }
}
