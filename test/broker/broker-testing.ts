/** What tests of a broker share: envelopes, claims, and waiting for what is not there yet. */
import { deepEqual, equal, ok } from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Broker, BrokerOptions, Claim, Settlement } from '../../src/broker/broker.ts';
import type { DeadLetter } from '../../src/delivery/outcome.ts';

/** A broker, not yet open, on the queue that the options name. */
export type MakeBroker = (options: BrokerOptions) => Broker;

/** Opens another broker on the test's queue; closed when the test ends. */
export type OpenBroker = (leaseMs?: number) => Promise<Broker>;

export type It = (behaviour: string, body: (open: OpenBroker, t: TestContext) => Promise<void>) => void;

export const MANY = 1_000;
export const BIG_BYTES = 64 * 1024 * 1024;
/** Long enough that no test outlives it, and short enough to wait for. */
export const LONG_LEASE_MS = 60_000;
export const SHORT_LEASE_MS = 500;
/** What takes this long is taken never to happen. */
export const PATIENCE_MS = 15_000;
export const NEVER = new AbortController().signal;

/** Claims until it has `count`, waiting for what is not there yet. */
export async function claimCount(broker: Broker, count: number): Promise<Claim[]> {
  const claims: Claim[] = [];
  const endMs = performance.now() + PATIENCE_MS;
  while (claims.length < count) {
    ok(performance.now() < endMs, `only ${claims.length} of ${count} came`);
    claims.push(...(await broker.reserve(count - claims.length, BIG_BYTES)));
    if (claims.length < count) await broker.waitForWork(PATIENCE_MS, NEVER);
  }
  return claims;
}

/** Reclaims until `count` deliveries have been. */
export async function reclaimAll(broker: Broker, count: number): Promise<void> {
  let reclaimed = 0;
  await until(async () => {
    reclaimed += await broker.reclaim();
    return reclaimed >= count;
  });
  equal(reclaimed, count);
}

export async function until(holds: () => Promise<boolean>): Promise<void> {
  const endMs = performance.now() + PATIENCE_MS;
  while (!(await holds())) {
    ok(performance.now() < endMs, 'what was waited for has not come');
    await sleep(5);
  }
}

export async function settleAll(
  broker: Broker,
  claims: readonly Claim[],
  settlement: (claim: Claim) => Settlement,
): Promise<void> {
  deepEqual(await broker.settle(claims.map(settlement)), { late: 0 });
}

export async function timed(promise: Promise<unknown>): Promise<number> {
  const from = performance.now();
  await promise;
  return performance.now() - from;
}

export function envelopes(...names: string[]): Buffer[] {
  return names.map((name) => Buffer.from(name));
}

export function numbered(count: number): Buffer[] {
  return Array.from({ length: count }, (_, i) => Buffer.from(String(i).padStart(6, '0')));
}

export function texts(claims: readonly Claim[]): string[] {
  return claims.map(({ envelope }) => String(envelope));
}

export function ids(claims: readonly Claim[]): string[] {
  return claims.map(({ mintedId }) => mintedId);
}

export function acks(claims: readonly Claim[]): Settlement[] {
  return claims.map((claim) => ({ kind: 'ack', claim }));
}

export function stats(
  counts: Partial<Awaited<ReturnType<Broker['stats']>>>,
): Awaited<ReturnType<Broker['stats']>> {
  return { ready: 0, leased: 0, delayed: 0, parked: 0, dead: 0, ...counts };
}

export function letterOf(claim: Pick<Claim, 'mintedId'>): DeadLetter {
  return {
    id: claim.mintedId,
    reason: 'exhausted',
    detail: 'status 500',
    attempts: 6,
    destination: 'acct_42',
    url: 'https://example.com/hooks',
    type: 'order.updated',
    response: null,
    diedAtMs: 1_764_000_000_000,
  };
}
