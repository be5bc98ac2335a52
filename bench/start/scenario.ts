/** The start scenario as the command line runs it, and its report for people. */
import { count, decimal, machineLines, mib } from '../figures.ts';
import { QUICK_NOTE, type Scenario } from '../scenario.ts';
import { HELP, measureStart, parseFlags, type StartFlags, type StartReport } from './start.ts';

export const START: Scenario<StartFlags, StartReport> = {
  help: HELP,
  parseFlags,
  measure: measureStart,
  text({ machine, quick, starts, firstDeliveryMs: first, idle }, emphasise) {
    const names = Object.entries(idle.commands).map(([name, calls]) => `${name} ${calls}`);
    const lines = [
      ...machineLines({ machine }),
      ...(quick ? [QUICK_NOTE] : []),
      '',
      emphasise(
        `First delivery ${count(first.median)} ms after the start (${count(first.min)} to ${count(first.max)} ms, ${starts} starts)`,
      ),
      emphasise(
        `Idle: ${decimal(idle.commandsPerSecond)} commands/s at Redis, ${decimal(idle.cpuPercent)} % of a core, ${mib(idle.rssBytes)} MiB`,
      ),
      `in ${decimal(idle.seconds)} s, those of scripts too: ${names.length === 0 ? 'none' : names.join(', ')}`,
      `A single event then is received after ${decimal(idle.wakeMs.p50)} ms (p50), ${decimal(idle.wakeMs.p99)} ms (p99), of ${count(idle.wakeMs.count)}`,
    ];
    return `${lines.join('\n')}\n`;
  },
};
