/** What the figures were measured on: without it they mean nothing. */
import { createRequire } from 'node:module';
import { availableParallelism, cpus, release, totalmem, type } from 'node:os';

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryMib: number;
  readonly kernel: string;
  readonly node: string;
  readonly undici: string;
  /** The undici inside Node: what the global fetch uses. */
  readonly undiciOfNode: string;
  readonly bullmq: string;
  readonly ioredis: string;
}

export function machine(): Machine {
  const require = createRequire(import.meta.url);
  const version = (name: string) => require(`${name}/package.json`).version as string;
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    memoryMib: Math.round(totalmem() / 2 ** 20),
    kernel: `${type()} ${release()}`,
    node: process.versions.node,
    undici: version('undici'),
    undiciOfNode: process.versions['undici'] ?? 'unknown',
    bullmq: version('bullmq'),
    ioredis: version('ioredis'),
  };
}
