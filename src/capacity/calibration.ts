/** Costs as a benchmark of this repository has measured them, from what `bench -- throughput --json` printed. */
import { type Costs, costsOf } from './costs.ts';
import type { PlanInputs } from './inputs.ts';
import { predictedPerSecond } from './prediction.ts';

/** What a result told, beside the costs. */
export interface Calibration {
  readonly costs: Costs;
  /** What the model makes of the very run that was measured. */
  readonly check: {
    readonly measuredPerSecond: number;
    readonly predictedPerSecond: number;
  };
}

/** A median of a result; the other members of a spread do not matter here. */
type Median = { readonly median: number };

interface MeasuredCase {
  readonly name: string;
  readonly scheme: string;
  readonly destinations: number;
  readonly contenders: Readonly<Record<string, Readonly<Record<string, Median | null>>>>;
}

interface Result {
  /** A run that only shows that the benchmark works. */
  readonly quick?: boolean;
  readonly machine: { readonly cpu: string; readonly cores: number };
  readonly threads: number;
  readonly slotsPerThread: number;
  readonly bodyBytes: number;
  readonly cases: readonly MeasuredCase[];
}

/** Destinations of the case that is taken before others of its scheme: the benchmark's headline. */
const USUAL_DESTINATIONS = 10;

/**
 * The costs in a result (the JSON, parsed) for a scheme, or what is wrong with it: the end of a sentence that begins with
 * the file's name.
 */
export function calibrationOf(json: unknown, scheme: PlanInputs['scheme']): Calibration | { fault: string } {
  if (!isResult(json))
    return {
      fault: 'is no result of the throughput benchmark: make one with npm run -s bench -- throughput --json',
    };
  if (json.quick === true)
    return { fault: 'comes of a run with --quick, whose figures mean nothing: make one without it' };
  const measured = json.cases
    .filter((entry) => entry.scheme === scheme && entry.contenders['volley'] !== undefined)
    .toSorted((a, b) => distance(a) - distance(b))[0];
  const figures = measured?.contenders['volley'];
  const figure = (name: string) => {
    const median = figures?.[name]?.median;
    return isPositive(median) ? median : undefined;
  };
  const [rate, cpuMicros, rssBytes] = [
    figure('deliveriesPerSecond'),
    figure('cpuMicrosPerDelivery'),
    figure('rssBytes'),
  ];
  if (measured === undefined || rate === undefined || cpuMicros === undefined || rssBytes === undefined)
    return {
      fault: `holds no run of volley over ${scheme}: give a result that has one, or another --scheme`,
    };
  const costs = scaled(costsOf(scheme), {
    source: `${measured.name} on ${json.machine.cores} × ${json.machine.cpu}`,
    kib: json.bodyBytes / 1024,
    threads: json.threads,
    cpuMicros,
    rssBytes,
    brokerMicros: figure('redisMicrosPerDelivery'),
  });
  // The run has everything on the same cores: the engine, Redis, and the receivers.
  const shared =
    cpuMicros + (figure('redisMicrosPerDelivery') ?? 0) + (figure('receiverMicrosPerDelivery') ?? 0);
  const bench = {
    cores: json.machine.cores,
    cpuMicros: shared,
    slots: json.threads * json.slotsPerThread,
    receiverMs: 0,
  };
  return { costs, check: { measuredPerSecond: rate, predictedPerSecond: predictedPerSecond(bench) } };
}

function distance({ destinations }: MeasuredCase): number {
  return Math.abs(Math.log(destinations / USUAL_DESTINATIONS));
}

function scaled(
  built: Costs,
  seen: {
    readonly source: string;
    readonly kib: number;
    readonly threads: number;
    readonly cpuMicros: number;
    readonly rssBytes: number;
    readonly brokerMicros: number | undefined;
  },
): Costs {
  const more = Math.max(0, seen.kib - 1);
  // What a body adds is taken off in the proportion in which the built-in figures have it.
  const share = (base: number, perKib: number) => base / (base + more * perKib);
  const cpuMicros = seen.cpuMicros * share(built.cpuMicros, built.cpuMicrosPerKib);
  const brokerMicros =
    seen.brokerMicros === undefined
      ? built.brokerMicros
      : seen.brokerMicros * share(built.brokerMicros, built.brokerMicrosPerKib);
  const factor = cpuMicros / built.cpuMicros;
  return {
    ...built,
    source: seen.source,
    cpuMicros,
    mainMicros: built.mainMicros * factor,
    cpuMicrosPerKib: built.cpuMicrosPerKib * factor,
    connectMicros: built.connectMicros * factor,
    brokerMicros,
    brokerMicrosPerKib: built.brokerMicrosPerKib * (brokerMicros / built.brokerMicros),
    baseBytes: Math.max(built.baseBytes / 2, seen.rssBytes - seen.threads * built.threadBytes),
  };
}

function isPositive(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value > 0;
}

/** Looks at what is used alone: results of later versions may say more. */
function isResult(json: unknown): json is Result {
  const { scenario, machine, threads, slotsPerThread, bodyBytes, cases } = (json ?? {}) as Record<
    string,
    unknown
  >;
  const { cpu, cores } = (machine ?? {}) as Record<string, unknown>;
  return (
    scenario === 'throughput' &&
    typeof cpu === 'string' &&
    [cores, threads, slotsPerThread, bodyBytes].every(isPositive) &&
    Array.isArray(cases) &&
    cases.every(isMeasuredCase)
  );
}

function isMeasuredCase(json: unknown): boolean {
  const { name, scheme, destinations, contenders } = (json ?? {}) as Record<string, unknown>;
  return (
    typeof name === 'string' &&
    typeof scheme === 'string' &&
    typeof destinations === 'number' &&
    typeof contenders === 'object' &&
    contenders !== null
  );
}
