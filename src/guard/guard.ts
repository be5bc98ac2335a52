/**
 * The guard: where requests may go. It judges a URL, then each address of its host before that is dialled, and again
 * the address a socket turned out to be connected to. Pure: it asks nobody, and the same question gets the same answer.
 */

import { shown } from '../runtime/shown.ts';
import {
  type Address,
  contains,
  isSameAddress,
  isSingle,
  type Network,
  parseAddress,
  parseNetwork,
} from './address.ts';
import { HostList } from './host-list.ts';
import { specialNameNote } from './host-name.ts';
import type { GuardPolicy } from './policy.ts';
import { type Refusal, type Refused, refusal } from './refusal.ts';
import { type Standing, standingOf, translated } from './standing.ts';
import { DEFAULT_PORTS, readUrl, type Target } from './url.ts';

export type { Refusal, RefusalCode } from './refusal.ts';
export type { Target } from './url.ts';

export type Judged = Target | Refused;

export interface Guard {
  /** Judges a URL as far as it tells by itself: all but the addresses of a name. Never throws. */
  judgeUrl(url: string): Judged;
  /** Judges every address that a host resolves to; null when all of them may be dialled, and there is one. */
  judgeAddresses(host: string, addresses: readonly string[]): Refusal | null;
  /** Judges one address of a host, as DNS gave it or as a socket says it is connected to; null when it may be dialled. */
  judgeAddress(host: string, address: string): Refusal | null;
}

/** The guard of a policy. Throws a RangeError naming the network or host of the policy that is none. */
export function guardOf(policy: GuardPolicy): Guard {
  return new PolicyGuard(policy);
}

class PolicyGuard implements Guard {
  readonly #allowHttp: boolean;
  readonly #networks: readonly Network[];
  readonly #hosts: HostList;
  readonly #ports: ReadonlySet<number>;

  constructor({ allowHttp, allowNets, allowHosts, allowPorts }: GuardPolicy) {
    this.#allowHttp = allowHttp;
    this.#networks = allowNets.map(networkOf);
    this.#hosts = new HostList(allowHosts);
    this.#ports = new Set(allowPorts);
  }

  judgeUrl(url: string): Judged {
    const read = readUrl(url);
    if (read.kind === 'refused') return read;
    const { target, misspelling } = read;
    // Where it leads is told before how it is spelled: that is what cannot be mended.
    const fault =
      this.#schemeRefusal(target) ?? this.#portRefusal(target) ?? this.#hostRefusal(target) ?? misspelling;
    return fault === null ? target : { kind: 'refused', refusal: fault };
  }

  #schemeRefusal({ scheme }: Target): Refusal | null {
    if (scheme === 'https' || this.#allowHttp) return null;
    return refusal('scheme', 'http:// is not delivered to: use https, or start the worker with --allow-http');
  }

  #portRefusal({ scheme, port }: Target): Refusal | null {
    const usual = DEFAULT_PORTS[scheme];
    if (port === usual || this.#ports.has(port) || this.#ports.has(0)) return null;
    return refusal(
      'port',
      `port ${port} is not delivered to: use ${usual}, or start the worker with --allow-port ${port}`,
    );
  }

  #hostRefusal({ host, isAddress }: Target): Refusal | null {
    if (isAddress) return this.judgeAddress(host, host);
    const note = specialNameNote(host);
    return note === null || this.#networks.length > 0 || this.#hosts.has(host)
      ? null
      : specialName(host, note);
  }

  judgeAddresses(host: string, addresses: readonly string[]): Refusal | null {
    for (const address of addresses) {
      const fault = this.judgeAddress(host, address);
      if (fault !== null) return fault;
    }
    return addresses.length > 0
      ? null
      : refusal('unresolved', `${shown(host)} has no address: correct the name, or its DNS records`);
  }

  judgeAddress(host: string, address: string): Refusal | null {
    const parsed = parseAddress(address);
    if (parsed === null)
      return refusal('address', `${shown(address)} is not an IP address, and ${host} resolves to it`);
    const standing = standingOf(parsed);
    if (standing.kind === 'metadata')
      return this.#isNamed(host, parsed) ? null : notPublic(host, address, standing);
    if (this.#inNetwork(parsed)) return null;
    if (this.#hosts.has(host)) return standing.kind === 'no-host' ? notPublic(host, address, standing) : null;
    if (standing.kind !== 'public') return notPublic(host, address, standing);
    const note = parseAddress(host) === null ? specialNameNote(host) : null;
    return note === null ? null : outsideNetworks(host, note, address);
  }

  /** Whether this very address was named by the policy, which alone opens a metadata service. */
  #isNamed(host: string, address: Address): boolean {
    if (this.#inNetwork(address, isSingle)) return true;
    const literal = this.#hosts.has(host) ? parseAddress(host) : null;
    return literal !== null && isSameAddress(literal, address);
  }

  #inNetwork(address: Address, counts: (network: Network) => boolean = () => true): boolean {
    if (this.#networks.length === 0) return false;
    const inner = translated(address);
    return this.#networks.some(
      (network) =>
        counts(network) && (contains(network, address) || (inner !== null && contains(network, inner))),
    );
  }
}

function networkOf(text: string): Network {
  const network = parseNetwork(text);
  if (network !== null) return network;
  throw new RangeError(
    `${JSON.stringify(text)} is not a network: write ADDRESS/BITS, for example 10.1.0.0/16`,
  );
}

function notPublic(host: string, address: string, { kind, note }: Standing): Refusal {
  const whose = host === address ? '' : `, and ${host} resolves to it`;
  return refusal(
    kind === 'metadata' ? 'metadata' : 'address',
    `${address} is not a public address: ${note}${whose}; start the worker with --allow-net ${single(address)} to deliver there`,
  );
}

function specialName(host: string, note: string): Refusal {
  return refusal(
    'special-name',
    `${host} is not a public address: ${note}; start the worker with --allow-host ${host}, or --allow-net and its network, to deliver there`,
  );
}

function outsideNetworks(host: string, note: string, address: string): Refusal {
  return refusal(
    'special-name',
    `${host} is ${note}, and resolves to ${address}, which is in no network of --allow-net: start the worker with --allow-net ${single(address)} to deliver there`,
  );
}

/** The network of one address. */
function single(address: string): string {
  return `${address}/${address.includes(':') ? 128 : 32}`;
}
