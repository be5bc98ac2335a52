import { deepEqual, equal, match } from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import type { GuardPolicy } from '../../src/guard/policy.ts';
import { URL_CASES } from '../guard/url-cases.ts';
import { folderOf, start, volley } from './volley.ts';

function flagsOf({ allowHttp, allowNets, allowHosts, allowPorts }: Partial<GuardPolicy>): string[] {
  return [
    ...(allowHttp === true ? ['--allow-http'] : []),
    ...(allowNets ?? []).flatMap((net) => ['--allow-net', net]),
    ...(allowHosts ?? []).flatMap((host) => ['--allow-host', host]),
    ...(allowPorts ?? []).flatMap((port) => ['--allow-port', String(port)]),
  ];
}

const line = (url: string, resolvesTo?: readonly string[] | null) =>
  `${JSON.stringify({ url, resolvesTo })}\n`;
const linesOf = (text: string) => text.split('\n').slice(0, -1);

test('NDJSON is answered line by line, in order, as the table of cases says', async () => {
  for (const cases of Map.groupBy(URL_CASES, ({ policy }) => JSON.stringify(policy)).values()) {
    const input = cases.map(({ url, resolvesTo }) => line(url, resolvesTo)).join('');
    const args = ['check-url', '--json', ...flagsOf(cases[0]!.policy)];
    const { code, stdout, stderr } = await volley(args, { input });
    deepEqual([code, stderr], [1, '']);
    const answers = linesOf(stdout).map((each) => JSON.parse(each) as Record<string, unknown>);
    equal(answers.length, cases.length);
    for (const [i, answer] of answers.entries()) {
      const { url, code: expected } = cases[i]!;
      deepEqual(Object.keys(answer), ['url', 'allowed', 'reason']);
      equal(answer['url'], url);
      equal(answer['allowed'], expected === null, url);
      equal((answer['reason'] as string | null)?.split(': ')[0] ?? null, expected, url);
    }
  }
});

