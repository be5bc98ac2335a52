/** What the broker knows of a destination, for people and for programs: what the `destinations` commands share. */
import type { Block, Broker, DisabledBy, Standing } from '../broker/broker.ts';
import { formatDuration } from '../config/values.ts';
import { alarm, caution } from './terminal.ts';

/** What a destination's deliveries meet with; where several things do, the one that lasts longest. */
export const STATES = ['enabled', 'disabled', 'open', 'paused'] as const;
export type DestinationState = (typeof STATES)[number];

export function stateOf({ disabled, block }: Pick<Standing, 'disabled' | 'block'>): DestinationState {
  if (disabled !== null) return 'disabled';
  // A pause that is over keeps nothing back any more; an open breaker does until its probe.
  if (block === null || (block.kind === 'paused' && block.forMs === 0)) return 'enabled';
  return block.kind;
}

/** The state for a person, in colour on a terminal. */
export function stateText(standing: Standing): string {
  const state = stateOf(standing);
  switch (state) {
    case 'enabled':
      return state;
    case 'disabled':
      return alarm(`disabled by ${byText(standing.disabled!.by)}`);
    case 'open':
    case 'paused':
      return caution(blockText(standing.block!));
    default:
      return state satisfies never;
  }
}

/** Who disabled it, for a person. */
export function byText(by: DisabledBy): string {
  return by === 'gone' ? '410 Gone' : by;
}

/** What keeps deliveries back, and for how long. */
export function blockText({ kind, forMs }: Block): string {
  switch (kind) {
    case 'open':
      return forMs === 0 ? 'open, probe due' : `open, probe in ${timeLeft(forMs)}`;
    case 'paused':
      return forMs === 0 ? 'pause over' : `paused for ${timeLeft(forMs)}`;
    default:
      return kind satisfies never;
  }
}

/** From here on, in milliseconds, a time is told in whole minutes. */
const IN_MINUTES_MS = 600_000;

/** Rounded up, so that it is never over before what it says. */
export function timeLeft(ms: number): string {
  const unitMs = ms < IN_MINUTES_MS ? 1_000 : 60_000;
  return formatDuration(Math.ceil(ms / unitMs) * unitMs);
}

export function sinceText({ disabled }: Standing): string | null {
  return disabled === null ? null : new Date(disabled.sinceMs).toISOString();
}

/** A destination as programs are given it. */
export function reportOf(standing: Standing) {
  const { destination, disabled, block, parked } = standing;
  return {
    destination,
    state: stateOf(standing),
    by: disabled?.by ?? null,
    since: sinceText(standing),
    block,
    parked,
  };
}

/** All that the broker knows of destinations. */
export async function allStandings(broker: Broker): Promise<readonly Standing[]> {
  return (await broker.standings(null)).standings;
}
