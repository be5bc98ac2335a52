/**
 * What can change while an engine runs: secrets, and the settings of destinations. Loaded whole, or not at all: what is
 * wrong with new ones leaves the old ones in force.
 */

import { networkInterfaces } from 'node:os';
import type { DestinationSettings } from './config/destination-settings.ts';
import { type Destinations, readDestinations } from './config/destinations.ts';
import type { LaneOptions } from './config/lane-options.ts';
import type { OptionValues } from './config/options.ts';
import { originOf } from './delivery/envelope.ts';
import type { LaneRules } from './dispatch/lane.ts';
import { VolleyError } from './errors.ts';
import { DEFAULT_NAME } from './secrets/check.ts';
import type { SecretProvider } from './secrets/provider.ts';
import type { RetryRules } from './settle/retry-policy.ts';
import { keyBytes, schemesFault, secretFault } from './signing/keys.ts';
import type { SignatureScheme } from './signing/schemes.ts';
import type { SigningSecrets } from './signing/secrets.ts';
import type { DestinationPolicy, RoutePolicy, ThreadSettings } from './thread/policy.ts';

/** By destination id or URL origin. */
type SettingsByName = Destinations['settings'];

export interface SettingsParts {
  readonly secrets: SecretProvider;
  /** Reads the destinations' settings. Throws VOLLEY_CONFIG naming the place of a mistake. */
  readonly readDestinations: () => Destinations;
  /** For destinations that say nothing else. */
  readonly signatures: readonly SignatureScheme[];
  readonly rules: RetryRules;
  readonly laneOptions: LaneOptions;
}

/** One loading of everything. */
export interface LoadedSettings {
  readonly thread: ThreadSettings;
  /** Destinations that are disabled. */
  readonly disabled: ReadonlySet<string>;
  readonly warnings: readonly string[];
}

export class Settings {
  readonly #parts: SettingsParts;
  readonly #usualLane: LaneRules;
  #destinations: SettingsByName = new Map();
  /** Of the destinations that do not have the usual ones. */
  #lanes: ReadonlyMap<string, LaneRules> = new Map();
  /** The last loading asked for: they go one after the other, so that it is the one that stays. */
  #loading: Promise<unknown> = Promise.resolve();

  constructor(parts: SettingsParts) {
    this.#parts = parts;
    this.#usualLane = laneRules(parts.laneOptions);
  }

  /** Where the secrets come from. */
  get place(): string {
    return this.#parts.secrets.place;
  }

  /** Calls `onChange` whenever the secrets may have changed, until the returned function is called. */
  watch(onChange: () => void): () => void {
    return this.#parts.secrets.watch(onChange);
  }

  /** Rejects with VOLLEY_SECRET or VOLLEY_CONFIG, and then all stays as it was. */
  load(): Promise<LoadedSettings> {
    const loading = this.#loading.then(() => this.#load());
    this.#loading = loading.catch(() => {});
    return loading;
  }

  async #load(): Promise<LoadedSettings> {
    const { secrets, readDestinations, signatures, laneOptions } = this.#parts;
    const { secrets: found, warnings } = await secrets.load();
    const { settings: destinations, warnings: doubts } = readDestinations();
    const thread = threadSettings(found, destinations, signatures);
    const disabled = new Set<string>();
    for (const [name, { disabled: off }] of destinations) if (off) disabled.add(name);
    this.#destinations = destinations;
    this.#lanes = ownLanes(destinations, laneOptions);
    return {
      thread,
      disabled,
      warnings: [...warnings, ...doubts, ...weaknesses(found), ...notHere(destinations)],
    };
  }

  /** What retries a destination gets: by its id, or else by the origin of its URL where that is known, or else as all. */
  rulesOf(destination: string, url: string | null): RetryRules {
    const usual = this.#parts.rules;
    if (this.#destinations.size === 0) return usual;
    const own = this.#destinations.get(destination) ?? this.#destinations.get((url && originOf(url)) ?? '');
    if (own === undefined) return usual;
    return {
      scheduleMs: own.retryScheduleMs ?? usual.scheduleMs,
      permanentStatuses: own.permanentStatuses ?? usual.permanentStatuses,
    };
  }

  /**
   * What the lane of this name is held to: a destination's id, or the origin where its events name none. The same object
   * until the next loading that succeeds.
   */
  laneRulesOf(destination: string): LaneRules {
    return this.#lanes.get(destination) ?? this.#usualLane;
  }
}

function laneRules({ ratePerSecond, rateBurst, maxInFlight, ...options }: LaneOptions): LaneRules {
  const { breakerFailures: failures, coolOffMs } = options;
  return {
    window: maxInFlight,
    rate:
      ratePerSecond === null
        ? null
        : // What it allows in a second: to a rate below that a burst of one is left.
          { perSecond: ratePerSecond, burst: rateBurst ?? Math.max(1, Math.floor(ratePerSecond)) },
    breaker: failures === 0 ? null : { failures, coolOffMs },
  };
}

/** What the lanes are held to of destinations that say something of it themselves. */
function ownLanes(settings: SettingsByName, usual: LaneOptions): ReadonlyMap<string, LaneRules> {
  const lanes = new Map<string, LaneRules>();
  for (const [name, settingsOfOne] of settings) {
    const { ratePerSecond, rateBurst, maxInFlight, breakerFailures, coolOffMs } = settingsOfOne;
    const own = present({ ratePerSecond, rateBurst, maxInFlight, breakerFailures, coolOffMs });
    if (Object.keys(own).length > 0) lanes.set(name, laneRules({ ...usual, ...own }));
  }
  return lanes;
}

