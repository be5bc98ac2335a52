/** A plan over hosts, over time and over the day: points for plots. */
import type { Plan } from './plan.ts';
import { rateAt } from './resources.ts';

/** Most points of a series: a plot shows no more, and a table beside it must still be read. */
const POINTS_MAX = 24;

export interface HostsPoint {
  readonly hosts: number;
  /** Events per second at the planned utilisation, by what hosts have alone. */
  readonly plannedPerSecond: number;
  /** The same with everything in use. */
  readonly saturatedPerSecond: number;
}

/** What hosts can deliver: from one to about twice as many as planned. */
export function rateByHosts({ resources, hosts, inputs }: Plan): HostsPoint[] {
  const most = Math.max(8, 2 * hosts);
  const step = Math.ceil(most / POINTS_MAX);
  const counts = Array.from({ length: Math.floor(most / step) }, (_, index) => (index + 1) * step);
  const own = resources.filter(({ of }) => of === 'host');
  const rate = (count: number, share: number) =>
    Math.min(...own.map((resource) => rateAt(resource, count, share)));
  return [1, ...counts.filter((count) => count > 1)].map((count) => ({
    hosts: count,
    plannedPerSecond: rate(count, inputs.utilisationPercent / 100),
    saturatedPerSecond: rate(count, 1),
  }));
}

/** What the brokers can take at the planned utilisation, in events per second. */
export function brokersPerSecond({ resources, brokers, inputs }: Plan): number {
  const rates = resources
    .filter(({ of }) => of === 'broker')
    .map((resource) => rateAt(resource, brokers, inputs.utilisationPercent / 100));
  return Math.min(...rates);
}

export interface BacklogPoint {
  /** Since the outage began, in seconds. */
  readonly atSeconds: number;
  readonly events: number;
}

/** The backlog from the beginning of the outage until it is gone, or until the time for that is over. None without an outage. */
export function backlogOverTime({ inputs, load, drainPerSecond, drainSeconds }: Plan): BacklogPoint[] {
  if (load.backlogEvents === 0) return [];
  const outageSeconds = inputs.outageMs / 1000;
  const recoverySeconds = inputs.recoveryMs / 1000;
  const endSeconds = outageSeconds + 1.1 * Math.min(recoverySeconds, drainSeconds ?? recoverySeconds);
  const times = Array.from({ length: POINTS_MAX - 2 }, (_, index) => (endSeconds * index) / (POINTS_MAX - 3));
  // The corners stand where they are, between the even steps.
  const corners = [outageSeconds, outageSeconds + (drainSeconds ?? 0)].filter((at) => at < endSeconds);
  return [...new Set([...times, ...corners])]
    .sort((a, b) => a - b)
    .map((atSeconds) => ({
      atSeconds,
      events:
        atSeconds <= outageSeconds
          ? load.peakPerSecond * atSeconds
          : Math.max(0, load.backlogEvents - drainPerSecond * (atSeconds - outageSeconds)),
    }));
}
