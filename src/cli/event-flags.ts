/** The flags that describe an event. */
import type { ValuesOf } from '../config/option-spec.ts';

const TEXT = { kind: 'string', default: null, scopes: [] } as const;

/** Each under its own flag's name. */
export const EVENT_FLAGS = {
  url: { ...TEXT, flag: 'url', value: 'URL', doc: 'where the event goes' },
  type: { ...TEXT, flag: 'type', value: 'TYPE', doc: 'what happened, for example order.updated' },
  payload: {
    ...TEXT,
    flag: 'payload',
    value: 'JSON',
    doc: 'the payload: JSON, @FILE, or - for standard input',
  },
  body: {
    ...TEXT,
    flag: 'body',
    value: 'JSON',
    doc: 'instead of --payload: sent byte for byte, white space and all',
  },
  id: { ...TEXT, flag: 'id', value: 'ID', doc: 'the event id; minted when absent' },
  destination: {
    ...TEXT,
    flag: 'destination',
    value: 'ID',
    doc: "the endpoint's id; the URL's origin when absent",
  },
  timestamp: {
    ...TEXT,
    flag: 'timestamp',
    value: 'TIME',
    doc: 'when it happened: ISO 8601 with an offset, or epoch milliseconds; now when absent',
  },
  'ordering-key': {
    ...TEXT,
    flag: 'ordering-key',
    value: 'KEY',
    doc: 'events with this key to the same destination go one at a time, in the order of publishing',
  },
  'deliver-at': {
    ...TEXT,
    flag: 'deliver-at',
    value: 'TIME',
    doc: 'not sent before: ISO 8601 with an offset, epoch milliseconds, or how long from now, such as 10m',
  },
  'expires-at': {
    ...TEXT,
    flag: 'expires-at',
    value: 'TIME',
    doc: 'not sent at this time or later: what is not delivered by then becomes a dead letter; written likewise',
  },
  header: {
    kind: 'list',
    default: [],
    scopes: [],
    flag: 'header',
    value: "'NAME: VALUE'",
    doc: 'an extra request header',
  },
} as const;

export type EventFlags = ValuesOf<typeof EVENT_FLAGS>;
