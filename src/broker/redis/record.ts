/**
 * A record is what Redis holds of a delivery: the envelope as it was pushed, or, once Volley knows more than the
 * producer said, `~<attempts made>~<name>~<envelope>`. The name is the minted id; for a delivery that is one of a
 * sequence (turn-scripts.ts) `<minted id>/<sequence>`, the SHA-1 of destination and ordering key. The scripts write this
 * frame, this file reads it.
 */

const TILDE = 0x7e;
/** A frame's header is at most `~` + 10 digits + `~` + 128 characters of id + `/` + 40 of sequence + `~`. */
const MAX_HEADER_BYTES = 182;
const HEADER = /^~(\d{1,10})~([A-Za-z0-9_.:-]{1,128})(\/[0-9a-f]{40})?~/;

export interface Unframed {
  readonly attempts: number;
  /** Null in a record that has no frame yet. */
  readonly mintedId: string | null;
  /** With its slash in front; empty for a delivery that is not one of a sequence. */
  readonly sequence: string;
  readonly envelope: Buffer;
}

export function unframe(record: Buffer): Unframed {
  const header = record[0] === TILDE ? HEADER.exec(record.toString('latin1', 0, MAX_HEADER_BYTES)) : null;
  if (header === null) return { attempts: 0, mintedId: null, sequence: '', envelope: record };
  const [{ length }, attempts, mintedId, sequence = ''] = header;
  return { attempts: Number(attempts), mintedId: mintedId!, sequence, envelope: record.subarray(length) };
}
