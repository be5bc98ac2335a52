/** Commands that a redis-server has been sent, by name. */
import type { Redis } from 'ioredis';

export type Commands = ReadonlyMap<string, number>;

export async function readCommands(redis: Redis): Promise<Commands> {
  return parseCommands(await redis.info('commandstats'));
}

/** The lines of INFO commandstats. */
export function parseCommands(info: string): Commands {
  const lines = info.matchAll(/^cmdstat_(\S+?):calls=(\d+)/gm);
  return new Map([...lines].map(([, name, calls]) => [name!, Number(calls)]));
}

/** What was sent between two readings, without the readings themselves. Commands of scripts count beside the script's own call. */
export function commandsBetween(before: Commands, after: Commands): Record<string, number> {
  const calls = [...after].map(([name, count]) => [name, count - (before.get(name) ?? 0)] as const);
  return Object.fromEntries(calls.filter(([name, count]) => name !== 'info' && count > 0));
}
