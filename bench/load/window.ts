/** One measured stretch of an open-loop run. */
import { machineMicros } from '../clock.ts';
import { type LatencyFigures, latencyCurve, latencyFigures, record } from '../histogram.ts';
import { type Load, type Rig, until, untilMicros } from '../rig.ts';
import { Schedule } from './schedule.ts';

export interface WarmUpSpec {
  /** What is measured; it also warms everything up. */
  readonly load: Load;
  /** Begin with the warm-up as well, so that no code is met for the first time in what is measured. */
  readonly besides?: readonly Load[];
  readonly warmUpSeconds: number;
  /** How much longer the warm-up may take, until its backlog is delivered: what is cold cannot keep up at first. */
  readonly catchUpSeconds: number;
}

export interface WindowSpec extends WarmUpSpec {
  /** Begins with the window: what it does to the others at first is measured too. */
  readonly neighbour?: Load | null;
  readonly seconds: number;
  /** How long after the window its events are waited for, in seconds. */
  readonly graceSeconds: number;
}

export interface WindowResult {
  readonly offeredPerSecond: number;
  /** First deliveries that arrived within the window, whenever they were due. */
  readonly deliveredPerSecond: number;
  /** From due to received, of the events due in the window. One that never came counts with the time it had at least. */
  readonly latencyMs: LatencyFigures;
  /** The same as percentiles and their milliseconds. */
  readonly latencyCurveMs: readonly (readonly [number, number])[];
  /** Events due in the window that had not come when the grace ended. */
  readonly missing: number;
  /** How far behind its schedule the publisher was at the 99th percentile: that much of the latency is its own. */
  readonly publisherLagP99Ms: number;
  /** CPU of the worker in the window, in cores. */
  readonly workerCores: number;
  readonly workerRssBytes: number;
}

/** How far ahead a run is planned, so that every process knows of it in time. */
const AHEAD_MICROS = 300_000;

/** A backlog that takes less than so long to be published is none. */
const BACKLOG_MS = 50;

export async function measureWindow(rig: Rig, spec: WindowSpec): Promise<WindowResult> {
  const { load, neighbour = null, seconds, graceSeconds } = spec;
  const { receivers } = rig;
  const beginMicros = await warmUp(rig, spec);
  const fromMicros = machineMicros() + AHEAD_MICROS;
  const toMicros = fromMicros + seconds * 1e6;
  await receivers.mark('window', fromMicros);
  await receivers.mark('after', toMicros);
  if (neighbour !== null) await rig.publish(neighbour, fromMicros);
  const loads = neighbour === null ? [load] : [load, neighbour];
  const [total] = await Promise.all(loads.map(({ group }) => rig.endLoad(group, toMicros)));

  await untilMicros(fromMicros);
  await rig.resetLag();
  const cpuBefore = rig.worker.cpuSeconds;
  await untilMicros(toMicros);
  const workerCores = (rig.worker.cpuSeconds - cpuBefore) / seconds;
  const lag = await rig.publisherLag();
  await until(async () => (await receivers.counts()).delivered[load.group]! >= total!, graceSeconds * 1e3);
  const tally = await receivers.tally(load.group);
  const { arrived, latency } = tally.periods.get('window')!;
  const schedule = new Schedule(beginMicros, load.ratePerSecond);
  const due = schedule.countBefore(toMicros) - schedule.countBefore(fromMicros);
  const missing = due - latency.totalCount;
  if (missing > 0) record(latency, machineMicros() - toMicros, missing);
  return {
    offeredPerSecond: due / seconds,
    deliveredPerSecond: arrived / seconds,
    latencyMs: latencyFigures(latency),
    latencyCurveMs: latencyCurve(latency),
    missing,
    publisherLagP99Ms: latencyFigures(lag).p99,
    workerCores,
    workerRssBytes: rig.worker.rssBytes,
  };
}

/** Begins to publish, and waits until deliveries keep up; answers when the first event was due. */
export async function warmUp(rig: Rig, spec: WarmUpSpec): Promise<number> {
  const { load, besides = [], warmUpSeconds, catchUpSeconds } = spec;
  const beginMicros = machineMicros() + AHEAD_MICROS;
  await rig.receivers.reset();
  await rig.publish(load, beginMicros);
  for (const other of besides) await rig.publish(other, beginMicros);
  await untilMicros(beginMicros + warmUpSeconds * 1e6);
  const kept = (BACKLOG_MS / 1e3) * load.ratePerSecond;
  await until(async () => (await rig.pending()) <= kept, catchUpSeconds * 1e3);
  return beginMicros;
}
