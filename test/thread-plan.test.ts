import { deepEqual, equal, ok } from 'node:assert/strict';
import test from 'node:test';
import { defaultOptions, type OptionValues } from '../src/config/options.ts';
import { type MachineLimits, threadPlan } from '../src/thread-plan.ts';

const PLENTY = 1_000_000;

function planOf(values: Partial<OptionValues>, cores = 2, openFiles = PLENTY) {
  const { threads, slotsPerThread, policy } = threadPlan(
    { ...defaultOptions(), ...values },
    { cores, openFiles, localPorts: 28_232, memoryBytes: 8 * 2 ** 30 },
  );
  const { slots, sockets } = policy;
  equal(slots, slotsPerThread, 'a thread is told as many slots as the flow counts on');
  return { threads, slots, sockets };
}

test('there is a thread for each core, unless said otherwise, and the slots of all cores are spread over them', () => {
  deepEqual(
    [
      planOf({ concurrency: 20 }, 4),
      planOf({ concurrency: 20, threads: 1 }, 4),
      planOf({ concurrency: 20, threads: 16 }, 4),
      planOf({ concurrency: 5, threads: 3 }, 2),
      planOf({ concurrency: 1, threads: 64 }, 1),
    ].map(({ threads, slots }) => [threads, slots]),
    [
      [4, 20],
      [1, 80],
      [16, 5],
      // Rounded up: never fewer slots than were asked for, and one for each thread at least.
      [3, 4],
      [64, 1],
    ],
  );
});

test('sockets are bounded by what may be open beside other files, and by a number that fits in memory', () => {
  equal(planOf({}, 2, PLENTY).sockets, 2_048);
  equal(planOf({}, 2, 1_024).sockets, (1_024 - 128) / 2);
  equal(planOf({ threads: 3 }, 2, 1_024).sockets, Math.floor((1_024 - 128) / 3));
});

test('a number of sockets that is given is shared by the threads, whatever else', () => {
  equal(planOf({ maxSockets: 1_001 }, 2, 256).sockets, 500);
  equal(planOf({ maxSockets: 1_000_000, threads: 1 }, 2).sockets, 1_000_000);
});

test('each slot has a socket, however few there are', () => {
  equal(planOf({ maxSockets: 1, concurrency: 20 }).sockets, 20);
  equal(planOf({ concurrency: 20 }, 2, 64).sockets, 20);
  equal(planOf({ concurrency: 20 }, 2, 0).sockets, 20);
});

/** What each thread has at first, and at most, on a machine of four cores with plenty of everything but what is said. */
function foundOn(limits: Partial<MachineLimits>, values: Partial<OptionValues> = {}) {
  const plenty = { cores: 4, openFiles: PLENTY, localPorts: PLENTY, memoryBytes: 1e12 };
  const plan = threadPlan({ ...defaultOptions(), concurrency: 'auto', ...values }, { ...plenty, ...limits });
  const { slotsPerThread, mostSlotsPerThread, policy } = plan;
  ok(policy.sockets >= mostSlotsPerThread!, 'each slot that there may be has a socket');
  equal(policy.slots, slotsPerThread);
  return [slotsPerThread, mostSlotsPerThread];
}

test('slots that are to be found out begin with the usual number, and are bounded by each thing that one needs', () => {
  deepEqual(foundOn({}), [20, 5_000]);
  deepEqual(foundOn({}, { threads: 2 }), [40, 10_000]);
  deepEqual(foundOn({ openFiles: 4_128 }), [20, 1_000]);
  deepEqual(foundOn({ localPorts: 28_232 }), [20, 3_529]);
  deepEqual(foundOn({ memoryBytes: 400_000_000 }), [20, 1_000]);
  deepEqual(foundOn({}, { maxSockets: 2_000 }), [20, 500]);
});

test('however short everything is, there are as many slots as at the start', () => {
  deepEqual(foundOn({ openFiles: 10, localPorts: 10, memoryBytes: 0 }), [20, 20]);
});

test('a number of slots that is given stays', () => {
  const limits = { cores: 4, openFiles: PLENTY, localPorts: PLENTY, memoryBytes: PLENTY };
  equal(threadPlan(defaultOptions(), limits).mostSlotsPerThread, null);
});

test('a thread is told what the options say of the guard, names, times and signatures', () => {
  const { policy } = threadPlan(
    {
      ...defaultOptions(),
      allowHttp: true,
      allowNet: ['10.0.0.0/8'],
      allowHost: ['*.internal.example'],
      allowPort: [8_443],
      dnsServers: ['192.0.2.53'],
      connectTimeoutMs: 1,
      readTimeoutMs: 2,
      totalTimeoutMs: 3,
      signatures: ['hub'],
    },
    { cores: 1, openFiles: PLENTY, localPorts: PLENTY, memoryBytes: PLENTY },
  );
  deepEqual(policy.guard, {
    allowHttp: true,
    allowNets: ['10.0.0.0/8'],
    allowHosts: ['*.internal.example'],
    allowPorts: [8_443],
  });
  deepEqual([policy.dnsServers, policy.signatures], [['192.0.2.53'], ['hub']]);
  deepEqual(policy.timeouts, { connectMs: 1, readMs: 2, totalMs: 3 });
});
