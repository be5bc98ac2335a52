import { deepEqual, equal, ok, rejects } from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import type { Block, DisabledBy, Standing, Standings } from '../../src/broker/broker.ts';
import { DestinationStandings } from '../../src/maintain/standings.ts';

const NOW_MS = 1_764_000_000_000;
const LOOK_MS = 5_000;
const REST_MS = 50;
const TELL_AGAIN_MS = 1_000;

/** A broker that keeps how destinations stand, and whose next answers a test can hold back or make fail. */
class FakeBroker {
  readonly disabled = new Map<string, DisabledBy>();
  readonly blocks = new Map<string, Block>();
  readonly parked = new Map<string, number>();
  readonly calls: string[] = [];
  /** Changes so far; `standingsVersion` is what a claim has brought along. */
  version = 1;
  standingsVersion = 0;
  /** Resolved before each call is answered. What it has seen by then stays what it answers. */
  gate: Promise<void> = Promise.resolve();
  fault: Error | null = null;
  refuseEnable = false;

  disableDestination(destination: string, by: DisabledBy, nowMs: number): Promise<boolean> {
    return this.#answer(`disable ${destination} ${by} ${nowMs - NOW_MS}`, () => {
      const isNew = !this.disabled.has(destination);
      if (isNew) this.disabled.set(destination, by);
      return isNew;
    });
  }

  enableDestination(destination: string): Promise<number | null> {
    if (this.refuseEnable) return Promise.reject(new Error('away'));
    return this.#answer(`enable ${destination}`, () => (this.disabled.delete(destination) ? 0 : null));
  }

  block(destination: string, block: Block): Promise<void> {
    return this.#answer(`block ${destination} ${block.kind} ${block.forMs}`, () => {
      this.blocks.set(destination, block);
    });
  }

  unblock(destination: string): Promise<void> {
    return this.#answer(`unblock ${destination}`, () => {
      this.blocks.delete(destination);
    });
  }

  standings(since: number | null): Promise<Standings> {
    return this.#answer(`look ${since ?? 'at all'}`, () => {
      const names = new Set([...this.disabled.keys(), ...this.blocks.keys(), ...this.parked.keys()]);
      return {
        version: this.version++,
        isComplete: true,
        standings: [...names].map((destination): Standing => {
          const by = this.disabled.get(destination);
          return {
            destination,
            disabled: by === undefined ? null : { by, sinceMs: NOW_MS },
            block: this.blocks.get(destination) ?? null,
            parked: this.parked.get(destination) ?? 0,
          };
        }),
      };
    });
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

function newStandings(t: TestContext) {
  t.mock.timers.enable({ apis: ['setInterval', 'setTimeout'] });
  const broker = new FakeBroker();
  const told: string[] = [];
  const news: [destination: string, what: Block | null | 'parked'][] = [];
  const faults: unknown[] = [];
  const clock = { nowMs: 0 };
  const disabled = new DestinationStandings({
    broker,
    onDisabled: (destination) => {
      ok(disabled.isDisabled(destination), 'told before it is so');
      told.push(destination);
    },
    onBlock: (destination, block) => news.push([destination, block]),
    onParked: (destination) => news.push([destination, 'parked']),
    onFault: (error) => faults.push(error),
    nowMs: () => clock.nowMs,
    wallMs: () => NOW_MS,
  });
  /** Time passes. */
  const pass = async (ms: number) => {
    clock.nowMs += ms;
    t.mock.timers.tick(ms);
    await settled();
  };
  /** The time of the next look comes. */
  const look = () => pass(LOOK_MS);
  return { broker, disabled, told, news, faults, look, pass };
}

/** Whatever can happen without time passing has happened. */
const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

test('what the broker has at the start is known when the start is over, and told of once', async (t) => {
  const { broker, disabled, told, look } = newStandings(t);
  broker.disabled.set('gone', 'gone').set('by hand', 'command');
  broker.parked.set('parked', 1);
  equal(disabled.isDisabled('gone'), false);
  await disabled.start(new Set());
  deepEqual([disabled.isDisabled('gone'), disabled.isDisabled('by hand')], [true, true]);
  equal(disabled.isDisabled('parked'), false, 'what only has parked deliveries is not disabled');
  deepEqual(told, ['gone', 'by hand']);
  await look();
  deepEqual(told, ['gone', 'by hand']);
  await disabled.stop();
});

