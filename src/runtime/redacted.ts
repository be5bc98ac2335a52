import { inspect } from 'node:util';

const SHOWN = '[redacted]';

/** Holds a value that no dump may show: `util.inspect`, `JSON.stringify` (and so a log) and `String` all see `[redacted]`. */
export class Redacted<Value> {
  readonly #value: Value;

  constructor(value: Value) {
    this.#value = value;
  }

  get value(): Value {
    return this.#value;
  }

  toString(): string {
    return SHOWN;
  }

  toJSON(): string {
    return SHOWN;
  }

  [inspect.custom](): string {
    return SHOWN;
  }
}

/** A text that others wrote, without any of these, and in one line. Empty ones hide nothing. */
export function withoutSecrets(text: string, secrets: Iterable<string>): string {
  let shown = text;
  // The longest first: a shorter one may be a part of it, and would leave the rest.
  for (const secret of [...secrets].sort((a, b) => b.length - a.length))
    if (secret !== '') shown = shown.replaceAll(secret, SHOWN);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out.
  return shown.replaceAll(/[\s\u0000-\u001f\u007f-\u009f]+/g, ' ').trim();
}
