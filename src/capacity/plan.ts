/** The plan: how many hosts and brokers a load needs, what each of them has to do, and what runs out first. Pure arithmetic. */
import type { Costs } from './costs.ts';
import type { PlanInputs } from './inputs.ts';
import { type Load, loadOf } from './load.ts';
import {
  growthAt,
  idleSockets,
  OTHER_FILES,
  type Resource,
  rateAt,
  resourcesOf,
  serversFor,
  TIME_WAIT_SECONDS,
  usedBy,
} from './resources.ts';
import { type Traffic, trafficOf } from './traffic.ts';

/** What one host has to be ready for. */
export interface HostNeeds {
  readonly eventsPerSecond: number;
  readonly attemptsPerSecond: number;
  /** By Little's law, and the spare that the planned utilisation asks for. */
  readonly slots: number;
  readonly slotsPerCore: number;
  readonly threads: number;
  /** Connections: one for each slot, and those kept idle. */
  readonly sockets: number;
  readonly openFiles: number;
  readonly newConnectionsPerSecond: number;
  readonly tlsHandshakesPerSecond: number;
  /** Local ports to the busiest address: connections, and those in TIME_WAIT. */
  readonly portsToBusiest: number;
  readonly timeWaitSockets: number;
  readonly conntrackEntries: number;
  readonly memoryBytes: number;
  readonly sentBitsPerSecond: number;
  readonly receivedBitsPerSecond: number;
  readonly sentPacketsPerSecond: number;
  readonly receivedPacketsPerSecond: number;
}

/** What one broker has to be ready for. */
export interface BrokerNeeds {
  readonly commandsPerSecond: number;
  readonly aofBytesPerSecond: number;
  readonly memoryBytes: number;
  readonly backlogBytes: number;
}

export interface ResourceUse extends Resource {
  /** In use on each server at the required rate. */
  readonly used: number;
  /** Of the limit: 1 when all is in use. */
  readonly usedShare: number;
  /** How many times the whole load fits until it is used up: below 1 it does not fit once. */
  readonly growthMax: number;
  /** How many servers the required rate needs for this resource alone; null where no number will do. */
  readonly serversNeeded: number | null;
}

export interface Plan {
  readonly inputs: PlanInputs;
  readonly costs: Costs;
  readonly load: Load;
  readonly hosts: number;
  readonly brokers: number;
  readonly host: HostNeeds;
  readonly broker: BrokerNeeds;
  /** Events per second that can be delivered at the planned utilisation, and with the first resource used up. */
  readonly plannedPerSecond: number;
  readonly saturatedPerSecond: number;
  /** By how many events per second a backlog shrinks beside the peak, with the slots that the required rate takes; 0 or less where it does not. */
  readonly drainPerSecond: number;
  /** How long the backlog of the outage takes so, in seconds; null where it never goes. */
  readonly drainSeconds: number | null;
  readonly resources: readonly ResourceUse[];
  /** The one that is used up first when the load grows. */
  readonly bottleneck: ResourceUse;
  /** The greatest share in use on a host when one of them is lost; null where there is only one. */
  readonly usedShareWithoutOneHost: number | null;
  /** What cannot be met, each with its fix; none for a plan that can. */
  readonly problems: readonly string[];
}

/** Most servers of a kind that a plan may come to: beyond that its inputs are wrong, or no number would do. */
export const SERVERS_MAX = 10_000;
/** How long the connection tracker remembers a closed connection (nf_conntrack_tcp_timeout_time_wait), in seconds. */
const CONNTRACK_SECONDS = 120;
/** Deliveries in a claim and in a settlement, when there is much to do; settlements a second at the least. */
const BATCH = 256;
const SETTLEMENTS_PER_SECOND = 50;
/** What the same sum in another order may differ by, as a share. */
const ROUNDING = 1e-9;

/** `inputs` do not contradict each other: see `contradictionIn`. */
export function planOf(inputs: PlanInputs, costs: Costs): Plan {
  const load = loadOf(inputs, costs);
  const traffic = trafficOf(inputs);
  const utilisation = inputs.utilisationPercent / 100;
  const all = resourcesOf(inputs, costs, load, traffic);
  const servers = {
    host: inputs.hosts ?? serversOf('host', all, load, utilisation),
    broker: inputs.brokers ?? serversOf('broker', all, load, utilisation),
  };
  const resources = all.map((resource) => useOf(resource, load, servers[resource.of], utilisation));
  const rate = (share: number) =>
    Math.min(...all.map((resource) => rateAt(resource, servers[resource.of], share)));
  const plannedPerSecond = rate(utilisation);
  // Servers may be able to take more, but the slots that they are told to have are not for more.
  const drainPerSecond = Math.min(plannedPerSecond, load.requiredPerSecond) - load.peakPerSecond;
  return {
    inputs,
    costs,
    load,
    hosts: servers.host,
    brokers: servers.broker,
    host: hostNeeds(inputs, load, traffic, resources, servers.host),
    broker: brokerNeeds(load, traffic, resources, servers),
    plannedPerSecond,
    saturatedPerSecond: rate(1),
    drainPerSecond,
    drainSeconds:
      load.backlogEvents === 0 ? 0 : drainPerSecond <= 0 ? null : load.backlogEvents / drainPerSecond,
    resources,
    bottleneck: resources.reduce((most, use) => (use.growthMax < most.growthMax ? use : most)),
    usedShareWithoutOneHost: withoutOne(all, load, servers.host),
    problems: [
      ...recoveryProblem(load, inputs, drainPerSecond),
      ...resources.flatMap((use) => problemOf(use, servers[use.of], utilisation)),
    ],
  };
}

