import { deepEqual, match, rejects } from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { report } from '../../bench/page/command.ts';
import { assertWhole } from '../report/page-testing.ts';

const spread = (median: number) => ({ median, min: median, max: median });
const contender = (rate: number) => ({ gigabitsPerSecond: spread(rate), cpuMicrosPerDelivery: spread(100) });
const BANDWIDTH = {
  scenario: 'bandwidth',
  points: [65_536, 16_384].map((bodyBytes) => ({
    scheme: 'http',
    bodyBytes,
    contenders: { raw: contender(4), volley: contender(3) },
    ratios: { engine_vs_raw: 0.75 },
  })),
};
const CONNECTIONS = {
  scenario: 'connections',
  points: [{ receiverMs: 10, slotsPerCore: 20, deliveriesPerSecond: 3_000 }],
  planChecks: [{ of: '10 ms', predictedPerSecond: 4_000, measuredPerSecond: 3_000, ratio: 4 / 3 }],
};
const SCALE = {
  scenario: 'scale',
  points: [{ queued: 10_000, destinations: 10, cpuMicrosPerDelivery: 40 }],
  hostPoints: [{ queued: 10_000, destinations: 50, cpuMicrosPerDelivery: 45 }],
};

const PEERS = {
  scenario: 'peers',
  cases: [
    {
      name: 'http-10',
      contenders: { volley: { deliveriesPerSecond: spread(30_000) } },
      generators: { autocannon: spread(40_000) },
    },
  ],
};

const work = (rate: number) => ({ perSecond: spread(rate), cpuMicros: spread(1e6 / rate) });
const BROKERS = {
  scenario: 'brokers',
  brokers: [
    {
      name: 'sqlite',
      publishedSingly: work(1_000),
      publishedInBatches: work(50_000),
      delivered: work(10_000),
    },
  ],
};

const START = { scenario: 'start', firstDeliveriesMs: [400, 300] };

function folder(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'volley-report-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

test('the command makes one page of several results', async (t) => {
  const directory = folder(t);
  const html = join(directory, 'report.html');
  const files = [BANDWIDTH, CONNECTIONS, SCALE, PEERS, BROKERS, START].map((result) => {
    const file = join(directory, `${result.scenario}.json`);
    writeFileSync(file, JSON.stringify(result));
    return file;
  });
  match(await report([...files, '--html', html]), /report\.html: 6 results\n$/);
  const page = readFileSync(html, 'utf8');
  const titles = [...page.matchAll(/<figcaption[^>]*>([^<]+)/g)].map(([, title]) => title);
  const drawings = assertWhole(page);
  const dataOf = (title: string) => drawings[titles.indexOf(title)]!.data;
  deepEqual(dataOf('Bandwidth by the size of bodies'), [
    [16_384, 65_536],
    [4, 4],
    [3, 3],
  ]);
  deepEqual(dataOf('Volley&#39;s bandwidth as a ratio of the raw loop&#39;s')[1], [0.75, 0.75]);
  const barsOf = (title: string) =>
    dataOf(title)
      .slice(1)
      .flat()
      .filter((value) => value !== null);
  deepEqual(barsOf('The planner&#39;s prediction beside what was measured'), [4_000, 3_000]);
  deepEqual(dataOf('Cost of a delivery against hosts'), [[50], [45]]);
  deepEqual(barsOf('Requests per second, side by side'), [30_000, 40_000]);
  deepEqual(barsOf('Events per second by broker'), [1_000, 50_000, 10_000]);
  deepEqual(barsOf('From the start of a worker to its first delivery'), [400, 300, 1_000, 1_000]);
  deepEqual(barsOf('CPU of an event by broker'), [1_000, 20, 100]);
});

test('the command says what it lacks, and which file it cannot read or write', async (t) => {
  const directory = folder(t);
  const result = join(directory, 'scale.json');
  writeFileSync(result, JSON.stringify(SCALE));
  const fails = (args: readonly string[], message: RegExp) =>
    rejects(report(args), { code: 'VOLLEY_USAGE', message });
  await fails([result], /^--html: say which file/);
  await fails(['--html', join(directory, 'x.html')], /^no result is given/);
  await fails([join(directory, 'absent.json'), '--html', 'x.html'], /absent\.json/);
  await fails([result, '--html', join(directory, 'absent', 'x.html')], /^--html: ENOENT/);
  await fails([result, '--htm'], /--htm.*see --help/);
});
