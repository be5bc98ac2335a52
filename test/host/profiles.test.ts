import { deepEqual, equal, match, ok, throws } from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { defaultOptions, OPTIONS } from '../../src/config/options.ts';
import { limitOf, parseLimits } from '../../src/host/limits-profile.ts';
import { limitsProfileText, sysctlProfileText } from '../../src/host/profile-files.ts';
import { judge, parseProfile, SENSES } from '../../src/host/sysctl-profile.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const read = (path: string) => readFileSync(`${ROOT}/${path}`, 'utf8');
const profile = parseProfile(sysctlProfileText());
const profileValue = (key: string) => profile.find((setting) => setting.key === key)!.value;
/** Most slots that `--concurrency` gives the 4 cores of the target, three times over for a surge. */
const SURGE_SOCKETS = OPTIONS.concurrency.max * 4 * 3;

test('every setting of the profiles says why, and which way is better', () => {
  for (const { key, reason } of profile) ok(reason.length > 20, key);
  deepEqual(profile.map(({ key }) => key).toSorted(), Object.keys(SENSES).toSorted());
  for (const { key, value, reason } of parseProfile(read('sysctl/98-volley-redis.conf'))) {
    ok(reason.length > 20, key);
    // Where a machine has both, the one that is read later must not undo the other.
    ok(SENSES[key] === undefined || profileValue(key) === value, key);
  }
});

test('a setting is read with its reason, its formula left out, and a line that is none is named', () => {
  const text = '# Why\n# so.\n# Formula: 1\na.b = 1\t2\n-a.c=3\n\n# Apart\n\nd.e = 4\n';
  deepEqual(parseProfile(text), [
    { key: 'a.b', value: '1 2', optional: false, reason: 'Why so.' },
    { key: 'a.c', value: '3', optional: true, reason: 'Why so.' },
    { key: 'd.e', value: '4', optional: false, reason: 'Why so.' },
  ]);
  throws(() => parseProfile('a.b = 1\nnonsense'), /line 2 is no setting/);
});

test('a value is judged by what is better for its setting, and a better number is never given up', () => {
  const judged = (key: string, value: string, current: string) => {
    const { standing, best } = judge({ key, value, optional: false, reason: '' }, current);
    return [standing, best];
  };
  deepEqual(judged('net.core.somaxconn', '4096', '4096\n'), ['same', '4096']);
  deepEqual(judged('net.core.somaxconn', '4096', '65535'), ['better', '65535']);
  deepEqual(judged('net.core.somaxconn', '4096', '128'), ['below', '4096']);
  deepEqual(judged('net.core.somaxconn', '4096', 'garbage'), ['below', '4096']);
  deepEqual(judged('net.ipv4.tcp_fin_timeout', '15', '10'), ['better', '10']);
  deepEqual(judged('net.ipv4.tcp_fin_timeout', '15', '60'), ['below', '15']);
  deepEqual(judged('net.ipv4.tcp_tw_reuse', '1', '2'), ['below', '1']);
  deepEqual(judged('fs.file-max', '1048576', '9223372036854775807'), ['better', '9223372036854775807']);
  const ports = 'net.ipv4.ip_local_port_range';
  deepEqual(judged(ports, '10240 65535', '1024\t65535'), ['better', '1024 65535']);
  deepEqual(judged(ports, '10240 65535', '32768\t60999'), ['below', '10240 65535']);
  deepEqual(judged(ports, '10240 65535', '1024\t60999'), ['below', '1024 65535']);
  const buffer = 'net.ipv4.tcp_wmem';
  deepEqual(judged(buffer, '4096 65536 8388608', '4096\t16384\t16777216'), ['below', '4096 65536 16777216']);
  deepEqual(judged(buffer, '4096 65536 8388608', '8192\t65536\t8388608'), ['better', '8192 65536 8388608']);
  throws(() => judged('net.unheard.of', '1', '2'), /has no sense/);
});

test('the limits let a worker have as many sockets as the largest concurrency can use, within what the kernel allows', () => {
  const limits = parseLimits(limitsProfileText());
  for (const type of ['soft', 'hard']) {
    const files = limitOf(limits, { user: 'www-data', type, item: 'nofile' })!;
    ok(files >= SURGE_SOCKETS + 128);
    ok(files <= Number(profileValue('fs.nr_open')));
  }
});

test('limits are read as pam_limits reads them', () => {
  const limits = parseLimits(
    '# x\n* - nofile 100\nwww-data hard nofile unlimited # all\nwww-data soft core 0\nroot soft nofile 5\n',
  );
  const of = (user: string, type: string, item: 'nofile' | 'nproc' = 'nofile') =>
    limitOf(limits, { user, type, item });
  equal(of('www-data', 'hard'), Number.POSITIVE_INFINITY);
  equal(of('www-data', 'soft'), 100);
  equal(of('root', 'soft'), 5);
  equal(of('root', 'soft', 'nproc'), null);
});

/** The last value of each directive of a unit, `Section.Name`. */
function unitOf(text: string): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  let section = '';
  for (const line of text.split('\n')) {
    const heading = /^\[(\w+)\]$/.exec(line)?.[1];
    if (heading !== undefined) section = heading;
    const [, name, value] = /^([A-Z]\w*)=(.*)$/.exec(line) ?? [];
    if (name !== undefined) values.set(`${section}.${name}`, value!);
  }
  return values;
}

test('the unit is what the README and the options promise', () => {
  const unit = unitOf(read('limits/webhook-worker.service'));
  const of = (name: string) => unit.get(`Service.${name}`);
  equal(of('Restart'), 'always');
  equal(of('User'), 'www-data');
  match(of('ExecStart')!, /\/volley worker$/);
  match(of('LoadCredential')!, /^webhook-secrets:\/etc\/webhook\/secrets$/);
  equal(
    of('LimitNOFILE'),
    String(limitOf(parseLimits(limitsProfileText()), { user: 'www-data', type: 'hard', item: 'nofile' })),
  );
  // The worker drains, hands back and closes within it, or systemd kills it.
  const stopMs = Number(/^(\d+)s$/.exec(of('TimeoutStopSec')!)![1]) * 1_000;
  ok(stopMs >= defaultOptions().drainTimeoutMs + 10_000);
  // No room for what only a drop-in may bring.
  equal(of('CapabilityBoundingSet'), '');
  equal(of('NoNewPrivileges'), 'yes');
  equal(of('ProtectSystem'), 'strict');
  equal(of('PrivateTmp'), 'yes');
  // Nothing in this program feeds a watchdog or says that it is ready.
  equal(of('WatchdogSec'), undefined);
  equal(of('Type'), 'exec');
  for (const line of read('limits/webhook-worker.service').split('\n')) ok(!line.includes('/root'), line);
});

test('a capability comes with its drop-in alone', () => {
  const folder = 'limits/webhook-worker.service.d';
  const capable = readdirSync(`${ROOT}/${folder}`).filter((name) =>
    read(`${folder}/${name}`).includes('CAP_NET_BIND_SERVICE'),
  );
  deepEqual(capable, ['10-privileged-port.conf']);
});
