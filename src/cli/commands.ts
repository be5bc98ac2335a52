/** The commands, in the order that help lists them. A command is loaded when it is called. */
import type { Command } from './command.ts';

export interface CommandEntry {
  /** One line for the list of commands. */
  readonly summary: string;
  readonly load: () => Promise<{ readonly command: Command }>;
}

/** By name: one word, or two where the first is a group. */
export const COMMANDS: Readonly<Record<string, CommandEntry>> = {
  demo: { summary: 'see it work against receivers on this machine', load: () => import('./demo.ts') },
  worker: { summary: 'deliver what is queued', load: () => import('./worker.ts') },
  publish: { summary: 'queue an event, or NDJSON from standard input', load: () => import('./publish.ts') },
  'check-url': { summary: 'say whether URLs may be delivered to', load: () => import('./check-url.ts') },
  doctor: {
    summary: 'find what keeps this machine from delivering, and how to mend it',
    load: () => import('./doctor.ts'),
  },
  tune: {
    summary: 'compare kernel settings and limits with the profiles, and set them',
    load: () => import('./tune.ts'),
  },
  verify: { summary: 'check the signatures of a request', load: () => import('./verify.ts') },
  plan: { summary: 'work out hosts, brokers and settings for a load', load: () => import('./plan.ts') },
  'queue stats': { summary: 'count what is queued', load: () => import('./queue-stats.ts') },
  'dead list': { summary: 'list dead letters', load: () => import('./dead-list.ts') },
  'dead show': { summary: 'show all that is known of a dead letter', load: () => import('./dead-show.ts') },
  'dead replay': { summary: 'queue dead letters again', load: () => import('./dead-replay.ts') },
  'dead discard': { summary: 'delete dead letters for good', load: () => import('./dead-discard.ts') },
  'destinations list': {
    summary: 'list what is disabled, blocked, or has something parked',
    load: () => import('./destinations-list.ts'),
  },
  'destinations show': {
    summary: 'show all that is known of a destination, and what to do',
    load: () => import('./destinations-show.ts'),
  },
  'destinations enable': {
    summary: 'deliver to disabled or blocked destinations again',
    load: () => import('./destinations-enable.ts'),
  },
  'destinations disable': {
    summary: 'park what is for a destination instead of sending it',
    load: () => import('./destinations-disable.ts'),
  },
  'destinations discard': {
    summary: 'delete for good what is parked for a destination',
    load: () => import('./destinations-discard.ts'),
  },
};

/** The names that begin with this group's word, for example `dead list` for `dead`; none for what is no group. */
export function groupMembers(word: string): string[] {
  return Object.keys(COMMANDS).filter((name) => name.startsWith(`${word} `));
}
