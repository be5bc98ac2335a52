import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { costsOf } from '../../src/capacity/costs.ts';
import type { PlanInputs } from '../../src/capacity/inputs.ts';
import { type Plan, planOf } from '../../src/capacity/plan.ts';
import { rateAt, usedBy } from '../../src/capacity/resources.ts';
import { backlogOverTime, brokersPerSecond, rateByHosts } from '../../src/capacity/series.ts';
import { inputsOf, isClose } from './plan-testing.ts';

const plan = (given: Partial<PlanInputs>, scheme: PlanInputs['scheme'] = 'https') =>
  planOf(inputsOf({ ...given, scheme }), costsOf(scheme));
const use = ({ resources }: Plan, name: string) => resources.find((each) => each.name === name)!;

/** Round numbers: an attempt of 100 ms, no failures, every connection kept. */
const ROUND: Partial<PlanInputs> = {
  surge: 1,
  outageMs: 0,
  latencyP50Ms: 100,
  latencyP95Ms: 100,
  latencyP99Ms: 100,
  errorPercent: 0,
  timeoutPercent: 0,
  reusePercent: 100,
};

test("slots follow Little's law, with the spare that the planned utilisation asks for", () => {
  const made = plan({ ...ROUND, eventsPerSecond: 1_000, utilisationPercent: 50 });
  // 1000/s × (100 ms + 55 µs)
  ok(isClose(use(made, 'slots').used, 100.055));
  // Twice that over 4 cores, whole ones
  deepEqual([made.host.slotsPerCore, made.host.slots], [51, 204]);
});

test('a destination that may have a quarter of the slots finds its own in that', () => {
  const asked = { ...ROUND, eventsPerSecond: 1_000, busiestPercent: 60, hosts: 1 };
  // 60.033 of the 100.055 slots in use, in a quarter of all: 240.132, over 4 cores
  const { host } = plan(asked);
  equal(host.slots, 4 * 61);
  // Of two destinations each may have half, and a small share changes nothing.
  const alone = plan({ ...asked, busiestPercent: null }).host.slots;
  ok(plan({ ...asked, destinations: 2 }).host.slots < host.slots);
  equal(plan({ ...asked, busiestPercent: 20 }).host.slots, alone);
});

test('a host of the target takes what its cores take, and the figures of each are rate × cost', () => {
  const made = plan({ ...ROUND, eventsPerSecond: 50_000, hosts: 1 });
  ok(isClose(use(made, 'CPU').used, (50_000 * 55) / 1e6));
  ok(isClose(use(made, 'main thread').used, (50_000 * 8) / 1e6));
  ok(isClose(rateAt(use(made, 'CPU'), 1, 1), (4 * 1e6) / 55));
  equal(made.host.newConnectionsPerSecond, 0);
  equal(made.host.tlsHandshakesPerSecond, 0);
  equal(made.host.threads, 4);
});

test('new connections take handshakes, ports in TIME_WAIT, and room in the connection tracker', () => {
  const made = plan({ ...ROUND, eventsPerSecond: 1_000, reusePercent: 50, busiestPercent: 20, hosts: 1 });
  ok(isClose(made.host.newConnectionsPerSecond, 500));
  ok(isClose(made.host.tlsHandshakesPerSecond, 500));
  equal(made.host.timeWaitSockets, 30_000);
  equal(made.host.portsToBusiest, Math.ceil(0.2 * (use(made, 'slots').used + 500 * 60)));
  equal(made.host.conntrackEntries, made.host.sockets + 500 * 120);
  equal(plan({ ...ROUND, reusePercent: 50 }, 'http').host.tlsHandshakesPerSecond, 0);
});

test('ports that one address has not are told with the hosts that would do, and source addresses move them', () => {
  const asked = { ...ROUND, eventsPerSecond: 10_000, reusePercent: 0, busiestPercent: 50, hosts: 1 };
  // Half of 10 000 new connections a second, each 60 s in TIME_WAIT: 300 000 and the slots.
  const made = plan(asked);
  ok(use(made, 'local ports').usedShare > 5);
  const problem = made.problems.find((text) => text.startsWith('local ports: '))!;
  match(
    problem,
    /^local ports: 545 % of what a host has would be in use, and 80 % are planned at most: give --hosts 7\. /,
  );
  equal(
    plan({ ...asked, hosts: 7 }).problems.some((text) => text.startsWith('local ports')),
    false,
  );
  equal(
    plan({ ...asked, sourceAddresses: 7 }).problems.some((text) => text.startsWith('local ports')),
    false,
  );
});

test('a backlog fills the brokers and is worked off by what the slots leave beside the peak', () => {
  const made = plan({ ...ROUND, eventsPerSecond: 1_000, outageMs: 600_000, recoveryMs: 600_000, hosts: 1 });
  equal(made.load.backlogEvents, 600_000);
  // The host could take far more, but its slots are for the peak and as much again.
  ok(made.plannedPerSecond > 40_000);
  ok(isClose(made.drainPerSecond, 1_000) && isClose(made.drainSeconds!, 600));
  ok((made.host.slots * 1_000) / made.load.slotMs >= 1_000 + made.drainPerSecond);
  ok(made.broker.memoryBytes >= made.broker.backlogBytes);
  ok(made.broker.backlogBytes > 600_000 * 1_024);
  const points = backlogOverTime(made);
  deepEqual(points[0], { atSeconds: 0, events: 0 });
  deepEqual(
    points.find(({ atSeconds }) => atSeconds === 600),
    { atSeconds: 600, events: 600_000 },
  );
  equal(points.at(-1)!.events, 0);
  ok(points.every(({ atSeconds }, i) => i === 0 || atSeconds > points[i - 1]!.atSeconds));
  deepEqual(backlogOverTime(plan(ROUND)), []);
});

