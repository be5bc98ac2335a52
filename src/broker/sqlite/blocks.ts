/**
 * How long a block has yet to last.
 *
 * Its end is kept by two clocks. Time since boot is exact while the machine is up, whatever happens to the wall clock; wall
 * time goes on through a reboot. The earlier end counts: no clock that jumps makes a block last longer than was asked for.
 */
import type { Block } from '../broker.ts';
import { uptimeMs } from './uptime.ts';

/** A block as it is kept: how long it was to last, and until when in wall time and in time since boot. */
export interface KeptBlock {
  readonly kind: Block['kind'];
  readonly lengthMs: number;
  readonly untilMs: number;
  readonly untilUptimeMs: number;
  readonly opened: number;
}

/** What two clocks show, in milliseconds. */
export interface Clocks {
  readonly wallMs: number;
  readonly uptimeMs: number;
}

export function clocks(): Clocks {
  return { wallMs: Date.now(), uptimeMs: Math.floor(uptimeMs()) };
}

/** The block to keep for one that begins now. */
export function keptOf({ kind, forMs, opened }: Block, now: Clocks): KeptBlock {
  const lengthMs = Math.ceil(forMs);
  return {
    kind,
    lengthMs,
    untilMs: now.wallMs + lengthMs,
    untilUptimeMs: now.uptimeMs + lengthMs,
    opened,
  };
}

/** What is left of a block that is kept. */
export function blockOf(kept: KeptBlock, now: Clocks): Block {
  const leftMs = [kept.untilMs - now.wallMs, kept.untilUptimeMs - now.uptimeMs]
    // An end further ahead than the block can last is from before a reboot, or from before the clock was set back.
    .filter((ms) => ms <= kept.lengthMs);
  const forMs = leftMs.length === 0 ? 0 : Math.max(0, Math.min(...leftMs));
  return { kind: kept.kind, forMs, opened: kept.opened };
}

/**
 * What becomes of a block when another one comes: the later end and the greater `opened` count; `held` itself where nothing.
 * One that opens once more has had its probe, and its old end, until which others were kept away from that, counts no more.
 */
export function merged(held: Block | null, asked: Block): Block {
  if (held === null) return asked;
  if (held.kind === 'open' && asked.kind === 'open' && asked.opened > held.opened) return asked;
  if (asked.forMs <= held.forMs && asked.opened <= held.opened) return held;
  const { kind, forMs } = asked.forMs > held.forMs ? asked : held;
  return { kind, forMs, opened: Math.max(held.opened, asked.opened) };
}
