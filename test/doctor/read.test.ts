import { deepEqual, equal } from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { deathsOf } from '../../src/doctor/read/broker.ts';
import { readClock } from '../../src/doctor/read/clock.ts';
import { mountOf, readDisk } from '../../src/doctor/read/disk.ts';
import { readMemory, readQuotaShare } from '../../src/doctor/read/hardware.ts';
import { readMachine, readWorkers } from '../../src/doctor/read/machine.ts';
import { diskActivity, ioWaitShare, sample } from '../../src/doctor/read/sample.ts';
import { readHeat } from '../../src/host/heat.ts';
import { readInterfaces } from '../../src/host/interfaces.ts';
import { type SystemFiles, systemFiles } from '../../src/host/system-files.ts';

/** A folder that stands in for `/`, with these files. */
function machineWith(t: TestContext, texts: Readonly<Record<string, string>>): SystemFiles {
  const root = mkdtempSync(join(tmpdir(), 'volley-machine-'));
  t.after(() => rmSync(root, { recursive: true }));
  for (const [path, text] of Object.entries(texts)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), `${text}\n`);
  }
  return systemFiles(root);
}

test('two looks at a disk give what iostat shows, and at the processors how long they waited', (t) => {
  const before = sample(
    machineWith(t, {
      '/proc/stat': 'cpu  100 0 100 800 0 0 0 0 0 0\ncpu0 1',
      '/proc/diskstats': ' 254 0 vda 10 0 80 5 20 0 160 15 0 30 20 0 0 0 0 0 0',
    }),
    1_000,
  );
  const after = sample(
    machineWith(t, {
      '/proc/stat': 'cpu  150 0 110 920 20 0 0 0 0 0\ncpu0 1',
      '/proc/diskstats': ' 254 0 vda 12 0 80 7 28 0 160 53 0 930 60 0 0 0 0 0 0',
    }),
    2_000,
  );
  deepEqual(ioWaitShare(before, after), { value: 0.1 });
  deepEqual(diskActivity(before, after, '254:0'), { busyShare: 0.9, requestMs: 4 });
  equal(diskActivity(before, after, '8:0'), null);
});

test('a path belongs to the deepest mount above it', () => {
  const mountinfo = [
    '27 1 254:0 / / rw - ext4 /dev/vda rw',
    '30 27 0:25 / /srv/my\\040data rw,relatime shared:1 - nfs4 host:/x rw',
    '31 27 0:26 / /srv/my rw - tmpfs tmpfs rw',
  ].join('\n');
  deepEqual(mountOf(mountinfo, '/srv/my data/volley.db'), {
    mount: '/srv/my data',
    fileSystem: 'nfs4',
    device: '0:25',
  });
  equal(mountOf(mountinfo, '/srv/my/x').fileSystem, 'tmpfs');
  equal(mountOf(mountinfo, '/srv/mine').fileSystem, 'ext4');
});

test('the disk of a file that is not there yet is that of its folder', () => {
  const files = systemFiles();
  const look = sample(files, 0);
  const disk = readDisk(files, join(tmpdir(), 'not', 'there', 'volley.db'), [look, { ...look, atMs: 1_000 }]);
  equal('value' in disk && disk.value.totalBytes > 0, true);
});

test('interfaces are those that lead out, with their speed where they tell it', (t) => {
  const of = (name: string, speed: string) => ({
    [`/sys/class/net/${name}/operstate`]: 'up',
    [`/sys/class/net/${name}/speed`]: speed,
    [`/sys/class/net/${name}/mtu`]: '1500',
    [`/sys/class/net/${name}/carrier_changes`]: '2',
    [`/sys/class/net/${name}/statistics/rx_packets`]: '70',
    [`/sys/class/net/${name}/statistics/tx_packets`]: '30',
    [`/sys/class/net/${name}/statistics/rx_errors`]: '1',
    [`/sys/class/net/${name}/statistics/tx_dropped`]: '2',
  });
  const all = { ...of('lo', '-1'), ...of('eth0', '10000'), ...of('eth1', '-1') };
  const eth0 = {
    name: 'eth0',
    speedMbit: 10_000,
    mtuBytes: 1_500,
    packets: 100,
    errors: 1,
    dropped: 2,
    carrierChanges: 2,
  };
  const route = 'Iface Destination Gateway\neth0 00000000 010200C0\neth1 000200C0 00000000';
  deepEqual(readInterfaces(machineWith(t, { ...all, '/proc/net/route': route })), { value: [eth0] });
  // Without a default route all that are up count.
  deepEqual(readInterfaces(machineWith(t, all)), {
    value: [eth0, { ...eth0, name: 'eth1', speedMbit: null }],
  });
});

test('heat is read with the first limit that slows something down, and where there is none it is told', (t) => {
  const zone = '/sys/class/thermal/thermal_zone0';
  const files = machineWith(t, {
    [`${zone}/type`]: 'x86_pkg_temp',
    [`${zone}/temp`]: '61000',
    [`${zone}/trip_point_0_type`]: 'critical',
    [`${zone}/trip_point_0_temp`]: '105000',
    [`${zone}/trip_point_1_type`]: 'passive',
    [`${zone}/trip_point_1_temp`]: '95000',
    '/sys/devices/system/cpu/cpu0/thermal_throttle/core_throttle_count': '3',
    '/sys/devices/system/cpu/cpu1/thermal_throttle/core_throttle_count': '4',
  });
  deepEqual(readHeat(files), {
    value: { zones: [{ name: 'x86_pkg_temp', celsius: 61, limitCelsius: 95 }], throttled: 7 },
  });
  deepEqual(readHeat(machineWith(t, { '/sys/x': '' })), { value: { zones: [], throttled: null } });
});

