import { deepEqual, equal, ok, throws } from 'node:assert/strict';
import { Resolver } from 'node:dns';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { readArguments } from '../../src/config/arguments.ts';
import { defaultOptions, OPTIONS, type OptionValues } from '../../src/config/options.ts';
import { programOptions } from '../../src/config/program-options.ts';
import { optionsOf, resolveOptions } from '../../src/config/resolve.ts';
import { formatValue, isServer, valueFromText } from '../../src/config/values.ts';
import { DEFAULT_QUEUE } from '../../src/publish/client-broker.ts';

const folder = mkdtempSync(join(tmpdir(), 'volley-config-'));
after(() => rmSync(folder, { recursive: true }));
const file = join(folder, 'volley.json');

/** The worker's options from flags, variables and the config file's text. */
function resolve(flags: string[], env: Record<string, string> = {}, config?: string | object): OptionValues {
  if (config === undefined) return resolveOptions(readArguments(flags, OPTIONS, 'worker'), env, 'worker');
  writeFileSync(file, typeof config === 'string' ? config : JSON.stringify(config, null, 2));
  const given = readArguments([...flags, '--config', file], OPTIONS, 'worker');
  return resolveOptions(given, env, 'worker');
}

test('without anything given, every option has its default', () => {
  deepEqual(resolve([]), defaultOptions());
});

test('a flag wins over the environment, that over the config file, that over the default', () => {
  const config = { concurrency: 2, lease: '1m' };
  const env = { VOLLEY_CONCURRENCY: '3', VOLLEY_DRAIN_TIMEOUT: '7s' };
  const flags = ['--concurrency', '4'];
  const concurrencies = [
    resolve([]),
    resolve([], {}, config),
    resolve([], env, config),
    resolve(flags, env, config),
  ].map(({ concurrency }) => concurrency);
  deepEqual(concurrencies, [20, 2, 3, 4]);
  const { leaseMs, drainTimeoutMs } = resolve(flags, env, config);
  deepEqual([leaseMs, drainTimeoutMs], [60_000, 7_000]);
});

test('each kind of option reads the same from a flag, from the environment and from the config file', () => {
  const flags = [
    ...[
      '--broker',
      'redis://host:6379',
      '--threads=3',
      '--once',
      '--log-format',
      'json',
      '--total-timeout',
      '9500ms',
    ],
    ...[
      '--allow-net',
      '10.0.0.0/8,fd00::/8',
      '--allow-net',
      '127.0.0.1/32',
      '--allow-host',
      'Hooks.example,*.corp.example',
      '--allow-host=fd00::1',
      '--allow-port',
      '8080',
      '--allow-port',
      '0',
    ],
    ...['--retry-schedule', '1s, 1.5m,2h', '--signatures', 'hub'],
    ...['--permanent-status', '400', '--permanent-status=404', '--max-sockets', '9000'],
    ...['--dns-server', '10.0.0.53', '--dns-server', '[fd00::53]:5353'],
  ];
  const env = {
    VOLLEY_BROKER: 'redis://host:6379',
    VOLLEY_THREADS: '3',
    VOLLEY_ONCE: 'true',
    VOLLEY_LOG_FORMAT: 'json',
    VOLLEY_TOTAL_TIMEOUT: '9500ms',
    VOLLEY_ALLOW_NET: '10.0.0.0/8,fd00::/8,127.0.0.1/32',
    VOLLEY_ALLOW_HOST: 'Hooks.example, *.corp.example, fd00::1',
    VOLLEY_ALLOW_PORT: '8080,0',
    VOLLEY_RETRY_SCHEDULE: '1s,90s,2h',
    VOLLEY_SIGNATURES: 'hub',
    VOLLEY_PERMANENT_STATUS: '400,404',
    VOLLEY_MAX_SOCKETS: '9000',
    VOLLEY_DNS_SERVER: '10.0.0.53, [fd00::53]:5353',
  };
  const config = {
    broker: 'redis://host:6379',
    threads: 3,
    once: true,
    'log-format': 'json',
    'total-timeout': '9500ms',
    'allow-net': ['10.0.0.0/8', 'fd00::/8', '127.0.0.1/32'],
    'allow-host': ['Hooks.example', '*.corp.example', 'fd00::1'],
    'allow-port': [8080, 0],
    'retry-schedule': ['1s', '90s', '2h'],
    signatures: ['hub'],
    'permanent-status': [400, 404],
    'max-sockets': 9_000,
    'dns-server': ['10.0.0.53', '[fd00::53]:5353'],
  };
  const expected: OptionValues = {
    ...defaultOptions(),
    broker: 'redis://host:6379',
    threads: 3,
    once: true,
    logFormat: 'json',
    totalTimeoutMs: 9_500,
    allowNet: ['10.0.0.0/8', 'fd00::/8', '127.0.0.1/32'],
    allowHost: ['Hooks.example', '*.corp.example', 'fd00::1'],
    allowPort: [8080, 0],
    retryScheduleMs: [1_000, 90_000, 7_200_000],
    signatures: ['hub'],
    permanentStatuses: [400, 404],
    maxSockets: 9_000,
    dnsServers: ['10.0.0.53', '[fd00::53]:5353'],
  };
  deepEqual(resolve(flags), expected);
  deepEqual(resolve([], env), expected);
  deepEqual({ ...resolve([], {}, config), config: null }, expected);
});

