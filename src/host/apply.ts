/** Puts the profiles into force: files for the next boot, the running kernel's values at once; and keeps what was before. */
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { errorCode } from '../errors.ts';
import { shellWord } from '../runtime/access.ts';
import { limitName, parseLimits } from './limits-profile.ts';
import { sysctlPath } from './system-files.ts';
import type { Compared } from './tuning.ts';

export const SYSCTL_FILE = '/etc/sysctl.d/99-volley.conf';
export const LIMITS_FILE = '/etc/security/limits.d/99-volley.conf';

/** One change that was made, or that failed. */
export interface Applied {
  /** A file, or the name of a kernel setting. */
  readonly what: string;
  /** The code of the error; null where it was done. */
  readonly failed: string | null;
}

export interface Application {
  readonly changes: readonly Applied[];
  /** Commands that put everything back; empty where nothing was changed. */
  readonly undo: readonly string[];
}

export interface ApplyParts {
  /** `/`, or a folder that stands in for it. */
  readonly root: string;
  readonly sysctl: readonly Compared[];
  readonly sysctlText: string;
  readonly limits: readonly Compared[];
  readonly limitsText: string;
  /** Names what is kept of before: letters and digits. */
  readonly stamp: string;
}

/** Writes what is below its profile. A change that fails is told of, and the others are made. */
export function applyProfiles(parts: ApplyParts): Application {
  const { root, sysctl, limits, limitsText, stamp } = parts;
  const changes: Applied[] = [];
  const undo: string[] = [];
  const write = (file: string, text: string, keep: () => readonly string[]) => {
    const failed = attempt(() => {
      const back = keep();
      replaceFile(join(root, file), text);
      undo.push(...back);
    });
    changes.push({ what: file, failed });
  };
  const below = sysctl.filter(({ state }) => state === 'below');
  const sysctlText = fitted(parts.sysctlText, sysctl);
  if (below.length > 0 || (sysctl.length > 0 && textOf(root, SYSCTL_FILE) !== sysctlText)) {
    write(SYSCTL_FILE, sysctlText, () => keptFile(root, SYSCTL_FILE, stamp));
    const before = SYSCTL_FILE.replace('.conf', `.undo-${stamp}`);
    const values = below.map(({ name, current }) => `${name} = ${current}\n`).join('');
    // In a folder that stands in for / there is no kernel to tell.
    const back = root === '/' ? [`sysctl -p ${before}`] : [];
    if (values !== '')
      write(before, `# What the kernel had before volley tune --apply\n${values}`, () => back);
    for (const { name, want } of below)
      changes.push({ what: name, failed: attempt(() => writeFileSync(join(root, sysctlPath(name)), want)) });
  }
  if (limits.some(({ state }) => state === 'below'))
    write(LIMITS_FILE, fittedLimits(limitsText, limits), () => keptFile(root, LIMITS_FILE, stamp));
  return { changes, undo };
}

/** The profile as it suits a machine: what is better there stays, also after the next start. */
export function fitted(profile: string, compared: readonly Compared[]): string {
  const found = new Map(compared.map((each) => [each.name, each]));
  return profile.replaceAll(/^(-?)([\w./-]+) = .*$/gm, (line, dash: string, name: string) => {
    const { state, current, want } = found.get(name) ?? {};
    if (state === 'better') return `${dash}${name} = ${current}`;
    return state === 'below' ? `${dash}${name} = ${want}` : line;
  });
}

/** The same of the limits; what is not known stays by being left out. */
export function fittedLimits(profile: string, compared: readonly Compared[]): string {
  const found = new Map(compared.map((each) => [each.name, each]));
  const lines = profile.split('\n').map((line) => {
    const [limit] = parseLimits(line);
    const { state, current } = (limit && found.get(limitName(limit))) ?? {};
    if (state === 'better') return line.replace(/\S+$/, current!);
    return state === 'unread' ? `# ${line}` : line;
  });
  return lines.join('\n');
}

/** Copies a file that is there beside itself. Answers the command that puts it back, or takes the new one away. Throws where it cannot be kept. */
function keptFile(root: string, file: string, stamp: string): string[] {
  const path = join(root, file);
  if (!existsSync(path)) return [`rm ${shellWord(path)}`];
  // Neither sysctl nor pam_limits reads a name that does not end in .conf.
  const kept = `${path}.before-${stamp}`;
  copyFileSync(path, kept);
  return [`mv ${shellWord(kept)} ${shellWord(path)}`];
}

/** A new file takes the old one's place whole: whoever reads it meanwhile has the one or the other. */
function replaceFile(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.new`, text);
  chmodSync(`${path}.new`, 0o644);
  renameSync(`${path}.new`, path);
}

function textOf(root: string, file: string): string | null {
  const path = join(root, file);
  return existsSync(path) ? readFileSync(path, 'utf8') : null;
}

/** The code of what went wrong; null where nothing did. */
function attempt(act: () => void): string | null {
  try {
    act();
    return null;
  } catch (error) {
    return errorCode(error);
  }
}
