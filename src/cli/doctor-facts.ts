/** What `volley doctor` looks at: every room's facts of this machine, put together. */
import { setTimeout } from 'node:timers/promises';
import { costsOf } from '../capacity/costs.ts';
import { OTHER_FILES } from '../capacity/resources.ts';
import type { DestinationSettings } from '../config/destination-settings.ts';
import type { OptionValues } from '../config/options.ts';
import { originOf } from '../delivery/envelope.ts';
import type { Facts, PlanFacts, SecretsFacts, TargetFacts } from '../doctor/facts.ts';
import { planFacts } from '../doctor/plan.ts';
import { readBroker } from '../doctor/read/broker.ts';
import { runProgram } from '../doctor/read/clock.ts';
import { readDisk } from '../doctor/read/disk.ts';
import { readMachine, readWorkers } from '../doctor/read/machine.ts';
import { type Sample, sample } from '../doctor/read/sample.ts';
import { readTarget } from '../doctor/read/target.ts';
import { VolleyError } from '../errors.ts';
import { guardOf } from '../guard/guard.ts';
import { Names } from '../guard/names.ts';
import { machineLimits } from '../host/machine-limits.ts';
import { awaited, flattened } from '../host/reading.ts';
import { type SystemFiles, systemFiles } from '../host/system-files.ts';
import { shown } from '../runtime/shown.ts';
import { secretProvider } from '../secrets/provider.ts';
import { destinationsOf, routeOf, settingsFor } from '../settings.ts';
import { guardPolicy, threadPlan } from '../thread-plan.ts';
import { VERSION } from '../version.ts';
import { withBroker } from './existing-broker.ts';

/** Between two looks at disks and processors, in milliseconds: as iostat -x 1 has it. */
const SAMPLE_MS = 1_000;

/** The receiver to look at. */
export interface Asked {
  readonly url: string;
  /** Whose settings in the config file count; null for those of the URL's origin. */
  readonly destination: string | null;
}

/**
 * Reads everything, the slow parts beside each other. `asked` is null where no receiver is to be looked at. Rejects with
 * VOLLEY_CONFIG or VOLLEY_USAGE where the config file or what is asked for is wrong.
 */
export async function gatherFacts(options: OptionValues, asked: Asked | null): Promise<Facts> {
  const own = ownSettings(options, asked);
  const files = systemFiles();
  const sampling = takeSamples(files);
  const broker = readBroker({
    url: options.broker,
    withBroker: (use) => withBroker(options, use),
    readDisk: async (path) => {
      const samples = await sampling;
      return awaited(async () => readDisk(files, path, samples)).then(flattened);
    },
    nowMs: Date.now(),
  });
  const [machine, brokerFacts, secrets, target] = await Promise.all([
    sampling.then((samples) => readMachine(files, runProgram, samples)),
    broker,
    loadSecrets(options),
    asked === null ? null : lookAt(asked.url, options, own),
  ]);
  return {
    machine,
    workers: readWorkers(files),
    plan: planOf(options),
    broker: brokerFacts,
    secrets,
    target,
  };
}

async function takeSamples(files: SystemFiles): Promise<readonly [Sample, Sample]> {
  const before = sample(files, performance.now());
  await setTimeout(SAMPLE_MS);
  return [before, sample(files, performance.now())];
}

/** What the options ask for, whatever the limit on open files is. */
function planOf(options: OptionValues): PlanFacts {
  const limits = { ...machineLimits(), openFiles: Number.POSITIVE_INFINITY };
  const { threads, slotsPerThread, policy } = threadPlan(options, limits);
  return planFacts({
    threads,
    slots: threads * slotsPerThread,
    sockets: threads * policy.sockets,
    otherFiles: OTHER_FILES,
    costs: costsOf('https'),
  });
}

/** What the config file says of the receiver; null where that is nothing. */
function ownSettings(options: OptionValues, asked: Asked | null): DestinationSettings | null {
  const { settings } = destinationsOf(options);
  if (asked === null) return null;
  const { url, destination } = asked;
  if (destination !== null && !settings.has(destination))
    throw new VolleyError(
      'VOLLEY_USAGE',
      `no settings of ${shown(destination)} are in a config file: correct --destination, or give the file with --config`,
    );
  return settings.get(destination ?? originOf(url) ?? '') ?? null;
}

async function lookAt(
  url: string,
  options: OptionValues,
  own: DestinationSettings | null,
): Promise<TargetFacts> {
  const names = new Names({ servers: options.dnsServers });
  try {
    return await readTarget(url, {
      guard: guardOf(guardPolicy(options)),
      names,
      timeouts: {
        connectMs: own?.connectTimeoutMs ?? options.connectTimeoutMs,
        readMs: own?.readTimeoutMs ?? options.readTimeoutMs,
      },
      userAgent: `Volley/${VERSION} (doctor)`,
      route: own === null ? {} : routeOf(own),
      settings: own?.place ?? null,
    });
  } finally {
    names.close();
  }
}

/** As a worker loads them, with those that destinations name. */
async function loadSecrets(options: OptionValues): Promise<SecretsFacts> {
  try {
    const settings = settingsFor(options, secretProvider(process.env, options));
    const { warnings } = await settings.load();
    return { kind: 'loaded', place: settings.place, warnings };
  } catch (error) {
    if (!(error instanceof VolleyError)) throw error;
    return { kind: 'refused', message: error.message };
  }
}
