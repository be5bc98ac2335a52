/**
 * What a host's kernel, limits and service manager must allow for a plan, as data: the profiles in `sysctl/` and
 * `limits/` are held to it, and commands that check a host read it.
 */
import type { HostValue } from './host-value.ts';
import type { Plan } from './plan.ts';
import { limitsOf, systemdOf } from './service-values.ts';
import { sysctlOf } from './sysctl-values.ts';

export interface HostValues {
  /** Keys of `sysctl`. */
  readonly sysctl: readonly HostValue[];
  /** Items of `limits.conf`. */
  readonly limits: readonly HostValue[];
  /** Directives of a unit's `[Service]` section. */
  readonly systemd: readonly HostValue[];
}

export function hostValues(plan: Plan): HostValues {
  return { sysctl: sysctlOf(plan), limits: limitsOf(plan), systemd: systemdOf(plan) };
}
