import { deepEqual, equal, ok, rejects } from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import type { DisabledBy, DisabledDestination } from '../../src/broker/broker.ts';
import { DisabledDestinations } from '../../src/maintain/disabled.ts';

const NOW_MS = 1_764_000_000_000;
const LOOK_MS = 5_000;

/** A broker that keeps what is disabled, and whose next answers a test can hold back or make fail. */
class FakeBroker {
  readonly disabled = new Map<string, DisabledBy>();
  readonly calls: string[] = [];
  /** Resolved before each call is answered. What it has seen by then stays what it answers. */
  gate: Promise<void> = Promise.resolve();
  fault: Error | null = null;
  /** Listed although they are enabled, as some deliveries are parked for them still. */
  readonly leftParked: string[] = [];

  disableDestination(destination: string, by: DisabledBy, nowMs: number): Promise<boolean> {
    return this.#answer(`disable ${destination} ${by} ${nowMs - NOW_MS}`, () => {
      const isNew = !this.disabled.has(destination);
      if (isNew) this.disabled.set(destination, by);
      return isNew;
    });
  }

  enableDestination(destination: string): Promise<number | null> {
    return this.#answer(`enable ${destination}`, () => (this.disabled.delete(destination) ? 0 : null));
  }

  disabledDestinations(): Promise<DisabledDestination[]> {
    return this.#answer('look', () => [
      ...[...this.disabled].map(([destination, by]) => ({ destination, by, sinceMs: NOW_MS, parked: 0 })),
      ...this.leftParked.map((destination) => ({ destination, by: null, sinceMs: null, parked: 1 })),
    ]);
  }

  async #answer<Answer>(call: string, act: () => Answer): Promise<Answer> {
    this.calls.push(call);
    const { gate, fault } = this;
    if (fault !== null) {
      await gate;
      throw fault;
    }
    const answer = act();
    await gate;
    return answer;
  }

  /** Answers nothing that is asked from now on until the function is called. */
  hold(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.gate = promise;
    return () => {
      this.gate = Promise.resolve();
      resolve();
    };
  }
}

function newDisabled(t: TestContext) {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const broker = new FakeBroker();
  const told: string[] = [];
  const faults: unknown[] = [];
  const disabled = new DisabledDestinations({
    broker,
    onDisabled: (destination) => {
      ok(disabled.has(destination), 'told before it is so');
      told.push(destination);
    },
    onFault: (error) => faults.push(error),
    wallMs: () => NOW_MS,
  });
  /** The time of the next look comes. */
  const look = async () => {
    t.mock.timers.tick(LOOK_MS);
    await settled();
  };
  return { broker, disabled, told, faults, look };
}

/** Whatever can happen without time passing has happened. */
const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

test('what the broker has at the start is known when the start is over, and told of once', async (t) => {
  const { broker, disabled, told, look } = newDisabled(t);
  broker.disabled.set('gone', 'gone').set('by hand', 'command');
  broker.leftParked.push('enabled, and cut short');
  equal(disabled.has('gone'), false);
  await disabled.start(new Set());
  deepEqual([disabled.has('gone'), disabled.has('by hand')], [true, true]);
  equal(disabled.has('enabled, and cut short'), false, 'what only has parked deliveries is not disabled');
  deepEqual(told, ['gone', 'by hand']);
  await look();
  deepEqual(told, ['gone', 'by hand']);
  await disabled.stop();
});

test('what others disable and enable is heard of at the next look', async (t) => {
  const { broker, disabled, told, look } = newDisabled(t);
  await disabled.start(new Set());
  broker.disabled.set('a', 'command');
  await look();
  deepEqual([disabled.has('a'), told], [true, ['a']]);
  broker.disabled.delete('a');
  await look();
  equal(disabled.has('a'), false);
  broker.disabled.set('a', 'gone');
  await look();
  deepEqual([disabled.has('a'), told], [true, ['a', 'a']]);
  await disabled.stop();
});

