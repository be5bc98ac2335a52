/**
 * What a lane holds in memory beyond what it should. Pure.
 *
 * A lane is *stuck* when for STUCK_MS now what it holds would have taken longer than BUSY_MS at its present pace. That alone
 * costs nobody anything. Only when room for more claims is short does the rest go to what is parked for the destination, for
 * then it stands between the engine and other destinations' deliveries in the broker. So what all stuck lanes keep is what
 * the engine does in BUSY_MS, whatever their number; and one that is busy but quick keeps everything, unless it is *greedy*: it
 * alone holds most of the room, and others are there.
 *
 * A lane that is blocked keeps nothing: that is the dispatcher's to see to.
 */
import { type Activity, EPOCH_MS } from './activity.ts';
import type { Dispatchable, Lane } from './lane.ts';

/** What a lane may hold whatever its pace, waiting or in flight, in windows: the one in flight, and one to go on with. */
export const KEPT_WINDOWS = 2;
/** Bytes of envelopes that a lane that is stuck may keep: a few of the largest. */
export const KEPT_BYTES = 8 * 1_048_576;
/** What a lane may hold without being stuck, in milliseconds at its pace. */
const BUSY_MS = 250;
/**
 * How long a lane must have held more before it gives any of it up, in milliseconds: first attempts connect, and a machine
 * that stood still for a moment makes everything look slow. Not longer: a destination that hangs and gets 1 000 events a second
 * fills all the room in one second, and then nothing is claimed for the others. Seen so with 600 ms: they waited for 50 ms.
 */
const STUCK_MS = 200;

/**
 * The share of the room for claims from which on a lane takes too much of it, as long as others have sent anything of late, and
 * the share that it keeps then. However quick it is: a burst of 100 000 events would otherwise go out before all that was
 * published behind it. More than half, so that two lanes that share the room alike keep what they have.
 */
const TOO_MUCH = 0.6;
const KEPT_OF_ROOM = 0.25;

/**
 * The share of the room for claims from which it is short: what is stuck must give way before claims come to an end. Where nothing
 * of a lane has ended yet, it may only be that its receiver is far away.
 */
const SHORT = 0.25;
const SHORT_AT_FIRST = 0.5;

/** The room for claims. */
export interface Room {
  /** Deliveries, and bytes of envelopes, for which there is room at all. */
  readonly count: number;
  readonly bytes: number;
  /** How much of it is taken, as a share of either, whichever is more. */
  readonly takenShare: number;
}

/** What is true of the engine at a moment. */
export interface Moment {
  /** Monotonic milliseconds. */
  readonly nowMs: number;
  readonly room: Room;
  readonly activity: Activity;
}

/** The lanes that hold so much that they may have to give some up. */
export class Crowded<Delivery extends Dispatchable> {
  #lanes: Lane<Delivery>[] = [];

  /** Looks at a lane that holds more than before, or may keep less. */
  note(lane: Lane<Delivery>): void {
    if (lane.crowded || (lane.waiting <= KEPT_WINDOWS * lane.window && lane.waitingBytes <= KEPT_BYTES))
      return;
    lane.crowded = true;
    this.#lanes.push(lane);
  }

  /** Calls `take` for each delivery that a lane should not keep, the oldest of a lane first. Answers how many those were. */
  relieve(moment: Moment, take: (delivery: Delivery) => void): number {
    if (this.#lanes.length === 0) return 0;
    let taken = 0;
    const lanes = this.#lanes;
    this.#lanes = [];
    for (const lane of lanes) {
      taken += lane.cut(kept(lane, moment), take);
      lane.crowded = false;
      this.note(lane);
    }
    return taken;
  }
}

/** How many of those that wait it should keep. */
function kept(lane: Lane<Dispatchable>, moment: Moment): number {
  return Math.min(keptIfStuck(lane, moment), keptIfGreedy(lane, moment));
}

function keptIfGreedy({ waiting, waitingBytes }: Lane<Dispatchable>, { room, activity }: Moment): number {
  const isGreedy = waiting > room.count * TOO_MUCH || waitingBytes > room.bytes * TOO_MUCH;
  if (!isGreedy || activity.lanes <= 1) return waiting;
  const share = Math.min(room.count / waiting, room.bytes / Math.max(1, waitingBytes)) * KEPT_OF_ROOM;
  return Math.max(1, Math.floor(waiting * Math.min(1, share)));
}

function keptIfStuck(lane: Lane<Dispatchable>, moment: Moment): number {
  const busy = Math.floor((moment.activity.endedOf(lane) * BUSY_MS) / EPOCH_MS);
  if (lane.waiting <= busy) return lane.waiting;
  if (moment.nowMs - lane.stuckSeenMs > STUCK_MS) lane.stuckFromMs = moment.nowMs;
  lane.stuckSeenMs = moment.nowMs;
  const isShort = moment.room.takenShare > (lane.slotMs === 0 ? SHORT_AT_FIRST : SHORT);
  if (!isShort || moment.nowMs - lane.stuckFromMs < STUCK_MS) return lane.waiting;
  const mostByBytes = Math.max(1, Math.floor((KEPT_BYTES * lane.waiting) / Math.max(1, lane.waitingBytes)));
  return Math.min(mostByBytes, Math.max(busy, KEPT_WINDOWS * lane.window));
}
