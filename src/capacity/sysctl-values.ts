/** What the kernel must allow. */
import type { HostValue } from './host-value.ts';
import type { PlanInputs } from './inputs.ts';
import type { Plan } from './plan.ts';
import { FILES_MAX, PORTS } from './resources.ts';
import { powerOfTwo, round, roundUp } from './rounding.ts';

/** Buffers that Linux has anyway, in bytes: least, first, most. A profile never gives less. */
const RECEIVE_BUFFER = { least: 4_096, first: 131_072, most: 6_291_456 };
const SEND_BUFFER = { least: 4_096, first: 16_384, most: 4_194_304 };
/** A packet and back between a host and its broker, in milliseconds: the same data centre. */
const BROKER_ROUND_TRIP_MS = 1;
/** Linux counts the kernel's own bookkeeping against a buffer, about as much as the data (`tcp_adv_win_scale`). */
const BOOKKEEPING = 2;
/** Head of a request, in bytes, at most: it is in flight together with its body. */
const HEAD_BYTES = 16_384;
/** Descriptors and processes of the system beside Volley. */
const SYSTEM_FILES = 65_536;
export function sysctlOf(plan: Plan): HostValue[] {
  return [...connectionValues(plan), ...bufferValues(plan.inputs), ...queueValues(plan), ...fileValues(plan)];
}

/** Ports, the end of connections, and those whose other end is gone. */
function connectionValues({ inputs, host, load }: Plan): HostValue[] {
  const ports = PORTS.to - PORTS.from + 1;
  const tracked = roundUp(2 * host.conntrackEntries, 65_536);
  return [
    {
      key: 'net.ipv4.ip_local_port_range',
      value: `${PORTS.from} ${PORTS.to}`,
      sense: 'holds',
      reason:
        'a connection to one address and port takes a local port; without one it fails with EADDRNOTAVAIL',
      formula: `${ports} ports × ${inputs.sourceAddresses} source addresses, of which ${host.portsToBusiest} are needed to the busiest address (${round(load.busiestShare * 100)} % of the load)`,
    },
    {
      key: 'net.ipv4.tcp_tw_reuse',
      value: '1',
      sense: 'exactly',
      reason: 'a port in TIME_WAIT is taken again after 1 s where the other side sends timestamps (RFC 6191)',
      formula: `${host.timeWaitSockets} connections in TIME_WAIT = ${round(host.newConnectionsPerSecond)} new ones/s × 60 s`,
    },
    {
      key: 'net.ipv4.tcp_max_tw_buckets',
      value: String(Math.max(262_144, roundUp(2 * host.timeWaitSockets, 65_536))),
      sense: 'at-least',
      reason: 'beyond it the kernel cuts TIME_WAIT short, and an old packet may meet a new connection',
      formula: `twice ${host.timeWaitSockets} = new connections/s × 60 s, in steps of 65536, 262144 at least`,
    },
    {
      key: 'net.ipv4.tcp_fin_timeout',
      value: '15',
      sense: 'at-most',
      reason: 'a receiver that never closes its side holds the port and its memory so long (FIN_WAIT_2)',
      formula: 'above the attempt’s 10 s in all, and a quarter of the usual 60 s',
    },
    {
      key: 'net.ipv4.tcp_keepalive_intvl',
      value: '10',
      sense: 'at-most',
      reason:
        'a receiver or broker that is gone without a word holds a connection; Volley begins to ask after 60 s',
      formula: '60 s + 6 × 10 s: it is known in 2 minutes',
    },
    {
      key: 'net.ipv4.tcp_keepalive_probes',
      value: '6',
      sense: 'at-most',
      reason: 'how many looks go unanswered before a connection counts as dead',
      formula: '60 s + 6 × 10 s: it is known in 2 minutes',
    },
    {
      key: 'net.netfilter.nf_conntrack_max',
      value: String(Math.max(262_144, tracked)),
      sense: 'at-least',
      reason:
        'when the table is full the kernel drops packets of new connections; only where connections are tracked',
      formula: `twice ${host.conntrackEntries} = connections + new ones/s × 120 s, in steps of 65536, 262144 at least`,
    },
  ];
}

