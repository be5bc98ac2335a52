/** How many requests a second the mock receivers can answer at all: what is measured against them must stay well below. */
import type { OnProgress } from '../scenario.ts';
import type { Scheme } from './group.ts';
import { byAutocannon, byWrk, type GeneratorLoad } from './load-generators.ts';
import { allOk, Receivers } from './receivers.ts';

/** Requests a second, as each load generator found it; null where that is not installed. The generators share the cores too. */
export interface Ceiling {
  readonly autocannon: number;
  readonly wrk: number | null;
}

/** Of each generator: autocannon takes whole seconds. */
const LOAD: GeneratorLoad = { connections: 40, threads: 1, seconds: 1, bodyBytes: 1_024 };

/** Null in a quick run, which has no figures that could mean something. */
export async function receiverCeiling(
  scheme: Scheme,
  quick: boolean,
  onProgress: OnProgress,
): Promise<Ceiling | null> {
  if (quick) return null;
  onProgress('the receivers alone');
  const receivers = await Receivers.start(scheme, [allOk(1)]);
  try {
    const [url] = receivers.urls();
    return { autocannon: await byAutocannon(url!, LOAD), wrk: await byWrk(url!, LOAD) };
  } finally {
    await receivers.close();
  }
}
