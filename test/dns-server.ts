/** The scripted name server as tests use it: it remembers what it was asked, and lets them wait for that. */
import type { TestContext } from 'node:test';
import { type NameAnswer, startNameServer } from '../bench/receiver/name-server.ts';
import { Signal } from './signal.ts';

export type { NameAnswer } from '../bench/receiver/name-server.ts';

export interface AskedNameServer {
  /** `ADDRESS:PORT`, as --dns-server takes it. */
  readonly address: string;
  /** The questions so far, as `A example.com`. */
  readonly questions: string[];
  until(test: () => boolean): Promise<void>;
}

/** Closed after the test. */
export async function nameServerOf(
  t: TestContext,
  answer: (name: string, type: string) => NameAnswer,
): Promise<AskedNameServer> {
  const questions: string[] = [];
  const signal = new Signal();
  const server = await startNameServer((name, type) => {
    questions.push(`${type} ${name}`);
    signal.raise();
    return answer(name, type);
  });
  t.after(() => server.close());
  return { address: server.address, questions, until: (test) => signal.until(test) };
}
