import { deepEqual, equal, notEqual, ok } from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { costsOf } from '../../src/capacity/costs.ts';
import type { HostValue } from '../../src/capacity/host-value.ts';
import { hostValues } from '../../src/capacity/host-values.ts';
import type { PlanInputs } from '../../src/capacity/inputs.ts';
import { planOf } from '../../src/capacity/plan.ts';
import { defaultPlanInputs } from '../../src/config/plan-inputs.ts';
import { limitsProfileText, sysctlProfileText } from '../../src/host/profile-files.ts';
import { judge, parseProfile, SENSES } from '../../src/host/sysctl-profile.ts';

/** One host as Volley is meant for: the plan's defaults are 4 vCPU, 8 GB and 10 Gb/s. */
const TARGET: PlanInputs = { ...defaultPlanInputs(), eventsPerSecond: 1, hosts: 1, brokers: 1 };

/** Loads that bring the target to its limits, each to another one. */
const LOADS: Readonly<Record<string, Partial<PlanInputs>>> = {
  'small payloads': {},
  'payloads that fill the link': { payloadBytes: 65_536 },
  'slow receivers': { latencyP50Ms: 1_000, latencyP95Ms: 3_000, latencyP99Ms: 8_000 },
  'many destinations': { destinations: 100_000 },
  'receivers that close': { reusePercent: 0 },
};

/** What the planner asks of a host that is as busy as it can be, with the rate that it can take in a surge. */
function valuesOf(load: Partial<PlanInputs>) {
  const inputs = { ...TARGET, ...load };
  const { saturatedPerSecond } = planOf(inputs, costsOf(inputs.scheme));
  const eventsPerSecond = Math.max(1, Math.floor(saturatedPerSecond / inputs.surge));
  return hostValues(planOf({ ...inputs, eventsPerSecond }, costsOf(inputs.scheme)));
}

const profile = new Map(parseProfile(sysctlProfileText()).map((setting) => [setting.key, setting]));

/** A size or time of a unit as a number: bytes, or seconds; a share of the target's memory in bytes. */
function amount(text: string): number {
  const [, digits = '', unit = ''] = /^(\d+)([smMG%]?)$/.exec(text) ?? [];
  const factors = { '': 1, s: 1, m: 60, M: 2 ** 20, G: 2 ** 30, '%': (TARGET.memoryGib * 2 ** 30) / 100 };
  const factor = factors[unit as keyof typeof factors];
  ok(digits !== '' && factor !== undefined, text);
  return Number(digits) * factor;
}

function assertAtLeast({ key, value, sense, formula }: HostValue, has: string | undefined): void {
  equal(sense, 'at-least', key);
  ok(has !== undefined, `${key} is planned and not set`);
  ok(amount(has) >= amount(value), `${key} is ${has}, and ${value} is planned: ${formula}`);
}

for (const [name, load] of Object.entries(LOADS)) {
  test(`${name}: the kernel profile is what the planner asks of the target, or better`, () => {
    for (const { key, value, sense, formula } of valuesOf(load).sysctl) {
      const setting = profile.get(key);
      ok(setting !== undefined, `${key} is planned and not in the profile`);
      equal(SENSES[key], sense, key);
      const { standing } = judge({ ...setting, value }, setting.value);
      notEqual(standing, 'below', `${key} is ${setting.value}, and ${value} is planned: ${formula}`);
    }
  });

  test(`${name}: limits and unit are what the planner asks of the target, or better`, () => {
    const { limits, systemd } = valuesOf(load);
    const text = limitsProfileText();
    for (const type of ['soft', 'hard'])
      for (const limit of limits)
        assertAtLeast(limit, new RegExp(`^www-data ${type} ${limit.key} (\\d+)$`, 'm').exec(text)?.[1]);
    const unit = readFileSync(resolve(import.meta.dirname, '../../limits/webhook-worker.service'), 'utf8');
    for (const directive of systemd)
      assertAtLeast(directive, new RegExp(`^${directive.key}=(.*)$`, 'm').exec(unit)?.[1]);
  });
}

test('a profile that gave less would be noticed', () => {
  const ports = valuesOf({}).sysctl.find(({ key }) => key === 'net.ipv4.ip_local_port_range')!;
  const setting = { key: ports.key, value: ports.value, optional: false, reason: '' };
  deepEqual(judge(setting, '32768 60999').standing, 'below');
});
