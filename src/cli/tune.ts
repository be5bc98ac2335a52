/** `volley tune`: this machine's kernel settings and limits against the profiles that come with Volley. */
import { statSync } from 'node:fs';
import { VolleyError } from '../errors.ts';
import { defineCommand, JSON_FLAG } from './command.ts';

const MODE = { kind: 'boolean', default: false, scopes: [] } as const;

export const command = defineCommand({
  scope: null,
  flags: {
    check: {
      ...MODE,
      flag: 'check',
      doc: 'show what is below the profiles (the default); exit 1 when something is',
    },
    print: { ...MODE, flag: 'print', doc: 'print sysctl/99-volley.conf, with the reason for each value' },
    apply: { ...MODE, flag: 'apply', doc: 'set what is below, now and for the next boot; needs root' },
    root: {
      kind: 'string',
      flag: 'root',
      value: 'DIR',
      default: '/',
      scopes: [],
      doc: 'folder that stands in for /, as in an image being built',
    },
    json: JSON_FLAG,
  },
  operands: null,
  notes: [
    'The profiles are sized for 4 vCPU, 8 GB and 10 Gb/s. They concern the kernel (/etc/sysctl.d/99-volley.conf) and what logins may have open and run (/etc/security/limits.d/99-volley.conf); the unit in limits/ has its own LimitNOFILE.',
    'What is better than its profile already is left as it is. --apply keeps the files and values of before, and says how to go back. Nothing is restarted: the kernel takes values at once, a login its limits when it begins.',
  ],
  examples: [
    'volley tune --check',
    '',
    '# Set them, and know how to go back',
    'sudo volley tune --apply',
    '',
    '# By hand, or by configuration management',
    'volley tune --print > 99-volley.conf',
  ],
  async run({ flags }) {
    const modes = (['check', 'print', 'apply'] as const).filter((mode) => flags[mode]);
    if (modes.length > 1)
      throw new VolleyError(
        'VOLLEY_USAGE',
        `--${modes[0]} and --${modes[1]} are two things: give one of them`,
      );
    if (statSync(flags.root, { throwIfNoEntry: false })?.isDirectory() !== true)
      throw new VolleyError('VOLLEY_USAGE', `there is no folder ${flags.root}: correct --root`);
    // Loaded late, so that help and complaints about flags do not wait for it.
    const { applyTuning, checkTuning, printProfile } = await import('./tune-report.ts');
    const [mode = 'check'] = modes;
    switch (mode) {
      case 'print':
        return printProfile(flags.json);
      case 'apply':
        return applyTuning(flags.root, flags.json);
      case 'check':
        return checkTuning(flags.root, flags.json);
    }
  },
});
