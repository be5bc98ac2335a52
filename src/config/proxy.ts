/** A forward proxy, as a destination's settings name it. */

/** Where CONNECT is asked for, and by whom. */
export interface ProxySetting {
  /** A name or an address; IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
  /** Whether the proxy itself is spoken to over TLS. */
  readonly tls: boolean;
  /** The value of `proxy-authorization` (RFC 7617); null for none. */
  readonly authorization: string | null;
}

/** What URL forgives (white space, backslashes, missing slashes) is a slip in a config file. */
const PROXY_URL = /^https?:\/\/[\x21-\x5b\x5d-\x7e]+$/;

/** The end of the sentence "give …" where `parseProxy` answers null. */
export const EXPECTED_PROXY =
  'http://HOST:PORT or https://HOST:PORT without a path, in front of the host NAME:PASSWORD@ if need be, and in those / : @ % written as %2F %3A %40 %25';

/** The proxy at an http or https URL without a path; null for anything else. */
export function parseProxy(text: string): ProxySetting | null {
  const url = PROXY_URL.test(text) ? URL.parse(text) : null;
  if (url === null || `${url.pathname}${url.search}${url.hash}` !== '/') return null;
  const tls = url.protocol === 'https:';
  const port = url.port === '' ? (tls ? 443 : 80) : Number(url.port);
  const authorization = basicAuthorization(url.username, url.password);
  if (port === 0 || authorization === undefined) return null;
  return { host: url.hostname.replace(/^\[(.*)\]$/, '$1'), port, tls, authorization };
}

/** From what stands in front of the host, percent-encoded; null for nothing, undefined for what cannot be sent (RFC 7617 §2). */
function basicAuthorization(username: string, password: string): string | null | undefined {
  if (username === '' && password === '') return null;
  const [name, pass] = [decoded(username), decoded(password)];
  if (name === null || pass === null || name.includes(':')) return undefined;
  return `Basic ${Buffer.from(`${name}:${pass}`).toString('base64')}`;
}

function decoded(text: string): string | null {
  try {
    const plain = decodeURIComponent(text);
    return /\p{Cc}/u.test(plain) ? null : plain;
  } catch {
    return null;
  }
}
