/**
 * The one table of options. Validation, `--help`, the environment's names, the config file's keys and the README's
 * table all come from it; a test holds the README to it.
 *
 * `--some-flag` is `VOLLEY_SOME_FLAG` in the environment and `"some-flag"` in the config file.
 * Order of precedence: flag, environment, config file, default.
 */
import { SIGNATURE_SCHEMES } from '../signing/schemes.ts';
import { LANE_OPTIONS } from './lane-options.ts';
import { defaultsOf, type OptionScope, type OptionTable, type ValuesOf } from './option-spec.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** The commands that use a queue. */
const QUEUE: readonly OptionScope[] = ['worker', 'publish', 'queue', 'dead', 'destinations', 'doctor'];
const ALL: readonly OptionScope[] = [...QUEUE, 'check', 'verify'];
const WORKER: readonly OptionScope[] = ['worker'];
/** What decides how much of this machine a worker uses, and how long it waits. */
const SIZING: readonly OptionScope[] = ['worker', 'doctor'];
/** What decides where requests may go. */
const GUARD: readonly OptionScope[] = ['worker', 'check', 'doctor'];
/** The commands that need the signing secrets. */
const SIGNING: readonly OptionScope[] = ['worker', 'verify', 'doctor'];

export const OPTIONS = {
  broker: {
    kind: 'string',
    flag: 'broker',
    value: 'URL',
    default: 'sqlite:volley.db',
    prefixes: ['redis://', 'rediss://', 'sqlite:'],
    scopes: QUEUE,
    doc: 'redis://HOST:PORT, rediss://HOST:PORT or sqlite:FILE',
  },
  queue: {
    kind: 'string',
    flag: 'queue',
    value: 'NAME',
    default: 'webhook_egress_queue',
    scopes: QUEUE,
    doc: 'name of the queue; in Redis, the list that producers LPUSH to',
  },
  config: {
    kind: 'string',
    flag: 'config',
    value: 'FILE',
    default: null,
    scopes: ALL,
    doc: 'JSON file (comments allowed) whose keys are these flags without their dashes, and destinations; none by default',
  },
  concurrency: {
    kind: 'integer',
    flag: 'concurrency',
    value: 'N',
    default: 20,
    min: 1,
    max: 5_000,
    words: ['auto'],
    unit: 'slots per core',
    scopes: SIZING,
    doc: 'slots (attempts in flight) per core; 10 to 50 suits most receivers, slow ones want more; auto begins with 20 and finds out how many',
  },
  threads: {
    kind: 'integer',
    flag: 'threads',
    value: 'N',
    default: null,
    min: 1,
    max: 256,
    unit: 'threads',
    scopes: SIZING,
    doc: 'threads that send; by default one per core',
  },
  secretsFile: {
    kind: 'string',
    flag: 'secrets',
    value: 'FILE',
    default: null,
    scopes: SIGNING,
    doc: 'file with the signing secrets, or vault:MOUNT/PATH; by default the systemd credential webhook-secrets, else /etc/webhook/secrets',
  },
  signatures: {
    kind: 'list',
    flag: 'signatures',
    value: 'SCHEME',
    default: ['hub', 'standard'],
    choices: SIGNATURE_SCHEMES,
    scopes: WORKER,
    doc: 'signatures sent: hub (X-Hub-Signature-256), standard (Standard Webhooks), or those that Svix, Stripe, Slack or Shopify send',
  },
  allowHttp: {
    kind: 'boolean',
    flag: 'allow-http',
    default: false,
    scopes: GUARD,
    doc: 'deliver to http:// URLs too (port 80, others with --allow-port)',
  },
  allowNet: {
    kind: 'networks',
    flag: 'allow-net',
    value: 'CIDR',
    default: [],
    scopes: GUARD,
    doc: 'deliver to this network although it is not public, for example 10.1.0.0/16',
  },
  allowHost: {
    kind: 'hosts',
    flag: 'allow-host',
    value: 'HOST',
    default: [],
    scopes: GUARD,
    doc: 'deliver to this host although its addresses are not public; *.SUFFIX stands for all names below one',
  },
  allowPort: {
    kind: 'integers',
    flag: 'allow-port',
    value: 'PORT',
    default: [],
    min: 0,
    max: 65_535,
    unit: 'as a port',
    scopes: GUARD,
    doc: 'deliver to this port beside 443; 0 allows every port',
  },
  dnsServers: {
    kind: 'servers',
    flag: 'dns-server',
    value: 'ADDRESS',
    default: [],
    scopes: GUARD,
    doc: "name server to ask, instead of the system's",
  },
  maxSockets: {
    kind: 'integer',
    flag: 'max-sockets',
    value: 'N',
    default: null,
    min: 1,
    max: 1_000_000,
    unit: 'sockets',
    scopes: SIZING,
    doc: 'most sockets of all threads together; by default worked out from the limit on open files',
  },
  maxEgressBytesPerSecond: {
    kind: 'bandwidth',
    flag: 'max-egress',
    value: 'RATE',
    default: null,
    min: 12_500,
    max: 100_000_000_000,
    scopes: WORKER,
    doc: 'most that this worker sends, such as 8gbit, 500mbit or 100mbyte a second, by an estimate that counts heads, TLS and packets; no cap by default',
  },
  connectTimeoutMs: {
    kind: 'duration',
    flag: 'connect-timeout',
    value: 'TIME',
    default: 2 * SECOND,
    min: 10,
    max: MINUTE,
    scopes: SIZING,
    doc: 'longest wait for a connection, TLS included',
  },
  readTimeoutMs: {
    kind: 'duration',
    flag: 'read-timeout',
    value: 'TIME',
    default: 8 * SECOND,
    min: 10,
    max: 5 * MINUTE,
    scopes: SIZING,
    doc: 'longest wait for the status, from the moment the request is sent',
  },
  totalTimeoutMs: {
    kind: 'duration',
    flag: 'total-timeout',
    value: 'TIME',
    default: 10 * SECOND,
    min: 10,
    max: 5 * MINUTE,
    scopes: WORKER,
    doc: 'longest an attempt lasts, whatever the receiver does',
  },
  retryScheduleMs: {
    kind: 'durations',
    flag: 'retry-schedule',
    value: 'TIMES',
    default: [1 * SECOND, 5 * SECOND, 30 * SECOND, 1 * MINUTE, 5 * MINUTE],
    min: 10,
    max: 7 * 24 * HOUR,
    scopes: WORKER,
    doc: 'waits before the second, third, … attempt; after the last one a dead letter',
  },
  permanentStatuses: {
    kind: 'integers',
    flag: 'permanent-status',
    value: 'STATUS',
    default: [],
    min: 400,
    max: 499,
    unit: 'as a status',
    scopes: WORKER,
    doc: 'answers that no retry will mend: a dead letter at once; 410 always disables its destination',
  },
  ...LANE_OPTIONS,
  leaseMs: {
    kind: 'duration',
    flag: 'lease',
    value: 'TIME',
    default: 20 * SECOND,
    min: 500,
    max: HOUR,
    scopes: WORKER,
    doc: 'how long a worker that has died keeps its deliveries; above --total-timeout',
  },
  drainTimeoutMs: {
    kind: 'duration',
    flag: 'drain-timeout',
    value: 'TIME',
    default: 25 * SECOND,
    min: 0,
    max: 10 * MINUTE,
    scopes: WORKER,
    doc: 'how long a stopping worker waits for attempts in flight',
  },
  once: {
    kind: 'boolean',
    flag: 'once',
    default: false,
    scopes: WORKER,
    doc: 'exit when nothing is ready, leased or delayed, nor parked but for what is disabled or fails',
  },
  logFormat: {
    kind: 'choice',
    flag: 'log-format',
    value: 'FORMAT',
    default: null,
    choices: ['logfmt', 'json', 'pretty'],
    scopes: WORKER,
    doc: 'logfmt, json or pretty; by default pretty on a terminal, logfmt elsewhere',
  },
  logSuccesses: {
    kind: 'boolean',
    flag: 'log-successes',
    default: false,
    scopes: WORKER,
    doc: 'log each delivery that succeeded, too',
  },
} as const satisfies OptionTable;

export type OptionName = keyof typeof OPTIONS;

/** Every option with its value; null where the default is worked out at start. */
export type OptionValues = ValuesOf<typeof OPTIONS>;

/** The defaults of every option. */
export function defaultOptions(): OptionValues {
  return defaultsOf(OPTIONS);
}
