import { deepEqual, equal, match, ok } from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { inNamespace } from './namespace.ts';
import { PUBLIC_V4, PUBLIC_V6 } from './network.ts';
import type { Shortage } from './scenarios/shortages.ts';

type Scenarios = typeof import('./scenarios/shortages.ts');

const holdOut = (t: TestContext, shortage: Shortage) =>
  inNamespace<Scenarios, 'holdOut'>(t, 'shortages', 'holdOut', shortage);

/** That each delivery was received once, as its first attempt. */
function assertUncharged(
  outcome: { delivered: number; dead: string[]; received: number; distinct: number; attempts: string[] },
  deliveries: number,
): void {
  const { delivered, dead, received, distinct, attempts } = outcome;
  deepEqual(
    { delivered, dead, received, distinct, attempts },
    { delivered: deliveries, dead: [], received: deliveries, distinct: deliveries, attempts: ['1'] },
  );
}

for (const host of [PUBLIC_V4, PUBLIC_V6])
  test(`when local ports run out on the way to ${host}, no attempt is charged and each delivery is made once`, async (t) => {
    const outcome = await holdOut(t, { of: 'ports', left: 20, deliveries: 60, host, concurrency: 40 });
    assertUncharged(outcome, 60);
    deepEqual(outcome.lacking, ['no-port']);
    match(outcome.advice, /^no local port is left: widen net\.ipv4\.ip_local_port_range/);
    deepEqual(outcome.faults, ['no-port']);
    ok(outcome.held <= 20);
    equal(outcome.exitCode, 0);
  });

test('while local ports are short nothing more is claimed', async (t) => {
  const concurrency = 40;
  const { claimed, cores, ...outcome } = await inNamespace<Scenarios, 'claimedWhileShort'>(
    t,
    'shortages',
    'claimedWhileShort',
    4_000,
    concurrency,
    800,
  );
  // What an engine claims ahead (CREDIT_LEAST, CREDIT_PER_SLOT), and no replacement for what has failed.
  ok(claimed <= Math.max(1_024, 16 * concurrency * cores), `${claimed} claimed`);
  assertUncharged(outcome, 4_000);
});

for (const host of [PUBLIC_V4, '*.example.com'])
  test(`when open files run out on the way to ${host}, no attempt is charged and each delivery is made once`, async (t) => {
    const outcome = await holdOut(t, { of: 'files', left: 100, deliveries: 300, host, concurrency: 100 });
    assertUncharged(outcome, 300);
    match(outcome.advice, /^no file descriptor is left: raise LimitNOFILE/);
    equal(outcome.exitCode, 0);
  });

for (const [how, what] of [
  ['silence', 'say nothing'],
  ['nobody', 'are not there'],
] as const)
  test(`when the name servers ${what}, no attempt is charged, and each delivery is made once they answer`, async (t) => {
    const outcome = await inNamespace<Scenarios, 'nameServersDown'>(
      t,
      'shortages',
      'nameServersDown',
      how,
      40,
    );
    assertUncharged(outcome, 40);
    deepEqual(outcome.lacking, ['dns-down']);
    deepEqual(outcome.faults, ['dns-down']);
    match(outcome.advice, /^the name servers do not answer: /);
    equal(outcome.exitCode, 0);
  });