test('a quota is that of the control group this process is in', (t) => {
  const cgroup = { '/proc/self/cgroup': '0::/system.slice/x.service' };
  const at = '/sys/fs/cgroup/system.slice/x.service/cpu.stat';
  equal(
    readQuotaShare(machineWith(t, { ...cgroup, [at]: 'usage_usec 1\nnr_periods 200\nnr_throttled 50' })),
    0.25,
  );
  equal(readQuotaShare(machineWith(t, { ...cgroup, [at]: 'usage_usec 1' })), null);
  equal(readQuotaShare(machineWith(t, {})), null);
});

test('memory is that of the control group where that is allowed less than there is', (t) => {
  const kib = { '/proc/meminfo': 'MemTotal:  8000 kB\nMemFree: 1 kB\nMemAvailable:  6000 kB' };
  const cgroup = { ...kib, '/proc/self/cgroup': '0::/x' };
  const at = '/sys/fs/cgroup/x/memory';
  const all = { value: { totalBytes: 8_192_000, availableBytes: 6_144_000 } };
  deepEqual(readMemory(machineWith(t, kib)), all);
  deepEqual(readMemory(machineWith(t, { ...cgroup, [`${at}.max`]: 'max' })), all);
  deepEqual(
    readMemory(machineWith(t, { ...cgroup, [`${at}.max`]: '1000000', [`${at}.current`]: '300000' })),
    {
      value: { totalBytes: 1_000_000, availableBytes: 700_000 },
    },
  );
});

test('chrony is asked about the clock, or else systemd, and nobody is believed who did not answer', async () => {
  const clock = (answers: Readonly<Record<string, string>>) =>
    readClock(async (program) => answers[program] ?? null);
  const chrony =
    'A29FC801,162.159.200.1,3,1764000000.1,0.00001,0.00002,0.00003,-1.2,0.0,0.1,0.01,0.001,64.4,';
  deepEqual(await clock({ chronyc: `${chrony}Normal\n` }), { value: { synchronised: true, by: 'chronyc' } });
  deepEqual(await clock({ chronyc: `${chrony}Not synchronised\n`, timedatectl: 'yes\n' }), {
    value: { synchronised: false, by: 'chronyc' },
  });
  deepEqual(await clock({ timedatectl: 'no\n' }), { value: { synchronised: false, by: 'timedatectl' } });
  equal('unread' in (await clock({})), true);
});

test('workers are found by their title, and what may not be read of them is told', (t) => {
  const files = machineWith(t, {
    '/proc/7/comm': 'volley worker',
    '/proc/7/limits':
      'Limit  Soft Limit  Hard Limit  Units\nMax open files            4096    8192     files',
    '/proc/7/fd/0': '',
    '/proc/7/fd/1': '',
    '/proc/8/comm': 'kworker/0:1',
    '/proc/cpuinfo': '',
  });
  const workers = readWorkers(files);
  deepEqual(workers, {
    value: [
      {
        pid: 7,
        openFilesLimit: { value: 4_096 },
        openFiles: { value: 2 },
        residentBytes: { unread: '/proc/7/status cannot be read (ENOENT)', code: 'ENOENT' },
      },
    ],
  });
});

test('of a machine that tells nothing everything is unread, and nothing well', async (t) => {
  const files = machineWith(t, {});
  const look = sample(files, 0);
  const facts = await readMachine(files, async () => null, [look, look]);
  const unread = Object.entries(facts).filter(
    ([, fact]) => fact !== null && typeof fact === 'object' && 'unread' in fact,
  );
  deepEqual(
    unread.map(([name]) => name),
    [
      'portRange',
      'windowScaling',
      'sockets',
      'timeWaitMax',
      'segments',
      'clock',
      'memory',
      'oomKills',
      'interfaces',
      'cpu',
      'overcommit',
      'hugePages',
    ],
  );
});

test('segments that were sent again are read by their names', async (t) => {
  const files = machineWith(t, {
    '/proc/net/snmp': 'Ip: Forwarding\nIp: 1\nTcp: ActiveOpens OutSegs RetransSegs InErrs\nTcp: 9 1000 30 1',
  });
  const look = sample(files, 0);
  const { segments } = await readMachine(files, async () => null, [look, look]);
  deepEqual(segments, { value: { sent: 1_000, again: 30 } });
});

test('dead letters are counted by what their last attempt met', () => {
  const letters = [
    { reason: 'exhausted', detail: 'http-503' },
    { reason: 'exhausted', detail: 'connect-timeout: no connection within 2000 ms' },
    { reason: 'rejected', detail: 'http-503' },
    { reason: 'url-refused', detail: 'x' },
  ] as const;
  deepEqual(deathsOf(letters), [
    { what: 'http-503', count: 2 },
    { what: 'connect-timeout', count: 1 },
    { what: 'url-refused', count: 1 },
  ]);
});
