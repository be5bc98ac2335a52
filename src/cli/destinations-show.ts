/** `volley destinations show NAME`: all that is known of a destination, and what to do about it. */
import type { Standing } from '../broker/broker.ts';
import { type ConfiguredRate, configuredDestinations } from '../config/configured-destination.ts';
import { formatRate } from '../config/values.ts';
import { EXIT, VolleyError } from '../errors.ts';
import { defineCommand, JSON_FLAG } from './command.ts';
import {
  allStandings,
  blockText,
  reportOf,
  sinceText,
  stateOf,
  stateText,
  timeLeft,
} from './destination-standing.ts';
import { withBroker } from './existing-broker.ts';
import { requireStanding } from './known-destination.ts';
import { aside, columns, print, printable } from './terminal.ts';

export const command = defineCommand({
  scope: 'destinations',
  flags: { json: JSON_FLAG },
  operands: 'NAME',
  notes: [
    'Shows why nothing is sent to it, for how long, how much is parked for it, and what to do. With --config, the rate limit there too.',
    'Volley keeps no list of those it delivers to: one that never had trouble, is not in the config file and has no rate limit is as unknown as one that was mistyped (exit code 1).',
  ],
  examples: [
    'volley destinations show acct_42',
    '',
    '# Milliseconds until its breaker tries again',
    'volley destinations show acct_42 --json | jq .block.forMs',
  ],
  async run({ options, flags, operands }) {
    const [name] = operands;
    if (name === undefined || operands.length > 1)
      throw new VolleyError(
        'VOLLEY_USAGE',
        'volley destinations show needs one name: volley destinations list shows them',
      );
    const configured = configuredDestinations(options.config);
    const { rate } = configured(name);
    await withBroker(options, async (broker) => {
      const standing = await requireStanding(name, {
        broker,
        standings: await allStandings(broker),
        configured,
      });
      const pace = { rate, debtMs: await broker.rateDebtMs(name) };
      await print(flags.json ? JSON.stringify(jsonOf(standing, pace)) : forPeople(standing, pace));
    });
    return EXIT.done;
  },
});

/** The rate limit of a destination, as far as it can be seen from here. */
interface Pace {
  /** What the config file says; what the workers were told by a flag or their environment is not known. */
  readonly rate: ConfiguredRate | null;
  /** See `rateDebtMs` of the broker: above 0 it is sent to under a rate limit, whoever set that. */
  readonly debtMs: number;
}

function jsonOf(standing: Standing, { rate, debtMs }: Pace) {
  return { ...reportOf(standing), ratePerSecond: rate?.perSecond ?? null, rateDebtMs: debtMs };
}

function forPeople(standing: Standing, pace: Pace): string {
  const { destination, disabled, block, parked } = standing;
  const facts: [string, string][] = [
    ['destination', printable(destination)],
    ['state', stateText(standing)],
  ];
  if (disabled !== null) facts.push(['disabled since', sinceText(standing)!]);
  // Unless its state says it already.
  if (block !== null && block.kind !== stateOf(standing)) facts.push(['besides', blockText(block)]);
  if (block !== null && block.opened > 0) facts.push(['breaker opened', `${block.opened} in a row`]);
  const limit = limitText(pace);
  if (limit !== null) facts.push(['rate limit', limit]);
  facts.push(['parked', String(parked)]);
  const { sentence, commands } = adviceOn(standing, pace);
  const lines = columns(commands.map(([command, effect]) => [`  ${command}`, aside(effect)]));
  return [columns(facts), '', sentence, ...(commands.length === 0 ? [] : [lines])].join('\n');
}

interface Advice {
  /** Why it is as it is, and what becomes of it. */
  readonly sentence: string;
  /** What can be done: a command, and what it does. */
  readonly commands: readonly (readonly [command: string, effect: string])[];
}

function limitText({ rate, debtMs }: Pace): string | null {
  if (rate !== null) return `${formatRate(rate.perSecond)} (${rate.place})`;
  return debtMs > 0 ? 'set by its workers' : null;
}

function adviceOn(standing: Standing, pace: Pace): Advice {
  const name = inShell(standing.destination);
  const enable = (effect: string) => [`volley destinations enable ${name}`, effect] as const;
  const discard = [`volley destinations discard ${name} --yes`, 'deletes what is parked for good'] as const;
  const parked = standing.parked === 0 ? [] : [discard];
  const state = stateOf(standing);
  switch (state) {
    case 'disabled':
      if (standing.disabled!.by === 'config')
        return {
          sentence: `The workers' config file disables it: take "disabled" out there, then reload the workers (SIGHUP).`,
          commands: parked,
        };
      return {
        sentence:
          standing.disabled!.by === 'gone'
            ? 'Its receiver has answered 410 Gone: nothing is sent to it until it is enabled.'
            : 'Somebody has disabled it: nothing is sent to it until it is enabled.',
        commands: [enable('delivers to it again, what is parked too'), ...parked],
      };
    case 'open':
      return {
        sentence:
          'It has failed again and again. Workers send it one delivery as a probe, and the rest when that succeeds.',
        commands: [enable('does not wait for the probe'), ...parked],
      };
    case 'paused':
      return {
        sentence:
          'It has asked to be left alone (Retry-After). Workers go on by themselves when that is over.',
        commands: [enable('goes on now'), ...parked],
      };
    case 'enabled':
      return { sentence: paceText(standing, pace), commands: parked };
    default:
      return state satisfies never;
  }
}

/** What becomes of the deliveries of one that is enabled. */
function paceText({ parked }: Standing, pace: Pace): string {
  const isLimited = limitText(pace) !== null;
  if (parked === 0) return `Nothing keeps deliveries from it${isLimited ? ' but its rate limit' : ''}.`;
  if (!isLimited)
    return 'Workers deliver what is parked, at the pace it takes it. Where the number stays, none is running.';
  const least =
    pace.rate === null ? '' : `, so in ${timeLeft((parked / pace.rate.perSecond) * 1_000)} at best`;
  return `Workers deliver what is parked no faster than its rate limit allows${least}. Where the number stays, none is running.`;
}

/** A name as one types it after a command. */
function inShell(name: string): string {
  const text = printable(name);
  return /^[\w.:/@[\]-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
