/** The table of all checks, in the order they are told. */
import type { Check } from './check.ts';
import { ACCESS_CHECKS } from './checks/access.ts';
import { BROKER_CHECKS } from './checks/broker.ts';
import { MACHINE_CHECKS } from './checks/machine.ts';
import { NETWORK_CHECKS } from './checks/network.ts';
import { TARGET_CHECKS } from './checks/target.ts';

export const CHECKS: readonly Check[] = [
  ...MACHINE_CHECKS,
  ...NETWORK_CHECKS,
  ...ACCESS_CHECKS,
  ...BROKER_CHECKS,
  ...TARGET_CHECKS,
];
