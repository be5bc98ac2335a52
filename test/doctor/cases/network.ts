/** Networks on which not all is well. */
import { mapped } from '../../../src/host/reading.ts';
import { BARRED, MACHINE, onMachine, WELL } from '../facts.ts';
import type { Case } from './case.ts';

const sockets = (some: object) =>
  onMachine({ sockets: mapped(MACHINE.sockets, (each) => ({ ...each, ...some })) });
const peer = (count: number) => ({ peer: '203.0.113.42:443', sockets: count });
const interfaces = (some: object) =>
  onMachine({ interfaces: mapped(MACHINE.interfaces, (all) => all.map((each) => ({ ...each, ...some }))) });
const worker = (some: object) => ({
  ...WELL,
  workers: mapped(WELL.workers, (all) => all.map((each) => ({ ...each, ...some }))),
});

const tuned = (state: 'below' | 'unread') =>
  onMachine({ tuning: MACHINE.tuning.map((each) => ({ ...each, state })) });

export const NETWORK_CASES: readonly Case[] = [
  {
    id: 'open-files',
    status: 'warn',
    facts: worker({ openFilesLimit: { value: 4_096 } }),
    says: /may have 4096.*LimitNOFILE|LimitNOFILE/,
  },
  { id: 'open-files', status: 'fail', facts: worker({ openFilesLimit: { value: 64 } }), says: /LimitNOFILE/ },
  {
    id: 'open-files',
    status: 'fail',
    facts: worker({ openFiles: { value: 130_000 } }),
    says: /130000 in use/,
  },
  { id: 'open-files', status: 'unread', facts: worker({ openFiles: BARRED }), says: /EACCES/ },
  {
    id: 'open-files',
    status: 'warn',
    facts: { ...onMachine({ openFilesLimit: 1_024 }), workers: { value: [] } },
    says: /started from here may have 1024/,
  },
  {
    id: 'local-ports',
    status: 'fail',
    facts: sockets({ busiest: peer(55_000) }),
    says: /55000 in use towards 203\.0\.113\.42:443/,
  },
  {
    id: 'local-ports',
    status: 'warn',
    facts: sockets({ busiest: peer(46_000) }),
    says: /ip_local_port_range/,
  },
  {
    id: 'local-ports',
    status: 'warn',
    facts: onMachine({ portRange: { value: [60_000, 60_049] }, sockets: BARRED }),
    says: /50 for each/,
  },
  { id: 'local-ports', status: 'unread', facts: onMachine({ portRange: BARRED }), says: /EACCES/ },
  {
    id: 'syn-sent',
    status: 'warn',
    facts: sockets({ synSent: 30, mostWaitedFor: peer(28) }),
    says: /28 of them to 203/,
  },
  { id: 'syn-sent', status: 'fail', facts: sockets({ synSent: 70 }), says: /egress firewall/ },
  { id: 'syn-sent', status: 'unread', facts: onMachine({ sockets: BARRED }), says: /EACCES/ },
  { id: 'time-wait', status: 'warn', facts: sockets({ timeWait: 250_000 }), says: /tcp_tw_reuse/ },
  { id: 'time-wait', status: 'unread', facts: onMachine({ timeWaitMax: BARRED }), says: /EACCES/ },
  { id: 'conntrack', status: 'ok', facts: onMachine({ conntrack: { value: null } }), says: /no firewall/ },
  {
    id: 'conntrack',
    status: 'warn',
    facts: onMachine({ conntrack: { value: { used: 85, max: 100 } } }),
    says: /nf_conntrack_max/,
  },
  {
    id: 'conntrack',
    status: 'fail',
    facts: onMachine({ conntrack: { value: { used: 99, max: 100 } } }),
    says: /dropped/,
  },
  { id: 'conntrack', status: 'unread', facts: onMachine({ conntrack: BARRED }), says: /EACCES/ },
  {
    id: 'window-scaling',
    status: 'fail',
    facts: onMachine({ windowScaling: { value: '0' } }),
    says: /tcp_window_scaling=1/,
  },
  { id: 'window-scaling', status: 'unread', facts: onMachine({ windowScaling: BARRED }), says: /EACCES/ },
  {
    id: 'kernel-settings',
    status: 'warn',
    facts: tuned('below'),
    says: /1 of 1 are below.*net\.core\.somaxconn/,
  },
  { id: 'kernel-settings', status: 'unread', facts: tuned('unread'), says: /somaxconn cannot be read/ },
  {
    id: 'interfaces',
    status: 'warn',
    facts: interfaces({ carrierChanges: 60 }),
    says: /up and down 60 times/,
  },
  {
    id: 'retransmissions',
    status: 'warn',
    facts: onMachine({ segments: { value: { sent: 1_000, again: 50 } } }),
    says: /5\.00 %.*mtr/,
  },
  {
    id: 'retransmissions',
    status: 'ok',
    facts: onMachine({ segments: { value: { sent: 0, again: 0 } } }),
    says: /0\.00 %/,
  },
  { id: 'retransmissions', status: 'unread', facts: onMachine({ segments: BARRED }), says: /EACCES/ },
  { id: 'interfaces', status: 'warn', facts: interfaces({ speedMbit: 100 }), says: /slow for a server/ },
  { id: 'interfaces', status: 'ok', facts: interfaces({ speedMbit: null }), says: /tells no speed/ },
  {
    id: 'interfaces',
    status: 'unread',
    facts: onMachine({ interfaces: { value: [] } }),
    says: /no interface/,
  },
  { id: 'interfaces', status: 'unread', facts: onMachine({ interfaces: BARRED }), says: /EACCES/ },
];
