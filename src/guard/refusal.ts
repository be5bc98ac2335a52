/** What a refusal is, whatever it was that was refused. */

export type RefusalCode =
  /** Longer than MAX_URL_CHARS. */
  | 'url-too-long'
  /** Holds a character that is seen differently by different readers: control, white space, format, backslash. */
  | 'character'
  /** Not an absolute URL with exactly two slashes. */
  | 'url-invalid'
  /** Neither https, nor http where that is allowed. */
  | 'scheme'
  /** Holds an `@` in front of the host. */
  | 'userinfo'
  /** No port, or one that is not allowed. */
  | 'port'
  /** Neither a name nor an IP address. */
  | 'host-invalid'
  /** Not written in ASCII as it goes over the wire. */
  | 'host-confusable'
  /** Would be allowed, written in the usual way. */
  | 'host-not-canonical'
  /** A name that no public server has. */
  | 'special-name'
  /** An address that is not public. */
  | 'address'
  /** The address of a cloud's metadata service, which hands out credentials. */
  | 'metadata'
  /** A name without an address. */
  | 'unresolved';

export interface Refusal {
  readonly code: RefusalCode;
  /** One line: what was refused, why, and the flag that would allow it where there is one. */
  readonly detail: string;
}

export interface Refused {
  readonly kind: 'refused';
  readonly refusal: Refusal;
}

export function refusal(code: RefusalCode, detail: string): Refusal {
  return { code, detail };
}

export function refused(code: RefusalCode, detail: string): Refused {
  return { kind: 'refused', refusal: refusal(code, detail) };
}
