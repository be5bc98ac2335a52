/** What `volley tune` does, and how it tells of it. */
import { EXIT, VolleyError } from '../errors.ts';
import { applyProfiles } from '../host/apply.ts';
import { limitsProfileText, sysctlProfileText } from '../host/profile-files.ts';
import { parseProfile } from '../host/sysctl-profile.ts';
import { systemFiles } from '../host/system-files.ts';
import { type Compared, compareLimits, compareSysctl } from '../host/tuning.ts';
import { userName } from '../runtime/user-name.ts';
import { painter } from './paint.ts';
import { aside, countsText, print } from './terminal.ts';

interface Comparison {
  readonly sysctl: readonly Compared[];
  readonly limits: readonly Compared[];
}

export async function printProfile(json: boolean): Promise<number> {
  const text = sysctlProfileText();
  await print(json ? JSON.stringify(parseProfile(text), null, 2) : text.trimEnd());
  return EXIT.done;
}

/** Answers 1 when something is below its profile. */
export async function checkTuning(root: string, json: boolean): Promise<number> {
  const all = allOf(compare(root));
  const below = countOf(all, 'below');
  if (json) await print(JSON.stringify({ below, settings: all }, null, 2));
  else {
    const advice = [
      ...(below === 0 ? [] : ['Set them with: volley tune --apply (as root)']),
      ...(countOf(all, 'unread') === 0
        ? []
        : ['What cannot be read is not judged: run it as root, and on the host of a container']),
    ];
    await print([...all.map(lineOf), '', summary(all), ...advice].join('\n'));
  }
  return below === 0 ? EXIT.done : EXIT.workFailed;
}

/** Answers 1 when something could not be set. Throws VOLLEY_USAGE where root's rights are needed and missing. */
export async function applyTuning(root: string, json: boolean): Promise<number> {
  if (root === '/' && process.geteuid?.() !== 0)
    throw new VolleyError(
      'VOLLEY_USAGE',
      `--apply changes the kernel and needs root, and this is user ${userName()}: run "sudo volley tune --apply", or see volley tune --print`,
    );
  const before = compare(root);
  const { changes, undo } = applyProfiles({
    root,
    ...before,
    sysctlText: sysctlProfileText(),
    limitsText: limitsProfileText(),
    stamp: new Date().toISOString().replaceAll(/\.\d+|[^\dTZ]/g, ''),
  });
  // Read again: a kernel may take a value and keep another.
  const after = allOf(compare(root));
  const left = allOf(before).filter(({ state }) => state === 'better');
  const below = countOf(after, 'below');
  if (json) await print(JSON.stringify({ changes, undo, below, settings: after }, null, 2));
  else {
    const lines = [
      ...changes.map(({ what, failed }) =>
        failed === null ? `✓ ${what}` : `✗ ${what} cannot be written (${failed})`,
      ),
      ...left.map(({ name, current }) => `  ${name} is left at ${current}, which is better`),
      ...after.filter(({ state }) => state === 'below').map(lineOf),
      changes.length === 0 ? 'nothing to change' : '',
      ...(undo.length === 0 ? [] : ['To go back:', ...undo.map((command) => `  ${command}`)]),
    ];
    await print(lines.filter((line) => line !== '').join('\n'));
  }
  return below === 0 && changes.every(({ failed }) => failed === null) ? EXIT.done : EXIT.workFailed;
}

function compare(root: string): Comparison {
  const files = systemFiles(root);
  return {
    sysctl: compareSysctl(parseProfile(sysctlProfileText()), files),
    limits: compareLimits(limitsProfileText(), files),
  };
}

function allOf({ sysctl, limits }: Comparison): Compared[] {
  return [...sysctl, ...limits];
}

function countOf(all: readonly Compared[], state: Compared['state']): number {
  return all.filter((each) => each.state === state).length;
}

/** A line of the diff; a setting that is below comes with its reason. */
function lineOf({ name, want, reason, state, current }: Compared): string {
  const paint = painter(process.stdout);
  switch (state) {
    case 'same':
      return `${paint('green', '✓')} ${name} = ${current}`;
    case 'better':
      return `${paint('green', '✓')} ${name} = ${current} ${aside(`(better than ${want})`)}`;
    case 'below':
      return `${paint('red', '✗')} ${name} = ${current ?? 'not set'} → ${want}\n    ${aside(reason)}`;
    case 'absent':
      return `${paint('green', '✓')} ${name} ${aside('(this kernel has none, and needs none)')}`;
    case 'unread':
      return `${paint('cyan', '?')} ${name} cannot be read ${aside(`(should be ${want})`)}`;
    default:
      return state satisfies never;
  }
}

function summary(all: readonly Compared[]): string {
  return countsText([
    [countOf(all, 'below'), 'below the profile'],
    [countOf(all, 'unread'), 'not to be read'],
    [countOf(all, 'better'), 'better'],
    [countOf(all, 'same') + countOf(all, 'absent'), 'as in it'],
  ]);
}
