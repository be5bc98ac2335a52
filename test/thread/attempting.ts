/** An attempter as a thread runs it, in the test's own thread: what the tests of single attempts share. */
import type { TestContext } from 'node:test';
import type { VolleyEvent } from '../../src/delivery/event.ts';
import type { Outcome } from '../../src/delivery/outcome.ts';
import { pack } from '../../src/pool/pack.ts';
import { Attempter } from '../../src/thread/attempter.ts';
import { DELIVERED, type Report } from '../../src/thread/messages.ts';
import type { AttemptPolicy, DestinationPolicy, ThreadSettings } from '../../src/thread/policy.ts';

export const SECRET = 'a secret of the tests';

export interface Attempting {
  readonly attempter: Attempter;
  /** Attempts an event at the URL; resolves with what came of it. */
  attempt(url: string, event?: Partial<VolleyEvent>): Promise<Outcome>;
}

/** May reach loopback over http, on every port; short deadlines. */
const POLICY: AttemptPolicy = {
  guard: { allowHttp: true, allowNets: ['127.0.0.0/8', '::1/128'], allowHosts: [], allowPorts: [0] },
  dnsServers: [],
  timeouts: { connectMs: 1_000, readMs: 1_000, totalMs: 2_000 },
  signatures: ['hub', 'standard'],
  userAgent: 'Volley/test',
  slots: 8,
  sockets: 64,
};

/** Settings as tests write them. */
export interface GivenSettings {
  readonly signingSecrets?: readonly string[];
  readonly namedSecrets?: Readonly<Record<string, readonly string[]>>;
  readonly destinations?: Readonly<Record<string, DestinationPolicy>>;
}

export function settingsOf({
  signingSecrets = [SECRET],
  namedSecrets = {},
  destinations = {},
}: GivenSettings): ThreadSettings {
  return {
    signingSecrets,
    namedSecrets: new Map(Object.entries(namedSecrets)),
    destinations: new Map(Object.entries(destinations)),
  };
}

/** Ended after the test. `wallMs`: the clock that its attempts go by. */
export function attempting(
  t: TestContext,
  policy: Partial<AttemptPolicy> = {},
  settings: GivenSettings = {},
  wallMs: () => number = Date.now,
): Attempting {
  const waiting: ((outcome: Outcome) => void)[] = [];
  const report = ({ delivered, failed }: Report) => {
    for (let i = 0; i < delivered.length; i += DELIVERED.width)
      waiting[delivered[i + DELIVERED.number]!]!({
        kind: 'delivered',
        status: delivered[i + DELIVERED.status]!,
      });
    for (const { number, outcome } of failed) waiting[number]!(outcome);
  };
  const attempter = new Attempter({
    policy: { ...POLICY, ...policy },
    settings: settingsOf(settings),
    report,
    monotonicMs: () => performance.now(),
    wallMs,
  });
  t.after(() => attempter.end());
  return {
    attempter,
    attempt(url, event = {}) {
      const { promise, resolve } = Promise.withResolvers<Outcome>();
      const number = waiting.push(resolve) - 1;
      const envelope = Buffer.from(JSON.stringify({ url, type: 'test', payload: number, ...event }));
      const batch = pack([{ number, attempts: 0, mintedId: `evt_${number}`, envelope }]);
      attempter.accept(batch.bytes, batch.count);
      return promise;
    },
  };
}
