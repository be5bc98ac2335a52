import { deepEqual, equal, fail, match, ok } from 'node:assert/strict';
import test from 'node:test';
import { checkUrl } from '../../src/guard/check-url.ts';
import { guardOf, type RefusalCode } from '../../src/guard/guard.ts';
import { CLOSED_POLICY } from '../../src/guard/policy.ts';
import { URL_CASES, type UrlCase } from './url-cases.ts';

const GROUPS = Map.groupBy(URL_CASES, ({ group }) => group);

/** What the guard says, used as a connection uses it. */
function verdict({ policy, url, resolvesTo }: UrlCase): RefusalCode | null {
  const guard = guardOf({ ...CLOSED_POLICY, ...policy });
  const judged = guard.judgeUrl(url);
  if (judged.kind === 'refused') return judged.refusal.code;
  const addresses = judged.isAddress ? [judged.host] : (resolvesTo ?? []);
  return guard.judgeAddresses(judged.host, addresses)?.code ?? null;
}

for (const [group, cases] of GROUPS) {
  test(`${group}: ${cases.length} URLs are judged as the table says`, async () => {
    for (const each of cases) {
      const { url, resolvesTo, code, policy } = each;
      const place = `${JSON.stringify(url).slice(0, 200)} → ${JSON.stringify(resolvesTo)}`;
      equal(verdict(each), code, place);
      const { allowed, reason } = await checkUrl(url, policy, async () => resolvesTo ?? []);
      deepEqual([allowed, reason?.split(': ')[0] ?? null], [code === null, code], place);
      // One line that a terminal and a log take as it is, with what was wrong and what to do.
      if (reason !== null) match(reason, /^[a-z-]+: [^\p{C}\u2028\u2029]{20,1000}$/u, place);
    }
  });
}

test('an address in a URL is judged without asking DNS', async () => {
  for (const url of ['https://1.1.1.1/', 'https://127.1/', 'https://[::1]/', 'https://[2606:4700::1111]/'])
    await checkUrl(url, {}, () => fail('asked'));
});

test('the table is large, without repetition, and has cases of every refusal', () => {
  ok(URL_CASES.length > 700);
  const keys = URL_CASES.map(({ policy, url, resolvesTo }) => JSON.stringify([policy, url, resolvesTo]));
  deepEqual(
    keys.filter((key, i) => keys.indexOf(key) !== i),
    [],
  );
  const codes: Record<RefusalCode, true> = {
    'url-too-long': true,
    character: true,
    'url-invalid': true,
    scheme: true,
    userinfo: true,
    port: true,
    'host-invalid': true,
    'host-confusable': true,
    'host-not-canonical': true,
    'special-name': true,
    address: true,
    metadata: true,
    unresolved: true,
  };
  for (const code of Object.keys(codes)) ok(URL_CASES.filter((each) => each.code === code).length >= 3, code);
});
