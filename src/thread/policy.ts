/** What a thread is told: plain values, as they are copied to it. */
import type { GuardPolicy } from '../guard/policy.ts';
import type { SignatureScheme } from '../signing/schemes.ts';

/** Told once, when the thread starts. */
export interface AttemptPolicy {
  readonly guard: GuardPolicy;
  /** Name servers to ask, `ADDRESS` or `ADDRESS:PORT`; none for the system's. */
  readonly dnsServers: readonly string[];
  readonly timeouts: Timeouts;
  readonly signatures: readonly SignatureScheme[];
  readonly userAgent: string;
  /** Most attempts in flight in this thread until it is told otherwise, and so most sockets to one host; what it is given beyond that waits in it. */
  readonly slots: number;
  /** Most sockets of this thread, to all hosts; at least as many as it will ever have slots. */
  readonly sockets: number;
}

/** How long the parts of an attempt may take, in milliseconds. */
export interface Timeouts {
  /** From the asking for a connection to one that can be used: names, TCP, proxy and TLS. */
  readonly connectMs: number;
  /** From the request's leaving to its status. */
  readonly readMs: number;
  /** From the start of the attempt to its end, whatever happens in between. */
  readonly totalMs: number;
}

/** Told when the thread starts, and again whenever something of it changes. */
export interface ThreadSettings {
  /** Newest first, at least one: for destinations without secrets of their own. */
  readonly signingSecrets: readonly string[];
  /** The same by destination id or URL origin: looked up apart from `destinations`, so that neither hides the other. */
  readonly namedSecrets: ReadonlyMap<string, readonly string[]>;
  /** By destination id or URL origin. */
  readonly destinations: ReadonlyMap<string, DestinationPolicy>;
}

/** How one destination differs; what is absent is as for all. */
export interface DestinationPolicy {
  /** Newest first, at least one: those that its settings name. */
  readonly signingSecrets?: readonly string[];
  readonly signatures?: readonly SignatureScheme[];
  /** Sent with each request: alternating names and values. An event's own headers win. */
  readonly headers?: readonly string[];
  readonly timeouts?: Partial<Timeouts>;
  readonly route?: RoutePolicy;
  /** Bodies are encrypted for the holder of this JSON Web Key's private half. */
  readonly encryptionKey?: Readonly<Record<string, unknown>>;
}

/** How connections are made. Destinations with the same route share sockets; empty for all that say nothing of it. */
export interface RoutePolicy {
  /** PEM, with the key: shown to receivers that ask for a client certificate. */
  readonly clientCertificate?: string;
  readonly clientKey?: string;
  /** PEM: who may vouch for receivers, instead of the system's authorities. */
  readonly ca?: string;
  readonly proxy?: ProxyPolicy;
  /** The address of this machine to connect from. */
  readonly sourceAddress?: string;
  /** Whether HTTP/2 is offered. */
  readonly http2?: boolean;
}

/** An HTTP proxy that connections are tunnelled through with CONNECT (RFC 9110 §9.3.6). */
export interface ProxyPolicy {
  readonly host: string;
  readonly port: number;
  /** Whether the proxy itself is spoken to over TLS. */
  readonly tls: boolean;
  /** The value of Proxy-Authorization; null for none. */
  readonly authorization: string | null;
}
