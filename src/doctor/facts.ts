/** What checks are given to judge: plain values, read elsewhere, so that each check can be tried on any machine's. */
import type { QueueStats } from '../broker/broker.ts';
import type { RedisFacts } from '../broker/redis/inspect.ts';
import type { UrlCheck } from '../guard/check-url.ts';
import type { HeatFacts } from '../host/heat.ts';
import type { InterfaceFacts } from '../host/interfaces.ts';
import type { Reading } from '../host/reading.ts';
import type { SocketCounts } from '../host/socket-table.ts';
import type { Compared } from '../host/tuning.ts';

export interface Facts {
  readonly machine: MachineFacts;
  readonly workers: Reading<readonly WorkerFacts[]>;
  readonly plan: PlanFacts;
  readonly broker: BrokerFacts;
  readonly secrets: SecretsFacts;
  /** Null where no target was given. */
  readonly target: TargetFacts | null;
}

export interface MachineFacts {
  /** As `uname -r` tells it. */
  readonly kernel: string;
  readonly node: string;
  readonly openssl: string;
  readonly cores: number;
  /** Open files that a process started from here may have. */
  readonly openFilesLimit: number;
  /** First and last local port for outbound connections. */
  readonly portRange: Reading<readonly [number, number]>;
  readonly windowScaling: Reading<string>;
  readonly sockets: Reading<SocketCounts>;
  /** Sockets in TIME_WAIT that the kernel keeps. */
  readonly timeWaitMax: Reading<number>;
  /** Null where no firewall follows connections. */
  readonly conntrack: Reading<{ readonly used: number; readonly max: number } | null>;
  /** Each kernel setting of the profile. */
  readonly tuning: readonly Compared[];
  /** TCP segments since the start, and how many of them were sent again. */
  readonly segments: Reading<{ readonly sent: number; readonly again: number }>;
  readonly clock: Reading<{ readonly synchronised: boolean; readonly by: string }>;
  readonly memory: Reading<{ readonly totalBytes: number; readonly availableBytes: number }>;
  /** Processes that the kernel has ended for want of memory since it started. */
  readonly oomKills: Reading<number>;
  readonly interfaces: Reading<readonly InterfaceFacts[]>;
  readonly heat: Reading<HeatFacts>;
  readonly cpu: Reading<CpuFacts>;
  /** `vm.overcommit_memory`. */
  readonly overcommit: Reading<string>;
  /** The choice of transparent huge pages, the one in force in brackets. */
  readonly hugePages: Reading<string>;
  /** Whether the folder of the delivery log can be written; null where there is no such folder. */
  readonly logFolder: { readonly path: string; readonly writable: boolean } | null;
  /** Who asks. */
  readonly user: string;
}

export interface CpuFacts {
  /** Runnable processes, on average over a minute. */
  readonly load: number;
  /** Share of a second in which the processors waited for a disk. */
  readonly ioWaitShare: number;
  /** Share of its periods in which this control group ran into its quota; null without a quota. */
  readonly quotaShare: number | null;
}

export interface WorkerFacts {
  readonly pid: number;
  readonly openFilesLimit: Reading<number>;
  readonly openFiles: Reading<number>;
  readonly residentBytes: Reading<number>;
}

/** What a worker with the same options would use. */
export interface PlanFacts {
  readonly slots: number;
  readonly sockets: number;
  /** Open files: sockets and others. */
  readonly openFiles: number;
  readonly memoryBytes: number;
}

export interface DiskFacts {
  /** Where it is mounted. */
  readonly mount: string;
  readonly fileSystem: string;
  readonly freeBytes: number;
  readonly totalBytes: number;
  /** Share of the sample in which the device had something to do, as iostat's %util; null where the kernel counts none. */
  readonly busyShare: number | null;
  /** How long a request took on average in the sample, in milliseconds, as iostat's await; null without one. */
  readonly requestMs: number | null;
}

export interface QueueFacts {
  readonly stats: QueueStats;
  /** `stats` a second later. */
  readonly later: QueueStats;
  /** Of the dead letters of the last day, at most a thousand: how many ended with what. */
  readonly deaths: readonly { readonly what: string; readonly count: number }[];
}

export type BrokerFacts =
  | {
      readonly kind: 'redis';
      /** Where it is, without a password. */
      readonly where: string;
      readonly server: Reading<RedisFacts>;
      /** Null where it runs elsewhere, or does not tell where its files are. */
      readonly disk: Reading<DiskFacts> | null;
      readonly queue: Reading<QueueFacts>;
    }
  | {
      readonly kind: 'sqlite';
      readonly where: string;
      readonly disk: Reading<DiskFacts>;
      readonly queue: Reading<QueueFacts>;
    };

/** Whether the signing secrets can be loaded; a text of this never holds one. */
export type SecretsFacts =
  | { readonly kind: 'loaded'; readonly place: string; readonly warnings: readonly string[] }
  | { readonly kind: 'refused'; readonly message: string };

export interface TargetFacts {
  readonly url: string;
  readonly guard: UrlCheck;
  /** Where the config file has settings by which it is called, `FILE:LINE:COLUMN`; null for none. */
  readonly settings: string | null;
  /** The proxy that deliveries go through, `HOST:PORT`; null for none. */
  readonly proxy: string | null;
  /** Null where the guard refuses it, or it is behind a proxy: then nobody was called. */
  readonly contact: TargetContact | null;
}

export interface TargetContact {
  /** How long a TCP connection took, in milliseconds, and to which address it went. */
  readonly connection: Reading<{ readonly address: string; readonly ms: number }>;
  /** Null for http://. */
  readonly tls: Reading<TlsFacts> | null;
  /** Whether the receiver takes a handshake by each of these versions; empty for http://. */
  readonly versions: readonly { readonly version: string; readonly error: string | null }[];
  /** The answer to a request that fits in one packet. */
  readonly small: Reading<AnswerFacts>;
  /** The answer to one of several packets; null where the small one had none. */
  readonly large: Reading<AnswerFacts> | null;
}

export interface TlsFacts {
  readonly version: string;
  readonly cipher: string;
  readonly handshakeMs: number;
  /** Why the chain is not trusted, as Node's code; null where it is. */
  readonly distrust: string | null;
  /** Of the certificates shown, the receiver's first: whose, and until when, in epoch milliseconds. */
  readonly chain: readonly { readonly subject: string; readonly validUntilMs: number }[];
  /** When the chain was looked at, in epoch milliseconds. */
  readonly nowMs: number;
}

export interface AnswerFacts {
  readonly status: number;
  readonly ms: number;
  /** How far this clock is ahead of the receiver's `Date`, in milliseconds; null without one. */
  readonly aheadMs: number | null;
}
