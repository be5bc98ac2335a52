/** Figures as people read them. */
import type { Machine } from './machine.ts';
import type { Ceiling } from './receiver/ceiling.ts';

/** A whole number, in groups of three digits. */
export function count(value: number): string {
  return Math.round(value).toLocaleString('en').replaceAll(',', ' ');
}

/** Two digits behind the point below 10, one below 100, none above. */
export function decimal(value: number): string {
  if (value >= 100) return count(value);
  return value.toFixed(value < 10 ? 2 : 1);
}

/** A ratio; a dash for one that was not measured. */
export function ratio(value: number | null): string {
  return value === null ? '–' : value.toFixed(2);
}

export function mib(bytes: number): string {
  return count(bytes / 2 ** 20);
}

/** What a report was measured on and against, for its first lines. */
export function machineLines(report: {
  readonly machine: Machine;
  readonly receiverCeiling: Ceiling | null;
}): string[] {
  const { machine, receiverCeiling: ceiling } = report;
  if (ceiling === null) return [machineLine(machine)];
  const wrk = ceiling.wrk === null ? '' : `, ${count(ceiling.wrk)}/s to wrk`;
  return [machineLine(machine), `Receivers alone answer ${count(ceiling.autocannon)}/s to autocannon${wrk}`];
}

export function machineLine(on: Machine): string {
  return (
    `${on.cpu}, ${on.cores} cores, ${on.kernel}, Node ${on.node}, undici ${on.undici}, Redis ${on.redis}, ` +
    `load average ${decimal(on.loadAverage)}`
  );
}
