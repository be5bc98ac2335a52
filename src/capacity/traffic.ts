/** Bytes and packets of a delivery: on the wire, in the broker's memory and in its append-only file. */
import type { PlanInputs } from './inputs.ts';

/** Members of an envelope beside its payload: id, URL, type, timestamp, destination. */
const ENVELOPE_BYTES = 240;
/** Head of a request with two signatures, and of a short answer with its body. */
const REQUEST_HEAD_BYTES = 640;
const ANSWER_BYTES = 400;
/** Ethernet (RFC 894) with preamble and gap, IPv4, TCP with timestamps: what each packet costs a link beside its payload. */
const PACKET_OVERHEAD_BYTES = 38 + 20 + 32;
/** Largest payload of a packet on a link with an MTU of 1 500 bytes and TCP timestamps. */
const SEGMENT_BYTES = 1_448;
/** A TLS 1.3 record holds 16 KiB at most, and costs its header, its type and its tag (RFC 8446 §5). */
const RECORD_BYTES = 16_384;
const RECORD_OVERHEAD_BYTES = 22;
/** Packets and bytes of a new connection and its end: TCP, and a TLS handshake with two certificates from the other side. */
const CONNECTION = {
  http: { sentPackets: 4, receivedPackets: 3, sentBytes: 0, receivedBytes: 0 },
  https: { sentPackets: 8, receivedPackets: 9, sentBytes: 900, receivedBytes: 4_500 },
} as const;
/** A settlement's token on the way to the broker. */
const SETTLEMENT_BYTES = 48;
/** What Redis adds to a record in a list: its length twice, and the room that the allocator leaves (seen: 5 % at 200 bytes, 13 % at 1 KiB, 24 % at 16 KiB). */
const LISTED_BYTES = 16;
const LIST_SLACK = 1.2;
/** What it adds in the sorted set and hash of retries: token twice, score, skip list, hash entry. */
const DELAYED_BYTES = 320;
/** What the append-only file holds of a push, a claim with its settlement, and a retry, beside the envelope (the first two seen, rounded up). */
const PUSH_COMMAND_BYTES = 56;
const CLAIM_COMMAND_BYTES = 80;
const RETRY_COMMAND_BYTES = 144;

/** One direction of a link. */
export interface Flow {
  readonly bytes: number;
  readonly packets: number;
}

export interface Traffic {
  readonly envelopeBytes: number;
  /** Of an attempt, to and from receivers and broker, as the host's link sees them. */
  readonly sent: Flow;
  readonly received: Flow;
  /** Memory of the broker for an event that waits, and for one that waits for a retry. */
  readonly listedBytes: number;
  readonly delayedBytes: number;
  /** Of the append-only file, for each push, each attempt and each retry. */
  readonly pushBytes: number;
  readonly claimBytes: number;
  readonly retryBytes: number;
}

export function trafficOf({ payloadBytes, scheme, reusePercent }: PlanInputs): Traffic {
  const fresh = 1 - reusePercent / 100;
  const connection = CONNECTION[scheme];
  const envelopeBytes = payloadBytes + ENVELOPE_BYTES;
  const request = message(REQUEST_HEAD_BYTES + payloadBytes, scheme);
  const answer = message(ANSWER_BYTES, scheme);
  // Claims come in batches, so a packet holds parts of several.
  const claimPackets = envelopeBytes / SEGMENT_BYTES;
  return {
    envelopeBytes,
    // Every second packet is acknowledged (RFC 5681 §4.2), in both directions.
    sent: onLink(
      request.bytes + SETTLEMENT_BYTES + fresh * connection.sentBytes,
      request.packets + answer.packets + claimPackets / 2 + fresh * connection.sentPackets,
    ),
    received: onLink(
      answer.bytes + envelopeBytes + fresh * connection.receivedBytes,
      answer.packets + request.packets / 2 + claimPackets + fresh * connection.receivedPackets,
    ),
    listedBytes: (envelopeBytes + LISTED_BYTES) * LIST_SLACK,
    delayedBytes: envelopeBytes + DELAYED_BYTES,
    pushBytes: envelopeBytes + PUSH_COMMAND_BYTES,
    claimBytes: envelopeBytes + CLAIM_COMMAND_BYTES,
    retryBytes: envelopeBytes + RETRY_COMMAND_BYTES,
  };
}

/**
 * Bytes that an attempt over a kept TLS connection puts on the host's link, by the size of its envelope: request, and its part of
 * the packets and TLS records. What is sent again, handshakes and acknowledgements are not in it.
 */
export function requestLinkBytes(envelopeBytes: number): number {
  const request = message(REQUEST_HEAD_BYTES + Math.max(0, envelopeBytes - ENVELOPE_BYTES), 'https');
  return onLink(request.bytes, request.packets).bytes;
}

/** A message of its own: as many packets as it takes, records of TLS included. */
function message(bytes: number, scheme: PlanInputs['scheme']): Flow {
  const records = scheme === 'https' ? Math.ceil(bytes / RECORD_BYTES) * RECORD_OVERHEAD_BYTES : 0;
  return { bytes: bytes + records, packets: Math.ceil((bytes + records) / SEGMENT_BYTES) };
}

function onLink(bytes: number, packets: number): Flow {
  return { bytes: bytes + packets * PACKET_OVERHEAD_BYTES, packets };
}