/** As many as it takes, of what any number can mend. */
function serversOf(of: Resource['of'], all: readonly Resource[], load: Load, utilisation: number): number {
  const counts = all
    .filter((resource) => resource.of === of)
    .map((resource) => serversFor(resource, load.requiredPerSecond, utilisation));
  return Math.min(SERVERS_MAX, Math.max(1, ...counts.filter(Number.isFinite)));
}

function useOf(resource: Resource, load: Load, servers: number, utilisation: number): ResourceUse {
  const used = usedBy(resource, load.requiredPerSecond, servers);
  const serversNeeded = serversFor(resource, load.requiredPerSecond, utilisation);
  return {
    ...resource,
    used,
    usedShare: used / resource.limit,
    growthMax: growthAt(resource, load.requiredPerSecond, servers),
    serversNeeded: Number.isFinite(serversNeeded) ? serversNeeded : null,
  };
}

function hostNeeds(
  inputs: PlanInputs,
  load: Load,
  { sent, received }: Traffic,
  resources: readonly ResourceUse[],
  hosts: number,
): HostNeeds {
  const used = (name: string) => resources.find((use) => use.name === name)!.used;
  const eventsPerSecond = load.requiredPerSecond / hosts;
  const attemptsPerSecond = eventsPerSecond * load.attemptsPerEvent;
  const slotsPerCore = Math.ceil(used('slots') / (inputs.utilisationPercent / 100) / inputs.cores);
  const slots = slotsPerCore * inputs.cores;
  const sockets = slots + idleSockets(inputs);
  const newConnectionsPerSecond = attemptsPerSecond * (1 - inputs.reusePercent / 100);
  return {
    eventsPerSecond,
    attemptsPerSecond,
    slots,
    slotsPerCore,
    threads: inputs.cores,
    sockets,
    openFiles: OTHER_FILES + sockets,
    newConnectionsPerSecond,
    tlsHandshakesPerSecond: inputs.scheme === 'https' ? newConnectionsPerSecond : 0,
    portsToBusiest: Math.ceil(used('local ports')),
    timeWaitSockets: Math.ceil(newConnectionsPerSecond * TIME_WAIT_SECONDS),
    conntrackEntries: Math.ceil(sockets + newConnectionsPerSecond * CONNTRACK_SECONDS),
    memoryBytes: Math.ceil(used('memory')),
    sentBitsPerSecond: used('NIC out'),
    receivedBitsPerSecond: used('NIC in'),
    sentPacketsPerSecond: attemptsPerSecond * sent.packets,
    receivedPacketsPerSecond: attemptsPerSecond * received.packets,
  };
}

function brokerNeeds(
  load: Load,
  traffic: Traffic,
  resources: readonly ResourceUse[],
  servers: { readonly host: number; readonly broker: number },
): BrokerNeeds {
  const used = (name: string) => resources.find((use) => use.name === name)!.used;
  const attempts = load.requiredPerSecond * load.attemptsPerEvent;
  // A claim and a settlement for each batch, where there are enough deliveries for full ones.
  const batches = Math.max(attempts / BATCH, Math.min(attempts, servers.host * SETTLEMENTS_PER_SECOND));
  return {
    commandsPerSecond: (load.requiredPerSecond + 2 * batches) / servers.broker,
    aofBytesPerSecond: used('Redis disk'),
    memoryBytes: Math.ceil(used('Redis memory')),
    backlogBytes: Math.ceil((load.backlogEvents * traffic.listedBytes) / servers.broker),
  };
}

function withoutOne(all: readonly Resource[], load: Load, hosts: number): number | null {
  if (hosts === 1) return null;
  const shares = all
    .filter(({ of }) => of === 'host')
    .map((resource) => usedBy(resource, load.requiredPerSecond, hosts - 1) / resource.limit);
  return Math.max(...shares);
}

/** One line where the backlog is not gone in time, with the time that would do. Where nothing is left beside the peak, resources say why. */
function recoveryProblem(
  { backlogEvents }: Load,
  { recoveryMs }: PlanInputs,
  drainPerSecond: number,
): string[] {
  const drainable = drainPerSecond * (recoveryMs / 1000);
  if (drainPerSecond <= 0 || backlogEvents <= drainable * (1 + ROUNDING)) return [];
  const seconds = Math.ceil(backlogEvents / drainPerSecond);
  return [
    `recovery: ${Math.round(backlogEvents)} events of backlog are not gone in ${recoveryMs / 1000} s: give --recovery ${seconds}s, or more servers`,
  ];
}

/** One line where the required rate needs more of a resource than is planned to be used. */
function problemOf(use: ResourceUse, servers: number, utilisation: number): string[] {
  const { serversNeeded, of, name } = use;
  if (serversNeeded !== null && serversNeeded <= servers) return [];
  const percent = Math.ceil(use.usedShare * 100);
  const plannedPercent = Math.round(utilisation * 100);
  const { noun, flag } = SERVER_WORDS[of];
  const what = `${name}: ${percent} % of what a ${noun} has would be in use, and ${plannedPercent} % are planned at most`;
  const count = serversText(serversNeeded, noun, flag);
  return [`${what}: ${count}. What else moves it: ${use.moves}`];
}

const SERVER_WORDS = {
  host: { noun: 'host', flag: '--hosts' },
  broker: { noun: 'Redis server', flag: '--brokers' },
} as const;

function serversText(needed: number | null, noun: string, flag: string): string {
  if (needed === null) return `no number of ${noun}s will do, as this much is in use without a single event`;
  return needed > SERVERS_MAX
    ? `more than ${SERVERS_MAX} ${noun}s would be needed`
    : `give ${flag} ${needed}`;
}
