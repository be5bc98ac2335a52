/** The profile of kernel settings, sysctl/99-volley.conf, read as data: the file is the one place that holds the values. Pure. */
import type { Sense } from '../capacity/host-value.ts';

export interface ProfileSetting {
  readonly key: string;
  /** As written: numbers with single spaces between. */
  readonly value: string;
  /** Whether a kernel without the setting is no fault (a dash in front of the key). */
  readonly optional: boolean;
  /** The comment above it, without its "Formula:" line; that of the setting before where there is none of its own. */
  readonly reason: string;
}

/** The settings of a file in the format of sysctl.d(5). Throws a RangeError naming the line that is none. */
export function parseProfile(text: string): ProfileSetting[] {
  const settings: ProfileSetting[] = [];
  let comment: string[] = [];
  let reason = '';
  for (const [index, line] of text.split('\n').entries()) {
    const trimmed = line.trim();
    if (trimmed === '') comment = [];
    else if (trimmed.startsWith('#')) comment.push(trimmed.replace(/^#\s?/, ''));
    else {
      const [, dash, key, value] = /^(-?)([\w./-]+)\s*=\s*(\S.*)$/.exec(trimmed) ?? [];
      if (key === undefined || value === undefined)
        throw new RangeError(`line ${index + 1} is no setting: write KEY = VALUE`);
      if (comment.length > 0) reason = reasonOf(comment);
      comment = [];
      settings.push({ key, value: normal(value), optional: dash === '-', reason });
    }
  }
  return settings;
}

/** A setting's value as it is compared and shown: the kernel puts tabs between numbers. */
export function normal(value: string): string {
  return value.trim().replaceAll(/\s+/g, ' ');
}

function reasonOf(comment: readonly string[]): string {
  const formula = comment.findIndex((line) => line.startsWith('Formula:'));
  return comment.slice(0, formula === -1 ? undefined : formula).join(' ');
}

/** Each setting of the profile; a test holds the file to it. */
export const SENSES: Readonly<Record<string, Sense>> = {
  'net.ipv4.ip_local_port_range': 'holds',
  'net.ipv4.tcp_tw_reuse': 'exactly',
  'net.ipv4.tcp_timestamps': 'at-least',
  'net.ipv4.tcp_window_scaling': 'exactly',
  'net.ipv4.tcp_max_tw_buckets': 'at-least',
  'net.ipv4.tcp_fin_timeout': 'at-most',
  'net.ipv4.tcp_slow_start_after_idle': 'exactly',
  'net.ipv4.tcp_mtu_probing': 'at-least',
  'net.ipv4.tcp_wmem': 'at-least',
  'net.core.wmem_max': 'at-least',
  'net.ipv4.tcp_rmem': 'at-least',
  'net.core.rmem_max': 'at-least',
  'net.core.somaxconn': 'at-least',
  'net.ipv4.tcp_max_syn_backlog': 'at-least',
  'net.core.netdev_max_backlog': 'at-least',
  'net.ipv4.tcp_keepalive_time': 'at-most',
  'net.ipv4.tcp_keepalive_intvl': 'at-most',
  'net.ipv4.tcp_keepalive_probes': 'at-most',
  'fs.file-max': 'at-least',
  'fs.nr_open': 'at-least',
  'net.netfilter.nf_conntrack_max': 'at-least',
  'net.netfilter.nf_conntrack_tcp_timeout_time_wait': 'at-most',
  'vm.swappiness': 'at-most',
};

/** How a value stands to the profile's. */
export type Standing = 'same' | 'better' | 'below';

export interface Judged {
  readonly standing: Standing;
  /** What to set: of each number the better one. */
  readonly best: string;
}

/** The machine's value of a setting against the profile's. Throws a RangeError for a setting without a sense. */
export function judge({ key, value }: ProfileSetting, current: string): Judged {
  const have = normal(current);
  const sense = SENSES[key];
  if (sense === undefined) throw new RangeError(`${key} has no sense: add it to SENSES`);
  const best = bestOf(sense, have.split(' '), value.split(' '));
  if (have === value) return { standing: 'same', best };
  return { standing: have === best ? 'better' : 'below', best };
}

/** The profile's numbers, each with the machine's in its place where that is better; as texts, since some are beyond 2^53. */
function bestOf(sense: Sense, have: readonly string[], want: readonly string[]): string {
  const comparable = have.length === want.length && have.every((number) => /^-?\d+$/.test(number));
  if (!comparable) return want.join(' ');
  const larger = (i: number) => (Number(have[i]) >= Number(want[i]) ? have[i] : want[i]);
  const smaller = (i: number) => (Number(have[i]) <= Number(want[i]) ? have[i] : want[i]);
  switch (sense) {
    case 'at-least':
      return want.map((_, i) => larger(i)).join(' ');
    case 'at-most':
      return want.map((_, i) => smaller(i)).join(' ');
    case 'exactly':
      return want.join(' ');
    case 'holds':
      return `${smaller(0)} ${larger(1)}`;
    default:
      return sense satisfies never;
  }
}
