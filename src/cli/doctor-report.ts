/** What `volley doctor` found, for a person or a program. */
import { examine, type Finding, type Status } from '../doctor/check.ts';
import { CHECKS } from '../doctor/checks.ts';
import type { Facts } from '../doctor/facts.ts';
import { EXIT } from '../errors.ts';
import { type Format, painter } from './paint.ts';
import { countsText, print, printable } from './terminal.ts';

/** How each status is shown, and what a count of it is called. */
const SHOWN: Readonly<Record<Status, { mark: string; format: Format; count: string }>> = {
  ok: { mark: '✓', format: 'green', count: 'well' },
  warn: { mark: '!', format: 'yellow', count: 'to look at' },
  fail: { mark: '✗', format: 'red', count: 'to mend' },
  unread: { mark: '?', format: 'cyan', count: 'not to be read' },
};

/** Reports, and answers the exit code: 1 when something must be mended. */
export async function reportFindings(facts: Facts, json: boolean): Promise<number> {
  const findings = examine(CHECKS, facts);
  const failed = findings.some(({ status }) => status === 'fail');
  if (json) await print(JSON.stringify({ status: failed ? 'fail' : 'ok', findings }, null, 2));
  else await print(`${findings.map(lineOf).join('\n')}\n\n${summary(findings)}`);
  return failed ? EXIT.workFailed : EXIT.done;
}

function lineOf({ status, title, evidence, fix }: Finding): string {
  const paint = painter(process.stdout);
  const { mark, format } = SHOWN[status];
  const line = `${paint(format, mark)} ${paint('bold', title)}: ${printable(evidence)}`;
  return fix === null ? line : `${line}\n    ${paint('dim', '→')} ${printable(fix)}`;
}

function summary(findings: readonly Finding[]): string {
  return countsText(
    Object.entries(SHOWN).map(([status, { count }]) => [
      findings.filter((each) => each.status === status).length,
      count,
    ]),
  );
}
