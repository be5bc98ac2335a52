/** Finds where HTTP/1.1 requests end in a stream of bytes, and nothing more: a receiver must cost less than what it measures. */

/** Longest head accepted, in bytes: bounds what one connection can make a receiver keep. */
const MAX_HEAD_BYTES = 64 * 1024;
const HEAD_END = Buffer.from('\r\n\r\n');
const CONTENT_LENGTH = /\r\ncontent-length: *(\d+)/i;
const NOTHING = Buffer.alloc(0);

export interface RequestReaderOptions {
  /** Called when a request's last byte is there. The head is without its last line end; the body is empty unless kept. */
  readonly onRequest: (head: string, body: Buffer) => void;
  /** Bodies cost nothing while they are not kept. */
  readonly keepBodies?: boolean;
}

/** One per connection. Requests may be pipelined and may be cut anywhere. Bodies are told by content-length only. */
export class RequestReader {
  readonly #onRequest: (head: string, body: Buffer) => void;
  readonly #keepBodies: boolean;
  #unfinishedHead: Buffer | null = null;
  /** Of the request whose body is not complete. */
  #head = '';
  #parts: Buffer[] = [];
  #bodyBytesLeft = 0;

  constructor({ onRequest, keepBodies = false }: RequestReaderOptions) {
    this.#onRequest = onRequest;
    this.#keepBodies = keepBodies;
  }

  /** Takes the next bytes. Throws RangeError when a head has no end. */
  read(chunk: Buffer): void {
    const bytes = this.#unfinishedHead === null ? chunk : Buffer.concat([this.#unfinishedHead, chunk]);
    this.#unfinishedHead = null;
    let at = this.#bodyBytesLeft > 0 ? this.#readBody(bytes, 0) : 0;
    while (at < bytes.length) {
      const headEnd = bytes.indexOf(HEAD_END, at);
      if (headEnd === -1) {
        if (bytes.length - at > MAX_HEAD_BYTES) throw new RangeError('a request head has no end');
        this.#unfinishedHead = bytes.subarray(at);
        return;
      }
      this.#head = bytes.toString('latin1', at, headEnd);
      const length = CONTENT_LENGTH.exec(this.#head);
      this.#bodyBytesLeft = length === null ? 0 : Number(length[1]);
      at = this.#readBody(bytes, headEnd + HEAD_END.length);
    }
  }

  /** Takes what there is of the body; answers where it ends. */
  #readBody(bytes: Buffer, at: number): number {
    const end = Math.min(bytes.length, at + this.#bodyBytesLeft);
    if (this.#keepBodies) this.#parts.push(bytes.subarray(at, end));
    this.#bodyBytesLeft -= end - at;
    if (this.#bodyBytesLeft === 0) {
      const body = this.#parts.length === 0 ? NOTHING : Buffer.concat(this.#parts);
      this.#parts = [];
      this.#onRequest(this.#head, body);
    }
    return end;
  }
}
