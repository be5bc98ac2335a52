import { deepEqual, equal, rejects } from 'node:assert/strict';
import test from 'node:test';
import type { LaneOptions } from '../src/config/lane-options.ts';
import { defaultOptions } from '../src/config/options.ts';
import { Settings } from '../src/settings.ts';
import { read } from './config/destinations-testing.ts';

/** Settings of destinations, which a test can change, beside a worker's options. */
function newSettings(destinations: Record<string, object>, worker: Partial<LaneOptions> = {}) {
  const given = { destinations };
  const laneOptions = { ...defaultOptions(), ...worker };
  const settings = new Settings({
    secrets: {
      place: 'a place',
      load: async () => ({ secrets: { default: ['s'], byName: {} }, warnings: [] }),
      watch: () => () => {},
    },
    readDestinations: () => read(JSON.stringify({ destinations: given.destinations }), laneOptions),
    signatures: ['hub'],
    rules: { scheduleMs: [], permanentStatuses: [] },
    laneOptions,
  });
  return { settings, given };
}

const USUAL = { window: null, rate: null, breaker: { failures: 5, coolOffMs: 30_000 } };

test('without anything given, lanes have a breaker, and neither a limit nor a fixed window', () => {
  deepEqual(newSettings({}).settings.laneRulesOf('acct_42'), USUAL);
});

test('a burst is what the rate allows in a second, at least one event, where nothing else is said', () => {
  const rateOf = (worker: Partial<LaneOptions>) => newSettings({}, worker).settings.laneRulesOf('x').rate;
  deepEqual(rateOf({ ratePerSecond: 100 }), { perSecond: 100, burst: 100 });
  deepEqual(rateOf({ ratePerSecond: 2.5 }), { perSecond: 2.5, burst: 2 });
  deepEqual(rateOf({ ratePerSecond: 0.01 }), { perSecond: 0.01, burst: 1 });
  deepEqual(rateOf({ ratePerSecond: 100, rateBurst: 7 }), { perSecond: 100, burst: 7 });
});

test('a breaker of no failures is none', () => {
  equal(newSettings({}, { breakerFailures: 0 }).settings.laneRulesOf('x').breaker, null);
});

test('a lane is held to what its destination says, by id or by origin, and else to what the worker says', async () => {
  const { settings } = newSettings(
    {
      acct_1: { 'rate-limit': '5/s', 'cool-off': '1s' },
      'https://a.example': { 'max-in-flight': 3, 'breaker-failures': 0 },
      acct_2: { 'rate-burst': 9 },
      acct_3: { 'total-timeout': '5s' },
    },
    { ratePerSecond: 100, rateBurst: 20, maxInFlight: 50 },
  );
  const usual = { ...USUAL, window: 50, rate: { perSecond: 100, burst: 20 } };
  deepEqual(settings.laneRulesOf('acct_1'), usual, 'before anything is loaded');
  await settings.load();
  deepEqual(settings.laneRulesOf('acct_1'), {
    window: 50,
    rate: { perSecond: 5, burst: 20 },
    breaker: { failures: 5, coolOffMs: 1_000 },
  });
  deepEqual(settings.laneRulesOf('https://a.example'), { ...usual, window: 3, breaker: null });
  deepEqual(settings.laneRulesOf('acct_2').rate, { perSecond: 100, burst: 9 });
  for (const name of ['acct_3', 'acct_4', '__proto__', 'constructor', 'https://b.example'])
    deepEqual(settings.laneRulesOf(name), usual, name);
});

test('a reload changes the rules, and one that fails does not', async () => {
  const { settings, given } = newSettings({ acct_1: { 'rate-limit': '5/s' } });
  await settings.load();
  const before = settings.laneRulesOf('acct_1');
  given.destinations = { acct_1: { 'rate-limit': '5 per second' } };
  await rejects(settings.load(), { code: 'VOLLEY_CONFIG' });
  equal(settings.laneRulesOf('acct_1'), before);
  given.destinations = { acct_1: { 'rate-limit': '6/s' } };
  await settings.load();
  deepEqual(settings.laneRulesOf('acct_1').rate, { perSecond: 6, burst: 6 });
  given.destinations = {};
  await settings.load();
  deepEqual(settings.laneRulesOf('acct_1'), USUAL);
});
