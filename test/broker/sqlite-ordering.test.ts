/** Ordered delivery in a SQLite file: one at a time, in order, and none left behind, whatever happens to it and to others. */
import { deepEqual, equal, ok } from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { type Claimed, type Move, pack, unpack } from '../../src/broker/sqlite/messages.ts';
import { sequenceOf } from '../../src/broker/sqlite/ordering.ts';
import { Store } from '../../src/broker/sqlite/store.ts';
import { letterOf } from './broker-testing.ts';

const dir = mkdtempSync(join(tmpdir(), 'volley-sqlite-'));
after(() => rmSync(dir, { recursive: true, force: true }));

const MANY = 1_000;
const BIG_BYTES = 1_000_000;
const RUNS = 60;
/** Every delivery of a run goes there. */
const DESTINATION = 'x';

let files = 0;
function openStore(file = join(dir, `${++files}.db`)): { store: Store; file: string } {
  return { store: new Store({ file, queue: 'shared', leaseMs: 60_000 }), file };
}

function opened(t: TestContext): Store {
  const { store } = openStore();
  t.after(() => store.close());
  return store;
}

function ordered(orderingKey: string | undefined, number: number): Buffer {
  return Buffer.from(JSON.stringify({ destination: DESTINATION, orderingKey, number }));
}

interface Held {
  readonly claim: number;
  readonly number: number;
  readonly key: string | undefined;
}

function heldOf(claimed: Claimed): Held[] {
  return unpack(claimed).map((envelope, i) => {
    const { orderingKey: key, number } = JSON.parse(String(envelope));
    return { claim: claimed.firstClaim + i, number, key };
  });
}

function numbers(claimed: Claimed): number[] {
  return heldOf(claimed).map(({ number }) => number);
}

/** What two workers do, and what a queue that keeps every promise would hold. */
class Run {
  readonly #file: string;
  readonly #stores: Store[];
  readonly #held: Held[][] = [[], []];
  readonly #zombies: Held[] = [];
  /** What has not come to its end, by key and in order. */
  readonly #live = new Map<string | undefined, number[]>();
  #parked: Held[] = [];
  #dead: Held[] = [];
  #published = 0;

  constructor() {
    const { store, file } = openStore();
    this.#file = file;
    this.#stores = [store, openStore(file).store];
  }

  publish(keys: readonly (string | undefined)[]): void {
    const envelopes = keys.map((key) => {
      this.#queued(key, this.#published);
      return ordered(key, this.#published++);
    });
    this.#stores[0]!.publish(pack(envelopes));
  }

  reserve(worker: number, count: number, bytes: number): number {
    return this.#claimed(worker, this.#stores[worker]!.reserve(count, bytes));
  }

  drain(worker: number, count: number): number {
    const claimed = this.#claimed(worker, this.#stores[worker]!.reserveParked(DESTINATION, count, BIG_BYTES));
    this.#parked.splice(0, claimed);
    return claimed;
  }

  settle(worker: number, kind: Move['kind'] | 'ack', count: number): void {
    const held = this.#held[worker]!.splice(0, count);
    const claims = held.map(({ claim }) => claim);
    const result =
      kind === 'ack'
        ? this.#stores[worker]!.settle(claims, [])
        : this.#stores[worker]!.settle(
            [],
            claims.map((claim) => moveOf(kind, claim)),
          );
    equal(result.late, 0);
    if (kind === 'park') this.#parked.push(...held);
    if (kind === 'dead') this.#dead.push(...held);
    if (kind === 'ack' || kind === 'dead') for (const delivery of held) this.#ended(delivery);
  }

