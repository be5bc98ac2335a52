/**
 * A validating walk over JSON bytes (RFC 8259) that builds nothing.
 *
 * It finds where a value ends and whether it is valid, so that a payload can be sent as the very bytes that were
 * published: numbers keep every digit and keys their order, which `JSON.parse` and `JSON.stringify` do not promise.
 * Measured (bench/README.md): 3 times as fast as `JSON.parse` on a 1 KB order.
 */

const SPACE = 1;
const DIGIT = 2;

/** What each byte may be: white space or a digit. */
const CLASS = new Uint8Array(256);
for (const byte of [0x20, 0x09, 0x0a, 0x0d]) CLASS[byte]! |= SPACE;
for (let byte = 0x30; byte <= 0x39; byte++) CLASS[byte]! |= DIGIT;

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** What the walk answers where the bytes are not valid JSON. */
export const INVALID = -1;

/** The offset of the first byte at or after `at` that is not white space (at most `end`). */
export function skipSpace(bytes: Uint8Array, at: number, end: number): number {
  if (bytes[at]! > 0x20) return at;
  while (at < end && (CLASS[bytes[at]!]! & SPACE) !== 0) {
    at++;
    spacesSkipped++;
  }
  return at;
}

/** White space passed over since the module was loaded: the difference over a walk says whether a value is compact. */
let spacesSkipped = 0;

/** The offset after the string that opens at `at`, or INVALID. */
export function scanString(bytes: Uint8Array, at: number, end: number): number {
  if (bytes[at] !== QUOTE) return INVALID;
  at++;
  while (at < end) {
    let byte = bytes[at]!;
    // May run on into what is behind the end, or to where there is nothing, which is none of these either.
    while (byte > BACKSLASH || (byte !== QUOTE && byte !== BACKSLASH && byte >= 0x20)) byte = bytes[++at]!;
    if (at >= end) return INVALID;
    if (byte === QUOTE) {
      return at + 1;
    } else if (byte === BACKSLASH) {
      const next = scanEscape(bytes, at, end);
      if (next === INVALID) return INVALID;
      at = next;
    } else {
      return INVALID;
    }
  }
  return INVALID;
}

function scanEscape(bytes: Uint8Array, at: number, end: number): number {
  switch (bytes[at + 1]) {
    case 0x22: // "
    case 0x5c: // \
    case 0x2f: // /
    case 0x62: // b
    case 0x66: // f
    case 0x6e: // n
    case 0x72: // r
    case 0x74: // t
      return at + 2 <= end ? at + 2 : INVALID;
    case 0x75: // u
      if (at + 6 > end) return INVALID;
      for (let i = at + 2; i < at + 6; i++) if (!isHex(bytes[i]!)) return INVALID;
      return at + 6;
    default:
      return INVALID;
  }
}

function isHex(byte: number): boolean {
  const lower = byte | 0x20;
  return (CLASS[byte]! & DIGIT) !== 0 || (lower >= 0x61 && lower <= 0x66);
}

function scanDigits(bytes: Uint8Array, at: number, end: number): number {
  const from = at;
  while (at < end && (CLASS[bytes[at]!]! & DIGIT) !== 0) at++;
  return at === from ? INVALID : at;
}

function scanNumber(bytes: Uint8Array, at: number, end: number): number {
  if (bytes[at] === 0x2d) at++;
  if (at < end && bytes[at] === 0x30) at++;
  else {
    at = scanDigits(bytes, at, end);
    if (at === INVALID) return INVALID;
  }
  if (at < end && bytes[at] === 0x2e) {
    at = scanDigits(bytes, at + 1, end);
    if (at === INVALID) return INVALID;
  }
  if (at < end && (bytes[at]! | 0x20) === 0x65) {
    at++;
    if (at < end && (bytes[at] === 0x2b || bytes[at] === 0x2d)) at++;
    return scanDigits(bytes, at, end);
  }
  return at;
}

const LITERALS = ['true', 'false', 'null'].map((word) => Buffer.from(word));

function scanLiteral(bytes: Uint8Array, at: number, end: number): number {
  for (const literal of LITERALS) {
    if (bytes[at] !== literal[0]) continue;
    if (at + literal.length > end) return INVALID;
    for (let i = 1; i < literal.length; i++) if (bytes[at + i] !== literal[i]) return INVALID;
    return at + literal.length;
  }
  return INVALID;
}

