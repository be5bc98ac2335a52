/** Checks of what this machine sends by: files, ports, sockets, the firewall's table, interfaces, kernel settings. */
import type { InterfaceFacts } from '../../host/interfaces.ts';
import { both, chained, mapped, type Reading } from '../../host/reading.ts';
import { percent } from '../amounts.ts';
import { type Check, fail, type Judgement, judged, ok, unread, warn } from '../check.ts';
import type { Facts, WorkerFacts } from '../facts.ts';

/** Share of a bounded thing in use from which on it may run out in a burst, and from which on it does. */
const NEARLY = 0.8;
const ALMOST = 0.95;
/** Share of the slots that wait for a connection: more than one destination may have, and more than a healthy worker ever has. */
const MANY_WAITING = 0.25;
const MOST_WAITING = 0.5;
/** Damaged packets, of all: above this TCP's throughput suffers (it falls with the root of the loss). */
const LOSSY = 1e-5;
/** Dropped packets, of all: some always are, since nobody here speaks their protocol. */
const MANY_DROPPED = 1e-3;
/** Share of segments sent again from which on a path loses packets: a healthy one is far below. */
const MUCH_SENT_AGAIN = 0.02;
/** Times a link went up or down: each start and each change of its settings is one or two. */
const RESTLESS_CHANGES = 20;
/** An interface below this, in Mb/s, is no server's: a cable or a switch's port has fallen back. */
const SLOW_MBIT = 1_000;

export const NETWORK_CHECKS: readonly Check[] = [
  {
    id: 'open-files',
    title: 'open files',
    judge: judgeOpenFiles,
  },
  {
    id: 'local-ports',
    title: 'local ports',
    judge: ({ machine, plan }) =>
      judged(machine.portRange, ([first, last]) => {
        const ports = last - first + 1;
        const busiest = 'unread' in machine.sockets ? null : machine.sockets.value.busiest;
        const used = busiest?.sockets ?? 0;
        const most = busiest === null ? 'none in use' : `${used} in use towards ${busiest.peer}`;
        const evidence = `${first} to ${last}, ${ports} for each address of a receiver; ${most}`;
        const fix =
          'widen net.ipv4.ip_local_port_range and set net.ipv4.tcp_tw_reuse: volley tune --apply; or send from more addresses';
        if (used > ALMOST * ports) return fail(evidence, fix);
        return used > NEARLY * ports || ports < plan.slots ? warn(evidence, fix) : ok(evidence);
      }),
  },
  {
    id: 'syn-sent',
    title: 'connections being made',
    judge: ({ machine: { sockets }, plan }) =>
      judged(sockets, ({ synSent, mostWaitedFor }) => {
        const whose =
          mostWaitedFor === null ? '' : `, ${mostWaitedFor.sockets} of them to ${mostWaitedFor.peer}`;
        const evidence = `${synSent} in SYN_SENT${whose}`;
        const fix = `nobody answers there: check the egress firewall and routes, and whether the receiver is up (volley doctor --target URL)`;
        if (synSent > MOST_WAITING * plan.slots) return fail(evidence, fix);
        return synSent > MANY_WAITING * plan.slots ? warn(evidence, fix) : ok(evidence);
      }),
  },
  {
    id: 'time-wait',
    title: 'closed connections (TIME_WAIT)',
    judge: ({ machine: { sockets, timeWaitMax } }) =>
      judged(sockets, ({ timeWait, established }) => {
        if ('unread' in timeWaitMax) return unread(timeWaitMax.unread, 'read it as root');
        const evidence = `${timeWait} of at most ${timeWaitMax.value}; ${established} are open`;
        return timeWait > NEARLY * timeWaitMax.value
          ? warn(
              evidence,
              'receivers close after each request, or are too many to keep connections to: set net.ipv4.tcp_tw_reuse and raise tcp_max_tw_buckets (volley tune --apply)',
            )
          : ok(evidence);
      }),
  },
  {
    id: 'conntrack',
    title: "the firewall's table of connections",
    judge: ({ machine: { conntrack } }) =>
      judged(conntrack, (table) => {
        if (table === null) return ok('no firewall here follows connections');
        const evidence = `${table.used} of ${table.max} in use`;
        const fix =
          'raise net.netfilter.nf_conntrack_max (volley tune --apply), or exempt port 443 (NOTRACK)';
        if (table.used > ALMOST * table.max) return fail(`${evidence}: new connections are dropped`, fix);
        return table.used > NEARLY * table.max ? warn(evidence, fix) : ok(evidence);
      }),
  },
  {
    id: 'window-scaling',
    title: 'TCP window scaling',
    judge: ({ machine: { windowScaling } }) =>
      judged(windowScaling, (value) =>
        value === '1'
          ? ok('on')
          : fail(
              `off (${value}): at most 64 KiB are under way on a connection, 5 Mb/s at 100 ms`,
              'sysctl -w net.ipv4.tcp_window_scaling=1, and the same in /etc/sysctl.d',
            ),
      ),
  },
  {
    id: 'kernel-settings',
    title: 'kernel settings',
    judge: ({ machine: { tuning } }) => {
      const below = tuning.filter(({ state }) => state === 'below');
      const barred = tuning.find(({ state }) => state === 'unread');
      if (below.length > 0)
        return warn(
          `${below.length} of ${tuning.length} are below sysctl/99-volley.conf: ${below.map(({ name }) => name).join(', ')}`,
          'volley tune --check shows them with their reasons, volley tune --apply sets them',
        );
      if (barred !== undefined)
        return unread(`${barred.name} cannot be read`, 'run it as root, or on the host of the container');
      return ok(`all ${tuning.length} are as in sysctl/99-volley.conf, or better`);
    },
  },
  {
    id: 'retransmissions',
    title: 'packet loss',
    judge: ({ machine: { segments } }) =>
      judged(segments, ({ sent, again }) => {
        const share = sent === 0 ? 0 : again / sent;
        const evidence = `${(share * 100).toFixed(2)} % of TCP segments since the start were sent again`;
        return share > MUCH_SENT_AGAIN
          ? warn(
              evidence,
              'see to whom with "ss -ti", and where they are lost with "mtr HOST"; look at cables, MTU and a full link',
            )
          : ok(evidence);
      }),
  },
  {
    id: 'interfaces',
    title: 'network interfaces',
    judge: ({ machine: { interfaces } }) =>
      judged(interfaces, (all) => {
        if (all.length === 0)
          return unread('no interface is up', 'bring one up, or look in its network namespace');
        const evidence = all.map(described).join('; ');
        const fault = all.map(faultOf).find((each) => each !== null);
        return fault === undefined || fault === null ? ok(evidence) : warn(evidence, fault);
      }),
  },
];

