import { equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { costsOf } from '../../src/capacity/costs.ts';
import { planOf } from '../../src/capacity/plan.ts';
import { idleSockets, LANE_SHARE, OTHER_FILES, SLOTS_PER_CORE_MAX } from '../../src/capacity/resources.ts';
import { defaultOptions, OPTIONS } from '../../src/config/options.ts';
import { shareOf } from '../../src/dispatch/window.ts';
import { threadPlan } from '../../src/thread-plan.ts';
import { inputsOf } from './plan-testing.ts';

/** A machine with more than enough of everything but cores. */
const machineOf = (cores: number, openFiles = 1_000_000) => ({
  cores,
  openFiles,
  localPorts: 50_000,
  memoryBytes: 64 * 1_073_741_824,
});

test('the planner counts slots, connections and files as the engine does', () => {
  equal(SLOTS_PER_CORE_MAX, OPTIONS.concurrency.max);
  equal(LANE_SHARE, shareOf(1_000, 99) / 1_000);
  // The planner knows nothing of the engine, so what it takes for granted of it is held here.
  const { policy } = threadPlan(defaultOptions(), machineOf(4));
  equal(idleSockets(inputsOf({ destinations: 100_000, cores: 4 })), 4 * policy.sockets);
  const few = threadPlan(defaultOptions(), machineOf(1, OTHER_FILES + 500));
  equal(few.policy.sockets, 500);
});

test('the concurrency that a plan gives makes the slots that it counts on', () => {
  const { host } = planOf(inputsOf({ eventsPerSecond: 10_000 }), costsOf('https'));
  const plan = threadPlan({ ...defaultOptions(), concurrency: host.slotsPerCore }, machineOf(4));
  equal(plan.threads * plan.slotsPerThread, host.slots);
  ok(plan.threads * plan.policy.sockets <= host.openFiles);
});