test('the config file is found through the environment too, and --no-… turns off what it turns on', () => {
  writeFileSync(file, '{"once": true, "allow-http": true}');
  const given = readArguments(['--no-once'], OPTIONS, 'worker');
  const { once, allowHttp } = resolveOptions(given, { VOLLEY_CONFIG: file }, 'worker');
  deepEqual([once, allowHttp], [false, true]);
});

test('an empty list in the environment is an empty list', () => {
  deepEqual(resolve([], { VOLLEY_RETRY_SCHEDULE: '', VOLLEY_ALLOW_NET: ' ' }).retryScheduleMs, []);
});

test('a variable that names no option is let be, and so are values of other commands', () => {
  deepEqual(resolve([], { VOLLEY_PORT: 'tcp://10.0.0.1:80', VOLLEY_SERVICE_HOST: 'x' }), defaultOptions());
  const given = readArguments([], OPTIONS, 'queue stats');
  deepEqual(resolveOptions(given, { VOLLEY_CONCURRENCY: 'none' }, 'queue'), defaultOptions());
});

/** What is wrong, the code, and the whole message. `FILE` stands for the config file's path. */
const BAD: [name: string, () => unknown, code: string, message: string][] = [
  [
    'a flag that is out of range',
    () => resolve(['--concurrency', '6000']),
    'VOLLEY_USAGE',
    '--concurrency is "6000": give a whole number from 1 to 5000 slots per core, or auto',
  ],
  [
    'a flag that is no number',
    () => resolve(['--threads', '1.5']),
    'VOLLEY_USAGE',
    '--threads is "1.5": give a whole number from 1 to 256 threads',
  ],
  [
    'a time without its unit',
    () => resolve(['--lease', '30']),
    'VOLLEY_USAGE',
    '--lease is "30": give a time from 500ms to 1h, written like 250ms, 8s, 5m or 1h',
  ],
  [
    'a network that is none',
    () => resolve(['--allow-net', '10.0.0.0/33']),
    'VOLLEY_USAGE',
    '--allow-net is "10.0.0.0/33": give networks as ADDRESS/BITS, for example 10.1.0.0/16',
  ],
  [
    'a host that is none',
    () => resolve(['--allow-host', 'https://example.com']),
    'VOLLEY_USAGE',
    '--allow-host is "https://example.com": give host names, *.SUFFIX or IP addresses, for example hooks.example.internal',
  ],
  [
    'a file entry that is one host where several are due',
    () => resolve([], {}, '{"allow-host": "example.com"}'),
    'VOLLEY_CONFIG',
    'FILE:1:2: "allow-host" is "example.com": give an array of strings: host names, *.SUFFIX or IP addresses, for example hooks.example.internal',
  ],
  [
    'a name server that is a name',
    () => resolve(['--dns-server', 'ns.example.com']),
    'VOLLEY_USAGE',
    '--dns-server is "ns.example.com": give IP addresses, with a port where it is not the usual one, for example 10.0.0.53 or [fd00::53]:5353',
  ],
  [
    'a status that is no refusal',
    () => resolve(['--permanent-status', '503']),
    'VOLLEY_USAGE',
    '--permanent-status is "503": give a whole number from 400 to 499 as a status',
  ],
  [
    'a broker whose password holds what should be encoded',
    () => resolve(['--broker', 'kafka://user:hu/s@h@host']),
    'VOLLEY_USAGE',
    '--broker is "kafka://…@host": give a URL that begins with redis:// or rediss:// or sqlite:',
  ],
  [
    'a broker there is no adapter for, without its password',
    () => resolve(['--broker', 'kafka://user:hush@host']),
    'VOLLEY_USAGE',
    '--broker is "kafka://…@host": give a URL that begins with redis:// or rediss:// or sqlite:',
  ],
  [
    'an empty variable',
    () => resolve([], { VOLLEY_QUEUE: '' }),
    'VOLLEY_CONFIG',
    'VOLLEY_QUEUE in the environment is "": give a NAME that is not empty',
  ],
  [
    'a variable with a value there is none of',
    () => resolve([], { VOLLEY_LOG_FORMAT: 'xml' }),
    'VOLLEY_CONFIG',
    'VOLLEY_LOG_FORMAT in the environment is "xml": give one of logfmt, json, pretty',
  ],
  [
    'a variable that is neither true nor false',
    () => resolve([], { VOLLEY_ONCE: 'yes' }),
    'VOLLEY_CONFIG',
    'VOLLEY_ONCE in the environment is "yes": give true or false',
  ],
  [
    'no signature at all',
    () => resolve([], { VOLLEY_SIGNATURES: '' }),
    'VOLLEY_CONFIG',
    'VOLLEY_SIGNATURES in the environment is "": give one or more of hub, standard, svix, stripe, slack, shopify',
  ],
  [
    'a file entry of the wrong type',
    () => resolve([], {}, '{\n  "queue": "q",\n  "concurrency": "20"\n}'),
    'VOLLEY_CONFIG',
    'FILE:3:3: "concurrency" is "20": give a whole number from 1 to 5000 slots per core, or auto',
  ],
  [
    'a file entry that is a number where a time is due',
    () => resolve([], {}, '{"lease": 20000}'),
    'VOLLEY_CONFIG',
    'FILE:1:2: "lease" is 20000: give a time from 500ms to 1h, written like 250ms, 8s, 5m or 1h, in double quotes',
  ],
  [
    'a file entry that is one where several are due',
    () => resolve([], {}, '{"allow-port": 8080}'),
    'VOLLEY_CONFIG',
    'FILE:1:2: "allow-port" is 8080: give an array of numbers: a whole number from 0 to 65535 as a port',
  ],
  [
    'a file entry that is an object where a word is due, whatever it holds',
    () => resolve([], {}, '{"broker": {"password": "hush"}}'),
    'VOLLEY_CONFIG',
    'FILE:1:2: "broker" is {…}: give a URL that begins with redis:// or rediss:// or sqlite:, in double quotes',
  ],
  [
    'a mistyped key for destinations',
    () => resolve([], {}, '{"destination": {}}'),
    'VOLLEY_CONFIG',
    'FILE:1:2: "destination" is not an option: did you mean destinations?',
  ],
  [
    'a file entry that was mistyped',
    () => resolve([], {}, '{"conurrency": 20}'),
    'VOLLEY_CONFIG',
    'FILE:1:2: "conurrency" is not an option: did you mean concurrency?',
  ],
  [
    'a file entry that is there twice',
    () => resolve([], {}, '{"queue": "a",\n"queue": "b"}'),
    'VOLLEY_CONFIG',
    'FILE:2:1: "queue" is there twice: keep one',
  ],
  [
    'a flag that was mistyped',
    () => resolve(['--alow-http']),
    'VOLLEY_USAGE',
    'volley worker has no flag --alow-http: did you mean --allow-http?',
  ],
  [
    'a flag with one dash',
    () => resolve(['-queue', 'x']),
    'VOLLEY_USAGE',
    'volley worker has no flag -queue: did you mean --queue?',
  ],
  [
    'a flag that resembles none',
    () => resolve(['--xyzzy-plugh=1']),
    'VOLLEY_USAGE',
    'volley worker has no flag --xyzzy-plugh: see volley worker --help',
  ],
  [
    'a flag without its value',
    () => resolve(['--queue', '--once']),
    'VOLLEY_USAGE',
    '--queue lacks its value: give a NAME that is not empty (one that begins with a dash as --queue=--once)',
  ],
  [
    'a switch with a value',
    () => resolve(['--once=no']),
    'VOLLEY_USAGE',
    '--once takes no value: write --once to turn it on, --no-once to turn it off',
  ],
  [
    'a lease that ends before the longest attempt is settled',
    () => resolve(['--lease', '10s']),
    'VOLLEY_USAGE',
    '--lease 10s must be above --total-timeout 10s (the default): set --lease to 10250ms or more, which leaves 250ms to settle',
  ],
  [
    'a read timeout beyond the total',
    () => resolve([], { VOLLEY_READ_TIMEOUT: '11s' }),
    'VOLLEY_CONFIG',
    'VOLLEY_READ_TIMEOUT 11s must be at most --total-timeout 10s (the default): lower the first, or raise --total-timeout to 11s',
  ],
  [
    'a connect timeout beyond the total',
    () => resolve(['--total-timeout', '1s'], {}, '{"connect-timeout": "1500ms", "read-timeout": "1s"}'),
    'VOLLEY_USAGE',
    'FILE:1:2: "connect-timeout" 1500ms must be at most --total-timeout 1s: lower the first, or raise --total-timeout to 1500ms',
  ],
];

