/** Finds where HTTP/1.1 requests end in a stream of bytes, and nothing more: a receiver must cost less than what it measures. */

/** Longest head accepted, in bytes: bounds what one connection can make a receiver keep. */
const MAX_HEAD_BYTES = 64 * 1024;
const HEAD_END = Buffer.from('\r\n\r\n');
const CONTENT_LENGTH = /\r\ncontent-length: *(\d+)/i;

/** One per connection. Requests may be pipelined and may be cut anywhere. Bodies are told by content-length only. */
export class RequestReader {
  #unfinishedHead: Buffer | null = null;
  #bodyBytesLeft = 0;

  /** Takes the next bytes; answers how many requests they completed. Throws RangeError when a head has no end. */
  read(chunk: Buffer): number {
    let completed = 0;
    let at = 0;
    if (this.#bodyBytesLeft > 0) {
      if (chunk.length < this.#bodyBytesLeft) {
        this.#bodyBytesLeft -= chunk.length;
        return 0;
      }
      at = this.#bodyBytesLeft;
      this.#bodyBytesLeft = 0;
      completed = 1;
    }
    const bytes = this.#unfinishedHead === null ? chunk : Buffer.concat([this.#unfinishedHead, chunk]);
    this.#unfinishedHead = null;
    while (at < bytes.length) {
      const headEnd = bytes.indexOf(HEAD_END, at);
      if (headEnd === -1) {
        if (bytes.length - at > MAX_HEAD_BYTES) throw new RangeError('a request head has no end');
        this.#unfinishedHead = bytes.subarray(at);
        return completed;
      }
      const length = CONTENT_LENGTH.exec(bytes.toString('latin1', at, headEnd));
      at = headEnd + HEAD_END.length + (length === null ? 0 : Number(length[1]));
      if (at > bytes.length) this.#bodyBytesLeft = at - bytes.length;
      else completed += 1;
    }
    return completed;
  }
}