test('a recovery that is too short is told with the time that would do', () => {
  const asked = { ...ROUND, eventsPerSecond: 40_000, outageMs: 600_000, recoveryMs: 60_000, hosts: 1 };
  const made = plan(asked);
  const [problem] = made.problems;
  match(
    problem!,
    /^recovery: 24000000 events of backlog are not gone in 60 s: give --recovery \d+s, or more servers$/,
  );
  const seconds = Number(/--recovery (\d+)s/.exec(problem!)![1]);
  const longer = plan({ ...asked, recoveryMs: seconds * 1_000 });
  ok(!longer.problems.some((text) => text.startsWith('recovery')));
  const full = plan({ ...asked, eventsPerSecond: 90_000 });
  match(full.problems[0]!, /^CPU: /);
  equal(full.drainSeconds, null);
});

test('a host that is too small for the engine alone is told, whatever the number', () => {
  const made = plan({ memoryGib: 0.25 });
  match(
    made.problems.join('\n'),
    /memory: \d+ % .*: no number of hosts will do, as this much is in use without a single event\. What else moves it: more memory/,
  );
  equal(use(made, 'memory').serversNeeded, null);
});

test('the bottleneck is what is used up first when the load grows', () => {
  const cpu = plan({ ...ROUND, eventsPerSecond: 50_000, hosts: 1 });
  equal(cpu.bottleneck.name, 'CPU');
  ok(isClose(cpu.bottleneck.growthMax, (4 * 1e6) / 55 / 50_000));
  equal(
    plan({ ...ROUND, eventsPerSecond: 50_000, payloadBytes: 200_000, brokers: 1, hosts: 1 }).bottleneck.of,
    'broker',
  );
  equal(
    plan({
      ...ROUND,
      latencyP50Ms: 2_000,
      latencyP95Ms: 2_000,
      latencyP99Ms: 2_000,
      eventsPerSecond: 8_000,
      hosts: 1,
    }).bottleneck.name,
    'slots',
  );
});

test('a host that is lost leaves its share to the others', () => {
  const two = plan({ ...ROUND, eventsPerSecond: 50_000, hosts: 2 });
  ok(
    isClose(
      two.usedShareWithoutOneHost!,
      plan({ ...ROUND, eventsPerSecond: 50_000, hosts: 1 }).resources[0]!.usedShare,
    ),
  );
  equal(plan({ ...ROUND, eventsPerSecond: 50_000, hosts: 1 }).usedShareWithoutOneHost, null);
});

/** Loads of all sizes, in every kind of range that the table allows. */
const LOADS = fc.record({
  eventsPerSecond: fc.integer({ min: 1, max: 50_000 }),
  surge: fc.integer({ min: 1, max: 5 }),
  payloadBytes: fc.integer({ min: 2, max: 65_536 }),
  destinations: fc.integer({ min: 1, max: 100_000 }),
  latencyP50Ms: fc.integer({ min: 1, max: 400 }),
  errorPercent: fc.integer({ min: 0, max: 40 }),
  timeoutPercent: fc.integer({ min: 0, max: 10 }),
  reusePercent: fc.integer({ min: 0, max: 100 }),
  outageMs: fc.integer({ min: 0, max: 900_000 }),
});
const WIDE = { latencyP95Ms: 500, latencyP99Ms: 1_500 } as const;

test('servers that are worked out are enough, and one less is not', () => {
  fc.assert(
    fc.property(LOADS, (load) => {
      const made = plan({ ...load, ...WIDE });
      deepEqual(made.problems, []);
      for (const { usedShare } of made.resources) ok(usedShare <= 0.8 + 1e-9);
      for (const kind of ['host', 'broker'] as const) {
        const servers = kind === 'host' ? made.hosts : made.brokers;
        const tight = made.resources.some(
          (each) =>
            each.of === kind && usedBy(each, made.load.requiredPerSecond, servers - 1) > 0.8 * each.limit,
        );
        ok(servers === 1 || tight);
      }
    }),
  );
});

test('more events never need less, and never leave more room', () => {
  fc.assert(
    fc.property(LOADS, fc.integer({ min: 1, max: 100_000 }), (load, more) => {
      const few = plan({ ...load, ...WIDE });
      const many = plan({ ...load, ...WIDE, eventsPerSecond: load.eventsPerSecond + more });
      ok(many.hosts >= few.hosts && many.brokers >= few.brokers);
      const servers = { hosts: 3, brokers: 3 };
      const [fewer, greater] = [few, many].map(({ inputs }) =>
        planOf({ ...inputs, ...servers }, costsOf('https')),
      );
      for (const [i, each] of fewer!.resources.entries()) ok(greater!.resources[i]!.used >= each.used);
      ok(greater!.bottleneck.growthMax <= fewer!.bottleneck.growthMax);
      equal(greater!.plannedPerSecond, fewer!.plannedPerSecond);
    }),
  );
});

test('what is shown over hosts is what is planned at their number', () => {
  const made = plan({ eventsPerSecond: 100_000 });
  const point = rateByHosts(made).find(({ hosts }) => hosts === made.hosts)!;
  ok(isClose(Math.min(point.plannedPerSecond, brokersPerSecond(made)), made.plannedPerSecond));
  ok(point.plannedPerSecond >= made.load.requiredPerSecond);
  ok(rateByHosts(made).some(({ hosts }) => hosts === 1));
});