test('what others disable and enable is heard of at the next look', async (t) => {
  const { broker, disabled, told, look } = newStandings(t);
  await disabled.start(new Set());
  broker.disabled.set('a', 'command');
  await look();
  deepEqual([disabled.isDisabled('a'), told], [true, ['a']]);
  broker.disabled.delete('a');
  await look();
  equal(disabled.isDisabled('a'), false);
  broker.disabled.set('a', 'gone');
  await look();
  deepEqual([disabled.isDisabled('a'), told], [true, ['a', 'a']]);
  await disabled.stop();
});

test('a destination that is gone is known at once, and the broker is told once, before anything is parked', async (t) => {
  const { broker, disabled, told } = newStandings(t);
  await disabled.start(new Set());
  broker.calls.length = 0;
  disabled.gone('a');
  equal(disabled.isDisabled('a'), true);
  deepEqual(broker.calls, ['disable a gone 0'], 'asked in the same turn');
  disabled.gone('a');
  await settled();
  deepEqual([broker.calls, told], [['disable a gone 0'], ['a']]);
  await disabled.stop();
});

test('a destination that goes while a look is under way stays disabled, whatever the look has seen', async (t) => {
  const { broker, disabled, told, look } = newStandings(t);
  await disabled.start(new Set());
  const answer = broker.hold();
  await look();
  // Seen by the broker before it hears of this.
  disabled.gone('a');
  answer();
  await settled();
  equal(disabled.isDisabled('a'), true);
  deepEqual(told, ['a'], 'told of once');
  await look();
  deepEqual([disabled.isDisabled('a'), told], [true, ['a']]);
  await disabled.stop();
});

test('what the broker does not take is reported and told again until it does', async (t) => {
  const { broker, disabled, faults, pass } = newStandings(t);
  await disabled.start(new Set());
  broker.fault = new Error('away');
  disabled.gone('a');
  await settled();
  await pass(TELL_AGAIN_MS);
  deepEqual([disabled.isDisabled('a'), faults], [true, [broker.fault, broker.fault]]);
  broker.fault = null;
  await pass(TELL_AGAIN_MS);
  equal(broker.disabled.get('a'), 'gone');
  await disabled.stop();
});

test('a look that fails is reported, and leaves everything as it was', async (t) => {
  const { broker, disabled, faults, look } = newStandings(t);
  broker.disabled.set('a', 'gone');
  await disabled.start(new Set());
  broker.fault = new Error('away');
  await look();
  deepEqual([disabled.isDisabled('a'), faults], [true, [broker.fault]]);
  broker.fault = null;
  broker.disabled.set('b', 'command');
  await look();
  equal(disabled.isDisabled('b'), true);
  await disabled.stop();
});

test('a start that cannot ask the broker fails, and until then what the settings disable is disabled all the same', async (t) => {
  const { broker, disabled } = newStandings(t);
  broker.disabled.set('a', 'gone');
  broker.fault = new Error('away');
  await rejects(disabled.start(new Set(['c'])), { message: 'away' });
  deepEqual([disabled.isDisabled('a'), disabled.isDisabled('c')], [false, true]);
  broker.fault = null;
  await disabled.start(new Set(['c']));
  deepEqual([disabled.isDisabled('a'), disabled.isDisabled('c')], [true, true]);
  await disabled.stop();
});

test('what the settings disable is disabled in the broker too, and enabled when they do no more', async (t) => {
  const { broker, disabled, told } = newStandings(t);
  await disabled.start(new Set(['a', 'b']));
  await settled();
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
  deepEqual(
    [disabled.isDisabled('a'), disabled.isDisabled('b'), disabled.isDisabled('c')],
    [false, true, true],
  );
  deepEqual([...broker.disabled.keys()], ['b', 'c']);
  deepEqual(told, ['a', 'b', 'c']);
  await disabled.stop();
});

test('what the settings of an earlier run disabled is enabled at the start of one whose settings do not', async (t) => {
  const { broker, disabled } = newStandings(t);
  broker.disabled.set('a', 'config').set('b', 'gone');
  await disabled.start(new Set());
  deepEqual([disabled.isDisabled('a'), disabled.isDisabled('b')], [false, true]);
  deepEqual([...broker.disabled.keys()], ['b']);
  await disabled.stop();
});

test('where the broker does not enable what the settings disabled, the next look does, and takes in the rest', async (t) => {
  const { broker, disabled, look } = newStandings(t);
  await disabled.start(new Set(['a']));
  await settled();
  broker.disabled.set('b', 'command');
  broker.refuseEnable = true;
  await disabled.configure(new Set());
  broker.refuseEnable = false;
  broker.calls.length = 0;
  await look();
  deepEqual(broker.calls, ['look at all', 'enable a']);
  deepEqual([disabled.isDisabled('a'), disabled.isDisabled('b')], [false, true]);
  await disabled.stop();
});

