/** Checks of the machine itself: kernel, runtime, memory, processors, clock. */
import { COOLING_ADVICE } from '../../host/heat.ts';
import { bytesShown, percent } from '../amounts.ts';
import { type Check, fail, judged, ok, unread, warn } from '../check.ts';
import { isAtLeast } from '../version-order.ts';

/** The oldest kernel whose network stack Volley is made for. */
const OLDEST_KERNEL = [5, 4] as const;
/** OpenSSL before this has no TLS 1.3. */
const OLDEST_OPENSSL = [1, 1, 1] as const;
/** Runnable processes a core from which on they wait for each other noticeably. */
const BUSY_LOAD = 2;
/** Share of the time waited for a disk, from which on deliveries wait with it. */
const MUCH_IO_WAIT = 0.2;
/** Share of the quota's periods that ended early, from which on it bounds the throughput. */
const MUCH_QUOTA = 0.05;

export const MACHINE_CHECKS: readonly Check[] = [
  {
    id: 'kernel',
    title: 'kernel',
    judge: ({ machine: { kernel } }) =>
      isAtLeast(kernel, OLDEST_KERNEL)
        ? ok(kernel)
        : fail(
            `${kernel} is older than ${OLDEST_KERNEL.join('.')}`,
            'upgrade the kernel, or the distribution',
          ),
  },
  {
    id: 'runtime',
    title: 'Node and OpenSSL',
    judge: ({ machine: { node, openssl } }) =>
      isAtLeast(openssl, OLDEST_OPENSSL)
        ? ok(`Node ${node}, OpenSSL ${openssl}`)
        : fail(
            `Node ${node} has OpenSSL ${openssl}, older than ${OLDEST_OPENSSL.join('.')}`,
            'install Node from https://nodejs.org',
          ),
  },
  {
    id: 'clock',
    title: 'clock',
    judge: ({ machine: { clock } }) =>
      judged(
        clock,
        ({ synchronised, by }) =>
          synchronised
            ? ok(`synchronised, says ${by}`)
            : fail(
                `not synchronised, says ${by}: receivers refuse signatures whose time is minutes away from theirs`,
                'run "timedatectl set-ntp true", or install chrony and start it',
              ),
        'in a container look on its host, whose clock it has: chronyc tracking, or timedatectl',
      ),
  },
  {
    id: 'memory',
    title: 'memory against the plan',
    judge: ({ machine: { memory }, plan, workers }) =>
      judged(memory, ({ totalBytes, availableBytes }) => {
        const running = 'unread' in workers ? [] : workers.value;
        const residentBytes = running.reduce(
          (sum, { residentBytes: each }) => sum + ('unread' in each ? 0 : each.value),
          0,
        );
        const roomBytes = availableBytes + residentBytes;
        const evidence = `a worker of ${plan.slots} slots and ${plan.sockets} sockets may take ${bytesShown(plan.memoryBytes)}; ${bytesShown(roomBytes)} of ${bytesShown(totalBytes)} are free or a worker's already`;
        const fix = 'give fewer slots (--concurrency) or sockets (--max-sockets), or add memory';
        if (plan.memoryBytes > totalBytes) return fail(evidence, fix);
        return plan.memoryBytes > roomBytes ? warn(evidence, fix) : ok(evidence);
      }),
  },
  {
    id: 'oom-kills',
    title: 'out-of-memory history',
    judge: ({ machine: { oomKills } }) =>
      judged(oomKills, (kills) =>
        kills === 0
          ? ok('the kernel has ended no process for want of memory')
          : warn(
              `ended by the kernel for want of memory since it started: ${kills}`,
              'see whose with "dmesg | grep -i oom"; if a worker, give fewer slots, smaller payloads or more memory',
            ),
      ),
  },
  {
    id: 'processors',
    title: 'processors',
    judge: ({ machine: { cpu, cores } }) =>
      judged(cpu, ({ load, ioWaitShare, quotaShare }) => {
        const evidence = `load ${load.toFixed(1)} on ${cores} cores, ${percent(ioWaitShare)} of the time waiting for disks`;
        if (ioWaitShare > MUCH_IO_WAIT)
          return warn(evidence, 'see which disk with "iostat -x 1"; move the queue to a faster one (NVMe)');
        if (quotaShare !== null && quotaShare > MUCH_QUOTA)
          return warn(
            `${evidence}; held back by its quota in ${percent(quotaShare)} of the periods`,
            'raise the processor quota (CPUQuota=, --cpus, resources.limits), or give fewer --threads',
          );
        return load > BUSY_LOAD * cores
          ? warn(evidence, 'see what runs with "top"; give Volley cores of its own, or more hosts')
          : ok(evidence);
      }),
  },
  {
    id: 'heat',
    title: 'heat',
    judge: ({ machine: { heat } }) =>
      judged(heat, ({ zones, throttled }) => {
        const hot = zones.find(
          ({ celsius, limitCelsius }) => limitCelsius !== null && celsius >= limitCelsius,
        );
        if (hot !== undefined)
          return fail(
            `${hot.name} is at ${hot.celsius} °C, and slowed down from ${hot.limitCelsius} °C on`,
            COOLING_ADVICE,
          );
        if (throttled !== null && throttled > 0)
          return warn(`cores were slowed down for heat ${throttled} times since the start`, COOLING_ADVICE);
        const hottest = Math.max(...zones.map(({ celsius }) => celsius));
        if (zones.length > 0) return ok(`${hottest} °C at most`);
        return throttled === null
          ? unread('this machine tells no temperature', 'virtual machines do not: ask where the host is run')
          : ok('no core was slowed down for heat');
      }),
  },
];
