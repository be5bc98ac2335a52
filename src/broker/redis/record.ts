/**
 * A record is what Redis holds of a delivery: the envelope as it was pushed, or, once Volley knows more than the
 * producer said, `~<attempts made>~<minted id>~<envelope>`. The scripts write this frame, this file reads it.
 */

const TILDE = 0x7e;
/** A frame's header is at most `~` + 10 digits + `~` + 128 characters of id + `~`. */
const MAX_HEADER_BYTES = 141;
const HEADER = /^~(\d{1,10})~([A-Za-z0-9_.:-]{1,128})~/;

export interface Unframed {
  readonly attempts: number;
  /** Null in a record that has no frame yet. */
  readonly mintedId: string | null;
  readonly envelope: Buffer;
}

export function unframe(record: Buffer): Unframed {
  const header = record[0] === TILDE ? HEADER.exec(record.toString('latin1', 0, MAX_HEADER_BYTES)) : null;
  if (header === null) return { attempts: 0, mintedId: null, envelope: record };
  return { attempts: Number(header[1]), mintedId: header[2]!, envelope: record.subarray(header[0].length) };
}