/** Buffers by bandwidth × delay: a connection must not wait for acknowledgements of what its buffer cannot hold. */
function bufferValues(inputs: PlanInputs): HostValue[] {
  const largest = inputs.payloadMaxBytes + HEAD_BYTES;
  const send = bufferOf(inputs.nicGbit, inputs.roundTripMs, largest, SEND_BUFFER.most);
  const receive = bufferOf(
    inputs.nicGbit,
    BROKER_ROUND_TRIP_MS,
    Number.POSITIVE_INFINITY,
    RECEIVE_BUFFER.most,
  );
  const sendFormula = `2 × the lesser of ${inputs.nicGbit} Gb/s × ${inputs.roundTripMs} ms = ${send.product} bytes and the largest request, ${largest} bytes, up to a power of two; ${SEND_BUFFER.most} at least`;
  const receiveFormula = `2 × ${inputs.nicGbit} Gb/s × ${BROKER_ROUND_TRIP_MS} ms to the broker = 2 × ${receive.product} bytes, up to a power of two; ${RECEIVE_BUFFER.most} at least`;
  return [
    {
      key: 'net.ipv4.tcp_window_scaling',
      value: '1',
      sense: 'exactly',
      reason:
        'without it no more than 64 KiB are in flight, and a distant receiver gets 64 KiB a round trip (RFC 7323)',
      formula: `64 KiB in ${inputs.roundTripMs} ms are ${round((65_536 * 8) / inputs.roundTripMs / 1000)} Mb/s for a connection at most`,
    },
    {
      key: 'net.ipv4.tcp_wmem',
      value: `${SEND_BUFFER.least} ${SEND_BUFFER.first} ${send.bytes}`,
      sense: 'at-least',
      reason: 'what one connection may have in flight: a large body otherwise waits for acknowledgements',
      formula: sendFormula,
    },
    {
      key: 'net.ipv4.tcp_rmem',
      value: `${RECEIVE_BUFFER.least} ${RECEIVE_BUFFER.first} ${receive.bytes}`,
      sense: 'at-least',
      reason: 'claims come from the broker over one connection, at the speed of the link',
      formula: receiveFormula,
    },
    {
      key: 'net.core.wmem_max',
      value: String(send.bytes),
      sense: 'at-least',
      reason: 'the bound for programs that set the buffer themselves, as proxies and brokers do',
      formula: sendFormula,
    },
    {
      key: 'net.core.rmem_max',
      value: String(receive.bytes),
      sense: 'at-least',
      reason: 'the bound for programs that set the buffer themselves, as proxies and brokers do',
      formula: receiveFormula,
    },
    {
      key: 'net.ipv4.tcp_slow_start_after_idle',
      value: '0',
      sense: 'exactly',
      reason: 'a kept connection otherwise begins anew with 10 packets after each pause (RFC 5681 §4.1)',
      formula: `connections are kept for 60 s, and ${inputs.reusePercent} % of the attempts go over one`,
    },
    {
      key: 'net.ipv4.tcp_mtu_probing',
      value: '1',
      sense: 'at-least',
      reason:
        'where a router swallows "fragmentation needed", small bodies arrive and large ones time out (RFC 4821)',
      formula: '1: probe when a connection is seen to lose its large packets',
    },
  ];
}

/** Queues for packets and for connections that come in. */
function queueValues({ host }: Plan): HostValue[] {
  const packets = Math.max(host.sentPacketsPerSecond, host.receivedPacketsPerSecond);
  const backlog = powerOfTwo(Math.max(5_000, packets / 50));
  return [
    {
      key: 'net.core.netdev_max_backlog',
      value: String(backlog),
      sense: 'at-least',
      reason: 'packets that wait for a core; what does not fit is dropped and sent again',
      formula: `${round(packets)} packets/s × 20 ms, up to a power of two, 8192 at least`,
    },
    {
      key: 'net.core.somaxconn',
      value: '4096',
      sense: 'at-least',
      reason: 'connections that wait to be accepted: by Redis, a proxy or a receiver on this host',
      formula: 'as Linux has it since 5.4; Redis asks for 511',
    },
    {
      key: 'net.ipv4.tcp_max_syn_backlog',
      value: '4096',
      sense: 'at-least',
      reason: 'the same before the handshake is done',
      formula: 'as many as may wait to be accepted',
    },
  ];
}

/** The bounds on open files: the system's, and of a process at most. */
function fileValues({ host }: Plan): HostValue[] {
  return [
    {
      key: 'fs.file-max',
      value: String(Math.max(FILES_MAX, roundUp(2 * host.openFiles + SYSTEM_FILES, 65_536))),
      sense: 'at-least',
      reason: 'open files of the whole system; without one nothing connects (ENFILE)',
      formula: `2 × ${host.openFiles} + ${SYSTEM_FILES} for the system, in steps of 65536, ${FILES_MAX} at least`,
    },
    {
      key: 'fs.nr_open',
      value: String(FILES_MAX),
      sense: 'at-least',
      reason: 'the most that LimitNOFILE may ask for',
      formula: 'as Linux has it; above nofile',
    },
  ];
}

function bufferOf(nicGbit: number, roundTripMs: number, largestBytes: number, least: number) {
  const product = Math.round((nicGbit * 1e9 * roundTripMs) / 1000 / 8);
  return { product, bytes: Math.max(least, powerOfTwo(BOOKKEEPING * Math.min(product, largestBytes))) };
}
