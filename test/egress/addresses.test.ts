import { deepEqual, equal, match } from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { inNamespace } from './namespace.ts';
import { PUBLIC_V4, PUBLIC_V6, VANISHING_V4, VANISHING_V6 } from './network.ts';
import type { World } from './scenarios/deliveries.ts';

const deliver = (t: TestContext, world: World) =>
  inNamespace<typeof import('./scenarios/deliveries.ts'), 'deliver'>(t, 'deliveries', 'deliver', world);

/** A delivery to a name with these addresses, one attempt and one retry long. */
const deliverTo = (t: TestContext, addresses: readonly string[], ...flags: string[]) =>
  deliver(t, {
    flags: ['--allow-http', ...flags],
    names: { 'hooks.example.com': addresses },
    urls: ['https://hooks.example.com/'],
  });

const BROKEN: [what: string, addresses: readonly string[], at: string, strays: number][] = [
  ['IPv6 swallows packets', [VANISHING_V6[0], PUBLIC_V4], PUBLIC_V4, 0],
  ['IPv4 swallows packets', [VANISHING_V4[0], PUBLIC_V6], PUBLIC_V6, 1],
  ['all of IPv4 swallows packets', [...VANISHING_V4, PUBLIC_V6], PUBLIC_V6, 1],
  ['one of two IPv4 addresses swallows packets', [VANISHING_V4[0], PUBLIC_V4], PUBLIC_V4, 1],
];

for (const [what, addresses, at, mostStrays] of BROKEN)
  test(`a receiver whose ${what} is delivered to at the first attempt`, async (t) => {
    const { fates, requests, strays } = await deliverTo(t, addresses);
    equal(fates[0]!.end, 'delivered');
    deepEqual(
      requests.map(({ address, attempt }) => [address, attempt]),
      [[at, '1']],
    );
    // The next address is tried after a quarter of a second, the other family first: one that is broken costs no more.
    equal(strays <= mostStrays, true, `${strays} connections in vain`);
  });

test('a receiver whose every address swallows packets is unreachable, and tried again', async (t) => {
  const { fates, arrivals, strays } = await deliverTo(
    t,
    [VANISHING_V4[0], VANISHING_V6[0]],
    '--connect-timeout',
    '700ms',
  );
  equal(fates[0]!.end, 'exhausted');
  match(fates[0]!.detail, /^connect-timeout/);
  equal(fates[0]!.attempts, 2);
  deepEqual(arrivals, {});
  equal(strays, 4);
});

test('on a machine without IPv6 a receiver is delivered to by IPv4, and one that has IPv6 alone is unreachable', async (t) => {
  const { fates, strays } = await deliver(t, {
    flags: ['--allow-http'],
    names: { 'hooks.example.com': [PUBLIC_V4, PUBLIC_V6], 'six.example.com': [PUBLIC_V6] },
    urls: ['https://hooks.example.com/', 'http://six.example.com/', `http://[${PUBLIC_V6}]/`],
    withoutIPv6: true,
  });
  deepEqual(
    fates.map(({ end, attempts }) => [end, attempts]),
    [
      ['delivered', -1],
      ['exhausted', 2],
      ['exhausted', 2],
    ],
  );
  match(fates[1]!.detail, /^connect-failed: this machine has no IPv6/);
  equal(strays, 0);
});

test('a receiver that takes its time to answer is waited for, though its other addresses are tried meanwhile', async (t) => {
  const { end, attempts, begun } = await inNamespace<typeof import('./scenarios/late.ts'), 'lateAddress'>(
    t,
    'late',
    'lateAddress',
  );
  equal(end, 'delivered');
  deepEqual(attempts, ['1']);
  equal(begun, 2);
});
