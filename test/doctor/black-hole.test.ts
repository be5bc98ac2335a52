import { equal, match } from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { examine } from '../../src/doctor/check.ts';
import { TARGET_CHECKS } from '../../src/doctor/checks/target.ts';
import { inNamespace } from '../egress/namespace.ts';
import { atTarget } from './facts.ts';

/** What the checks say of a receiver behind a path that loses large packets. */
async function findings(t: TestContext, mtuProbing: 0 | 1) {
  const contact = await inNamespace<typeof import('../egress/scenarios/black-hole.ts'), 'blackHole'>(
    t,
    'black-hole',
    'blackHole',
    mtuProbing,
  );
  return Object.fromEntries(
    examine(TARGET_CHECKS, atTarget(contact)).map((finding) => [finding.id, finding]),
  );
}

test('a path that loses large packets is found: small requests are answered, large ones are not', async (t) => {
  const { 'target-answer': answer, 'target-packet-size': size } = await findings(t, 0);
  equal(answer?.status, 'ok');
  equal(size?.status, 'fail');
  match(size.fix!, /tcp_mtu_probing=1/);
});

test('tcp_mtu_probing, as the profile has it, gets large requests through such a path', async (t) => {
  const { 'target-packet-size': size } = await findings(t, 1);
  equal(size?.status, 'ok');
});
