/** Results of scenarios as their `--json` wrote them: what a page reads of each. Results of later versions may say more. */
import type { BandwidthReport } from '../bandwidth/bandwidth.ts';
import type { BrokersReport } from '../brokers/brokers.ts';
import type { HostsReport } from '../hosts/hosts.ts';
import type { PeersReport } from '../peers/peers.ts';
import type { PlanCheck } from '../plan-check.ts';
import type { StartReport } from '../start/start.ts';
import type { Spread } from '../statistics.ts';
import type { ThroughputReport } from '../throughput.ts';

/** From due to received, at shares of the maximum rate. */
export interface LatencyResult {
  readonly scenario: 'latency';
  readonly maximumPerSecond: number;
  readonly shares: readonly {
    readonly share: number;
    readonly p50Ms: Spread;
    readonly p90Ms: Spread;
    readonly p99Ms: Spread;
    readonly p999Ms: Spread;
  }[];
}

/** Healthy destinations beside a bad one, as ratios of undisturbed runs. */
export interface IsolationResult {
  readonly scenario: 'isolation';
  readonly cases: readonly {
    readonly name: string;
    readonly ratios: { readonly healthy_rate: number | null; readonly healthy_p99: number | null };
  }[];
  /** Null, or absent in results of earlier versions, where that was not run. */
  readonly parked?: ParkedResult | null;
}

/** Healthy destinations before, while and after deliveries of another are parked. */
export interface ParkedResult {
  readonly events: number;
  /** By what was done meanwhile. */
  readonly healthyLatencyMs: Readonly<Record<string, { readonly p50: number; readonly p99: number }>>;
  readonly workerRssBytes: Readonly<Record<string, number>>;
}

/** Rate by slots, for receivers that take their time. */
export interface ConnectionsResult {
  readonly scenario: 'connections';
  readonly points: readonly {
    readonly receiverMs: number;
    readonly slotsPerCore: number | 'auto';
    readonly deliveriesPerSecond: number;
  }[];
  readonly planChecks?: readonly PlanCheck[];
}

/** Cost by what is queued and by destinations. */
export interface ScaleResult {
  readonly scenario: 'scale';
  readonly points: readonly ScaleCost[];
  /** Each destination a host. */
  readonly hostPoints?: readonly ScaleCost[];
}

interface ScaleCost {
  readonly queued: number;
  readonly destinations: number;
  readonly cpuMicrosPerDelivery: number;
}

export type Result =
  | (Omit<ThroughputReport, 'machine' | 'planChecks' | 'verdicts'> &
      Partial<Pick<ThroughputReport, 'planChecks'>>)
  | Pick<BandwidthReport, 'scenario' | 'points'>
  | Pick<PeersReport, 'scenario' | 'cases'>
  | Pick<BrokersReport, 'scenario' | 'brokers'>
  | Pick<StartReport, 'scenario' | 'firstDeliveriesMs'>
  | Pick<HostsReport, 'scenario' | 'samples'>
  | LatencyResult
  | IsolationResult
  | ConnectionsResult
  | ScaleResult;

/** What is known of where a result comes from. */
export interface Origin {
  /** Of the file, or whatever tells it from others. */
  readonly name: string;
  readonly quick: boolean;
  /** Whether the machine had other work before the benchmark began. */
  readonly busy: boolean;
  /** As the result says it, in one line; empty where it does not. */
  readonly machine: string;
}

export interface NamedResult extends Origin {
  readonly result: Result;
}

/** Where each scenario's result has its measurements: a list. */
const MEASUREMENTS: Readonly<Record<Result['scenario'], string>> = {
  throughput: 'cases',
  bandwidth: 'points',
  peers: 'cases',
  brokers: 'brokers',
  start: 'firstDeliveriesMs',
  hosts: 'samples',
  latency: 'shares',
  isolation: 'cases',
  connections: 'points',
  scale: 'points',
};

/** A result of the text of a file; null where it is of no scenario that has plots. */
export function resultOf(name: string, text: string): NamedResult | null {
  const json = parsed(text);
  if (json === null || !isResult(json)) return null;
  const { cpu, cores, kernel, node, busy } = (json['machine'] ?? {}) as Record<string, unknown>;
  return {
    name,
    quick: json['quick'] === true,
    busy: busy === true,
    machine: cpu === undefined ? '' : `${cpu}, ${cores} cores, ${kernel}, Node ${node}`,
    result: json as unknown as Result,
  };
}

function isResult(json: Record<string, unknown>): boolean {
  const scenario = String(json['scenario']);
  if (!Object.hasOwn(MEASUREMENTS, scenario)) return false;
  return Array.isArray(json[MEASUREMENTS[scenario as Result['scenario']]]);
}

function parsed(text: string): Record<string, unknown> | null {
  try {
    const json: unknown = JSON.parse(text);
    return typeof json === 'object' && json !== null ? (json as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
