/**
 * The config file: one JSON object whose keys are flags without their dashes, and "destinations". Comments are allowed.
 * A comma after the last entry is not: it may stand where an entry got lost. Every entry knows its line and column.
 */
import { type JSONVisitor, type ParseErrorCode, printParseErrorCode, visit } from 'jsonc-parser';
import { errorCode, VolleyError } from '../errors.ts';
import { shown } from '../runtime/shown.ts';
import { readAtMost } from '../runtime/small-file.ts';

export type FileValue = null | boolean | number | string | readonly FileValue[] | FileObject;
/** An object of the file: its entries in their order, by key. */
export type FileObject = ReadonlyMap<string, FileEntry>;

export class FileEntry {
  readonly key: string;
  readonly value: FileValue;
  readonly #position: Position;

  constructor(key: string, value: FileValue, position: Position) {
    this.key = key;
    this.value = value;
    this.#position = position;
  }

  /** `FILE:LINE:COLUMN` of the key, both counted from 1. */
  get place(): string {
    return placeOf(this.#position);
  }
}

/** Counted from 0. Text is made of it when an error needs it: a file may have a million entries. */
interface Position {
  readonly path: string;
  readonly line: number;
  readonly column: number;
}

function placeOf({ path, line, column }: Position): string {
  return `${path}:${line + 1}:${column + 1}`;
}

/** Largest file, in bytes: that of a million destinations with a few settings each has less. A device has no end. */
const MAX_FILE_BYTES = 256 * 1_048_576;

/** The entries of a config file, or of another that `flag` names. Throws VOLLEY_CONFIG naming the file, and the line and column of the first mistake. */
export function readConfigFile(path: string, flag = 'config'): FileObject {
  const file = `the ${flag === 'config' ? 'config file' : 'file'} ${path}`;
  let bytes: Buffer | null;
  try {
    bytes = readAtMost(path, MAX_FILE_BYTES);
  } catch (error) {
    throw new VolleyError(
      'VOLLEY_CONFIG',
      `${file} cannot be read (${errorCode(error)}): correct --${flag}, or the file's permissions`,
      { cause: error },
    );
  }
  if (bytes === null)
    throw new VolleyError(
      'VOLLEY_CONFIG',
      `${file} is larger than ${MAX_FILE_BYTES / 1_048_576} MiB: correct --${flag}`,
    );
  return parseConfig(bytes.toString('utf8'), path);
}

/** The entries of a config file's text; `path` is for the places. Throws VOLLEY_CONFIG at the first mistake. */
export function parseConfig(text: string, path: string): FileObject {
  const builder = new TreeBuilder(path);
  // A byte order mark, as some editors write it, is not JSON and does no harm.
  visit(text.startsWith('\ufeff') ? text.slice(1) : text, builder.visitor);
  return builder.root;
}

/** Deepest nesting; what has a meaning needs 4 levels. The parser recurses, and must not run out of stack. */
const MAX_DEPTH = 16;

/** What comes next, as the end of the sentence "expected …". */
const AWAITED = {
  root: '{, as the file is one JSON object',
  key: 'a key in double quotes (no comma goes after the last entry)',
  colon: 'a colon after the key',
  value: 'a value: true, false, a number, text in double quotes, an array or an object',
  commaInArray: 'a comma or the closing ]',
  commaInObject: 'a comma or the closing }',
  end: 'the end of the file',
} as const;

/** Mistakes inside of one token; any other mistake is a token where another was awaited. */
const INSIDE_TOKEN: Readonly<Partial<Record<ReturnType<typeof printParseErrorCode>, string>>> = {
  UnexpectedEndOfString: 'a double quote at the end of this text, on the same line',
  InvalidEscapeCharacter: String.raw`one of " \ / b f n r t u after each backslash of this text`,
  InvalidUnicode: String.raw`four hexadecimal digits after each \u of this text`,
  InvalidCharacter: String.raw`this text without control characters (a tab is written \t)`,
  UnexpectedEndOfNumber: 'a digit at the end of this number',
  UnexpectedEndOfComment: '*/ at the end of this comment',
};

/** An object or array whose end has not come. */
type Open =
  | { readonly entries: Map<string, FileEntry>; key: string; position: Position }
  | { readonly items: FileValue[] };

/** Builds the tree while the parser walks over the text; throws at the first mistake. */
class TreeBuilder {
  readonly root = new Map<string, FileEntry>();
  readonly #path: string;
  readonly #open: Open[] = [];
  #awaited: keyof typeof AWAITED = 'root';

  constructor(path: string) {
    this.#path = path;
  }

  readonly visitor: JSONVisitor = {
    onObjectBegin: (_offset, _length, line, column) => {
      const position = this.#position(line, column);
      const entries = this.#open.length === 0 ? this.root : new Map<string, FileEntry>();
      if (entries !== this.root) this.#place(entries, position);
      this.#begin({ entries, key: '', position }, position);
      this.#awaited = 'key';
    },
    onObjectProperty: (key, _offset, _length, line, column) => {
      const open = this.#open.at(-1) as Extract<Open, { key: string }>;
      open.key = key;
      open.position = this.#position(line, column);
      if (open.entries.has(key))
        throw new VolleyError(
          'VOLLEY_CONFIG',
          `${placeOf(open.position)}: ${shown(key)} is there twice: keep one`,
        );
      this.#awaited = 'colon';
    },
    onArrayBegin: (_offset, _length, line, column) => {
      const position = this.#position(line, column);
      const items: FileValue[] = [];
      this.#place(items, position);
      this.#begin({ items }, position);
      this.#awaited = 'value';
    },
    onLiteralValue: (value: FileValue, _offset, _length, line, column) => {
      this.#place(value, this.#position(line, column));
      this.#awaitComma();
    },
    onSeparator: (character) => {
      const inObject = 'key' in this.#open.at(-1)!;
      this.#awaited = character === ',' && inObject ? 'key' : 'value';
    },
    onObjectEnd: (_offset, length, line, column) => this.#end(length, this.#position(line, column)),
    onArrayEnd: (_offset, length, line, column) => this.#end(length, this.#position(line, column)),
    onError: (code: ParseErrorCode, _offset, _length, line, column) =>
      this.#mistake(
        INSIDE_TOKEN[printParseErrorCode(code)] ?? AWAITED[this.#awaited],
        this.#position(line, column),
      ),
  };

  #position(line: number, column: number): Position {
    return { path: this.#path, line, column };
  }

  #begin(open: Open, position: Position): void {
    this.#open.push(open);
    if (this.#open.length > MAX_DEPTH)
      this.#mistake(`no more than ${MAX_DEPTH} objects and arrays in each other`, position);
  }

  /** Puts a value where it belongs: into the array, or under its key. */
  #place(value: FileValue, position: Position): void {
    const open = this.#open.at(-1);
    if (open === undefined) this.#mistake(AWAITED.root, position);
    else if ('key' in open) open.entries.set(open.key, new FileEntry(open.key, value, open.position));
    else open.items.push(value);
  }

  #end(closingChars: number, position: Position): void {
    // The parser also ends what the end of the text cuts off; then there is no closing bracket.
    if (closingChars === 0) this.#mistake(AWAITED[this.#awaited], position);
    this.#open.pop();
    this.#awaitComma();
  }

  #awaitComma(): void {
    const open = this.#open.at(-1);
    if (open === undefined) this.#awaited = 'end';
    else this.#awaited = 'key' in open ? 'commaInObject' : 'commaInArray';
  }

  #mistake(expected: string, position: Position): never {
    throw new VolleyError('VOLLEY_CONFIG', `${placeOf(position)}: expected ${expected}`);
  }
}
