/** URLs, from the command line or one a line from standard input, judged and reported in their order. */
import { isUtf8 } from 'node:buffer';
import type { OptionValues } from '../config/options.ts';
import { EXIT } from '../errors.ts';
import { checkWith, type Resolve } from '../guard/check-url.ts';
import { type Guard, guardOf } from '../guard/guard.ts';
import { Names } from '../guard/names.ts';
import { readLines } from '../publish/lines.ts';
import { type GuardOptions, guardPolicy } from '../thread-plan.ts';
import { Progress } from './progress.ts';
import { isBlank, withoutBom } from './stream-lines.ts';
import { print, printable } from './terminal.ts';

/** URLs checked at the same time, and so names asked for. It also bounds what is held of a long input, beside the lines of one chunk. */
const CHECKS_AT_ONCE = 64;
/** Longest line, in bytes: room for the longest URL and for hundreds of addresses. A longer URL is refused as such. */
const MAX_LINE_BYTES = 1_048_576;

type CheckOptions = GuardOptions & Pick<OptionValues, 'dnsServers'>;

interface Question {
  /** Null where the line asks nothing that can be answered. */
  readonly url: string | null;
  /** What is wrong with the line then. */
  readonly fault?: string;
  /** What DNS is taken to answer; absent where it is asked. */
  readonly resolvesTo?: readonly string[];
}

/** Checks the URLs. Answers 1 when one is refused. */
export async function checkOperands(
  options: CheckOptions,
  urls: readonly string[],
  json: boolean,
): Promise<number> {
  const checks = new Checks(options, json);
  try {
    await checks.add(urls.map((url) => ({ url })));
  } finally {
    checks.close();
  }
  return checks.refused === 0 ? EXIT.done : EXIT.workFailed;
}

/** Checks what standard input asks. Answers 1 when one is refused, or a line asks nothing that can be answered. */
export async function checkStream(options: CheckOptions, json: boolean): Promise<number> {
  const progress = new Progress('checked');
  const checks = new Checks(options, json);
  try {
    for await (const lines of readLines(process.stdin, MAX_LINE_BYTES)) {
      const questions: Question[] = [];
      for (const { number, bytes } of lines) {
        const question = bytes === null ? `longer than ${MAX_LINE_BYTES} bytes` : questionOf(number, bytes);
        if (typeof question === 'string') {
          // In its place among the answers, so that who counts lines gives no URL another's verdict.
          questions.push({ url: null, fault: `line ${number}: ${question}` });
        } else if (question !== null) questions.push(question);
      }
      await checks.add(questions);
      progress.add(questions.length);
    }
  } finally {
    progress.clear();
    checks.close();
  }
  return checks.refused === 0 ? EXIT.done : EXIT.workFailed;
}

class Checks {
  refused = 0;
  readonly #guard: Guard;
  readonly #names: Names;
  readonly #json: boolean;

  constructor(options: CheckOptions, json: boolean) {
    this.#guard = guardOf(guardPolicy(options));
    this.#names = new Names({ servers: options.dnsServers });
    this.#json = json;
  }

  /** Checks and reports these, and resolves when the last of their lines is on its way. */
  async add(questions: readonly Question[]): Promise<void> {
    for (let from = 0; from < questions.length; from += CHECKS_AT_ONCE) {
      const some = questions.slice(from, from + CHECKS_AT_ONCE);
      const lines = await Promise.all(some.map((question) => this.#lineOf(question)));
      await print(lines.join('\n'));
    }
  }

  close(): void {
    this.#names.close();
  }

  async #lineOf({ url, fault, resolvesTo }: Question): Promise<string> {
    if (url === null) {
      this.refused++;
      const reason = `not-readable: ${fault}`;
      return this.#json ? JSON.stringify({ url, allowed: false, reason }) : `✗ (${reason})`;
    }
    const resolve: Resolve = async (host) => resolvesTo ?? this.#names.resolve(host);
    const { allowed, reason } = await checkWith(this.#guard, url, resolve);
    if (!allowed) this.refused++;
    if (this.#json) return JSON.stringify({ url, allowed, reason });
    const shown = printable(url).replaceAll(/[\t\n]/g, '\ufffd');
    return reason === null ? `✓ ${shown}` : `✗ ${shown} (${reason})`;
  }
}

/** What a line asks; null for an empty one, and what is wrong with one that asks nothing. */
function questionOf(number: number, line: Buffer): Question | string | null {
  const bytes = withoutBom(number, line);
  if (isBlank(bytes)) return null;
  if (!isUtf8(bytes)) return 'not valid UTF-8';
  const text = bytes.toString();
  // A carriage return before the line feed belongs to the line's end.
  if (!/^[\t ]*\{/.test(text)) return { url: text.replace(/\r$/, '') };
  let json: { url?: unknown; resolvesTo?: unknown };
  try {
    json = JSON.parse(text) as typeof json;
  } catch {
    return 'not valid JSON (RFC 8259), as its first character says it should be';
  }
  const { url, resolvesTo } = json;
  if (typeof url !== 'string') return '"url" must be a string';
  if (resolvesTo === undefined) return { url };
  if (resolvesTo === null) return { url, resolvesTo: [] };
  if (Array.isArray(resolvesTo) && resolvesTo.every((each) => typeof each === 'string'))
    return { url, resolvesTo };
  return '"resolvesTo" must be an array of IP addresses, or null for a name that does not resolve';
}
