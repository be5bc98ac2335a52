/** What this machine gives the engine: how many threads and slots, and what it lacks. */
import { performance } from 'node:perf_hooks';
import type { OptionValues } from './config/options.ts';
import { machineLimits } from './host/machine-limits.ts';
import { Shortage } from './maintain/shortage.ts';
import type { Logger } from './record/log.ts';
import { Slots, type SlotsParts } from './slots.ts';
import { type ThreadPlan, threadPlan } from './thread-plan.ts';

export interface MachineParts extends Pick<SlotsParts, 'use' | 'busyShare' | 'onResize'> {
  readonly log: Logger;
  /** What is held and not used should be let go of. */
  readonly onShortage: () => void;
}

export class Machine {
  readonly plan: ThreadPlan;
  readonly slots: Slots;
  readonly shortage: Shortage;

  constructor(values: OptionValues, { onShortage, ...parts }: MachineParts) {
    const { log } = parts;
    const nowMs = () => performance.now();
    this.plan = threadPlan(values, machineLimits());
    this.slots = new Slots({ plan: this.plan, nowMs, ...parts });
    this.shortage = new Shortage({
      onBegin: (lack, advice) => {
        log.error({ lacking: lack }, advice);
        if (lack !== 'dns-down') this.slots.lacked();
      },
      onPause: onShortage,
      nowMs,
    });
  }

  start(): void {
    this.slots.start();
  }

  stop(): void {
    this.slots.stop();
  }
}
