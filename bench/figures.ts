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
  readonly receiverCeiling?: Ceiling | null;
}): string[] {
  const { machine, receiverCeiling: ceiling = null } = report;
  return [
    machineLine(machine),
    ...(machine.busy ? [BUSY_NOTE] : []),
    ...(ceiling === null ? [] : [ceilingLine(ceiling)]),
  ];
}

/** Of a machine that had other work before the benchmark began. */
export const BUSY_NOTE =
  'The machine was busy before the start: rates are lower than it can do, and small differences are noise.';

function ceilingLine({ autocannon, wrk }: Ceiling): string {
  return `Receivers alone answer ${count(autocannon)}/s to autocannon${wrk === null ? '' : `, ${count(wrk)}/s to wrk`}`;
}

function machineLine(on: Machine): string {
  return (
    `${on.cpu}, ${on.cores} cores, ${on.kernel}, Node ${on.node}, undici ${on.undici}, Redis ${on.redis}, ` +
    `load average ${decimal(on.loadAverage)}`
  );
}
