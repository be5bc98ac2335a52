import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { assertWhole } from '../report/page-testing.ts';
import { folderOf, volley } from './volley.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const SAMPLE = join(ROOT, 'test/bench/samples/throughput.json');

const planned = async (args: readonly string[], cwd?: string) => {
  const { code, stdout, stderr } = await volley(
    ['plan', ...args, '--json'],
    cwd === undefined ? {} : { cwd },
  );
  equal(stderr, '');
  return { code, plan: JSON.parse(stdout) };
};

test('a rate alone makes a plan, whose bottleneck is named and marked', async () => {
  const { code, stdout, stderr } = await volley(['plan', '--rate', '10000']);
  deepEqual([code, stderr], [0, '']);
  match(stdout, /^1 host and \d+ Redis servers for 30,000 events\/s; they can take [\d,]+ with more slots\n/);
  for (const part of ['Load', 'Each of 1 host', 'Resources at the required rate', 'Settings of a host'])
    match(stdout, new RegExp(`^${part}$`, 'm'));
  const [, name] = /^Bottleneck: ([\w ]+) \(/m.exec(stdout)!;
  match(stdout, new RegExp(`^ {2}${name} .*◄ bottleneck$`, 'm'));
  match(stdout, /^ {2}net\.ipv4\.tcp_tw_reuse +1$/m);
  match(stdout, /^ {2}--concurrency +\d{4} /m);
  // Colour is for terminals, blanks at the end for nobody.
  ok(!stdout.includes('\u001b') && !/ $/m.test(stdout));
});

test('the JSON keeps its keys', async () => {
  const { code, plan } = await planned(['--rate', '10000', '--hosts', '2']);
  equal(code, 0);
  deepEqual(Object.keys(plan), [
    'feasible',
    'problems',
    'hosts',
    'brokers',
    'plannedPerSecond',
    'saturatedPerSecond',
    'drainPerSecond',
    'drainSeconds',
    'usedShareWithoutOneHost',
    'bottleneck',
    'load',
    'host',
    'broker',
    'resources',
    'values',
    'inputs',
    'costs',
    'calibration',
  ]);
  deepEqual(Object.keys(plan.bottleneck), ['name', 'of', 'usedShare', 'headroomShare', 'moves']);
  deepEqual(Object.keys(plan.host), [
    'eventsPerSecond',
    'attemptsPerSecond',
    'slots',
    'slotsPerCore',
    'threads',
    'sockets',
    'openFiles',
    'newConnectionsPerSecond',
    'tlsHandshakesPerSecond',
    'portsToBusiest',
    'timeWaitSockets',
    'conntrackEntries',
    'memoryBytes',
    'sentBitsPerSecond',
    'receivedBitsPerSecond',
    'sentPacketsPerSecond',
    'receivedPacketsPerSecond',
  ]);
  deepEqual(Object.keys(plan.broker), [
    'commandsPerSecond',
    'aofBytesPerSecond',
    'memoryBytes',
    'backlogBytes',
  ]);
  deepEqual(Object.keys(plan.values), ['sysctl', 'limits', 'systemd']);
  for (const value of Object.values(plan.values).flat())
    deepEqual(Object.keys(value as object), ['key', 'value', 'sense', 'reason', 'formula']);
  deepEqual([plan.feasible, plan.problems, plan.hosts, plan.calibration], [true, [], 2, null]);
});

test('a load that cannot be met is shown with what would do, and the exit code is 1', async () => {
  const { code, stdout, stderr } = await volley(['plan', '--rate', '100000', '--hosts', '1']);
  deepEqual([code, stderr], [1, '']);
  match(
    stdout,
    /^✗ CPU: \d+ % of what a host has would be in use, .*: give --hosts \d+\. What else moves it: /m,
  );
  const { plan } = await planned(['--rate', '100000', '--hosts', '1']);
  equal(plan.feasible, false);
  const hosts = Math.max(
    ...plan.problems.map((text: string) => Number(/--hosts (\d+)/.exec(text)?.[1] ?? 0)),
  );
  deepEqual((await planned(['--rate', '100000', '--hosts', String(hosts)])).plan.problems, []);
});

test('a file has the flags as its keys, and a flag wins over it', async (t) => {
  const cwd = folderOf(t);
  writeFileSync(
    join(cwd, 'plan.json'),
    '{\n  "rate": 500, // at noon\n  "latency-p99": "2s",\n  "scheme": "http"\n}',
  );
  const { plan } = await planned(['--file', 'plan.json', '--latency-p99', '3s'], cwd);
  const { eventsPerSecond, latencyP99Ms, scheme, surge } = plan.inputs;
  deepEqual([eventsPerSecond, latencyP99Ms, scheme, surge], [500, 3_000, 'http', 3]);
  deepEqual(readdirSync(cwd), ['plan.json']);
});

const BAD: readonly [name: string, args: readonly string[], code: number, line: RegExp][] = [
  ['no rate', [], 64, /no load is given: give --rate /],
  ['a rate that is none', ['--rate', 'many'], 64, /--rate is "many": give a number from 0\.001 to/],
  [
    'no hosts',
    ['--rate', '1', '--hosts', '0'],
    64,
    /--hosts is "0": give a whole number from 1 to 10000 hosts$/,
  ],
  [
    'a p99 below the p50',
    ['--rate', '1', '--latency-p50', '2s', '--latency-p95', '2s'],
    64,
    /--latency-p99 \(1000 ms\) is below --latency-p95 \(2000 ms\)/,
  ],
  [
    'a day of 23 hours',
    ['--daily-curve', `${'1,'.repeat(22)}1`],
    64,
    /--daily-curve is .*: give 24 numbers from 0/,
  ],
  ['a share above all', ['--rate', '1', '--error-percent', '101'], 64, /give a number from 0 to 100 %$/],
  ['an unknown scheme', ['--rate', '1', '--scheme', 'ftp'], 64, /give one of https, http$/],
  [
    'a result that is not there',
    ['--rate', '1', '--from', 'none.json'],
    64,
    /--from none\.json is not there/,
  ],
  [
    'a result that is none',
    ['--rate', '1', '--from', join(ROOT, 'package.json')],
    64,
    /is no result of the throughput/,
  ],
  [
    'a result that is no JSON',
    ['--rate', '1', '--from', join(ROOT, 'README.md')],
    64,
    /is no result of the throughput/,
  ],
  [
    'a file that is not there',
    ['--file', 'none.json'],
    78,
    /the file none\.json cannot be read \(ENOENT\): correct --file/,
  ],
  ['a file without an end', ['--file', '/dev/zero'], 78, /the file \/dev\/zero is larger than 256 MiB/],
  [
    'a report that cannot be written',
    ['--rate', '1', '--html', '/proc/x.html'],
    64,
    /--html \/proc\/x\.html cannot be written/,
  ],
];

for (const [name, args, code, line] of BAD)
  test(`one line tells of ${name}, and the exit code is ${code}`, async (t) => {
    const ended = await volley(['plan', ...args], { cwd: folderOf(t) });
    deepEqual([ended.code, ended.stdout], [code, '']);
    match(ended.stderr, /^volley: [^\n]+\n$/);
    match(ended.stderr.trimEnd(), line);
  });

test('mistakes in the file are told with their place', async (t) => {
  const cwd = folderOf(t);
  const told = async (text: string) => {
    writeFileSync(join(cwd, 'plan.json'), text);
    const { code, stderr } = await volley(['plan', '--file', 'plan.json'], { cwd });
    return [code, stderr];
  };
  deepEqual(await told('{ "rat": 5 }'), [
    78,
    'volley: plan.json:1:3: "rat" is not an option: did you mean rate?\n',
  ]);
  deepEqual(await told('{\n "rate": "5" }'), [
    78,
    'volley: plan.json:2:2: "rate" is "5": give a number from 0.001 to 10000000 events per second\n',
  ]);
  deepEqual(await told('{ "file": "x" }').then(([code]) => code), 78);
});

test('costs come from a result of the benchmark, and the model is held against it', async () => {
  const { plan } = await planned(['--rate', '1000', '--from', SAMPLE]);
  equal(plan.costs.source, 'https-10 on 2 × AMD EPYC');
  const { measuredPerSecond, predictedPerSecond } = plan.calibration;
  ok(Math.abs(predictedPerSecond / measuredPerSecond - 1) < 0.2);
  const { stdout } = await volley(['plan', '--rate', '1000', '--from', SAMPLE]);
  match(stdout, /The model makes [\d,]+\/s of the run it was calibrated by, where [\d,]+\/s were measured/);
});

test('dead letters are foretold where some are to be expected', async () => {
  const { stdout: many } = await volley([
    'plan',
    '--rate',
    '1000',
    '--timeout-percent',
    '29',
    '--error-percent',
    '1',
  ]);
  // 0.3 to the sixth power, of 86.4 million
  match(many, /^ {2}dead letters +62,986 a day +0\.0729 % of the events /m);
  const { stdout: none } = await volley(['plan', '--rate', '1000']);
  ok(!none.includes('dead letters'));
});

test('a model that is far off the run it was calibrated by says so', async (t) => {
  const result = JSON.parse(readFileSync(SAMPLE, 'utf8'));
  // Twice the cores make it predict twice as much.
  result.machine.cores *= 2;
  result.machine.cpu = 'fast\u001b[31m';
  const cwd = folderOf(t);
  writeFileSync(join(cwd, 'result.json'), JSON.stringify(result));
  const { stdout } = await volley(['plan', '--rate', '1000', '--from', 'result.json'], { cwd });
  match(stdout, /were measured \(2\d\d %\)\. That is more than 20 % off: measure again/);
  ok(!stdout.includes('\u001b'));
});

test('the report opens without a network, with its plots and the numbers beside them', async (t) => {
  const cwd = folderOf(t);
  const curve = Array.from({ length: 24 }, (_, hour) => hour + 1).join(',');
  const args = [
    '--rate',
    '90000',
    '--hosts',
    '1',
    '--daily-curve',
    curve,
    '--from',
    SAMPLE,
    '--html',
    'plan.html',
  ];
  const { code } = await planned(args, cwd);
  equal(code, 1);
  const html = readFileSync(join(cwd, 'plan.html'), 'utf8');
  const titles = [...html.matchAll(/<figcaption[^>]*>([^<]+)/g)].map(([, title]) => title);
  deepEqual(titles, [
    'Share of each resource in use at the required rate',
    'Rate against hosts',
    'The day',
    'Backlog over time',
  ]);
  equal(assertWhole(html).length, 4);
  match(html, /<p class="warning" role="alert">/);
  match(html, /net\.ipv4\.ip_local_port_range/);
  ok(!/NaN|undefined|Infinity/.test(html.replaceAll(/<script[\s\S]*?<\/script>/g, '')));
});

test('the example is what the command in the README makes of its load', async (t) => {
  const html = join(folderOf(t), 'report.html');
  const file = join(ROOT, 'examples/plan/load.json');
  const { code, stdout } = await volley(['plan', '--file', file, '--html', html, '--json']);
  equal(code, 0);
  const committed = (name: string) => readFileSync(join(ROOT, 'examples/plan', name), 'utf8');
  deepEqual(JSON.parse(stdout), JSON.parse(committed('report.json')));
  equal(readFileSync(html, 'utf8'), committed('report.html'));
});
