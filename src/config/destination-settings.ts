/**
 * The one table of a destination's settings. Validation, error messages and the README's table all come from it; a test
 * holds the README to it. A setting that is also an option of the worker has that option's range and meaning.
 */
import type { SignatureScheme } from '../signing/schemes.ts';
import type { PublicJwk } from './encryption-key.ts';
import type { OptionSpec } from './option-spec.ts';
import { OPTIONS } from './options.ts';
import type { ProxySetting } from './proxy.ts';

/** The key of the config file that holds them: an object by destination id or URL origin. */
export const DESTINATIONS_KEY = 'destinations';

/** What the config file says of one destination; null is not set: as the worker's options say, or not at all. */
export interface DestinationSettings {
  /** `FILE:LINE:COLUMN` of the destination's key. */
  readonly place: string;
  readonly secretName: string | null;
  /** Alternating names and values. */
  readonly headers: readonly string[] | null;
  readonly connectTimeoutMs: number | null;
  readonly readTimeoutMs: number | null;
  readonly totalTimeoutMs: number | null;
  readonly retryScheduleMs: readonly number[] | null;
  readonly signatures: readonly SignatureScheme[] | null;
  readonly permanentStatuses: readonly number[] | null;
  readonly ratePerSecond: number | null;
  readonly rateBurst: number | null;
  readonly maxInFlight: number | null;
  readonly breakerFailures: number | null;
  readonly coolOffMs: number | null;
  readonly disabled: boolean;
  /** PEM: the certificate, then those that vouch for it. */
  readonly clientCertificate: string | null;
  /** PEM, not encrypted. */
  readonly clientKey: string | null;
  /** PEM, one certificate or more. */
  readonly ca: string | null;
  readonly proxy: ProxySetting | null;
  /** An IP address. */
  readonly sourceAddress: string | null;
  /** For encryption; with `kid` and `alg` where its file has them. */
  readonly encryptionKey: PublicJwk | null;
  readonly http2: boolean | null;
}

export type SettingName = Exclude<keyof DestinationSettings, 'place'>;

/** What a file that a setting names has to hold. */
export type FileContent = 'certificate' | 'private key' | 'authorities' | 'encryption key';

interface SettingBase {
  /** The key in the config file. */
  readonly key: string;
  /** How the value is written, for the README; absent where the kind says it. */
  readonly value?: string;
  /** What holds when it is not set, in words. */
  readonly otherwise: string;
  /** One line. */
  readonly doc: string;
}

export type SettingSpec = SettingBase &
  (
    | { readonly kind: 'option'; readonly option: OptionSpec }
    /** The path of a file, from the config file's folder. */
    | { readonly kind: 'file'; readonly holds: FileContent }
    /** The name of a secret, an object of strings, a proxy's URL, an IP address. */
    | { readonly kind: 'secret-name' | 'headers' | 'proxy' | 'address' }
  );

export const DESTINATION_SETTINGS = {
  secretName: {
    kind: 'secret-name',
    key: 'secret',
    value: 'NAME',
    otherwise: 'its own, or else the common one',
    doc: 'the secret it is signed with, by its name among the secrets',
  },
  headers: {
    kind: 'headers',
    key: 'headers',
    value: '{"NAME": "VALUE"}',
    otherwise: 'none',
    doc: 'extra request headers, by the rules for those of an event',
  },
  connectTimeoutMs: asOption(OPTIONS.connectTimeoutMs),
  readTimeoutMs: asOption(OPTIONS.readTimeoutMs),
  totalTimeoutMs: asOption(OPTIONS.totalTimeoutMs),
  retryScheduleMs: asOption(OPTIONS.retryScheduleMs),
  signatures: asOption(OPTIONS.signatures),
  permanentStatuses: asOption(OPTIONS.permanentStatuses),
  ratePerSecond: asOption(OPTIONS.ratePerSecond),
  rateBurst: asOption(OPTIONS.rateBurst),
  maxInFlight: asOption(OPTIONS.maxInFlight),
  breakerFailures: asOption(OPTIONS.breakerFailures),
  coolOffMs: asOption(OPTIONS.coolOffMs),
  disabled: onOff('disabled', 'false', 'nothing is sent; its deliveries are kept'),
  clientCertificate: {
    kind: 'file',
    holds: 'certificate',
    key: 'client-certificate',
    value: 'FILE',
    otherwise: 'none',
    doc: 'certificate for mutual TLS, PEM, with its chain after it; goes with client-key',
  },
  clientKey: {
    kind: 'file',
    holds: 'private key',
    key: 'client-key',
    value: 'FILE',
    otherwise: 'none',
    doc: 'private key of client-certificate, PEM, not encrypted',
  },
  ca: {
    kind: 'file',
    holds: 'authorities',
    key: 'ca',
    value: 'FILE',
    otherwise: 'those that Node trusts',
    doc: 'certificates, PEM, that vouch for the receiver, instead of the usual ones',
  },
  proxy: {
    kind: 'proxy',
    key: 'proxy',
    value: 'URL',
    otherwise: 'none',
    doc: 'forward proxy (CONNECT): http://HOST:PORT or https://HOST:PORT, credentials in front as NAME:PASSWORD@',
  },
  sourceAddress: {
    kind: 'address',
    key: 'source-address',
    value: 'ADDRESS',
    otherwise: "the system's choice",
    doc: 'address of this machine that connections come from',
  },
  encryptionKey: {
    kind: 'file',
    holds: 'encryption key',
    key: 'encryption-key',
    value: 'FILE',
    otherwise: 'none',
    doc: "the receiver's public key, JWK or PEM (RSA of 2048 bits or more, P-256, P-384, P-521, X25519): bodies are sent encrypted (JWE)",
  },
  http2: onOff('http2', 'off', 'HTTP/2, where the receiver offers it'),
} as const satisfies Readonly<Record<SettingName, SettingSpec>>;

/** A setting that is, for one destination, what the option is for all. */
function asOption(option: OptionSpec): SettingSpec {
  return { kind: 'option', key: option.flag, otherwise: `as --${option.flag}`, doc: option.doc, option };
}

function onOff(key: string, otherwise: string, doc: string): SettingSpec {
  const option = { kind: 'boolean', flag: key, default: false, scopes: [], doc } as const;
  return { kind: 'option', key, otherwise, doc, option };
}
