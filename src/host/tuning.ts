/** This machine against the profiles: what each setting is, and how it stands. */
import { type LimitItem, limitName, limitOf, limitText, parseLimits } from './limits-profile.ts';
import { judge, normal, type ProfileSetting, type Standing } from './sysctl-profile.ts';
import { type SystemFiles, sysctlPath, textOf } from './system-files.ts';

/** Where pam_limits looks, the last one winning. */
const LIMITS_FILE = '/etc/security/limits.conf';
const LIMITS_FOLDER = '/etc/security/limits.d';

export interface Compared {
  readonly name: string;
  /** What the profile has, or of several numbers this machine's where that is better. */
  readonly want: string;
  readonly reason: string;
  /** `absent`: this kernel has no such setting, which is no fault for this one. */
  readonly state: Standing | 'absent' | 'unread';
  /** What this machine has; null where it has none, or it cannot be read. */
  readonly current: string | null;
}

/** Each kernel setting of a profile, in its order. */
export function compareSysctl(profile: readonly ProfileSetting[], files: SystemFiles): Compared[] {
  return profile.map((setting) => {
    const { key: name, value: want, reason, optional } = setting;
    const reading = files.read(sysctlPath(name));
    if (!('unread' in reading)) {
      const { standing: state, best } = judge(setting, reading.value);
      // Of what is better the profile's own value tells more.
      return { name, want: state === 'better' ? want : best, reason, state, current: normal(reading.value) };
    }
    const absent = optional && reading.code === 'ENOENT';
    return { name, want, reason, state: absent ? 'absent' : 'unread', current: null };
  });
}

/** What a limit of the profile is for. */
const LIMIT_REASONS: Readonly<Record<LimitItem, string>> = {
  nofile: 'Each connection is an open file; this is for workers started from a login.',
  nproc: 'Threads count as processes of their user; this is for workers started from a login.',
};

/** The limits that logins give, for each user of the profile. */
export function compareLimits(profile: string, files: SystemFiles): Compared[] {
  const listed = files.list(LIMITS_FOLDER);
  const names = 'unread' in listed ? [] : listed.value.filter((name) => name.endsWith('.conf'));
  const readings = [LIMITS_FILE, ...names.map((name) => `${LIMITS_FOLDER}/${name}`)].map(files.read);
  const barred = readings.some((reading) => 'unread' in reading && reading.code !== 'ENOENT');
  const limits = readings.flatMap((reading) => ('unread' in reading ? [] : parseLimits(reading.value)));
  return parseLimits(profile).map((limit) => {
    const { item, value: want } = limit;
    const current = limitOf(limits, limit) ?? (item === 'nproc' ? usualProcesses(files) : null);
    // What the kernel allows is not in these files: of processes as many as it likes, of files few.
    const isUnread = barred || (current === null && item === 'nproc');
    return {
      name: limitName(limit),
      want: String(want),
      reason: LIMIT_REASONS[item],
      state: isUnread ? 'unread' : limitStanding(current, want),
      current: current === null || isUnread ? null : limitText(current),
    };
  });
}

/** How many processes a user may have where nobody says it (set_max_threads in kernel/fork.c): half of the machine's threads; null where that cannot be read. */
function usualProcesses(files: SystemFiles): number | null {
  const threads = textOf(files, sysctlPath('kernel.threads-max'));
  return threads === null ? null : Math.floor(Number(threads) / 2);
}

function limitStanding(current: number | null, want: number): Standing {
  if (current === want) return 'same';
  return current !== null && current > want ? 'better' : 'below';
}
