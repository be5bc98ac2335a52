/** What this machine gives the engine: how many threads and slots, what it lacks, and what it is worth telling of it. */
import { performance } from 'node:perf_hooks';
import type { OptionValues } from './config/options.ts';
import { COOLING_ADVICE, throttles } from './host/heat.ts';
import { readInterfaces, sentBytesOf } from './host/interfaces.ts';
import { machineLimits } from './host/machine-limits.ts';
import { type SystemFiles, systemFiles } from './host/system-files.ts';
import { type MachineLook, MachineWatch } from './maintain/machine-watch.ts';
import { Shortage } from './maintain/shortage.ts';
import type { Logger } from './record/log.ts';
import { Slots, type SlotsParts } from './slots.ts';
import { filesOf, type ThreadPlan, threadPlan } from './thread-plan.ts';

export interface MachineParts extends Pick<SlotsParts, 'use' | 'busyShare' | 'onResize'> {
  readonly log: Logger;
  /** What is held and not used should be let go of. */
  readonly onShortage: () => void;
}

export class Machine {
  readonly plan: ThreadPlan;
  readonly slots: Slots;
  readonly shortage: Shortage;
  readonly #watch: MachineWatch;
  readonly #log: Logger;
  readonly #openFiles: number;

  constructor(values: OptionValues, { onShortage, ...parts }: MachineParts) {
    const { log } = parts;
    const nowMs = () => performance.now();
    const files = systemFiles();
    const limits = machineLimits(files);
    this.plan = threadPlan(values, limits);
    this.#log = log;
    this.#openFiles = limits.openFiles;
    this.slots = new Slots({ plan: this.plan, nowMs, ...parts });
    this.shortage = new Shortage({
      onBegin: (lack, advice) => {
        log.error({ lacking: lack }, advice);
        if (lack !== 'dns-down') this.slots.lacked();
      },
      onPause: onShortage,
      nowMs,
    });
    this.#watch = new MachineWatch({
      look: () => lookAt(files),
      onFull: (link, share) =>
        log.warn(
          { interface: link, of_its_speed: Math.round(share * 100) / 100 },
          'the link is nearly full: deliveries wait in its queue; cap them with --max-egress, or add hosts',
        ),
      onThrottled: (times) => log.warn({ times }, `cores are slowed down for heat: ${COOLING_ADVICE}`),
      nowMs,
    });
  }

  start(): void {
    const slots = this.slots.count;
    if (filesOf(slots) > this.#openFiles)
      this.#log.warn(
        { slots, open_files: this.#openFiles, wanted: filesOf(slots) },
        'more slots than open files allow: attempts will find none (EMFILE); raise LimitNOFILE of the service, or "ulimit -n", or give fewer slots (--concurrency)',
      );
    this.slots.start();
    this.#watch.start();
  }

  stop(): void {
    this.slots.stop();
    this.#watch.stop();
  }
}

/** What a watch of the machine looks at. */
export function lookAt(files: SystemFiles): MachineLook {
  const interfaces = readInterfaces(files);
  const links = ('unread' in interfaces ? [] : interfaces.value).flatMap(({ name, speedMbit }) =>
    speedMbit === null ? [] : [{ name, speedMbit, sentBytes: sentBytesOf(files, name) }],
  );
  return { links, throttled: throttles(files) };
}
