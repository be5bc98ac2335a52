import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { costsOf } from '../../src/capacity/costs.ts';
import { hostValues } from '../../src/capacity/host-values.ts';
import type { PlanInputs } from '../../src/capacity/inputs.ts';
import { planOf } from '../../src/capacity/plan.ts';
import { defaultOptions } from '../../src/config/options.ts';
import { inputsOf } from './plan-testing.ts';

const made = (given: Partial<PlanInputs> = {}) => planOf(inputsOf({ hosts: 1, ...given }), costsOf('https'));
const settingOf = (given: Partial<PlanInputs>, key: string) => {
  const { sysctl, limits, systemd } = hostValues(made(given));
  return [...sysctl, ...limits, ...systemd].find((each) => each.key === key)!.value;
};
const lastNumber = (text: string) => Number(text.split(' ').at(-1));

test('every value says how it is compared, why it is needed and how it comes about', () => {
  const { sysctl, limits, systemd } = hostValues(made());
  const all = [...sysctl, ...limits, ...systemd];
  for (const { key, value, reason, formula } of all) {
    match(value, /^\d+( \d+)*[sM]?$/, key);
    ok(reason.length > 20 && formula.length > 10, key);
    ok(!/NaN|undefined|Infinity/.test(formula), `${key}: ${formula}`);
  }
  for (const { key } of sysctl) match(key, /^(net|fs)\.[\w.-]+$/);
  equal(new Set(all.map(({ key }) => key)).size, all.length);
});

test('buffers hold twice bandwidth × delay, and no more than the largest request', () => {
  // 1 Gb/s × 20 ms are 2 500 000 bytes: below the largest request of 2 097 152 + 16 384.
  equal(settingOf({ nicGbit: 1, roundTripMs: 20 }, 'net.ipv4.tcp_wmem'), '4096 16384 8388608');
  // A small request needs no more than Linux gives anyway.
  equal(
    lastNumber(settingOf({ payloadMaxBytes: 1_024, payloadBytes: 1_024 }, 'net.ipv4.tcp_wmem')),
    4_194_304,
  );
  equal(settingOf({}, 'net.core.wmem_max'), '8388608');
  // The link to the broker: 100 Gb/s × 1 ms are 12 500 000.
  equal(lastNumber(settingOf({ nicGbit: 100 }, 'net.ipv4.tcp_rmem')), 33_554_432);
  equal(settingOf({ nicGbit: 100 }, 'net.core.rmem_max'), '33554432');
  equal(lastNumber(settingOf({ nicGbit: 1 }, 'net.ipv4.tcp_rmem')), 6_291_456);
});

test('files, tracked connections and TIME_WAIT are allowed twice what the plan needs', () => {
  for (const given of [{}, { eventsPerSecond: 30_000, reusePercent: 10, destinations: 100_000 }]) {
    const { host } = made(given);
    ok(Number(settingOf(given, 'nofile')) >= 2 * host.openFiles);
    equal(settingOf(given, 'LimitNOFILE'), settingOf(given, 'nofile'));
    ok(Number(settingOf(given, 'fs.file-max')) >= 2 * host.openFiles);
    ok(Number(settingOf(given, 'fs.nr_open')) >= Number(settingOf(given, 'nofile')));
    ok(Number(settingOf(given, 'net.netfilter.nf_conntrack_max')) >= 2 * host.conntrackEntries);
    ok(Number(settingOf(given, 'net.ipv4.tcp_max_tw_buckets')) >= 2 * host.timeWaitSockets);
  }
});

test('a worker is stopped after its drain, and ended before the machine is full', () => {
  equal(
    Number.parseInt(settingOf({}, 'TimeoutStopSec'), 10) * 1_000,
    defaultOptions().drainTimeoutMs + 10_000,
  );
  equal(settingOf({ memoryGib: 8, utilisationPercent: 80 }, 'MemoryMax'), '6553M');
});

test('a plan for the defaults gives the same data each time', () => {
  deepEqual(hostValues(made()), hostValues(made()));
});
