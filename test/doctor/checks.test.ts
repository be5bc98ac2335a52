import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { examine } from '../../src/doctor/check.ts';
import { CHECKS } from '../../src/doctor/checks.ts';
import type { Facts } from '../../src/doctor/facts.ts';
import { BROKER_CASES, onSqlite } from './cases/broker.ts';
import { MACHINE_CASES } from './cases/machine.ts';
import { NETWORK_CASES } from './cases/network.ts';
import { TARGET_CASES } from './cases/target.ts';
import { BARRED, onRedis, WELL } from './facts.ts';

const CASES = [...MACHINE_CASES, ...NETWORK_CASES, ...BROKER_CASES, ...TARGET_CASES];

test('on a machine where all is well every check says so, and has nothing to mend', () => {
  const findings = examine(CHECKS, WELL);
  equal(findings.length, CHECKS.length);
  for (const { id, status, fix } of findings) deepEqual([id, status, fix], [id, 'ok', null]);
});

for (const { id, status, facts, says } of CASES)
  test(`${id} is ${status} where it says ${says.source}`, () => {
    const finding = examine(CHECKS, facts).find((each) => each.id === id);
    equal(finding?.status, status);
    match(`${finding.evidence} → ${finding.fix}`, says);
    // Whatever is not well comes with what to do about it.
    equal(finding.fix === null, status === 'ok');
  });

test('every check has a case in which it is not well', () => {
  for (const { id } of CHECKS)
    ok(
      CASES.some((each) => each.id === id && each.status !== 'ok'),
      id,
    );
});

test('what there is not is not judged', () => {
  const ids = (facts: Facts) => examine(CHECKS, facts).map(({ id }) => id);
  ok(!ids({ ...WELL, target: null }).some((id) => id.startsWith('target-')));
  ok(!ids(onSqlite({})).some((id) => id.startsWith('redis-')));
  deepEqual(
    ids(onRedis({ server: BARRED, disk: null })).filter((id) => /redis|broker|queue|dead/.test(id)),
    ['broker'],
  );
  deepEqual(
    ids(onRedis({ queue: BARRED })).filter((id) => /queue|dead/.test(id)),
    ['queue'],
  );
});
