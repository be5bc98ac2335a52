/** What a check is, and what it answers. Pure. */
import type { Reading } from '../host/reading.ts';
import type { Facts } from './facts.ts';

/** `unread`: what it takes to judge could not be read, so that it is neither well nor ill. */
export type Status = 'ok' | 'warn' | 'fail' | 'unread';

export interface Judgement {
  readonly status: Status;
  /** One line: what was seen. */
  readonly evidence: string;
  /** One line: what to do about it; null where nothing needs doing. */
  readonly fix: string | null;
}

export interface Check {
  /** Stable, for programs. */
  readonly id: string;
  /** What it looks at, in a few words. */
  readonly title: string;
  /** Null where there is nothing to look at: no such broker, no target. */
  readonly judge: (facts: Facts) => Judgement | null;
}

export interface Finding extends Judgement {
  readonly id: string;
  readonly title: string;
}

export function ok(evidence: string): Judgement {
  return { status: 'ok', evidence, fix: null };
}

export function warn(evidence: string, fix: string): Judgement {
  return { status: 'warn', evidence, fix };
}

export function fail(evidence: string, fix: string): Judgement {
  return { status: 'fail', evidence, fix };
}

export function unread(evidence: string, fix: string): Judgement {
  return { status: 'unread', evidence, fix };
}

/** Judges what was read; what could not be is told, with a way to read it. */
export function judged<Value>(
  reading: Reading<Value>,
  judge: (value: Value) => Judgement,
  fix = 'run it where, and as the user whom, this can be read by (root reads most of it)',
): Judgement {
  return 'unread' in reading ? unread(reading.unread, fix) : judge(reading.value);
}

/** Every check's finding, in their order. */
export function examine(checks: readonly Check[], facts: Facts): Finding[] {
  return checks.flatMap(({ id, title, judge }) => {
    const judgement = judge(facts);
    return judgement === null ? [] : [{ id, title, ...judgement }];
  });
}