test('URLs on the command line get a mark and a reason each, and the exit code says whether all are allowed', async () => {
  deepEqual(await volley(['check-url', 'https://1.1.1.1/', 'https://8.8.8.8/x']), {
    code: 0,
    stdout: '✓ https://1.1.1.1/\n✓ https://8.8.8.8/x\n',
    stderr: '',
  });
  const { code, stdout } = await volley([
    'check-url',
    'https://1.1.1.1/',
    'https://127.1/',
    'https://1.1.1.1/\t\u001b',
  ]);
  equal(code, 1);
  const [allowed, refused, odd, ...rest] = linesOf(stdout);
  equal(allowed, '✓ https://1.1.1.1/');
  equal(
    refused,
    '✗ https://127.1/ (address: 127.0.0.1 is not a public address: loopback (RFC 1122); start the worker with --allow-net 127.0.0.1/32 to deliver there)',
  );
  match(odd!, /^✗ https:\/\/1\.1\.1\.1\/\ufffd\ufffd \(character: /);
  deepEqual(rest, []);
});

test('lines may be plain URLs, blank, of any line ending, and begin with a byte order mark', async () => {
  const input = `\ufeffhttps://1.1.1.1/\r\n\n  \r\nhttps://8.8.8.8/ \n${line('https://a.example/', ['9.9.9.9'])}https://[::1]/`;
  const { code, stdout, stderr } = await volley(['check-url', '--json'], { input });
  deepEqual([code, stderr], [1, '']);
  deepEqual(
    linesOf(stdout).map((each) => Object.values(JSON.parse(each) as object).slice(0, 2)),
    [
      ['https://1.1.1.1/', true],
      ['https://8.8.8.8/ ', false],
      ['https://a.example/', true],
      ['https://[::1]/', false],
    ],
  );
});

test('a line that asks nothing is told in its place among the answers, and the exit code is 1', async () => {
  const input = Buffer.concat([
    Buffer.from(`${line('https://1.1.1.1/')}{"url"\n{"address":"https://1.1.1.1/"}\n{"url":7}\n`),
    Buffer.from(
      '{"url":"https://a.example/","resolvesTo":"1.1.1.1"}\n{"url":"https://a.example/","resolvesTo":[1]}\n',
    ),
    Buffer.from([0x68, 0xff, 0x0a]),
    Buffer.from(`{"url":"https://a.example/${'x'.repeat(1_100_000)}"}\n${line('https://8.8.8.8/')}`),
  ]);
  const faults = [
    'line 2: not valid JSON (RFC 8259), as its first character says it should be',
    'line 3: "url" must be a string',
    'line 4: "url" must be a string',
    'line 5: "resolvesTo" must be an array of IP addresses, or null for a name that does not resolve',
    'line 6: "resolvesTo" must be an array of IP addresses, or null for a name that does not resolve',
    'line 7: not valid UTF-8',
    'line 8: longer than 1048576 bytes',
  ];
  const { code, stdout, stderr } = await volley(['check-url'], { input });
  deepEqual([code, stderr], [1, '']);
  deepEqual(linesOf(stdout), [
    '✓ https://1.1.1.1/',
    ...faults.map((fault) => `✗ (not-readable: ${fault})`),
    '✓ https://8.8.8.8/',
  ]);
  const json = linesOf((await volley(['check-url', '--json'], { input })).stdout).map((text) =>
    JSON.parse(text),
  );
  deepEqual(json, [
    { url: 'https://1.1.1.1/', allowed: true, reason: null },
    ...faults.map((fault) => ({ url: null, allowed: false, reason: `not-readable: ${fault}` })),
    { url: 'https://8.8.8.8/', allowed: true, reason: null },
  ]);
});

test('nothing to check is nothing refused', async () => {
  deepEqual(await volley(['check-url'], { input: '' }), { code: 0, stdout: '', stderr: '' });
});

test('the policy comes from flags, from the environment and from the config file', async (t) => {
  const cwd = folderOf(t);
  const file = join(cwd, 'volley.json');
  writeFileSync(
    file,
    JSON.stringify({
      'allow-net': ['10.0.0.0/8'],
      'allow-http': true,
      concurrency: 3,
      broker: 'sqlite:x.db',
    }),
  );
  const input = [
    line('http://10.0.0.1/'),
    line('https://a.corp.example/', ['172.16.0.1']),
    line('https://1.1.1.1:8443/'),
  ].join('');
  const args = ['check-url', '--config', file, '--allow-port', '8443'];
  const env = { VOLLEY_ALLOW_HOST: 'b.example,*.corp.example' };
  deepEqual(await volley(args, { input, env, cwd }), {
    code: 0,
    stdout: '✓ http://10.0.0.1/\n✓ https://a.corp.example/\n✓ https://1.1.1.1:8443/\n',
    stderr: '',
  });
  equal(
    linesOf((await volley(['check-url'], { input, cwd })).stdout).filter((each) => each.startsWith('✗'))
      .length,
    3,
  );
});

test('a host that is none is a usage error', async () => {
  deepEqual(await volley(['check-url', '--allow-host', 'https://a.example', 'https://1.1.1.1/']), {
    code: 64,
    stdout: '',
    stderr:
      'volley: --allow-host is "https://a.example": give host names, *.SUFFIX or IP addresses, for example hooks.example.internal\n',
  });
});

test('an answer comes as soon as its question, without the end of the input', async () => {
  const child = start(['check-url', '--json']);
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  for (const n of [1, 2]) {
    child.stdin.write(line(`https://1.1.1.1/${n}`));
    match(String((await answers.next()).value), new RegExp(`/${n}"`));
  }
  child.kill('SIGTERM');
  await once(child, 'close');
});

test('200 000 lines are answered in a heap that could not hold them', async () => {
  // The heap's bound in MiB; the answers alone are 80 MB.
  const child = start(['check-url', '--json'], { env: { NODE_OPTIONS: '--max-old-space-size=32' } });
  const url = `https://hooks.example/${'x'.repeat(300)}`;
  let answered = 0;
  createInterface({ input: child.stdout }).on('line', (answer) => {
    if (answer === JSON.stringify({ url, allowed: true, reason: null })) answered++;
  });
  const questions = line(url, ['1.1.1.1', '2606:4700::1111']).repeat(1_000);
  for (let i = 0; i < 200; i++) if (!child.stdin.write(questions)) await once(child.stdin, 'drain');
  child.stdin.end();
  const [code] = (await once(child, 'close')) as [number];
  deepEqual([code, answered], [0, 200_000]);
});
