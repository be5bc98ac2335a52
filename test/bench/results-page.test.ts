import { deepEqual, equal, match, throws } from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { resultsHtml } from '../../bench/page/results-page.ts';
import { assertWhole, type EmbeddedDrawing } from '../report/page-testing.ts';

const THROUGHPUT = JSON.parse(readFileSync(resolve(import.meta.dirname, 'samples/throughput.json'), 'utf8'));
const MACHINE = THROUGHPUT.machine;
const spread = (median: number) => ({ median, min: median - 1, max: median + 1 });

const htmlOf = (...results: readonly object[]) =>
  resultsHtml(
    results.map((result, index) => ({ name: `result-${index}.json`, text: JSON.stringify(result) })),
  );
const titlesOf = (html: string) => [...html.matchAll(/<figcaption[^>]*>([^<]+)/g)].map(([, title]) => title!);
/** What a plot draws, by its title and the label of a series. */
const drawn = (html: string, title: string, label: string) => {
  const drawing: EmbeddedDrawing = assertWhole(html)[titlesOf(html).indexOf(title)]!;
  const index = drawing.series.findIndex((series) => series.label === label);
  return { x: drawing.data[0]!, values: drawing.data[index + 1] };
};

test('a throughput result becomes bars of contenders and of ratios', () => {
  const html = htmlOf({ ...THROUGHPUT, receiverCeiling: { autocannon: 90_000, wrk: null } });
  deepEqual(titlesOf(html), [
    'Deliveries per second',
    'CPU of a delivery',
    'Volley&#39;s rate and CPU as ratios of the others&#39;',
  ]);
  const [http, https] = THROUGHPUT.cases;
  const { x, values } = drawn(html, 'Deliveries per second', 'volley');
  // Four bars for each case and a gap; Volley's is the second.
  deepEqual(x, [0, 1, 2, 3, 5, 6, 7, 8]);
  deepEqual(
    values!.filter((value) => value !== null),
    [http.contenders.volley.deliveriesPerSecond.median, https.contenders.volley.deliveriesPerSecond.median],
  );
  deepEqual(
    new Set(drawn(html, 'Deliveries per second', 'receivers alone (autocannon)').values),
    new Set([90_000]),
  );
  match(html, /2 threads of 20 slots, bodies of 1024 bytes/);
  match(html, /AMD EPYC, 2 cores, Linux /);
});

test('several results show throughput against slots and threads', () => {
  const run = (threads: number, slotsPerThread: number, rate: number) => {
    const [entry] = THROUGHPUT.cases;
    const volley = { ...entry.contenders.volley, deliveriesPerSecond: spread(rate) };
    return { ...THROUGHPUT, threads, slotsPerThread, cases: [{ ...entry, contenders: { volley } }] };
  };
  const html = htmlOf(run(2, 80, 400), run(1, 20, 100), run(2, 20, 200));
  deepEqual(drawn(html, 'Throughput against slots per thread', '2 threads'), {
    x: [20, 80],
    values: [200, 400],
  });
  deepEqual(drawn(html, 'Throughput against slots per thread', '1 threads').values, [100, null]);
  deepEqual(drawn(html, 'Throughput against threads', '20 slots per thread'), {
    x: [1, 2],
    values: [100, 200],
  });
});

test('cases with several numbers of destinations show what they cost', () => {
  const [http] = THROUGHPUT.cases;
  const many = { ...http, name: 'http-1000', destinations: 1_000 };
  const html = htmlOf({ ...THROUGHPUT, cases: [many, http] });
  deepEqual(drawn(html, 'Cost of a delivery against destinations', 'http').x, [10, 1_000]);
});

test('latencies become curves over percentiles', () => {
  const share = (part: number) => ({
    share: part,
    p50Ms: spread(part),
    p90Ms: spread(2 * part),
    p99Ms: spread(3 * part),
    p999Ms: spread(4 * part),
  });
  const html = htmlOf({
    scenario: 'latency',
    quick: true,
    machine: { ...MACHINE, busy: true },
    maximumPerSecond: 20_000,
    shares: [share(0.25), share(0.5)],
  });
  deepEqual(drawn(html, 'Latency percentiles, from due to received', '50 % of the maximum'), {
    x: [2, 10, 100, 1_000],
    values: [0.5, 1, 1.5, 2],
  });
  match(html, /class="warning" role="alert">A quick run/);
  match(html, /class="warning" role="alert">The machine was busy/);
});

test('parked deliveries have plots of their own, and what was not run has none', () => {
  const latency = (p99: number) => ({ count: 9, p50: 1, p90: 2, p99, p999: 90, max: 99 });
  const html = htmlOf({
    scenario: 'isolation',
    cases: [],
    parked: {
      events: 300_000,
      healthyLatencyMs: { before: latency(8), parked: latency(5), draining: latency(22) },
      workerRssBytes: { before: 2 ** 20, most: 2 ** 21 },
    },
  });
  equal(html.includes('beside a bad one'), false);
  const title = 'Latency of the healthy destinations around parked deliveries';
  deepEqual(
    drawn(html, title, 'p99').values?.filter((value) => value !== null),
    [8, 5, 22],
  );
  deepEqual(drawn(html, 'Memory of the worker around parked deliveries', 'RSS').values, [1, 2]);
});

test('isolation, connections, scale and hosts have plots of their own', () => {
  const html = htmlOf(
    { scenario: 'isolation', cases: [{ name: 'hanging', ratios: { healthy_rate: 0.99, healthy_p99: 1.2 } }] },
    {
      scenario: 'connections',
      points: [
        { receiverMs: 10, slotsPerCore: 20, deliveriesPerSecond: 3_000 },
        { receiverMs: 10, slotsPerCore: 200, deliveriesPerSecond: 9_000 },
        { receiverMs: 10, slotsPerCore: 'auto', deliveriesPerSecond: 8_900 },
      ],
    },
    {
      scenario: 'scale',
      points: [
        { queued: 10_000, destinations: 10, cpuMicrosPerDelivery: 40 },
        { queued: 1_000_000, destinations: 10, cpuMicrosPerDelivery: 42 },
      ],
    },
    { scenario: 'hosts', samples: [{ rssBytes: 2 ** 20 }, { rssBytes: 2 ** 21 }] },
  );
  deepEqual(drawn(html, 'Their p99 beside a bad one', 'ratio').values, [1.2]);
  deepEqual(drawn(html, 'Throughput against slots, by how long receivers take', '10 ms'), {
    x: [20, 200],
    values: [3_000, 9_000],
  });
  deepEqual(
    drawn(html, 'Throughput against slots, by how long receivers take', '10 ms, auto').values,
    [8_900, 8_900],
  );
  deepEqual(drawn(html, 'Cost of a delivery against what is queued', '10 destinations').values, [40, 42]);
  deepEqual(drawn(html, 'Memory over hosts seen', 'RSS').values, [1, 2]);
});

test('what is no result is named', () => {
  for (const text of [
    '',
    '{',
    'null',
    '[]',
    '{"scenario":"profile"}',
    '{"scenario":"latency"}',
    '{"scenario":"toString"}',
    '{}',
  ])
    throws(() => resultsHtml([{ name: 'x.json', text }]), {
      code: 'VOLLEY_USAGE',
      message: /^x\.json is no result with plots: give what a scenario printed with --json \(throughput, /,
    });
  throws(() => resultsHtml([]), { code: 'VOLLEY_USAGE' });
});
