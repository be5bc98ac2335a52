import { deepEqual } from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { systemFiles } from '../../src/host/system-files.ts';
import { lookAt } from '../../src/machine.ts';
import { MachineWatch } from '../../src/maintain/machine-watch.ts';

const LOOK_MS = 10_000;
const FULL_BYTES_PER_MS = 1_250_000;
const THROTTLES = '/sys/devices/system/cpu/cpu0/thermal_throttle/core_throttle_count';

/** A watch of a machine with a link of 10 Gb/s, as a folder that stands in for `/` tells of it. */
function newWatch(t: TestContext, speed = '10000') {
  const root = mkdtempSync(join(tmpdir(), 'volley-machine-'));
  t.after(() => rmSync(root, { recursive: true }));
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), `${text}\n`);
  };
  write('/sys/class/net/eth0/operstate', 'up');
  write('/sys/class/net/eth0/speed', speed);
  let nowMs = 0;
  let sentBytes = 0;
  const told: string[] = [];
  const watch = new MachineWatch({
    look: () => lookAt(systemFiles(root)),
    onFull: (name, share) => told.push(`${name} ${share.toFixed(2)}`),
    onThrottled: (times) => told.push(`throttled ${times}`),
    nowMs: () => nowMs,
  });
  watch.look();
  /** What is told in the next looks, while the link is used to a share of its speed. */
  const look = (share: number, looks = 1): string[] => {
    for (let n = 0; n < looks; n++) {
      nowMs += LOOK_MS;
      sentBytes += share * FULL_BYTES_PER_MS * LOOK_MS;
      write('/sys/class/net/eth0/statistics/tx_bytes', `${sentBytes}`);
      watch.look();
    }
    return told.splice(0);
  };
  return { watch, write, look };
}

test('a link that stays above 90 % of its speed is told once', (t) => {
  const { look } = newWatch(t);
  deepEqual(look(0.8, 5), []);
  deepEqual(look(0.95), [], 'a burst');
  deepEqual(look(0.95), ['eth0 0.95']);
  deepEqual(look(0.97, 20), []);
});

test('a link that was quiet for minutes and is full again is told again', (t) => {
  const { look } = newWatch(t);
  deepEqual(look(0.95, 2), ['eth0 0.95']);
  look(0.2, 6);
  deepEqual(look(0.95, 2), [], 'it comes and goes');
  look(0.2, 60);
  deepEqual(look(1, 2), ['eth0 1.00']);
});

test('bursts that are never two looks long are not told', (t) => {
  const { look } = newWatch(t);
  for (let n = 0; n < 10; n++) deepEqual(look(n % 2), []);
});

test('throttling is told when it is counted anew, not for what was before', (t) => {
  const { look, write } = newWatch(t);
  write(THROTTLES, '7');
  look(0);
  // Counted for the first time: nobody knows since when.
  deepEqual(look(0), []);
  write(THROTTLES, '9');
  deepEqual(look(0), ['throttled 2']);
  write(THROTTLES, '12');
  deepEqual(look(0), [], 'it goes on');
});

test('a machine that tells neither speed nor heat is not looked at again', (t) => {
  const { watch, look } = newWatch(t, '-1');
  watch.start();
  deepEqual(look(5, 3), []);
  watch.stop();
});