/** The settings of an engine with these options; those of destinations are in the config file, if there is one. */
export function settingsFor(options: OptionValues, secrets: SecretProvider): Settings {
  const { signatures, retryScheduleMs: scheduleMs, permanentStatuses } = options;
  return new Settings({
    secrets,
    readDestinations: () => destinationsOf(options),
    signatures,
    rules: { scheduleMs, permanentStatuses },
    laneOptions: options,
  });
}

/** What the config file of these options says of destinations; nothing without one. Throws VOLLEY_CONFIG naming the place of a mistake. */
export function destinationsOf(options: OptionValues): Destinations {
  const { config } = options;
  return config === null
    ? { settings: new Map(), warnings: [] }
    : readDestinations(config, options, Date.now());
}

/** What threads must know. Throws VOLLEY_SECRET where a secret is missing, or cannot make the signatures it may be asked for. */
function threadSettings(
  secrets: SigningSecrets,
  settings: SettingsByName,
  signatures: readonly SignatureScheme[],
): ThreadSettings {
  const namedSecrets = new Map(Object.entries(secrets.byName));
  const destinations = new Map<string, DestinationPolicy>();
  check('the default secret', secrets.default, signatures);
  for (const [name, signingSecrets] of namedSecrets)
    if (!settings.has(name)) check(`the secret ${name}`, signingSecrets, signatures);
  for (const [name, own] of settings) {
    const signingSecrets = own.secretName === null ? undefined : secretOf(secrets, own, name);
    const used = signingSecrets ?? namedSecrets.get(name) ?? secrets.default;
    check(`${own.place}: destination ${name}`, used, own.signatures ?? signatures);
    destinations.set(name, policyOf(own, signingSecrets));
  }
  return { signingSecrets: secrets.default, namedSecrets, destinations };
}

/** The secrets that a destination's settings name. */
function secretOf(
  secrets: SigningSecrets,
  { secretName, place }: DestinationSettings,
  name: string,
): readonly string[] {
  if (secretName === DEFAULT_NAME) return secrets.default;
  if (Object.hasOwn(secrets.byName, secretName!)) return secrets.byName[secretName!]!;
  throw new VolleyError(
    'VOLLEY_SECRET',
    `${place}: destination ${name} is to be signed with the secret ${secretName}, which is not there: add it to the secrets, or correct "secret"`,
  );
}

function check(of: string, secrets: readonly string[], schemes: readonly SignatureScheme[]): void {
  // Only a provider of somebody's own gives none.
  if (secrets.length === 0) refuse(of, 'there is none: the provider must give at least one');
  for (const secret of secrets) refuse(of, secretFault(secret));
  refuse(of, schemesFault(secrets, schemes));
}

function refuse(of: string, fault: string | null): void {
  if (fault !== null) throw new VolleyError('VOLLEY_SECRET', `${of}: ${fault}`);
}

function policyOf(
  own: DestinationSettings,
  signingSecrets: readonly string[] | undefined,
): DestinationPolicy {
  const timeouts = present({
    connectMs: own.connectTimeoutMs,
    readMs: own.readTimeoutMs,
    totalMs: own.totalTimeoutMs,
  });
  const route = routeOf(own);
  return {
    ...present({
      signatures: own.signatures,
      headers: own.headers?.map((text, i) => (i % 2 === 0 ? text.toLowerCase() : text)) ?? null,
      encryptionKey: own.encryptionKey as Readonly<Record<string, unknown>> | null,
    }),
    ...(signingSecrets === undefined ? {} : { signingSecrets }),
    ...(Object.keys(timeouts).length === 0 ? {} : { timeouts }),
    ...(Object.keys(route).length === 0 ? {} : { route }),
  };
}

/** How connections to a destination with these settings are made. */
export function routeOf(own: DestinationSettings): RoutePolicy {
  return present({
    clientCertificate: own.clientCertificate,
    clientKey: own.clientKey,
    ca: own.ca,
    proxy: own.proxy,
    sourceAddress: own.sourceAddress,
    http2: own.http2,
  });
}

/** Shortest secret that is not warned about, in bytes: the output of SHA-256 (RFC 2104 §3 advises no shorter key than that), halved. */
const WEAK_BELOW_BYTES = 16;

/** Says of secrets that are easily guessed, without showing them. */
function weaknesses({ default: usual, byName }: SigningSecrets): string[] {
  const named = Object.values(byName).flat();
  const weak = [...usual, ...named].filter((secret) => keyBytes(secret) < WEAK_BELOW_BYTES).length;
  return weak === 0
    ? []
    : [
        `${weak} of the signing secrets ${weak === 1 ? 'has' : 'have'} fewer than ${WEAK_BELOW_BYTES} bytes and can be guessed: make better ones with "openssl rand -base64 32"`,
      ];
}

/** Says of source addresses that this machine does not have now. Of 127.0.0.0/8 it has all. */
function notHere(settings: SettingsByName): string[] {
  const here = new Set(
    Object.values(networkInterfaces()).flatMap((all) => all?.map(({ address }) => address) ?? []),
  );
  const warnings: string[] = [];
  for (const { place, sourceAddress } of settings.values())
    if (sourceAddress !== null && !here.has(sourceAddress) && !sourceAddress.startsWith('127.'))
      warnings.push(
        `${place}: the source-address ${sourceAddress} is not an address of this machine: nothing can be sent from it`,
      );
  return warnings;
}

type Present<Values> = { readonly [Name in keyof Values]?: NonNullable<Values[Name]> };

/** The values that are set. */
function present<Values extends object>(values: Values): Present<Values> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null)) as Present<Values>;
}