type FileUse = readonly [limit: number, used: number];

function judgeOpenFiles({ machine, plan, workers }: Facts): Judgement {
  return judged(
    chained(workers, openFilesOf),
    (uses) => {
      const limits = uses.length > 0 ? uses.map(([files]) => files) : [machine.openFilesLimit];
      const limit = Math.min(...limits);
      const used = Math.max(0, ...uses.map(([, files]) => files));
      const who = uses.length > 0 ? 'a running worker' : 'a process started from here';
      const allowed = Number.isFinite(limit) ? limit : 'any number';
      const evidence = `${who} may have ${allowed}; ${used} in use, ${plan.openFiles} may be needed`;
      const fix =
        'raise LimitNOFILE in webhook-worker.service, or in a shell limits.conf: volley tune --apply; or lower --max-sockets';
      if (used > ALMOST * limit || limit < plan.slots) return fail(evidence, fix);
      return limit < plan.openFiles || used > NEARLY * limit ? warn(evidence, fix) : ok(evidence);
    },
    "run it as root, or as the worker's user",
  );
}

/** How many files each worker may have open, and has. */
function openFilesOf(workers: readonly WorkerFacts[]): Reading<readonly FileUse[]> {
  return workers.reduce<Reading<readonly FileUse[]>>(
    (all, { openFilesLimit, openFiles }) =>
      chained(all, (found) => mapped(both(openFilesLimit, openFiles), (use) => [...found, use])),
    { value: [] },
  );
}

function described({ name, speedMbit, mtuBytes, errors, dropped, packets }: InterfaceFacts): string {
  const speed = speedMbit === null ? 'tells no speed' : `${speedMbit / 1_000} Gb/s`;
  return `${name} ${speed}, MTU ${mtuBytes}, ${errors} errors and ${dropped} dropped of ${packets} packets`;
}

/** What to do about an interface; null where nothing. */
function faultOf({
  name,
  speedMbit,
  packets,
  errors,
  dropped,
  carrierChanges,
}: InterfaceFacts): string | null {
  if (errors > LOSSY * packets)
    return `${name} damages packets: change the cable or transceiver, and look at the switch's port (ethtool -S ${name})`;
  if (dropped > MANY_DROPPED * packets)
    return `${name} drops packets: raise net.core.netdev_max_backlog (volley tune --apply) or its ring (ethtool -G ${name} rx 4096)`;
  if (carrierChanges > RESTLESS_CHANGES)
    return `${name} has gone up and down ${carrierChanges} times: change the cable or transceiver`;
  if (speedMbit !== null && speedMbit < SLOW_MBIT)
    return `${name} is slow for a server (${percent(speedMbit / 10_000)} of 10 Gb/s): look at ethtool ${name}, the cable and the switch's port`;
  return null;
}