for (const [name, run, code, message] of BAD)
  test(`one line says what to do about ${name}`, () => {
    throws(run, { code, message: message.replace('FILE', file) });
  });

test('every command reads its options from a file with destinations, and leaves those to the worker', () => {
  writeFileSync(file, '{"queue": "q", "destinations": {"acct_42": "wrong"}}');
  for (const scope of ['worker', 'publish', 'queue', 'dead'] as const) {
    const given = readArguments(['--config', file], optionsOf(scope), scope);
    equal(resolveOptions(given, {}, scope).queue, 'q');
  }
});

test('a config file that is not there is named', () => {
  const given = readArguments(['--config', join(folder, 'none.json')], OPTIONS, 'worker');
  throws(() => resolveOptions(given, {}, 'worker'), {
    code: 'VOLLEY_CONFIG',
    message: `the config file ${folder}/none.json cannot be read (ENOENT): correct --config, or the file's permissions`,
  });
});

test('a config file without an end is given up', () => {
  const given = readArguments(['--config', '/dev/zero'], OPTIONS, 'worker');
  throws(() => resolveOptions(given, {}, 'worker'), {
    code: 'VOLLEY_CONFIG',
    message: 'the config file /dev/zero is larger than 256 MiB: correct --config',
  });
});

test('every default, as help shows it, reads as itself', () => {
  const fail = (expected: string) => {
    throw new Error(expected);
  };
  for (const spec of Object.values(OPTIONS)) {
    if (spec.default === null) continue;
    deepEqual(valueFromText(spec, [formatValue(spec, spec.default)], fail), spec.default);
  }
});

