/** What an address is, whatever the policy: public or not, and why not. */
import { type Address, contains, formatIPv4, type Network, parseNetwork } from './address.ts';
import {
  BEYOND_REGISTRIES,
  EMBEDDED_IPV4,
  IPV4_REGISTRY,
  IPV6_REGISTRY,
  METADATA,
  NO_HOST,
  TRANSPARENT,
} from './special-addresses.ts';

export interface Standing {
  /** `special` is a host that is not public; `no-host` is not one host (unspecified, multicast, broadcast). */
  readonly kind: 'public' | 'special' | 'no-host' | 'metadata';
  /** What it is and where that is written, for example `private use (RFC 1918)`. */
  readonly note: string;
}

interface Block extends Standing {
  readonly network: Network;
  /** Where an IPv4 address stands in its addresses; null for nowhere. */
  readonly embeds: 'low' | 'second' | 'low-inverted' | null;
  /** Whether that address alone counts. */
  readonly transparent: boolean;
}

const PUBLIC: Standing = { kind: 'public', note: 'public' };

/** The blocks of both families, the smallest first, so that the first one found is the one that speaks. */
const BLOCKS: readonly Block[] = [...METADATA, ...IPV4_REGISTRY, ...IPV6_REGISTRY, ...BEYOND_REGISTRIES]
  .map((row): Block => {
    const [net, what, source] = row;
    return {
      network: parseNetwork(net)!,
      kind: METADATA.includes(row) ? 'metadata' : NO_HOST.has(net) ? 'no-host' : 'special',
      note: `${what} (${source})`,
      embeds: EMBEDDED_IPV4.get(net) ?? null,
      transparent: net === TRANSPARENT,
    };
  })
  .sort((one, other) => other.network.bits - one.network.bits);
const BLOCKS_V4 = BLOCKS.filter(({ network }) => network.words.length === 2);
const BLOCKS_V6 = BLOCKS.filter(({ network }) => network.words.length === 8);

export function standingOf(address: Address): Standing {
  const block = blockOf(address);
  if (block === null) return PUBLIC;
  const embedded = embeddedIn(block, address);
  if (embedded === null) return block;
  const inner = standingOf(embedded);
  const { kind } = inner;
  if (block.transparent && kind === 'public') return PUBLIC;
  const within = kind === 'public' ? '' : `, ${inner.note}`;
  return {
    kind: kind === 'public' ? block.kind : kind,
    note: `${block.note} of ${formatIPv4(embedded)}${within}`,
  };
}

/** The IPv4 address that an address of 64:ff9b::/96 stands for; null for every other address. */
export function translated(address: Address): Address | null {
  const block = blockOf(address);
  return block?.transparent === true ? embeddedIn(block, address) : null;
}

function blockOf(address: Address): Block | null {
  const blocks = address.length === 2 ? BLOCKS_V4 : BLOCKS_V6;
  for (const block of blocks) if (contains(block.network, address)) return block;
  return null;
}

function embeddedIn({ embeds }: Block, address: Address): Address | null {
  switch (embeds) {
    case null:
      return null;
    case 'low':
      return [address[6]!, address[7]!];
    case 'second':
      return [address[1]!, address[2]!];
    case 'low-inverted':
      return [address[6]! ^ 0xffff, address[7]! ^ 0xffff];
    default:
      return embeds satisfies never;
  }
}