test('a destination that is gone is known at once, and the broker is told once, before anything is parked', async (t) => {
  const { broker, disabled, told } = newDisabled(t);
  await disabled.start(new Set());
  broker.calls.length = 0;
  disabled.gone('a');
  equal(disabled.has('a'), true);
  deepEqual(broker.calls, ['disable a gone 0'], 'asked in the same turn');
  disabled.gone('a');
  await settled();
  deepEqual([broker.calls, told], [['disable a gone 0'], ['a']]);
  await disabled.stop();
});

test('a destination that goes while a look is under way stays disabled, whatever the look has seen', async (t) => {
  const { broker, disabled, told, look } = newDisabled(t);
  await disabled.start(new Set());
  const answer = broker.hold();
  await look();
  // Seen by the broker before it hears of this.
  disabled.gone('a');
  answer();
  await settled();
  equal(disabled.has('a'), true);
  deepEqual(told, ['a'], 'told of once');
  await look();
  deepEqual([disabled.has('a'), told], [true, ['a']]);
  await disabled.stop();
});

test('what the broker says is enabled while a look is under way stays so, whatever the look has seen', async (t) => {
  const { broker, disabled, told, look } = newDisabled(t);
  await disabled.start(new Set());
  disabled.gone('a');
  disabled.gone('b');
  await settled();
  const answer = broker.hold();
  await look();
  broker.disabled.clear();
  disabled.enabled(['a', 'b']);
  disabled.gone('b');
  answer();
  await settled();
  deepEqual([disabled.has('a'), disabled.has('b'), told], [false, true, ['a', 'b', 'b']]);
  await look();
  deepEqual([disabled.has('a'), disabled.has('b')], [false, true]);
  await disabled.stop();
});

test('what the broker says is enabled is sent to again, and may be disabled anew', async (t) => {
  const { broker, disabled, told } = newDisabled(t);
  await disabled.start(new Set());
  disabled.gone('a');
  await settled();
  broker.disabled.clear();
  disabled.enabled(['a', 'never disabled']);
  equal(disabled.has('a'), false);
  disabled.gone('a');
  await settled();
  deepEqual([disabled.has('a'), broker.disabled.get('a'), told], [true, 'gone', ['a', 'a']]);
  await disabled.stop();
});

test('a disabling that the broker does not take is reported and forgotten, so that the next 410 tells it again', async (t) => {
  const { broker, disabled, faults } = newDisabled(t);
  await disabled.start(new Set());
  broker.fault = new Error('away');
  disabled.gone('a');
  await settled();
  deepEqual([disabled.has('a'), faults], [false, [broker.fault]]);
  broker.fault = null;
  disabled.gone('a');
  await settled();
  deepEqual([disabled.has('a'), broker.disabled.get('a')], [true, 'gone']);
  await disabled.stop();
});

test('a look that fails is reported, and leaves everything as it was', async (t) => {
  const { broker, disabled, faults, look } = newDisabled(t);
  broker.disabled.set('a', 'gone');
  await disabled.start(new Set());
  broker.fault = new Error('away');
  await look();
  deepEqual([disabled.has('a'), faults], [true, [broker.fault]]);
  broker.fault = null;
  broker.disabled.set('b', 'command');
  await look();
  equal(disabled.has('b'), true);
  await disabled.stop();
});

test('a start that cannot ask the broker fails, and until then what the settings disable is disabled all the same', async (t) => {
  const { broker, disabled } = newDisabled(t);
  broker.disabled.set('a', 'gone');
  broker.fault = new Error('away');
  await rejects(disabled.start(new Set(['c'])), { message: 'away' });
  deepEqual([disabled.has('a'), disabled.has('c')], [false, true]);
  broker.fault = null;
  await disabled.start(new Set(['c']));
  deepEqual([disabled.has('a'), disabled.has('c')], [true, true]);
  await disabled.stop();
});

