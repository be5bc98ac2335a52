/** The hosts scenario: one event to each of very many hosts, a tenth of them at a time, and what that leaves in memory and open files. */
import { machineLines } from '../figures.ts';
import { integer, readFlags } from '../flags.ts';
import { type Machine, machine } from '../machine.ts';
import { startNameServer } from '../receiver/name-server.ts';
import { allOk, Receivers } from '../receiver/receivers.ts';
import { Remote } from '../remote.ts';
import { type CommonFlags, type OnProgress, QUICK_NOTE, type Scenario } from '../scenario.ts';
import { table } from '../table.ts';
import type { Sample, SenderApi } from './sender.ts';

export interface HostsReport {
  readonly scenario: 'hosts';
  readonly quick: boolean;
  readonly machine: Machine;
  readonly hosts: number;
  readonly samples: readonly Sample[];
  readonly ratios: {
    /** Memory after the last tenth, as a ratio of that after the third: 1 where nothing is kept of a host. */
    readonly rss_last_vs_third: number;
    readonly cpu_per_delivery_last_vs_third: number;
  };
  readonly most_open_files: number;
}

const TENTHS = 10;
const HOST_COUNT = 100_000;
const QUICK_HOSTS = 2_000;

interface Flags extends CommonFlags {
  readonly hosts: number;
  readonly maxSockets: number | null;
}

async function measure(flags: Flags, onProgress: OnProgress): Promise<HostsReport> {
  const on = machine();
  const receivers = await Receivers.start('http', [allOk(1)]);
  const names = await startNameServer(() => ({ addresses: ['127.0.0.1'] }));
  const sender = new Remote<SenderApi>(new URL('sender.ts', import.meta.url));
  const samples: Sample[] = [];
  try {
    const port = Number(new URL(receivers.urls()[0]!).port);
    await sender.call('start', { dnsServer: names.address, port, maxSockets: flags.maxSockets });
    const tenth = flags.hosts / TENTHS;
    for (let i = 0; i < TENTHS; i++) {
      onProgress(`hosts: ${Math.round(i * tenth)} of ${flags.hosts}`);
      samples.push(
        await sender.call('deliver', { from: Math.round(i * tenth), to: Math.round((i + 1) * tenth) }),
      );
    }
  } finally {
    await sender.close();
    await names.close();
    await receivers.close();
  }
  const ratio = (value: (sample: Sample) => number) => value(samples.at(-1)!) / value(samples[2]!);
  return {
    scenario: 'hosts',
    quick: flags.quick,
    machine: on,
    hosts: flags.hosts,
    samples,
    ratios: {
      rss_last_vs_third: ratio(({ rssBytes }) => rssBytes),
      cpu_per_delivery_last_vs_third: ratio(({ cpuMicrosPerDelivery }) => cpuMicrosPerDelivery),
    },
    most_open_files: Math.max(...samples.map(({ openFiles }) => openFiles)),
  };
}

function parseFlags(args: readonly string[]): Flags {
  const values = readFlags(args, {
    help: { type: 'boolean' },
    json: { type: 'boolean' },
    quick: { type: 'boolean' },
    hosts: { type: 'string' },
    'max-sockets': { type: 'string' },
  });
  const { help = false, json = false, quick = false } = values;
  return {
    help,
    json,
    quick,
    hosts: integer('hosts', values.hosts, 100, 10_000_000) ?? (quick ? QUICK_HOSTS : HOST_COUNT),
    maxSockets: integer('max-sockets', values['max-sockets'], 1, 1_000_000),
  };
}

function text({
  machine: on,
  hosts: count,
  samples,
  ratios,
  most_open_files: files,
  quick,
}: HostsReport): string {
  const rows = samples.map((sample, i) => [
    String(Math.round(((i + 1) * count) / TENTHS)),
    (sample.delivered / sample.seconds).toFixed(0),
    sample.cpuMicrosPerDelivery.toFixed(0),
    (sample.rssBytes / 2 ** 20).toFixed(0),
    String(sample.openFiles),
  ]);
  return [
    ...machineLines({ machine: on }),
    ...(quick ? [QUICK_NOTE] : []),
    '',
    table(['hosts so far', 'deliveries/s', 'CPU µs each', 'RSS MiB', 'open files'], rows, (line) => line),
    '',
    `memory: ${ratios.rss_last_vs_third.toFixed(2)} of what it was after three tenths; CPU: ${ratios.cpu_per_delivery_last_vs_third.toFixed(2)}; at most ${files} open files`,
    '',
  ].join('\n');
}

const HELP = `Usage: npm run -s bench -- hosts [flags]

One event to each of very many hosts: what that leaves in memory and in open files. Each host is a
name of its own, resolved by a name server of the benchmark, vetted, and connected to.

  --hosts N         hosts (default: ${HOST_COUNT})
  --max-sockets N   as the worker's option (default: worked out from the limit on open files)
  --quick           ${QUICK_HOSTS} hosts: shows that it works, measures nothing
  --json            one JSON object on standard output

Examples:
  npm run -s bench -- hosts
  npm run -s bench -- hosts --hosts 20000 --max-sockets 500 --json
`;

export const HOSTS: Scenario<Flags, HostsReport> = { help: HELP, parseFlags, measure, text };
