/** Machines on which not all is well. */
import { mapped } from '../../../src/host/reading.ts';
import { BARRED, MACHINE, onMachine, WELL } from '../facts.ts';
import type { Case } from './case.ts';

const cpu = (some: object) => onMachine({ cpu: mapped(MACHINE.cpu, (each) => ({ ...each, ...some })) });
const plan = (some: object) => ({ ...WELL, plan: { ...WELL.plan, ...some } });

export const MACHINE_CASES: readonly Case[] = [
  { id: 'kernel', status: 'fail', facts: onMachine({ kernel: '4.19.0-26-amd64' }), says: /older than 5\.4/ },
  { id: 'kernel', status: 'fail', facts: onMachine({ kernel: '5.3.99' }), says: /older than 5\.4/ },
  { id: 'kernel', status: 'ok', facts: onMachine({ kernel: '5.4.0' }), says: /5\.4\.0/ },
  { id: 'runtime', status: 'fail', facts: onMachine({ openssl: '1.1.0l' }), says: /older than 1\.1\.1/ },
  {
    id: 'clock',
    status: 'fail',
    facts: onMachine({ clock: { value: { synchronised: false, by: 'timedatectl' } } }),
    says: /set-ntp/,
  },
  { id: 'clock', status: 'unread', facts: onMachine({ clock: BARRED }), says: /EACCES/ },
  {
    id: 'memory',
    status: 'fail',
    facts: plan({ memoryBytes: 9 * 2 ** 30 }),
    says: /9\.0 GiB.*--max-sockets|9\.0 GiB/,
  },
  { id: 'memory', status: 'warn', facts: plan({ memoryBytes: 7 * 2 ** 30 }), says: /7\.0 GiB/ },
  { id: 'memory', status: 'unread', facts: onMachine({ memory: BARRED }), says: /EACCES/ },
  {
    id: 'oom-kills',
    status: 'warn',
    facts: onMachine({ oomKills: { value: 2 } }),
    says: /dmesg \| grep -i oom/,
  },
  { id: 'oom-kills', status: 'unread', facts: onMachine({ oomKills: BARRED }), says: /EACCES/ },
  { id: 'processors', status: 'warn', facts: cpu({ ioWaitShare: 0.4 }), says: /iostat -x 1/ },
  { id: 'processors', status: 'warn', facts: cpu({ quotaShare: 0.3 }), says: /30 % of the periods/ },
  { id: 'processors', status: 'warn', facts: cpu({ load: 20 }), says: /load 20\.0 on 4 cores/ },
  { id: 'processors', status: 'unread', facts: onMachine({ cpu: BARRED }), says: /EACCES/ },
  {
    id: 'heat',
    status: 'fail',
    facts: onMachine({
      heat: { value: { zones: [{ name: 'cpu', celsius: 96, limitCelsius: 95 }], throttled: 0 } },
    }),
    says: /96 °C/,
  },
  {
    id: 'heat',
    status: 'warn',
    facts: onMachine({ heat: { value: { zones: [], throttled: 7 } } }),
    says: /7 times/,
  },
  {
    id: 'heat',
    status: 'unread',
    facts: onMachine({ heat: { value: { zones: [], throttled: null } } }),
    says: /no temperature/,
  },
  { id: 'heat', status: 'unread', facts: onMachine({ heat: BARRED }), says: /EACCES/ },
];
