/** What is out of the ordinary in the run at a moment, each in a sentence that fits a terminal of 80 columns. Pure. */
import { ABSENT, CAST } from './cast.ts';
import { plural } from './format.ts';
import type { Progress } from './tally.ts';

export interface Phase {
  readonly kind: 'open' | 'paused' | 'back';
  readonly text: string;
}

const THROTTLED = CAST.findIndex(({ conduct }) => conduct.kind === 'throttles');

/** In the order in which they begin. */
export function phasesOf({ receivers, owedAtReturn }: Progress): Phase[] {
  const [absent, throttled] = [ABSENT, THROTTLED].map((role) => `the ${CAST[role]!.name} receiver`);
  const phases: Phase[] = [];
  if (owedAtReturn === null && receivers[ABSENT]!.state === 'open')
    phases.push({
      kind: 'open',
      text: `${absent} refuses: its breaker is open, and what is for it is parked`,
    });
  if (receivers[THROTTLED]!.state === 'paused')
    phases.push({
      kind: 'paused',
      text: `${throttled} asked for a pause, and what is for it is parked`,
    });
  if (owedAtReturn !== null && owedAtReturn > 0)
    phases.push({
      kind: 'back',
      text: `${absent} is back: one probe, then what was parked, ${plural(owedAtReturn, 'event')}`,
    });
  return phases;
}
