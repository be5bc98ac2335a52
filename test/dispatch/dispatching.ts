/** What the tests of the dispatcher share. */
import { Dispatcher } from '../../src/dispatch/dispatcher.ts';
import { DELIVERED, type Ending } from '../../src/dispatch/ending.ts';
import type { LaneRules } from '../../src/dispatch/lane.ts';

export interface Item {
  readonly name: string;
  readonly destination: string;
  readonly bytes: number;
}

export interface Sent extends Item {
  readonly thread: number;
}

export const THREADS = 2;
export const SLOTS_PER_THREAD = 8;
/** Its slots, and two seats ahead of each when it is fast. */
export const PLACES_PER_SLOT = 3;

/** No limits but those that are found out, and the breaker's defaults. */
export const USUAL: LaneRules = { window: null, rate: null, breaker: { failures: 5, coolOffMs: 30_000 } };

/** A dispatcher with a clock, and what it has out. */
export function newDispatcher(
  threads = THREADS,
  slotsPerThread = SLOTS_PER_THREAD,
  rulesOf: (destination: string) => LaneRules = () => USUAL,
  maxEgressBytesPerSecond: number | null = null,
) {
  const clock = { nowMs: 0 };
  const dispatcher = new Dispatcher<Item>({
    threads,
    slotsPerThread,
    nowMs: () => clock.nowMs,
    random: () => 0.5,
    rulesOf,
    maxEgressBytesPerSecond,
  });
  let made = 0;
  const out: Sent[] = [];
  /** Answers how many of them were taken. */
  const add = (destination: string, count: number, bytes = 1_000, isAhead = false) => {
    let taken = 0;
    for (let i = 0; i < count; i++)
      if (dispatcher.add(destination, { name: `${made++}`, destination, bytes }, isAhead)) taken++;
    return taken;
  };
  const assign = () => {
    const sent: Sent[] = [];
    dispatcher.assign((item, thread) => sent.push({ ...item, thread }));
    out.push(...sent);
    return sent;
  };
  const end = ({ destination, thread }: Sent, ending: Ending = DELIVERED, latencyMs = 1) =>
    dispatcher.ended(destination, thread, ending, latencyMs);
  /** The one that was sent first comes back. */
  const comeBack = (ending: Ending = DELIVERED) => {
    const back = out.shift()!;
    end(back, ending);
    return back;
  };
  /** Lets the windows of destinations grow to all that there is, one after the other. */
  const grow = (...destinations: string[]) => {
    for (const destination of destinations)
      while (dispatcher.standing(destination)?.window !== threads * slotsPerThread * PLACES_PER_SLOT) {
        add(destination, 1_000);
        for (let round = 0; round < 10; round++) {
          assign();
          while (out.length > 0) comeBack();
        }
        dispatcher.clear();
      }
    // None of them has sent anything of late, and no thread has shown its pace.
    for (let n = 0; n < 3; n++) {
      clock.nowMs += 1_000;
      dispatcher.turnOver();
    }
  };
  return { dispatcher, add, assign, end, comeBack, grow, out, clock };
}
