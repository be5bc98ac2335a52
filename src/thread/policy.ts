/** What a thread is told once, when it starts: plain values, as they are copied to it. */
import type { SignatureScheme } from '../signing/sign.ts';

export interface EgressPolicy {
  /** Whether http:// is delivered too. */
  readonly allowHttp: boolean;
  /** Networks (CIDR) that may be reached although they are not public. */
  readonly allowNets: readonly string[];
  /** Ports beside the scheme's own; 0 stands for every port. */
  readonly allowPorts: readonly number[];
}

export interface AttemptPolicy {
  readonly egress: EgressPolicy;
  readonly connectTimeoutMs: number;
  /** From the request's leaving to its status. */
  readonly readTimeoutMs: number;
  /** From the start of the attempt to its end, whatever happens in between. */
  readonly totalTimeoutMs: number;
  /** Newest first, at least one. */
  readonly signingSecrets: readonly string[];
  readonly signatures: readonly SignatureScheme[];
  readonly userAgent: string;
  /** Most attempts in flight in this thread, and so most sockets to one host; what it is given beyond that waits in it. */
  readonly slots: number;
}