test('what a receiver or a person disabled stays so when the settings disable it too, and no more', async (t) => {
  const { broker, disabled } = newStandings(t);
  broker.disabled.set('a', 'gone');
  await disabled.start(new Set(['a']));
  equal(broker.disabled.get('a'), 'gone');
  await disabled.configure(new Set());
  equal(disabled.isDisabled('a'), true);
  await disabled.stop();
});

test('what the settings disable is disabled again where somebody has enabled it', async (t) => {
  const { broker, disabled, told, look } = newStandings(t);
  await disabled.start(new Set(['a']));
  await settled();
  broker.disabled.clear();
  await look();
  deepEqual([disabled.isDisabled('a'), broker.disabled.get('a'), told], [true, 'config', ['a', 'a']]);
  await disabled.stop();
});

test('settings that change while a look is under way are what counts when they have been taken in', async (t) => {
  const { broker, disabled, look } = newStandings(t);
  await disabled.start(new Set(['a']));
  await settled();
  const answer = broker.hold();
  await look();
  const first = disabled.configure(new Set(['b']));
  const second = disabled.configure(new Set(['c']));
  answer();
  await Promise.all([first, second]);
  deepEqual(
    ['a', 'b', 'c'].map((name) => disabled.isDisabled(name)),
    [false, false, true],
  );
  deepEqual([...broker.disabled.keys()], ['c']);
  await disabled.stop();
});

test('after a stop nothing more is asked of the broker, also by a configure that was waiting for its turn', async (t) => {
  const { broker, disabled, look, faults } = newStandings(t);
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
  const { broker, disabled } = newStandings(t);
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
  const { broker, disabled } = newStandings(t);
  await disabled.stop();
  deepEqual(broker.calls, []);
});

test('what is blocked or has something parked is news, also that it is no more', async (t) => {
  const { broker, disabled, news, look } = newStandings(t);
  const block: Block = { kind: 'open', forMs: 30_000, opened: 1 };
  broker.blocks.set('a', block);
  broker.parked.set('b', 3);
  await disabled.start(new Set());
  deepEqual(news.splice(0), [
    ['a', block],
    ['b', null],
    ['b', 'parked'],
  ]);
  broker.blocks.clear();
  await look();
  deepEqual(news, [
    ['b', null],
    ['b', 'parked'],
    ['a', null],
  ]);
  await disabled.stop();
});

test('a claim that brings a higher version along leads to a look at once, and many such in a moment to one more', async (t) => {
  const { broker, disabled, pass } = newStandings(t);
  await disabled.start(new Set());
  broker.calls.length = 0;
  await pass(REST_MS);
  equal(disabled.heard(), null, 'nothing new');
  broker.standingsVersion = 7;
  broker.version = 7;
  await disabled.heard();
  deepEqual(broker.calls.splice(0), ['look 1'], 'asked for what is new since');
  broker.standingsVersion = 9;
  broker.version = 9;
  equal(disabled.heard(), null);
  equal(disabled.heard(), null);
  deepEqual(broker.calls, []);
  await pass(REST_MS);
  deepEqual(broker.calls, ['look 7']);
  await disabled.stop();
});

test('what is said here comes before what a look has seen of the same, and is told in order', async (t) => {
  const { broker, disabled, news, told, look } = newStandings(t);
  await disabled.start(new Set());
  disabled.block('a', { kind: 'open', forMs: 30_000, opened: 1 });
  await settled();
  news.length = 0;
  broker.parked.set('a', 1);
  const answer = broker.hold();
  await look();
  disabled.unblock('a');
  disabled.block('a', { kind: 'paused', forMs: 2_000, opened: 0 });
  answer();
  await settled();
  deepEqual(news, [['a', 'parked']], 'the open breaker that it saw is over');
  deepEqual(broker.calls.slice(-3), ['look 1', 'unblock a', 'block a paused 2000']);
  broker.disabled.set('a', 'command');
  const again = broker.hold();
  await look();
  disabled.unblock('a');
  again();
  await settled();
  deepEqual(told, ['a'], 'that it is disabled was not said here');
  await disabled.stop();
});

test('a destination that is disabled is no news, whatever blocks it', async (t) => {
  const { broker, disabled, news, look } = newStandings(t);
  const block: Block = { kind: 'open', forMs: 30_000, opened: 1 };
  broker.blocks.set('a', block);
  broker.parked.set('a', 1);
  broker.disabled.set('a', 'command');
  await disabled.start(new Set());
  deepEqual(news, []);
  broker.disabled.clear();
  await look();
  deepEqual(news, [
    ['a', block],
    ['a', 'parked'],
  ]);
  await disabled.stop();
});
