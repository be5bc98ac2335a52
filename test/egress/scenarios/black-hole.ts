/** A path that loses large packets in silence: two links of different MTU on one bridge, as on a switch with a wrong port. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { readTarget } from '../../../src/doctor/read/target.ts';
import { guardOf } from '../../../src/guard/guard.ts';
import type { Place } from '../place.ts';

const HERE = '10.9.0.1';
const THERE = '10.9.0.2';
const NARROW_MTU = 1_200;
/** What the far end says it takes, as if it knew nothing of the narrow link: 1500 bytes without the heads. */
const ADVERTISED_MSS = 1_460;

const RECEIVER = `require('node:http').createServer((request, response) => response.writeHead(204).end())
  .listen(8080, '${THERE}', () => console.log('listening'));`;

/** What doctor reads of a receiver behind such a path, with `tcp_mtu_probing` as given. */
export async function blackHole(_place: Place, mtuProbing: 0 | 1) {
  writeFileSync('/proc/sys/net/ipv4/tcp_mtu_probing', String(mtuProbing));
  const bridge = await namespace();
  const far = await namespace();
  run('ip', 'link', 'add', 'v0', 'type', 'veth', 'peer', 'name', 'v1');
  run('ip', 'link', 'set', 'v1', 'netns', String(bridge.pid));
  within(bridge, 'ip link add w0 type veth peer name w1');
  within(bridge, `ip link set w1 netns ${far.pid}`);
  within(bridge, 'ip link add br0 type bridge');
  within(bridge, 'ip link set v1 master br0 up');
  within(bridge, `ip link set w0 master br0 mtu ${NARROW_MTU} up`);
  within(bridge, 'ip link set br0 up');
  run('ip', 'addr', 'add', `${HERE}/24`, 'dev', 'v0');
  // One packet at a time: what the kernel would cut up later passes a bridge whatever its size.
  run('ip', 'link', 'set', 'v0', 'gso_max_segs', '1', 'up');
  within(far, `ip addr add ${THERE}/24 dev w1`);
  within(far, `ip link set w1 mtu ${NARROW_MTU} up`);
  within(far, `ip route replace 10.9.0.0/24 dev w1 src ${THERE} advmss ${ADVERTISED_MSS}`);
  const receiver = spawn('nsenter', ['--target', String(far.pid), '--net', process.execPath, '-e', RECEIVER]);
  await once(receiver.stdout, 'data');
  const { contact } = await readTarget(`http://${THERE}:8080/`, {
    guard: guardOf({ allowHttp: true, allowNets: ['10.9.0.0/24'], allowHosts: [], allowPorts: [0] }),
    names: { resolve: async () => [] },
    // The kernel begins to probe after 3 s of sending again.
    timeouts: { connectMs: 5_000, readMs: mtuProbing === 0 ? 4_000 : 20_000 },
    userAgent: 'Volley/test',
    route: {},
    settings: null,
  });
  return contact!;
}

/** A process in a network of its own. It ends with the namespace of processes that it is in. */
async function namespace(): Promise<ChildProcess> {
  const child = spawn('unshare', ['--net', 'sh', '-c', 'ip link set lo up; echo ready; exec sleep infinity']);
  await once(child.stdout, 'data');
  return child;
}

function within({ pid }: ChildProcess, command: string): void {
  run('nsenter', '--target', String(pid), '--net', ...command.split(' '));
}

function run(program: string, ...args: string[]): void {
  execFileSync(program, args, { stdio: 'pipe' });
}
