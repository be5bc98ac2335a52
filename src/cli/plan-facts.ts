/** What a plan says in words and numbers, for the terminal and for the report alike. */
import type { Plan } from '../capacity/plan.ts';
import { crowding } from '../capacity/resources.ts';
import { amountText, bytesText, countText, durationText, percentText } from './plan-units.ts';

/** What it is about, its amount, and what to know beside it. */
export type Fact = readonly [about: string, amount: string, aside: string];

export interface FactGroup {
  readonly heading: string;
  readonly facts: readonly Fact[];
}

export function factsOf(plan: Plan): readonly FactGroup[] {
  return [
    { heading: 'Load', facts: loadFacts(plan) },
    { heading: `Each of ${plural(plan.hosts, 'host')}`, facts: hostFacts(plan) },
    { heading: `Each of ${plural(plan.brokers, 'Redis server')}`, facts: brokerFacts(plan) },
  ];
}

/** The answer in one line. */
export function answerOf({ hosts, brokers, load, plannedPerSecond }: Plan): string {
  const servers = `${plural(hosts, 'host')} and ${plural(brokers, 'Redis server')}`;
  const more = plannedPerSecond > load.requiredPerSecond ? ' with more slots' : '';
  return `${servers} for ${countText(load.requiredPerSecond)} events/s; they can take ${countText(plannedPerSecond)}${more}`;
}

/** What runs out first, how far it is from that, and what moves it. */
export function bottleneckOf({ bottleneck }: Plan): string {
  const { name, usedShare, growthMax, moves } = bottleneck;
  const room =
    usedShare <= 1
      ? `${percentText(usedShare)} in use, ${percentText(1 - usedShare)} of headroom: the load can grow ${countText(growthMax)} times until it is used up`
      : `${percentText(usedShare)} of what there is would be in use`;
  return `${name} (${room}). What moves it: ${moves}.`;
}

function loadFacts({ load, inputs, drainSeconds }: Plan): Fact[] {
  const recovery =
    inputs.outageMs === 0
      ? 'no outage is planned for'
      : `backlog of ${durationText(inputs.outageMs / 1000)} gone in ${durationText(inputs.recoveryMs / 1000)}, beside the peak`;
  return [
    ['peak', `${countText(load.peakPerSecond)} events/s`, ''],
    ['surge', `${countText(load.surgePerSecond)} events/s`, `${inputs.surge} × the peak`],
    ['recovery', `${countText(load.recoveryPerSecond)} events/s`, recovery],
    ['required', `${countText(load.requiredPerSecond)} events/s`, 'the greater of the two'],
    ['attempts', `${countText(load.attemptsPerEvent)} each`, 'retries of what fails by chance included'],
    ['slot time', `${countText(load.slotMs)} ms`, slotAside(load.answerMs, inputs.timeoutPercent)],
    [
      'backlog',
      `${countText(load.backlogEvents)} events`,
      drainSeconds === null ? 'it never goes' : `gone in ${durationText(drainSeconds)}, with the slots below`,
    ],
    ...deadFacts(load),
  ];
}

/** None where less than one a day is to be expected. */
function deadFacts({ deadShare, hourly }: Plan['load']): Fact[] {
  const perDay = deadShare * hourly.reduce((sum, rate) => sum + rate * 3_600, 0);
  if (perDay < 1) return [];
  const aside = `${percentText(deadShare)} of the events fail each attempt by chance; Redis keeps them until they are replayed or discarded, beside its memory below`;
  return [['dead letters', `${countText(perDay)} a day`, aside]];
}

function slotAside(answerMs: number, timeoutPercent: number): string {
  return `answers in ${countText(answerMs)} ms on average, ${timeoutPercent} % until the deadline, connections`;
}

function hostFacts({ host, inputs, load, usedShareWithoutOneHost }: Plan): Fact[] {
  const spare =
    crowding(inputs, load) === 1
      ? `by Little's law, and so that ${inputs.utilisationPercent} % are in use`
      : "by Little's law, and so that the busiest destination finds its own in the quarter that it may have";
  return [
    ['events', `${countText(host.eventsPerSecond)}/s`, `${countText(host.attemptsPerSecond)} attempts/s`],
    ['slots', countText(host.slots), spare],
    // As it is given: the command line takes no comma.
    ['--concurrency', String(host.slotsPerCore), "slots per core; the worker's default is 20"],
    ['threads', countText(host.threads), 'one per core'],
    ['sockets', countText(host.sockets), 'slots and idle connections'],
    ['open files', countText(host.openFiles), ''],
    [
      'new connections',
      `${countText(host.newConnectionsPerSecond)}/s`,
      `${countText(host.tlsHandshakesPerSecond)} TLS handshakes/s`,
    ],
    [
      'local ports',
      countText(host.portsToBusiest),
      `to the busiest address; ${countText(host.timeWaitSockets)} in TIME_WAIT in all`,
    ],
    ['conntrack', `${countText(host.conntrackEntries)} entries`, 'where a firewall follows connections'],
    ['memory', bytesText(host.memoryBytes), ''],
    [
      'NIC out',
      amountText(host.sentBitsPerSecond, 'bit/s'),
      amountText(host.sentPacketsPerSecond, 'packets/s'),
    ],
    [
      'NIC in',
      amountText(host.receivedBitsPerSecond, 'bit/s'),
      amountText(host.receivedPacketsPerSecond, 'packets/s'),
    ],
    ...(usedShareWithoutOneHost === null
      ? []
      : [
          [
            'with a host lost',
            percentText(usedShareWithoutOneHost),
            'of the busiest resource of the others, at the required rate',
          ] as const,
        ]),
  ];
}

function brokerFacts({ broker, load }: Plan): Fact[] {
  return [
    [
      'commands',
      `${countText(broker.commandsPerSecond)}/s`,
      'a push for each event; claims and settlements in batches',
    ],
    ['AOF', amountText(broker.aofBytesPerSecond, 'bytes/s'), 'written to disk'],
    [
      'memory',
      bytesText(broker.memoryBytes),
      `${bytesText(broker.backlogBytes)} of it the backlog of ${countText(load.backlogEvents)} events`,
    ],
  ];
}

export function plural(count: number, noun: string): string {
  return `${countText(count)} ${noun}${count === 1 ? '' : 's'}`;
}