test('what the settings disable is disabled in the broker too, and enabled when they do no more', async (t) => {
  const { broker, disabled, told } = newDisabled(t);
  await disabled.start(new Set(['a', 'b']));
  deepEqual(
    [...broker.disabled],
    [
      ...new Map([
        ['a', 'config'],
        ['b', 'config'],
      ]),
    ],
  );
  deepEqual(told, ['a', 'b'], 'each told of once');
  await disabled.configure(new Set(['b', 'c']));
  deepEqual([disabled.has('a'), disabled.has('b'), disabled.has('c')], [false, true, true]);
  deepEqual([...broker.disabled.keys()], ['b', 'c']);
  deepEqual(told, ['a', 'b', 'c']);
  await disabled.stop();
});

test('what the settings of an earlier run disabled is enabled at the start of one whose settings do not', async (t) => {
  const { broker, disabled } = newDisabled(t);
  broker.disabled.set('a', 'config').set('b', 'gone');
  await disabled.start(new Set());
  deepEqual([disabled.has('a'), disabled.has('b')], [false, true]);
  deepEqual([...broker.disabled.keys()], ['b']);
  await disabled.stop();
});

test('what a receiver or a person disabled stays so when the settings disable it too, and no more', async (t) => {
  const { broker, disabled } = newDisabled(t);
  broker.disabled.set('a', 'gone');
  await disabled.start(new Set(['a']));
  equal(broker.disabled.get('a'), 'gone');
  await disabled.configure(new Set());
  equal(disabled.has('a'), true);
  await disabled.stop();
});

test('what the settings disable is disabled again where somebody has enabled it', async (t) => {
  const { broker, disabled, told, look } = newDisabled(t);
  await disabled.start(new Set(['a']));
  broker.disabled.clear();
  disabled.enabled(['a']);
  deepEqual([disabled.has('a'), broker.disabled.get('a'), told], [true, 'config', ['a', 'a']]);
  await look();
  equal(disabled.has('a'), true);
  await disabled.stop();
});

test('settings that change while a look is under way are what counts when they have been taken in', async (t) => {
  const { broker, disabled, look } = newDisabled(t);
  await disabled.start(new Set(['a']));
  const answer = broker.hold();
  await look();
  const first = disabled.configure(new Set(['b']));
  const second = disabled.configure(new Set(['c']));
  answer();
  await Promise.all([first, second]);
  deepEqual(
    ['a', 'b', 'c'].map((name) => disabled.has(name)),
    [false, false, true],
  );
  deepEqual([...broker.disabled.keys()], ['c']);
  await disabled.stop();
});

test('after a stop nothing more is asked of the broker, also by a configure that was waiting for its turn', async (t) => {
  const { broker, disabled, look, faults } = newDisabled(t);
  await disabled.start(new Set());
  const answer = broker.hold();
  await look();
  const configured = disabled.configure(new Set(['a']));
  let stopped = false;
  const stop = disabled.stop().then(() => {
    stopped = true;
    broker.calls.length = 0;
  });
  await settled();
  equal(stopped, false, 'a look under way is waited for');
  answer();
  await Promise.all([stop, configured]);
  await look();
  disabled.gone('b');
  await disabled.configure(new Set(['c']));
  deepEqual([broker.calls, faults], [[], []]);
});

test('a stop waits until the broker has heard of what is gone', async (t) => {
  const { broker, disabled } = newDisabled(t);
  await disabled.start(new Set());
  const answer = broker.hold();
  disabled.gone('a');
  let stopped = false;
  const stop = disabled.stop().then(() => {
    stopped = true;
  });
  await settled();
  equal(stopped, false);
  answer();
  await stop;
});

test('a stop without a start does nothing', async (t) => {
  const { broker, disabled } = newDisabled(t);
  await disabled.stop();
  deepEqual(broker.calls, []);
});
