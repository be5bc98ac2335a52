import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { sysctlProfileText } from '../../src/host/profile-files.ts';
import { parseProfile } from '../../src/host/sysctl-profile.ts';
import { sysctlPath } from '../../src/host/system-files.ts';
import { folderOf, volley } from './volley.ts';

const PROFILE = parseProfile(sysctlProfileText());
const CONF = 'etc/sysctl.d/99-volley.conf';
const LIMITS = 'etc/security/limits.d/99-volley.conf';
const SOMAXCONN = 'net.core.somaxconn';

/** A folder that stands in for `/`: a kernel that has the profile's values but these, and limits as given. */
function machineOf(
  t: TestContext,
  values: Readonly<Record<string, string | null>> = {},
  limits = '* - nofile 131072',
) {
  const root = folderOf(t);
  const put = (path: string, text: string) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), `${text}\n`);
  };
  for (const { key, value } of PROFILE) {
    const own = values[key] === undefined ? value : values[key];
    if (own !== null) put(sysctlPath(key), own.replaceAll(' ', '\t'));
  }
  put('etc/security/limits.conf', limits);
  // Half of it is what a user may run where nobody says it: as many as the profile has.
  put(sysctlPath('kernel.threads-max'), '8192');
  const read = (path: string) => readFileSync(join(root, path), 'utf8');
  const kernel = (key: string) => read(sysctlPath(key)).trim();
  return { root, put, read, kernel };
}

const tune = (...args: string[]) => volley(['tune', ...args]);

