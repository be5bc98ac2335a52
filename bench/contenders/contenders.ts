/** The contenders, by name. Code of each is loaded where it runs, and only there. */
import { VolleyError } from '../../src/errors.ts';
import type { Contender, Job, Loader } from './contender.ts';

export interface ContenderEntry {
  readonly name: string;
  /** How many deliveries it is given by number where the fastest are given one: so that runs take about as long. */
  readonly share: number;
  /** Processes it runs in, given the threads that the others have. */
  readonly processes: (threads: number) => number;
  readonly create: () => Promise<Contender>;
  /** Null where there is no queue. */
  readonly loader: ((job: Job) => Promise<Loader>) | null;
}

export const CONTENDERS: readonly ContenderEntry[] = [
  {
    name: 'raw',
    share: 1,
    processes: () => 1,
    create: async () => new (await import('./raw.ts')).Raw(),
    loader: null,
  },
  {
    name: 'volley',
    share: 1,
    processes: () => 1,
    create: async () => new (await import('./volley.ts')).Volley(),
    loader: async (job) => new (await import('./volley-loader.ts')).VolleyLoader(job),
  },
  {
    name: 'bullmq-fetch',
    share: 1 / 8,
    processes: (threads) => threads,
    create: async () =>
      new (await import('./bullmq.ts')).BullMq((await import('./bullmq-send.ts')).sendWithFetch),
    loader: async (job) => new (await import('./bullmq-loader.ts')).BullMqLoader(job),
  },
  {
    name: 'bullmq-undici',
    share: 1 / 6,
    processes: (threads) => threads,
    create: async () =>
      new (await import('./bullmq.ts')).BullMq((await import('./bullmq-send.ts')).sendWithUndici),
    loader: async (job) => new (await import('./bullmq-loader.ts')).BullMqLoader(job),
  },
];

export function contenderNamed(name: string): ContenderEntry {
  const entry = CONTENDERS.find((candidate) => candidate.name === name);
  if (entry !== undefined) return entry;
  const names = CONTENDERS.map((candidate) => candidate.name).join(', ');
  throw new VolleyError('VOLLEY_USAGE', `--contenders: there is no "${name}", choose from ${names}`);
}
