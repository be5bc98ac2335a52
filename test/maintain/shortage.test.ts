import { deepEqual, equal, match } from 'node:assert/strict';
import test from 'node:test';
import type { LocalCode } from '../../src/delivery/outcome.ts';
import { Shortage } from '../../src/maintain/shortage.ts';

const PAUSE_MS = 1_000;
const OVER_MS = 10_000;

function newShortage() {
  let now = 0;
  const begun: [lack: string, advice: string][] = [];
  const pauses: number[] = [];
  const shortage = new Shortage({
    onBegin: (lack, advice) => begun.push([lack, advice]),
    onPause: () => pauses.push(now),
    nowMs: () => now,
  });
  const pass = (ms: number) => {
    now += ms;
  };
  return { shortage, begun, pauses, pass };
}

test('nothing is short at first, on a clock that begins at zero too', () => {
  const { shortage, begun } = newShortage();
  deepEqual([shortage.lasts, begun], [false, []]);
});

test('what this machine lacks stops claims for a while, and each has its advice', () => {
  const advice: [code: LocalCode, what: RegExp][] = [
    ['no-fd', /LimitNOFILE.*--max-sockets/],
    ['no-port', /ip_local_port_range/],
    ['no-memory', /tcp_mem/],
  ];
  for (const [code, what] of advice) {
    const { shortage, begun, pass } = newShortage();
    shortage.met(code);
    equal(shortage.lasts, true);
    equal(begun[0]![0], code);
    match(begun[0]![1], what);
    pass(PAUSE_MS - 1);
    equal(shortage.lasts, true);
    pass(1);
    equal(shortage.lasts, false);
  }
});

test('faults that the next destination need not meet stop nothing', () => {
  const { shortage, begun } = newShortage();
  for (const code of ['no-source-address', 'proxy', 'encryption', 'thread-lost'] as const) shortage.met(code);
  deepEqual([shortage.lasts, begun], [false, []]);
  shortage.met('dns-down');
  equal(shortage.lasts, false);
  match(begun[0]![1], /--dns-server/);
});

test('a shortage is told of once as long as it is met again and again, though claims are tried between', () => {
  const { shortage, begun, pass } = newShortage();
  for (let n = 0; n < 10; n++) {
    shortage.met('no-fd');
    if (n === 5) shortage.met('no-port');
    pass(PAUSE_MS - 1);
    equal(shortage.lasts, true);
    pass(OVER_MS - PAUSE_MS);
    equal(shortage.lasts, false);
  }
  deepEqual(
    begun.map(([lack]) => lack),
    ['no-fd', 'no-port'],
  );
  pass(1);
  shortage.met('no-fd');
  equal(begun.length, 3);
});

test('what is unused is let go of at once, and again in each second that the shortage lasts', () => {
  const { shortage, pauses, pass } = newShortage();
  for (let n = 0; n < 25; n++) {
    shortage.met('no-port');
    pass(100);
  }
  deepEqual(pauses, [0, 1_000, 2_000]);
});