test('a machine that has the profile passes, also where its kernel lacks what is optional', async (t) => {
  const optional = PROFILE.filter((setting) => setting.optional).map(({ key }) => [key, null]);
  const { root } = machineOf(t, Object.fromEntries(optional));
  const { code, stdout, stderr } = await tune('--root', root);
  deepEqual([code, stderr], [0, '']);
  match(stdout, /^✓ net\.core\.somaxconn = 4096$/m);
  match(stdout, /^✓ net\.netfilter\.nf_conntrack_max \(this kernel has none/m);
  ok(!stdout.includes('✗') && !stdout.includes('\u001b'));
});

test('what is below is shown with what it should be and why, and the exit code is 1', async (t) => {
  const { root } = machineOf(
    t,
    { [SOMAXCONN]: '128', 'net.ipv4.tcp_fin_timeout': '5' },
    'www-data hard nofile 1024',
  );
  const { code, stdout } = await tune('--check', '--root', root);
  equal(code, 1);
  match(stdout, /^✗ net\.core\.somaxconn = 128 → 4096\n {4}Connections that wait to be accepted/m);
  match(stdout, /^✓ net\.ipv4\.tcp_fin_timeout = 5 \(better than 15\)$/m);
  match(stdout, /^✗ nofile hard of www-data = 1024 → 131072$/m);
  match(stdout, /^✗ nofile soft of www-data = not set → 131072$/m);
  match(stdout, /\n\n3 below the profile, 1 better/);
  const json = JSON.parse((await tune('--json', '--root', root)).stdout);
  equal(json.below, 3);
  const { reason, ...setting } = json.settings.find(({ name }: { name: string }) => name === SOMAXCONN);
  deepEqual(setting, { name: SOMAXCONN, want: '4096', state: 'below', current: '128' });
  match(reason, /what listens here/);
});

test('what cannot be read is not taken to be well', async (t) => {
  const { root } = machineOf(t, { [SOMAXCONN]: null });
  const { stdout } = await tune('--check', '--root', root);
  match(stdout, /^\? net\.core\.somaxconn cannot be read \(should be 4096\)$/m);
  match(stdout, /^What cannot be read is not judged/m);
});

test('--apply sets what is below, leaves what is better, keeps what was, and says how to go back', async (t) => {
  const machine = machineOf(
    t,
    {
      [SOMAXCONN]: '128',
      'net.ipv4.tcp_fin_timeout': '5',
      'net.ipv4.tcp_wmem': '4096 16384 16777216',
    },
    '',
  );
  const { root, put, read, kernel } = machine;
  put(CONF, 'net.core.somaxconn = 128');
  const { code, stdout, stderr } = await tune('--apply', '--root', root);
  deepEqual([code, stderr], [0, '']);
  deepEqual([SOMAXCONN, 'net.ipv4.tcp_fin_timeout', 'net.ipv4.tcp_wmem'].map(kernel), [
    '4096',
    '5',
    '4096 65536 16777216',
  ]);
  match(read(CONF), /^net\.core\.somaxconn = 4096$/m);
  match(read(CONF), /^net\.ipv4\.tcp_fin_timeout = 5$/m);
  match(read(CONF), /^net\.ipv4\.tcp_wmem = 4096 65536 16777216$/m);
  match(read(LIMITS), /^www-data hard nofile 131072$/m);
  match(stdout, /net\.ipv4\.tcp_fin_timeout is left at 5, which is better/);
  // The commands it prints, as a person would run them.
  const commands = stdout
    .split('To go back:\n')[1]!
    .trim()
    .split('\n')
    .map((line) => line.trim());
  equal(commands.length, 2);
  const undoFile = join(root, /^✓ (\S+\.undo-\S+)$/m.exec(stdout)![1]!);
  match(readFileSync(undoFile, 'utf8'), /^net\.core\.somaxconn = 128$/m);
  match(readFileSync(undoFile, 'utf8'), /^net\.ipv4\.tcp_wmem = 4096 16384 16777216$/m);
  const [, kept] = /mv (\S+) /.exec(stdout)!;
  equal(readFileSync(kept!, 'utf8'), 'net.core.somaxconn = 128\n');
  ok(commands.includes(`rm ${join(root, LIMITS)}`));
  // Nothing that sysctl --system or pam_limits would read lies beside it.
  deepEqual(
    readdirSync(join(root, 'etc/sysctl.d')).filter((name) => name.endsWith('.conf')),
    ['99-volley.conf'],
  );
  const again = await tune('--apply', '--root', root);
  equal(again.code, 0);
  ok(!again.stdout.includes('To go back'));
  equal((await tune('--root', root)).code, 0);
});

test('a file that cannot be written is told, and the kernel is set all the same', async (t) => {
  const { root, put, kernel } = machineOf(t, { [SOMAXCONN]: '128' });
  // Where the folder should be is a file, which bars root too.
  put('etc/sysctl.d', '');
  const { code, stdout } = await tune('--apply', '--root', root);
  equal(code, 1);
  match(stdout, /^✗ \/etc\/sysctl\.d\/99-volley\.conf cannot be written \(E\w+\)$/m);
  equal(kernel(SOMAXCONN), '4096');
});

test('a limit that is better is not lowered, nor one that nobody has set', async (t) => {
  const { root, put, read } = machineOf(t, {}, 'www-data hard nofile 1048576\n* hard nproc unlimited');
  put(sysctlPath('kernel.threads-max'), '190000');
  const { code, stdout } = await tune('--apply', '--root', root);
  equal(code, 0);
  const inForce = read(LIMITS)
    .split('\n')
    .filter((line) => line.startsWith('www-data'));
  deepEqual(inForce, [
    'www-data soft nofile 131072',
    'www-data hard nofile 1048576',
    'www-data soft nproc 95000',
    'www-data hard nproc unlimited',
  ]);
  match(stdout, /nofile hard of www-data is left at 1048576, which is better/);
  match(stdout, /nproc soft of www-data is left at 95000, which is better/);
  match(stdout, /nproc hard of www-data is left at unlimited, which is better/);
});

test('the way back can be run as it is printed, whatever the folder is called', async (t) => {
  const root = join(folderOf(t), "an image; it's mine");
  mkdirSync(root);
  const { stdout } = await tune('--apply', '--root', root);
  const [, commands] = stdout.split('To go back:\n');
  execFileSync('sh', ['-c', commands!]);
  deepEqual(readdirSync(join(root, 'etc/sysctl.d')), []);
});

test('what cannot be kept is not written over', async (t) => {
  const { root } = machineOf(t, { [SOMAXCONN]: '128' });
  mkdirSync(join(root, dirname(CONF)), { recursive: true });
  // A socket cannot be copied, whoever asks.
  const server = createServer().listen(join(root, CONF));
  t.after(() => server.close());
  await once(server, 'listening');
  const { code, stdout } = await tune('--apply', '--root', root);
  equal(code, 1);
  match(stdout, /^✗ \/etc\/sysctl\.d\/99-volley\.conf cannot be written \(E\w+\)$/m);
  ok(statSync(join(root, CONF)).isSocket());
});

test('a plain user is told that --apply needs root', async (t) => {
  const plain = join(folderOf(t), 'plain.mjs');
  writeFileSync(plain, 'process.geteuid = () => 65534;');
  const { code, stderr } = await volley(['tune', '--apply'], { env: { NODE_OPTIONS: `--import=${plain}` } });
  equal(code, 64);
  match(stderr, /^volley: --apply changes the kernel and needs root, .*sudo volley tune --apply/);
});

test('--print prints the profile as it is, and as data', async () => {
  const { code, stdout } = await tune('--print');
  deepEqual([code, stdout], [0, sysctlProfileText()]);
  const settings = JSON.parse((await tune('--print', '--json')).stdout);
  deepEqual(settings, PROFILE);
});

test('a root that is not there, or no folder, is a usage error', async () => {
  for (const root of ['/not/there', import.meta.filename]) {
    const { code, stderr } = await tune('--root', root);
    deepEqual([code, stderr], [64, `volley: there is no folder ${root}: correct --root\n`]);
  }
});

test('two things at once are a usage error', async () => {
  const { code, stderr } = await tune('--print', '--apply');
  deepEqual([code, stderr], [64, 'volley: --print and --apply are two things: give one of them\n']);
});
