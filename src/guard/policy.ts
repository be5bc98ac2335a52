/** Where requests may go beside https on port 443 to public addresses: plain values, as they are sent to threads. */
export interface GuardPolicy {
  /** Whether http:// is delivered to, on port 80, as well. */
  readonly allowHttp: boolean;
  /** Networks (`ADDRESS/BITS`) that may be reached although they are not public. */
  readonly allowNets: readonly string[];
  /** Hosts that may have an address that is not public: names, `*.SUFFIX` for all names below one, IP addresses. */
  readonly allowHosts: readonly string[];
  /** Ports beside the scheme's own; 0 stands for every port. */
  readonly allowPorts: readonly number[];
}

/** The policy when nobody says otherwise: it allows nothing. */
export const CLOSED_POLICY: GuardPolicy = { allowHttp: false, allowNets: [], allowHosts: [], allowPorts: [] };
