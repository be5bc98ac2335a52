/**
 * A URL taken apart, strictly: what the WHATWG parser repairs in silence (white space, backslashes, missing or
 * additional slashes, user names, hosts in other alphabets) is refused, since what one reader repairs another reads
 * differently.
 */
import { isIP } from 'node:net';
import { MAX_URL_CHARS } from '../delivery/event.ts';
import { shown } from '../runtime/shown.ts';
import { nameFault } from './host-name.ts';
import { type Refusal, type Refused, refusal, refused } from './refusal.ts';

export interface Target {
  readonly kind: 'target';
  readonly scheme: 'https' | 'http';
  /** In lower case, an IPv6 address compressed and without brackets. */
  readonly host: string;
  /** Whether the host is an IP address. */
  readonly isAddress: boolean;
  readonly port: number;
  readonly origin: string;
  /** Path and query. */
  readonly path: string;
}

interface ReadUrl {
  readonly kind: 'read';
  /** With the host as it should have been written. */
  readonly target: Target;
  /** Why the host's spelling is refused, should the host itself be allowed; null for nothing. */
  readonly misspelling: Refusal | null;
}

export const DEFAULT_PORTS = { https: 443, http: 80 } as const;

/** Control, format (bidirectional and zero-width ones among them), unassigned and surrogate characters, separators, and the backslash. */
const FORBIDDEN = /[\p{C}\p{Z}\\]/u;
/** Scheme, slashes, authority (RFC 3986 §3); the rest is path, query and fragment. */
const PARTS = /^([a-z][a-z0-9+.-]*):(\/*)([^/?#]*)/i;
const HOST_AND_PORT = /^(\[[^\]]*\]|[^:[\]]*)(?::(.*))?$/;
const MAX_PORT = 65_535;
/** What is not ASCII, or stands for something else. */
const NOT_PLAIN = /[^\x21-\x7e]|%/;

/** Takes a URL apart, or says what is wrong with it whatever the policy. */
export function readUrl(url: string): ReadUrl | Refused {
  if (url.length > MAX_URL_CHARS)
    return refused('url-too-long', `the URL has ${url.length} characters: at most ${MAX_URL_CHARS} will do`);
  const forbidden = FORBIDDEN.exec(url);
  if (forbidden !== null) return forbiddenCharacter(forbidden);
  const [, scheme = '', slashes = '', authority = ''] = PARTS.exec(url) ?? [];
  const name = scheme.toLowerCase();
  if (scheme === '')
    return refused('url-invalid', `${shown(url)} is not an absolute URL such as https://example.com/hooks`);
  if (name !== 'https' && name !== 'http')
    return refused('scheme', `${shown(`${name}:`)} is not delivered to: use https`);
  if (slashes !== '//')
    return refused('url-invalid', `exactly two slashes follow ${name}: as in https://example.com/hooks`);
  if (authority.includes('@'))
    return refused('userinfo', 'the URL holds a user name, a password or an @ before its host: leave it out');
  return readHost(url, name, authority);
}

function forbiddenCharacter({ 0: character, index }: RegExpExecArray): Refused {
  const number = character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0');
  const place = `U+${number} at character ${index + 1}`;
  const fix = character === '\\' ? 'write / or %5C' : 'leave it out, or percent-encode it';
  return refused('character', `the URL holds ${place}: ${fix}`);
}

function readHost(url: string, scheme: 'https' | 'http', authority: string): ReadUrl | Refused {
  const [matched, written = '', port = ''] = HOST_AND_PORT.exec(authority) ?? [];
  if (matched === undefined || written === '') return noHost(authority);
  if (!/^\d*$/.test(port))
    return refused('port', `${shown(port)} is no port: write HOST:NUMBER, and an IPv6 address in brackets`);
  if (port !== '' && !isPort(Number(port)))
    return refused('port', `port ${shown(port)} does not exist: use ${DEFAULT_PORTS[scheme]}`);
  const parsed = URL.parse(url);
  if (parsed === null) return noHost(written);
  const { hostname } = parsed;
  const host = hostname.startsWith('[') ? hostname.slice(1, -1) : hostname.replace(/\.$/, '');
  const isAddress = isIP(host) !== 0;
  const fault = isAddress ? null : nameFault(host);
  if (fault !== null) return refused('host-invalid', `${shown(host)} ${fault}: correct the host`);
  const target: Target = {
    kind: 'target',
    scheme,
    host,
    isAddress,
    port: parsed.port === '' ? DEFAULT_PORTS[scheme] : Number(parsed.port),
    origin: parsed.origin,
    path: parsed.pathname + parsed.search,
  };
  return { kind: 'read', target, misspelling: hostname.startsWith('[') ? null : misspelled(written, host) };
}

function isPort(port: number): boolean {
  return port > 0 && port <= MAX_PORT;
}

function noHost(written: string): Refused {
  if (written === '') return refused('host-invalid', 'the URL has no host: write https://example.com/hooks');
  const fix = written.includes('%')
    ? 'write it without percent signs, an IPv6 address without its zone'
    : 'correct it, and write an IPv6 address in brackets';
  return refused('host-invalid', `${shown(written)} is neither a host name nor an IP address: ${fix}`);
}

/** A host must stand in the URL as it goes over the wire, so that who reads the URL sees where it leads. */
function misspelled(written: string, host: string): Refusal | null {
  if (NOT_PLAIN.test(written))
    return refusal('host-confusable', `the host is not in plain ASCII: write ${host}`);
  if (written.toLowerCase() === host) return null;
  return refusal('host-not-canonical', `${shown(written)} is ${host} in another spelling: write ${host}`);
}
