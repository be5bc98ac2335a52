/**
 * The resources that may run out, each as a straight line: what a server uses when nothing is delivered, what the events
 * add, and what there is. From that follow how many servers a rate needs, and what rate servers can take.
 */
import type { Costs } from './costs.ts';
import type { PlanInputs } from './inputs.ts';
import type { Load } from './load.ts';
import type { Traffic } from './traffic.ts';

export type Unit = 'cores' | 'bytes' | 'bit/s' | 'packets/s' | 'slots' | 'ports' | 'files' | 'bytes/s';

export interface Resource {
  readonly name: string;
  /** Whose it is: each host has it, or each broker. */
  readonly of: 'host' | 'broker';
  readonly unit: Unit;
  /** In use on each server, whatever the rate. */
  readonly fixed: number;
  /** In use for the whole load, spread over the servers. */
  readonly shared: number;
  /** In use for each event per second, spread over the servers. */
  readonly perEvent: number;
  /** What a server has. */
  readonly limit: number;
  /** How `perEvent` comes about. */
  readonly formula: string;
  /** What gives more of it, or needs less. */
  readonly moves: string;
}

/** Most slots of a core (`--concurrency`). */
export const SLOTS_PER_CORE_MAX = 5_000;
/** The share of the slots that one destination may have while others want some. */
export const LANE_SHARE = 0.25;
/** Ports that the profile leaves to outgoing connections: above those that services usually listen on. */
export const PORTS = { from: 10_240, to: 65_535 } as const;
/** How long a closed connection holds its port (TCP_TIMEWAIT_LEN of Linux), in seconds. `tcp_tw_reuse` shortens it where both sides send timestamps. */
export const TIME_WAIT_SECONDS = 60;
/** Most open files of a process (`fs.nr_open` of Linux unless raised). */
export const FILES_MAX = 1_048_576;
/** Files that are open beside sockets to receivers: the broker's, the threads' own, logs, libraries. */
export const OTHER_FILES = 128;
/** Most sockets of one thread when nobody says otherwise: unused ones take some 50 KB each with TLS. */
export const SOCKETS_PER_THREAD = 2_048;
/** Envelopes that an engine claims ahead, in bytes, at most. */
const CLAIMED_BYTES = 64 * 2 ** 20;
/** Memory of an attempt beside its body, and how often its body is held: batch, request, socket buffer. */
const ATTEMPT_BYTES = 8_192;
const BODY_COPIES = 3;
/** The part of a broker's memory that its data may take: the rest is for copies while the append-only file is rewritten. */
const BROKER_DATA_SHARE = 0.6;

/**
 * How many times the slots that are in use there must be at the planned utilisation, for the busiest destination to find
 * its own within the share that it may have; 1 where it does anyway. Its address is taken to be one destination.
 */
export function crowding(
  { utilisationPercent, destinations }: PlanInputs,
  { busiestShare }: Pick<Load, 'busiestShare'>,
): number {
  const allowedShare = Math.max(LANE_SHARE, 1 / destinations);
  return Math.max(1, (busiestShare / allowedShare) * (utilisationPercent / 100));
}

/** Connections that a host keeps open while they wait for their destination's next event. */
export function idleSockets({ destinations, cores }: PlanInputs): number {
  return Math.min(destinations, SOCKETS_PER_THREAD) * cores;
}

export function resourcesOf(inputs: PlanInputs, costs: Costs, load: Load, traffic: Traffic): Resource[] {
  return [...hostResources(inputs, costs, load, traffic), ...brokerResources(inputs, costs, load, traffic)];
}

function hostResources(inputs: PlanInputs, costs: Costs, load: Load, traffic: Traffic): Resource[] {
  const { attemptsPerEvent: attempts } = load;
  const slots = (attempts * load.slotMs) / 1000;
  const fresh = attempts * (1 - inputs.reusePercent / 100);
  const idle = idleSockets(inputs);
  const host = { of: 'host', fixed: 0, shared: 0 } as const;
  const nic = { ...host, unit: 'bit/s', limit: inputs.nicGbit * 1e9 } as const;
  return [
    {
      ...host,
      name: 'CPU',
      unit: 'cores',
      perEvent: (attempts * load.cpuMicros) / 1e6,
      limit: inputs.cores,
      formula: 'attempts/s × CPU of an attempt',
      moves: 'more cores or hosts; connections that are kept; smaller payloads',
    },
    {
      ...host,
      name: 'main thread',
      unit: 'cores',
      perEvent: (attempts * costs.mainMicros) / 1e6,
      limit: 1,
      formula: 'attempts/s × CPU of the main thread for each',
      moves: 'more hosts (or a second worker on this one): an engine has one main thread',
    },
    {
      ...host,
      name: 'memory',
      unit: 'bytes',
      fixed: costs.baseBytes + inputs.cores * costs.threadBytes + CLAIMED_BYTES + idle * costs.socketBytes,
      perEvent: slots * (ATTEMPT_BYTES + BODY_COPIES * inputs.payloadBytes + costs.socketBytes),
      limit: inputs.memoryGib * 2 ** 30,
      formula: 'engine + claimed ahead + idle connections + slots × (attempt + body × 3 + connection)',
      moves: 'more memory or hosts; smaller payloads; a lower --max-sockets',
    },
    {
      ...nic,
      name: 'NIC out',
      perEvent: attempts * traffic.sent.bytes * 8,
      formula: 'attempts/s × bytes of a request on the link × 8',
      moves: 'a faster NIC or more hosts; smaller payloads (references instead of data)',
    },
    {
      ...nic,
      name: 'NIC in',
      perEvent: attempts * traffic.received.bytes * 8,
      formula: 'attempts/s × bytes of an answer and a claim on the link × 8',
      moves: 'a faster NIC or more hosts; smaller payloads (they come from the broker, too)',
    },
    {
      ...host,
      name: 'NIC packets',
      unit: 'packets/s',
      perEvent: attempts * Math.max(traffic.sent.packets, traffic.received.packets),
      limit: inputs.nicPacketsPerSecond,
      formula: 'attempts/s × packets, of the busier direction',
      moves: 'a NIC with more queues, or more hosts; connections that are kept',
    },
    {
      ...host,
      name: 'slots',
      unit: 'slots',
      perEvent: slots * crowding(inputs, load),
      limit: SLOTS_PER_CORE_MAX * inputs.cores,
      formula:
        "attempts/s × time in the slot (Little's law); more where the busiest destination wants more than the quarter of them that it may have",
      moves: 'more cores or hosts; a shorter deadline; receivers that answer sooner',
    },
    {
      ...host,
      name: 'local ports',
      unit: 'ports',
      perEvent: load.busiestShare * (slots + fresh * TIME_WAIT_SECONDS),
      limit: (PORTS.to - PORTS.from + 1) * inputs.sourceAddresses,
      formula: 'share of the busiest address × (slots + new connections/s × 60 s of TIME_WAIT)',
      moves: 'connections that are kept; more source addresses or hosts; more addresses of that receiver',
    },
    {
      ...host,
      name: 'open files',
      unit: 'files',
      fixed: OTHER_FILES + idle,
      perEvent: slots,
      limit: FILES_MAX,
      formula: '128 + idle connections + slots',
      moves: 'more hosts; a lower --max-sockets',
    },
  ];
}

