/** Whether a queue holds anything that the workers will come to by themselves: what `--once` waits for. */
import type { Broker, QueueStats, Standing } from './broker/broker.ts';

/** True when nothing is ready, leased or delayed, and what is parked waits for a person or for a destination that fails. */
export async function isQueueIdle(broker: Pick<Broker, 'stats' | 'standings'>): Promise<boolean> {
  const stats = await broker.stats();
  if (!isNothingClaimable(stats)) return false;
  if (stats.parked === 0) return true;
  const { standings } = await broker.standings(null);
  return standings.every(isWaiting);
}

function isNothingClaimable({ ready, leased, delayed }: QueueStats): boolean {
  return ready === 0 && leased === 0 && delayed === 0;
}

/** A pause or a rate limit ends by itself; how long a destination fails nobody knows. */
function isWaiting({ parked, disabled, block }: Standing): boolean {
  return parked === 0 || disabled !== null || block?.kind === 'open';
}
