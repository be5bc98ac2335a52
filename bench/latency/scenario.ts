/** The latency scenario as the command line runs it, and its report for people. */
import { count, decimal, machineLines } from '../figures.ts';
import { QUICK_NOTE, type Scenario } from '../scenario.ts';
import type { Spread } from '../statistics.ts';
import { table } from '../table.ts';
import { HELP, type LatencyFlags, type LatencyReport, measureLatency, parseFlags } from './latency.ts';

export const LATENCY: Scenario<LatencyFlags, LatencyReport> = {
  help: HELP,
  parseFlags,
  measure: measureLatency,
  text(report, emphasise) {
    const { scheme, destinations, bodyBytes, rounds, seconds, maximumPerSecond } = report;
    const heading = [
      'of maximum',
      'offered/s',
      'delivered/s',
      'p50 ms',
      'p90',
      'p99',
      'p99.9',
      'max',
      'p99 from',
      'to',
    ];
    const rows = report.shares.map((share) => [
      `${share.share * 100} %`,
      count(share.offeredPerSecond),
      count(share.deliveredPerSecond.median),
      ...[share.p50Ms, share.p90Ms, share.p99Ms, share.p999Ms, share.maxMs].map((ms) => decimal(ms.median)),
      decimal(share.p99Ms.min),
      decimal(share.p99Ms.max),
    ]);
    const worst = (of: (share: (typeof report.shares)[number]) => Spread) =>
      Math.max(...report.shares.map((share) => of(share).max));
    const lines = [
      ...machineLines(report),
      `${scheme}, ${destinations} destinations, ${count(bodyBytes)} bytes in an open loop; keeps up with ${count(maximumPerSecond)}/s`,
      ...(report.quick ? [QUICK_NOTE] : []),
      '',
      `From due to received: medians of ${rounds} ${rounds === 1 ? 'run' : 'runs'} of ${seconds} s`,
      table(heading, rows, emphasise),
      `Of that the publisher's own lateness was at most ${decimal(worst((share) => share.publisherLagP99Ms))} ms at its 99th percentile; ` +
        `${count(worst((share) => share.missing))} events of a run never came.`,
    ];
    return `${lines.join('\n')}\n`;
  },
};
