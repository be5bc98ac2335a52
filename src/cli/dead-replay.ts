/** `volley dead replay`: dead letters back into the queue, all at once or at a pace. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Broker, DeadFilter } from '../broker/broker.ts';
import { EXIT } from '../errors.ts';
import { defineCommand, JSON_FLAG } from './command.ts';
import { ALL_FLAG, checkChoice, chosen, FILTER_FLAGS } from './dead-filter.ts';
import { withBroker } from './existing-broker.ts';
import { Progress } from './progress.ts';
import { print } from './terminal.ts';

/** Dead letters read at a time for a paced replay: bounds memory, as each comes with its envelope. */
const PAGE = 100;
/** The shortest pause of a paced replay, in milliseconds; faster rates replay more at each step. */
const STEP_MS = 100;

export const command = defineCommand({
  scope: 'dead',
  flags: {
    all: ALL_FLAG,
    ...FILTER_FLAGS,
    rate: {
      kind: 'rate',
      flag: 'rate',
      value: 'RATE',
      default: null,
      min: 1 / 60,
      // Beyond it, none is needed.
      max: 10_000,
      scopes: [],
      doc: 'at most so many in a time, such as 50/s or 600/m, so that a receiver that has just recovered is not flooded; all at once by default',
    },
    json: JSON_FLAG,
  },
  operands: '[ID…]',
  notes: ['They are queued with the ids they had and no attempts made. Those that die meanwhile are left.'],
  examples: [
    'volley dead replay evt_01JAB3W5X6Y7Z8',
    '',
    '# What a destination missed during an outage, 50 a second',
    'volley dead replay --destination acct_42 --since 2h --rate 50/s',
    '',
    'volley dead replay --all',
  ],
  async run({ options, flags, operands }) {
    checkChoice('dead replay', operands, flags);
    const replayed = await withBroker(options, async (broker) => {
      const filter = await chosen(broker, operands, flags, Date.now());
      return flags.rate === null
        ? broker.replayDead(filter, Number.MAX_SAFE_INTEGER)
        : replayPaced(broker, filter, flags.rate);
    });
    await print(flags.json ? JSON.stringify({ replayed }) : `replayed ${replayed}`);
    return EXIT.done;
  },
});

async function replayPaced(broker: Broker, filter: DeadFilter, perSecond: number): Promise<number> {
  const stepCount = Math.ceil((perSecond * STEP_MS) / 1_000);
  const pauseMs = (stepCount * 1_000) / perSecond;
  const progress = new Progress('replayed');
  let replayed = 0;
  for (;;) {
    const page = await broker.listDead(filter, Math.max(PAGE, stepCount));
    if (page.length === 0) break;
    for (let from = 0; from < page.length; from += stepCount) {
      if (replayed > 0) await sleep(pauseMs);
      const ids = page.slice(from, from + stepCount).map(({ key }) => key);
      const count = await broker.replayDead({ ids }, ids.length);
      replayed += count;
      progress.add(count);
    }
  }
  progress.clear();
  return replayed;
}