function scanScalar(bytes: Uint8Array, at: number, end: number): number {
  const byte = bytes[at]!;
  if (byte === QUOTE) return scanString(bytes, at, end);
  if (byte === 0x2d || (CLASS[byte]! & DIGIT) !== 0) return scanNumber(bytes, at, end);
  return scanLiteral(bytes, at, end);
}

/** The offset of an object member's value, given the offset of its key; INVALID where there is no `"key":`. */
function scanKey(bytes: Uint8Array, at: number, end: number): number {
  const keyEnd = scanString(bytes, at, end);
  if (keyEnd === INVALID) return INVALID;
  const colon = skipSpace(bytes, keyEnd, end);
  if (bytes[colon] !== COLON || colon >= end) return INVALID;
  return skipSpace(bytes, colon + 1, end);
}

/** The brackets open at this point of a walk, innermost last; grown when a document nests deeper. One walk at a time uses it. */
let openBrackets = new Uint8Array(256);

/**
 * The offset after the JSON value that starts at `at` (no white space before it), or INVALID.
 * Bytes from `end` on mean nothing to it. Nesting is limited by the document's length only.
 */
export function scanValue(bytes: Uint8Array, at: number, end: number): number {
  let depth = 0;
  for (;;) {
    // Here a value starts.
    if (at >= end) return INVALID;
    const open = bytes[at]!;
    if (open === OPEN_OBJECT || open === OPEN_ARRAY) {
      const inside = skipSpace(bytes, at + 1, end);
      if (bytes[inside] === (open === OPEN_OBJECT ? CLOSE_OBJECT : CLOSE_ARRAY) && inside < end) {
        at = inside + 1;
      } else {
        if (depth === openBrackets.length) openBrackets = grow(openBrackets);
        openBrackets[depth++] = open;
        at = open === OPEN_OBJECT ? scanKey(bytes, inside, end) : inside;
        if (at === INVALID) return INVALID;
        continue;
      }
    } else {
      at = scanScalar(bytes, at, end);
      if (at === INVALID) return INVALID;
    }
    // Here a value has ended: close what closes, then go on to the next value or return.
    for (;;) {
      if (depth === 0) return at;
      const inObject = openBrackets[depth - 1] === OPEN_OBJECT;
      at = skipSpace(bytes, at, end);
      if (at >= end) return INVALID;
      const byte = bytes[at]!;
      if (byte === COMMA) {
        at = skipSpace(bytes, at + 1, end);
        if (inObject) at = scanKey(bytes, at, end);
        if (at === INVALID) return INVALID;
        break;
      }
      if (byte !== (inObject ? CLOSE_OBJECT : CLOSE_ARRAY)) return INVALID;
      depth--;
      at++;
    }
  }
}

function grow(array: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const grown = new Uint8Array(array.length * 2);
  grown.set(array);
  return grown;
}

/** True when all of `bytes` is one JSON text (RFC 8259): one value with optional white space around it. */
export function isJsonText(bytes: Uint8Array): boolean {
  const valueEnd = scanValue(bytes, skipSpace(bytes, 0, bytes.length), bytes.length);
  return valueEnd !== INVALID && skipSpace(bytes, valueEnd, bytes.length) === bytes.length;
}

/** How much white space a walk over the bytes has met so far; only differences mean something. */
export function spacesSoFar(): number {
  return spacesSkipped;
}

/** The bytes of a valid JSON value that holds `spaces` bytes of white space between its tokens, without them. */
export function compactJson(value: Buffer, spaces: number): Buffer {
  const compact = Buffer.allocUnsafe(value.length - spaces);
  let to = 0;
  for (let at = 0; at < value.length; ) {
    const byte = value[at]!;
    if (byte === QUOTE) {
      const stringEnd = scanString(value, at, value.length);
      to += value.copy(compact, to, at, stringEnd);
      at = stringEnd;
    } else {
      if ((CLASS[byte]! & SPACE) === 0) compact[to++] = byte;
      at++;
    }
  }
  return compact;
}