function brokerResources(inputs: PlanInputs, costs: Costs, load: Load, traffic: Traffic): Resource[] {
  const { attemptsPerEvent: attempts } = load;
  const broker = { of: 'broker', fixed: 0, shared: 0 } as const;
  const claimed = (attempts * load.slotMs) / 1000;
  const claimMicros =
    costs.brokerMicros + Math.max(0, inputs.payloadBytes / 1024 - 1) * costs.brokerMicrosPerKib;
  return [
    {
      ...broker,
      name: 'Redis CPU',
      unit: 'cores',
      perEvent: (costs.pushMicros + attempts * claimMicros) / 1e6,
      limit: 1,
      formula:
        'events/s × push + attempts/s × (claim + settlement), by size; Redis runs commands in one thread',
      moves:
        'producers that publish in batches; smaller payloads; queues on several Redis servers, sharded by destination',
    },
    {
      ...broker,
      name: 'Redis memory',
      unit: 'bytes',
      shared: load.backlogEvents * traffic.listedBytes,
      perEvent: claimed * traffic.listedBytes + load.delaySeconds * traffic.delayedBytes,
      limit: inputs.brokerMemoryGib * 2 ** 30 * BROKER_DATA_SHARE,
      formula: 'backlog of the outage + what is claimed + what waits for a retry, in 60 % of the memory',
      moves: 'more memory; smaller payloads; queues on several Redis servers',
    },
    {
      ...broker,
      name: 'Redis disk',
      unit: 'bytes/s',
      perEvent: traffic.pushBytes + attempts * traffic.claimBytes + (attempts - 1) * traffic.retryBytes,
      limit: inputs.brokerDiskMbytes * 1e6,
      formula: 'bytes of the append-only file: each push, claim and retry writes the envelope',
      moves: 'a faster disk (NVMe); smaller payloads; queues on several Redis servers',
    },
    {
      ...broker,
      name: 'Redis network',
      unit: 'bit/s',
      perEvent: 8 * Math.max(traffic.pushBytes, attempts * traffic.claimBytes),
      limit: inputs.nicGbit * 1e9,
      formula: 'bytes pushed or claimed per second, of the busier direction, × 8',
      moves: 'a faster NIC; smaller payloads; queues on several Redis servers',
    },
  ];
}

/** In use on each of `servers` at a rate of all of them together. */
export function usedBy(resource: Resource, eventsPerSecond: number, servers: number): number {
  const { fixed, shared, perEvent } = resource;
  return fixed + (shared + perEvent * eventsPerSecond) / servers;
}

/** How many servers a rate needs for no more than `utilisation` (0 to 1) to be in use; infinite where none will do. */
export function serversFor(resource: Resource, eventsPerSecond: number, utilisation: number): number {
  const room = resource.limit * utilisation - resource.fixed;
  if (room <= 0) return Number.POSITIVE_INFINITY;
  return Math.max(1, Math.ceil((resource.shared + resource.perEvent * eventsPerSecond) / room));
}

/**
 * Events per second at which `utilisation` of the resource is in use on `servers`; 0 where it is without any. What is
 * shared is left out: a backlog fills memory, but does not slow down what works it off.
 */
export function rateAt(resource: Resource, servers: number, utilisation: number): number {
  return (Math.max(0, resource.limit * utilisation - resource.fixed) * servers) / resource.perEvent;
}

/** How many times the whole load, backlog included, fits on `servers` until the resource is used up. */
export function growthAt(resource: Resource, eventsPerSecond: number, servers: number): number {
  const room = Math.max(0, resource.limit - resource.fixed) * servers;
  return room / (resource.shared + resource.perEvent * eventsPerSecond);
}
