import { deepEqual, equal } from 'node:assert/strict';
import { mkdtempSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { HostsFile } from '../../src/guard/hosts-file.ts';

const LOOK_MS = 5_000;
const folder = mkdtempSync(join(tmpdir(), 'volley-hosts-'));
after(() => rmSync(folder, { recursive: true }));
let files = 0;

function hostsOf(text: string | Buffer) {
  const path = join(folder, `hosts-${files++}`);
  writeFileSync(path, text);
  return { path, hosts: new HostsFile(path) };
}

test('a name has the addresses of all its lines, IPv4 first, whatever stands around them', () => {
  const { hosts } = hostsOf(
    [
      '# comment 192.0.2.9 commented',
      '2001:db8::1\tBoth.example  alias.example # 192.0.2.8 hidden',
      '  192.0.2.1 both.example',
      '192.0.2.2 both.example\r',
      'not-an-address never.example',
      '192.0.2.300 never.example',
      '192.0.2.3',
      '',
    ].join('\n'),
  );
  deepEqual(hosts.addressesOf('both.example', 0), ['192.0.2.1', '192.0.2.2', '2001:db8::1']);
  deepEqual(hosts.addressesOf('alias.example', 0), ['2001:db8::1']);
  for (const name of ['commented', 'hidden', 'never.example', '', 'example', '__proto__', 'constructor'])
    equal(hosts.addressesOf(name, 0), null, name);
});

test('a file that has changed is read again, after a while and not before', () => {
  const { path, hosts } = hostsOf('192.0.2.1 a.example\n');
  deepEqual(hosts.addressesOf('a.example', 0), ['192.0.2.1']);
  writeFileSync(path, '192.0.2.22 a.example\n');
  deepEqual(hosts.addressesOf('a.example', LOOK_MS - 1), ['192.0.2.1']);
  deepEqual(hosts.addressesOf('a.example', LOOK_MS), ['192.0.2.22']);
  // Another file under its name, of the same size and time.
  const other = hostsOf('192.0.2.33 a.example\n');
  utimesSync(path, 1, 1);
  utimesSync(other.path, 1, 1);
  deepEqual(hosts.addressesOf('a.example', 2 * LOOK_MS), ['192.0.2.22']);
  renameSync(other.path, path);
  deepEqual(hosts.addressesOf('a.example', 3 * LOOK_MS), ['192.0.2.33']);
});

test('a file that is missing, comes later, and goes again lists what is there', () => {
  const path = join(folder, 'later');
  const hosts = new HostsFile(path);
  equal(hosts.addressesOf('a.example', 0), null);
  writeFileSync(path, '192.0.2.1 a.example\n');
  deepEqual(hosts.addressesOf('a.example', LOOK_MS), ['192.0.2.1']);
  rmSync(path);
  equal(hosts.addressesOf('a.example', 2 * LOOK_MS), null);
});

test('what cannot be read, or be looked at, is as good as none', () => {
  equal(new HostsFile(folder).addressesOf('a.example', 0), null, 'a folder');
  const file = hostsOf('').path;
  equal(new HostsFile(join(file, 'below a file')).addressesOf('a.example', 0), null);
  const loop = join(folder, 'loop');
  symlinkSync(loop, loop);
  equal(new HostsFile(loop).addressesOf('a.example', 0), null, 'a link to itself');
  equal(hostsOf(Buffer.from([0xff, 0xfe, 0, 10])).hosts.addressesOf('a.example', 0), null);
});
