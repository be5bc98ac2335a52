/** What every contender is asked to do, and what it tells. Each runs in processes of its own. */
import type { Remote } from '../remote.ts';

export interface Job {
  /** Used in turn; each is a destination. */
  readonly urls: readonly string[];
  /** Destinations by ids of their own, used in turn too: Volley alone knows of such. None unless said. */
  readonly destinationIds?: number;
  /** Where this contender's queue is; empty for one that has none. */
  readonly redisPort: number | null;
  readonly threads: number;
  /** Requests in flight per thread. */
  readonly slotsPerThread: number;
  readonly bodyBytes: number;
  readonly secret: string;
}

/** How far a process has come since `deliver`. */
export interface Progress {
  /** Answered with a 200 and, where there is a queue, settled there. */
  readonly completed: number;
  readonly failed: number;
  /** When the latest of them was, epoch milliseconds; 0 before that. */
  readonly lastAtMs: number;
}

/** One way of delivering webhooks. */
export interface Contender {
  /** Everything that comes before the clock: threads, connections, code. */
  start(job: Job): Promise<void>;
  /** Counts from zero. A contender with a queue then delivers what is released to it, one without `count` deliveries. */
  deliver(count: number): Promise<void>;
  progress(): Progress;
  close(): Promise<void>;
}

export interface Usage {
  /** CPU of the process, all its threads, since `deliver`. */
  readonly cpuSeconds: number;
  readonly rssBytes: number;
}

/** What `process.ts` serves. */
export type ContenderApi = {
  start(job: Job): Promise<void>;
  deliver(count: number): Promise<void>;
  progress(): Promise<Progress>;
  usage(): Promise<Usage>;
};

export type ContenderProcess = Remote<ContenderApi>;

/** Fills a contender's queue. Runs in the benchmark's own process: producing is not what is measured. */
export interface Loader {
  /** Puts `count` deliveries where the contender does not see them yet. */
  load(count: number): Promise<void>;
  /** Lets the contender have them all at once. */
  release(): Promise<void>;
  close(): Promise<void>;
}
