/** What `volley doctor` looks at: every room's facts of this machine, put together. */
import { availableParallelism } from 'node:os';
import { setTimeout } from 'node:timers/promises';
import { costsOf } from '../capacity/costs.ts';
import type { OptionValues } from '../config/options.ts';
import type { Facts, SecretsFacts, TargetFacts } from '../doctor/facts.ts';
import { planFacts } from '../doctor/plan.ts';
import { readBroker } from '../doctor/read/broker.ts';
import { runProgram } from '../doctor/read/clock.ts';
import { readDisk } from '../doctor/read/disk.ts';
import { readMachine, readWorkers } from '../doctor/read/machine.ts';
import { sample } from '../doctor/read/sample.ts';
import { readTarget } from '../doctor/read/target.ts';
import { VolleyError } from '../errors.ts';
import { guardOf } from '../guard/guard.ts';
import { Names } from '../guard/names.ts';
import { systemFiles } from '../host/system-files.ts';
import { secretProvider } from '../secrets/provider.ts';
import { guardPolicy, OTHER_FILES, threadPlan } from '../thread-plan.ts';
import { VERSION } from '../version.ts';
import { withBroker } from './existing-broker.ts';

/** Between two looks at disks and processors, in milliseconds: as iostat -x 1 has it. */
const SAMPLE_MS = 1_000;

/** Reads everything, the slow parts beside each other. `targetUrl` is null where no receiver is to be looked at. */
export async function gatherFacts(options: OptionValues, targetUrl: string | null): Promise<Facts> {
  const files = systemFiles();
  const before = sample(files, performance.now());
  const target = targetUrl === null ? null : lookAt(targetUrl, options);
  const secrets = loadSecrets(options);
  await setTimeout(SAMPLE_MS);
  const samples = [before, sample(files, performance.now())] as const;
  const broker = readBroker({
    url: options.broker,
    withBroker: (use) => withBroker(options, use),
    readDisk: (path) => readDisk(files, path, samples),
    nowMs: Date.now(),
  });
  const { threads, slotsPerThread, policy } = threadPlan(
    options,
    availableParallelism(),
    // What the options ask for, whatever the limit on open files is.
    Number.POSITIVE_INFINITY,
  );
  return {
    machine: await readMachine(files, runProgram, samples),
    workers: readWorkers(files),
    plan: planFacts({
      threads,
      slots: threads * slotsPerThread,
      sockets: threads * policy.sockets,
      otherFiles: OTHER_FILES,
      costs: costsOf('https'),
    }),
    broker: await broker,
    secrets: await secrets,
    target: await target,
  };
}

async function lookAt(url: string, options: OptionValues): Promise<TargetFacts> {
  const names = new Names({ servers: options.dnsServers });
  try {
    return await readTarget(url, {
      guard: guardOf(guardPolicy(options)),
      names,
      timeouts: { connectMs: options.connectTimeoutMs, readMs: options.readTimeoutMs },
      userAgent: `Volley/${VERSION} (doctor)`,
    });
  } finally {
    names.close();
  }
}

async function loadSecrets(options: OptionValues): Promise<SecretsFacts> {
  try {
    const provider = secretProvider(process.env, options);
    const { warnings } = await provider.load();
    return { kind: 'loaded', place: provider.place, warnings };
  } catch (error) {
    if (!(error instanceof VolleyError)) throw error;
    return { kind: 'refused', message: error.message };
  }
}