  /** The leases of both lapse; what they held is reclaimed. */
  lapse(): void {
    const db = new DatabaseSync(this.#file);
    db.exec('UPDATE leases SET expires_ms = 0');
    db.close();
    equal(this.#stores[0]!.reclaim(), this.#held.flat().length);
    for (const held of this.#held) this.#zombies.push(...held.splice(0));
  }

  /** Whatever those say whose lease has lapsed changes nothing. */
  settleLate(): void {
    const claims = this.#zombies.splice(0).map(({ claim }) => claim);
    const half = claims.length >> 1;
    const moves = claims.slice(half).map((claim, i) => moveOf(i % 2 === 0 ? 'dead' : 'park', claim));
    equal(this.#stores[1]!.settle(claims.slice(0, half), moves).late, claims.length);
  }

  /** What is parked goes in its order, each behind what is aside until its end. */
  discard(count: number): void {
    const discarded = this.#stores[1]!.discardParked(DESTINATION, count);
    const kept = this.#present();
    const heads = this.#parked.filter(({ number }) => !kept.has(number));
    const isBehind = (key: string | undefined) =>
      key !== undefined && this.#parked.slice(0, heads.length + 1).some((head) => head.key === key);
    let gone = 0;
    for (const [key, live] of this.#live)
      for (const number of live.filter((each) => !kept.has(each))) {
        ok(isBehind(key) || heads.some((head) => head.number === number), `${number} of ${key}`);
        this.#ended({ key, number });
        gone++;
      }
    deepEqual(heads, this.#parked.splice(0, heads.length));
    equal(gone, discarded);
    ok(discarded === count || this.#parked.length === 0);
  }

  replay(): void {
    const store = this.#stores[1]!;
    equal(
      store.write(() => store.deadLetters.replay({}, MANY)),
      this.#dead.length,
    );
    for (const { key, number } of this.#dead.splice(0)) this.#queued(key, number);
  }

  check(): void {
    const { ready, leased, delayed, parked, dead } = this.#stores[0]!.stats();
    equal(ready + leased + delayed + parked, [...this.#live.values()].flat().length);
    deepEqual([leased, dead], [this.#held.flat().length, this.#dead.length]);
    ok(parked >= this.#parked.length, 'beside those that are behind their key');
  }

  /** Settles all that there is; fails when something is never given out. */
  finish(): void {
    for (;;) {
      for (const worker of [0, 1]) this.settle(worker, 'ack', MANY);
      if (this.reserve(0, MANY, BIG_BYTES) + this.drain(1, MANY) === 0) break;
    }
    deepEqual([...this.#live.values()].flat(), []);
    this.check();
    for (const store of this.#stores) store.close();
  }

  /** The numbers of all that has not come to its end. */
  #present(): Set<number> {
    const db = new DatabaseSync(this.#file);
    const rows = db.prepare('SELECT envelope FROM deliveries').all() as { envelope: Uint8Array }[];
    db.close();
    return new Set(rows.map(({ envelope }) => JSON.parse(Buffer.from(envelope).toString()).number));
  }

  #claimed(worker: number, claimed: Claimed): number {
    const held = heldOf(claimed);
    for (const { key, number } of held)
      if (key !== undefined) equal(this.#live.get(key)![0], number, `${number} before its turn`);
    const out = [...this.#held.flat(), ...held].filter(({ key }) => key !== undefined);
    equal(new Set(out.map(({ key }) => key)).size, out.length, 'one of each key at a time');
    this.#held[worker]!.push(...held);
    return held.length;
  }

  #queued(key: string | undefined, number: number): void {
    this.#live.set(key, [...(this.#live.get(key) ?? []), number]);
  }

  #ended({ key, number }: Pick<Held, 'key' | 'number'>): void {
    const live = this.#live.get(key)!;
    live.splice(live.indexOf(number), 1);
  }
}

function moveOf(kind: Move['kind'], claim: number): Move {
  switch (kind) {
    case 'retry':
      return { kind, claim, delayMs: 0, attempts: 1 };
    case 'dead':
      return { kind, claim, token: `T${claim}`, letter: letterOf({ mintedId: `evt_${claim}` }) };
    case 'park':
      return { kind, claim, destination: DESTINATION };
    case 'release':
      return { kind, claim };
  }
}

const worker = fc.nat(1);
const few = fc.integer({ min: 1, max: 6 });
const anyKey = fc.constantFrom('a', 'a', 'b', 'c', undefined);
const anyKind = fc.constantFrom('ack', 'ack', 'retry', 'dead', 'release', 'park', 'park');
const step = fc.oneof(
  {
    arbitrary: fc.tuple(fc.constant('publish'), fc.array(anyKey, { minLength: 1, maxLength: 8 })),
    weight: 4,
  },
  { arbitrary: fc.tuple(fc.constant('reserve'), worker, few, fc.constantFrom(100, BIG_BYTES)), weight: 5 },
  { arbitrary: fc.tuple(fc.constant('settle'), worker, anyKind, few), weight: 6 },
  { arbitrary: fc.tuple(fc.constant('drain'), worker, few), weight: 3 },
  fc.tuple(fc.constant('lapse')),
  fc.tuple(fc.constant('settleLate')),
  fc.tuple(fc.constant('discard'), few),
  fc.tuple(fc.constant('replay')),
);

test('of a key one delivery is given out at a time, in order, and every one in the end, whatever happens', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 10, maxLength: 80, size: 'max' }), (steps) => {
      const run = new Run();
      for (const [method, ...values] of steps) {
        (run[method as 'settleLate'] as (...values: readonly unknown[]) => unknown).apply(run, values);
        run.check();
      }
      run.finish();
    }),
    { numRuns: RUNS },
  );
});

test('a long sequence is come past a piece at a time, and what is behind it is found', (t) => {
  const store = opened(t);
  const count = 12_000;
  store.publish(pack(Array.from({ length: count }, (_, i) => ordered('a', i))));
  store.publish(pack([ordered(undefined, count)]));
  const found: number[] = [];
  for (let claims = 0; store.hasWork(); claims++) {
    ok(claims < 5);
    found.push(...numbers(store.reserve(MANY, BIG_BYTES)));
  }
  deepEqual(found, [0, count]);
  deepEqual({ ...store.stats() }, { ready: 0, leased: 2, delayed: 0, parked: count - 1, dead: 0 });
});

test('a sequence is named by its destination, or by the URL up to its path, and its key', () => {
  const named = (envelope: string) => sequenceOf(Buffer.from(envelope));
  equal(named('{"destination":"acct","orderingKey":"k","url":"https://a.example/x"}'), 'acct\nk');
  equal(named('{"url":"https://a.example:8443/x?y","orderingKey":"k"}'), 'https://a.example:8443\nk');
  equal(named('{"url":"https://a.example?y","orderingKey":"ü"}'), 'https://a.example\nü');
  for (const none of [
    '{"destination":"acct"}',
    '{"destination":"acct","payload":{"orderingKey":"k"}}',
    '{"destination":"acct","orderingKey":""}',
    '{"destination":"acct","orderingKey":7}',
    '{"destination":7,"orderingKey":"k"}',
    '{"orderingKey":"k"}',
    '{"destination":"acct","orderingKey":"k"',
    '"orderingKey"',
    'null "orderingKey"',
    '["orderingKey"]',
  ])
    equal(named(none), null, none);
});