test('hosts and networks that a program gives are checked too', () => {
  equal(programOptions({ allowHost: ['*.corp.example'], allowNet: ['10.0.0.0/8'] }).allowHost.length, 1);
  for (const given of [{ allowHost: ['*'] }, { allowHost: ['10.0.0.0/8'] }, { allowNet: ['10.0.0.0'] }])
    throws(() => programOptions(given), { code: 'VOLLEY_CONFIG', message: /: give (?:host names|networks)/ });
});

test('the publisher and the commands agree on the queue', () => {
  equal(OPTIONS.queue.default, DEFAULT_QUEUE);
});

test('a name server is an address with or without a port, as node:dns takes it', () => {
  const good = ['10.0.0.53', '10.0.0.53:5353', 'fd00::53', '[fd00::53]', '[fd00::53]:65535', '::1'];
  for (const server of good) {
    ok(isServer(server), server);
    new Resolver().setServers([server]);
  }
  const bad = [
    '',
    'ns',
    '10.0.0',
    '10.0.0.53:',
    '10.0.0.53:0',
    '10.0.0.53:65536',
    '10.0.0.53:-1',
    '[10.0.0.53]:53',
  ];
  for (const server of [...bad, '[fd00::53', 'fd00::53]:53', '[]:53', ':53', ' 10.0.0.53', '10.0.0.256:53'])
    ok(!isServer(server), server);
});
