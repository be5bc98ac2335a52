/** This machine against the profiles: what each setting is, and how it stands. */
import { limitOf, parseFileLimits } from './limits-profile.ts';
import { judge, normal, type ProfileSetting, type Standing } from './sysctl-profile.ts';
import { type SystemFiles, sysctlPath } from './system-files.ts';

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

/** The limits on open files that logins give, for each user of the profile. */
export function compareLimits(profile: string, files: SystemFiles): Compared[] {
  const listed = files.list(LIMITS_FOLDER);
  const names = 'unread' in listed ? [] : listed.value.filter((name) => name.endsWith('.conf'));
  const readings = [LIMITS_FILE, ...names.map((name) => `${LIMITS_FOLDER}/${name}`)].map(files.read);
  const barred = readings.some((reading) => 'unread' in reading && reading.code !== 'ENOENT');
  const limits = readings.flatMap((reading) => ('unread' in reading ? [] : parseFileLimits(reading.value)));
  return parseFileLimits(profile).map(({ user, type, files: want }) => {
    const current = limitOf(limits, user, type);
    return {
      name: `nofile ${type} of ${user}`,
      want: String(want),
      reason: 'Each connection is an open file; this is for workers started from a login.',
      state: barred ? 'unread' : limitStanding(current, want),
      current: current === null || barred ? null : String(current),
    };
  });
}

function limitStanding(current: number | null, want: number): Standing {
  if (current === want) return 'same';
  return current !== null && current > want ? 'better' : 'below';
}
