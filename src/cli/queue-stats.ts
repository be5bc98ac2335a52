/** `volley queue stats`: how many deliveries are where. */
import { EXIT } from '../errors.ts';
import { defineCommand, JSON_FLAG } from './command.ts';
import { withBroker } from './existing-broker.ts';
import { columns, print } from './terminal.ts';

const MEANINGS = {
  ready: 'waiting to be claimed',
  leased: 'claimed by a worker',
  delayed: 'waiting for a retry, or for its deliverAt',
  parked: 'set aside: behind another of its ordering key, or as volley destinations list says',
  dead: 'given up; see volley dead list',
} as const;

export const command = defineCommand({
  scope: 'queue',
  flags: { json: JSON_FLAG },
  operands: null,
  notes: [],
  examples: [
    'volley queue stats --broker redis://127.0.0.1:6379',
    '',
    '# As JSON: {"ready":0,"leased":0,"delayed":0,"parked":0,"dead":0}',
    'volley queue stats --json',
  ],
  async run({ options, flags }) {
    const stats = await withBroker(options, (broker) => broker.stats());
    const { ready, leased, delayed, parked, dead } = stats;
    const counts = { ready, leased, delayed, parked, dead };
    const rows = Object.entries(counts).map(([place, count]) => [
      place,
      count,
      MEANINGS[place as keyof typeof MEANINGS],
    ]);
    await print(flags.json ? JSON.stringify(counts) : columns(rows));
    return EXIT.done;
  },
});
