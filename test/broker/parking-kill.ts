/** What a broker owes where processes are killed while they park and drain; for every adapter. */
import { deepEqual, ok } from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Broker } from '../../src/broker/broker.ts';
import { Ledger } from '../ledger.ts';
import { Signal } from '../signal.ts';
import { acks, BIG_BYTES, MANY, stats, until } from './broker-testing.ts';

const PROCESS = fileURLToPath(new URL('./parking-process.ts', import.meta.url));
const EVENTS = 4_000;
const KILLS = 12;
/** Long enough for a round of the process, and short enough to wait for. */
const LEASE_MS = 500;
/** What a killed process may hold: one claim, of 20. */
const HELD = 20;
/** Every other event has an ordering key, one of so many. */
const KEYS = 10;

/**
 * Kills processes at random moments while they park and drain on a queue, and asserts the ledger. `watch` is a broker
 * on it, `url` and `queue` name it.
 */
export async function killWhileParking(
  t: TestContext,
  watch: Broker,
  url: string,
  queue: string,
): Promise<void> {
  const ledger = new Ledger(EVENTS);
  const delivered: number[] = [];
  const arrived = (numbers: readonly number[]) => {
    delivered.push(...numbers);
    for (const number of numbers) ledger.arrived(number);
  };
  await watch.publish(Array.from({ length: EVENTS }, (_, number) => envelopeOf(number)));
  let parkedAtKill = 0;
  for (let kill = 0; kill < KILLS; kill++) {
    arrived(await runUntilKilled(t, [url, queue, LEASE_MS], 3 + kill));
    parkedAtKill = Math.max(parkedAtKill, (await watch.stats()).parked);
    ledger.nextPeriod();
  }
  await until(async () => {
    await watch.reclaim();
    const claims = [
      ...(await watch.reserve(MANY, BIG_BYTES)),
      ...(await watch.reserveParked('x', MANY, BIG_BYTES)),
    ];
    arrived(claims.map(({ envelope }) => JSON.parse(String(envelope)).payload));
    await watch.settle(acks(claims));
    const { ready, leased, delayed, parked } = await watch.stats();
    return ready + leased + delayed + parked === 0;
  });
  t.diagnostic(`${ledger}, at most ${parkedAtKill} parked at a kill`);
  deepEqual(ledger.missing, []);
  deepEqual(await watch.stats(), stats({}));
  ok(parkedAtKill > 0);
  // In all: what was held at one kill may be held at the next one too.
  ok(ledger.duplicates <= HELD * KILLS, `${ledger}`);
  deepEqual(outOfOrder(delivered), []);
}

function envelopeOf(number: number): Buffer {
  const ordered = number % 2 === 0 ? { orderingKey: `key ${number % KEYS}` } : {};
  return Buffer.from(JSON.stringify({ destination: 'x', ...ordered, payload: number }));
}

/** Those of an ordering key that came before one that was published earlier. */
function outOfOrder(delivered: readonly number[]): number[] {
  const last = new Map<number, number>();
  return delivered.filter((number) => {
    if (number % 2 !== 0) return false;
    const key = number % KEYS;
    const before = last.get(key) ?? key - KEYS;
    last.set(key, number);
    // The next of its key, or the same again after a kill.
    return number !== before && number !== before + KEYS;
  });
}

/** Kills a process a moment after it has said so many lines; answers the numbers that it may have delivered. */
async function runUntilKilled(
  t: TestContext,
  args: readonly (string | number)[],
  lines: number,
): Promise<number[]> {
  const child = spawn(process.execPath, [PROCESS, ...args.map(String)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => child.kill('SIGKILL'));
  const ended = once(child, 'close');
  let said = '';
  const signal = new Signal();
  child.stdout.on('data', (chunk) => {
    said += chunk;
    signal.raise();
  });
  // The last line may have been cut short; then it was not yet acted on.
  const whole = () => said.split('\n').slice(0, -1);
  await Promise.race([
    signal.until(() => whole().length >= lines),
    ended.then(() => Promise.reject(new Error('the process has ended by itself'))),
  ]);
  await sleep(Math.random() * 5);
  child.kill('SIGKILL');
  await ended;
  return whole().flatMap((line) => line.split(' ').slice(1).map(Number));
}
