import { deepEqual } from 'node:assert/strict';
import { test } from 'node:test';
import { countSockets } from '../../src/host/socket-table.ts';

const HEAD = '  sl  local_address rem_address   st tx_queue rx_queue';
const row = (local: string, peer: string, state: string) =>
  `   0: ${local} ${peer} ${state} 00000000:00000000`;

test('sockets are counted by state, and local ports by the peer they go to', () => {
  const ipv4 = [
    HEAD,
    row('00000000:1F90', '00000000:0000', '0A'),
    row('0100007F:8000', '2A7100CB:01BB', '01'),
    row('0100007F:8001', '2A7100CB:01BB', '02'),
    row('0100007F:8002', '2A7100CB:01BB', '06'),
    // A server's own socket: its port is none of the range.
    row('0100007F:1F90', '0100007F:8003', '01'),
  ].join('\n');
  const ipv6 = [
    HEAD,
    row('0'.repeat(32).concat(':8004'), 'B80D0120000000000000000001000000:0050', '02'),
  ].join('\n');
  deepEqual(countSockets([ipv4, ipv6], [32_768, 60_999]), {
    established: 2,
    synSent: 2,
    timeWait: 1,
    closeWait: 0,
    busiest: { peer: '203.0.113.42:443', sockets: 3 },
    mostWaitedFor: { peer: '203.0.113.42:443', sockets: 1 },
  });
  deepEqual(countSockets([ipv6], [32_768, 60_999]).busiest, {
    peer: '[2001:db8:0:0:0:0:0:1]:80',
    sockets: 1,
  });
});

test('an empty table holds nothing', () => {
  deepEqual(countSockets([HEAD, ''], [1, 2]), {
    established: 0,
    synSent: 0,
    timeWait: 0,
    closeWait: 0,
    busiest: null,
    mostWaitedFor: null,
  });
});
