/** A process of mock receivers. Started and asked by `receivers.ts`. */
import { seededRandom } from '../random.ts';
import { serve } from '../remote.ts';
import type { Behaviour } from './behaviour.ts';
import { Group, type GroupSpec } from './group.ts';
import type { TallyReport } from './tally.ts';

export interface ReceiverCounts {
  readonly requests: number;
  /** When the first one since `reset` was complete, epoch milliseconds; null before that. */
  readonly firstAtMs: number | null;
  /** CPU of the process since `reset`. */
  readonly cpuSeconds: number;
  /** Different events delivered, by group. */
  readonly delivered: Readonly<Record<string, number>>;
}

const groups = new Map<string, Group>();
const random = seededRandom(process.pid);
let firstAtMs: number | null = null;
let cpuAtReset = process.cpuUsage();

const api = {
  /** Starts a group; answers its ports. */
  async listen(spec: GroupSpec): Promise<readonly number[]> {
    const group = new Group(spec, random, () => {
      firstAtMs ??= Date.now();
    });
    groups.set(spec.name, group);
    return group.start();
  },

  async behave({
    group,
    behaviour,
  }: {
    readonly group: string;
    readonly behaviour: Behaviour;
  }): Promise<void> {
    await groups.get(group)!.behave(behaviour);
  },

  async mark({ name, fromMicros }: { readonly name: string; readonly fromMicros: number }): Promise<void> {
    for (const { tally } of groups.values()) tally.mark(name, fromMicros);
  },

  async reset(): Promise<void> {
    for (const { tally } of groups.values()) tally.reset();
    firstAtMs = null;
    cpuAtReset = process.cpuUsage();
  },

  async counts(): Promise<ReceiverCounts> {
    const { user, system } = process.cpuUsage(cpuAtReset);
    const tallies = [...groups].map(([name, { tally }]) => [name, tally] as const);
    return {
      requests: tallies.reduce((sum, [, { requests }]) => sum + requests, 0),
      firstAtMs,
      cpuSeconds: (user + system) / 1e6,
      delivered: Object.fromEntries(tallies.map(([name, { delivered }]) => [name, delivered])),
    };
  },

  async tally(group: string): Promise<TallyReport> {
    return groups.get(group)!.tally.report();
  },
};

export type ReceiverApi = typeof api;

serve(api);
