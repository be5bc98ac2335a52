/** The maximum rate of a scenario's load on this machine, now. */

import { availableParallelism } from 'node:os';
import { type Load, Rig, type RigSpec, until } from '../rig.ts';
import type { OnProgress } from '../scenario.ts';
import { findMaximum } from './maximum.ts';
import { measureWindow } from './window.ts';

export interface MaximumSpec {
  readonly rig: RigSpec;
  readonly load: Omit<Load, 'ratePerSecond'>;
  readonly quick: boolean;
}

/** Events a second for each core that the search begins with (more than a core delivers), rates tried, and seconds of each. */
const THOROUGH = { firstPerCore: 15_000, probes: 7, warmUpSeconds: 1, catchUpSeconds: 0, seconds: 3 };
const QUICK = { firstPerCore: 500, probes: 1, warmUpSeconds: 0.3, catchUpSeconds: 0, seconds: 0.3 };
/** How long the backlog of a rate that was too high may take to be delivered, in milliseconds. */
const DRAIN_LIMIT_MS = 60_000;

/** Events a second that are delivered as fast as they are published, to within a few percent. */
export async function maximumRate(spec: MaximumSpec, onProgress: OnProgress): Promise<number> {
  const { firstPerCore, probes, ...window } = spec.quick ? QUICK : THOROUGH;
  await using resources = new AsyncDisposableStack();
  const rig = await Rig.start(spec.rig);
  resources.defer(() => rig.close());
  const probe = async (ratePerSecond: number) => {
    onProgress(`looking for the maximum rate: ${Math.round(ratePerSecond)}/s`);
    const load = { ...spec.load, ratePerSecond };
    const { deliveredPerSecond } = await measureWindow(rig, { ...window, load, graceSeconds: 0 });
    if (!(await until(async () => (await rig.pending()) === 0, DRAIN_LIMIT_MS)))
      throw new Error(`a backlog was not delivered within ${DRAIN_LIMIT_MS / 1e3} s`);
    return deliveredPerSecond;
  };
  return await findMaximum(probe, { firstPerSecond: firstPerCore * availableParallelism(), probes });
}
