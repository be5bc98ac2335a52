import { deepEqual, doesNotMatch, equal, match, ok } from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { PassThrough } from 'node:stream';
import test, { type TestContext } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { ABSENT, CAST } from '../../src/cli/demo/cast.ts';
import { castEvents } from '../../src/cli/demo/events.ts';
import { frame } from '../../src/cli/demo/frame.ts';
import { showProgress } from '../../src/cli/demo/progress-view.ts';
import type { DemoResult } from '../../src/cli/demo/run.ts';
import { signatureCheck } from '../../src/cli/demo/signature-check.ts';
import { faultsOf, summaryText } from '../../src/cli/demo/summary.ts';
import { type Progress, Tally } from '../../src/cli/demo/tally.ts';
import { plain } from '../../src/cli/paint.ts';
import { signer } from '../../src/signing/sign.ts';
import { ended, folderOf, start } from './volley.ts';

/** `volley demo` with a temporary folder of its own, to see that nothing stays there. */
function demo(t: TestContext, ...args: string[]) {
  const folder = folderOf(t);
  const child = start(['demo', ...args], { env: { TMPDIR: folder } });
  const end = ended(child).then((how) => ({ ...how, left: readdirSync(folder) }));
  return { child, end };
}

interface Figures {
  readonly published: number;
  readonly delivered: number;
  readonly retried: number;
  readonly dead: number;
  readonly parked: number;
  readonly mostParked: number;
  readonly opened: number;
  readonly accepted: number;
  readonly badSignatures: number;
  readonly latencyMs: { readonly count: number; readonly p50: number; readonly p999: number };
}

test('the demo accounts for every event, has every signature verified, and leaves nothing behind', async (t) => {
  const { code, stdout, stderr, left } = await demo(t, '--json', '--events', '500').end;
  deepEqual({ code, stderr, left }, { code: 0, stderr: '', left: [] });
  const report = JSON.parse(stdout) as {
    faults: string[];
    total: Figures;
    receivers: (Figures & { name: string })[];
  };
  deepEqual(report.faults, []);
  const of = (name: string) => report.receivers.find((receiver) => receiver.name === name)!;
  const { total } = report;
  deepEqual(
    [total.published, total.delivered, total.dead, total.parked, total.accepted, total.badSignatures],
    [500, 500, 0, 0, 500, 0],
  );
  ok(of('flaky').retried >= of('flaky').published / 10, 'one in ten to flaky is retried');
  ok(of('throttled').retried >= 1 && of('throttled').mostParked >= 1, 'throttled has paused');
  ok(of('dead').opened >= 1 && of('dead').mostParked >= 1, 'the breaker of dead has opened');
  for (const name of ['fast', 'slow', 'flaky']) equal(of(name).opened, 0, name);
  equal(total.latencyMs.count, 500);
  ok(of('slow').latencyMs.p50 <= total.latencyMs.p999);
});

test('without a terminal the demo prints plain lines and a summary with what to try next', async (t) => {
  const { code, stdout } = await demo(t, '--events', '200').end;
  equal(code, 0);
  equal(stdout, stripVTControlCharacters(stdout));
  match(stdout, /\n {2}the dead receiver refuses: its breaker is open, /);
  match(stdout, /\n {2}the throttled receiver asked for a pause, /);
  match(stdout, /\n {2}the dead receiver is back: one probe, then what was parked, 4 events\n/);
  match(stdout, /✓ 200 delivered, 0 kept as dead letters, none lost/);
  match(
    stdout,
    /receiver +answers +delivered +retried +dead +most parked +opened +rate +p50 +p90 +p99 +p99\.9\n +fast /,
  );
  match(stdout, /\n +total +200 /);
  match(stdout, /volley worker/);
});

test('an interrupted demo removes its folder and exits 1', async (t) => {
  const { child, end } = demo(t, '--events', '100000');
  // The introduction comes before anything is started.
  await once(child.stdout, 'data');
  child.kill('SIGINT');
  const { code, stdout, stderr, left } = await end;
  deepEqual({ code, stderr, left }, { code: 1, stderr: '', left: [] });
  match(stdout, /Interrupted after [\d,]+ of 100,000 events/);
});

test('a second signal ends the demo at once, and its folder is gone too', async (t) => {
  const { child, end } = demo(t, '--events', '100000');
  await once(child.stdout, 'data');
  child.kill('SIGINT');
  child.kill('SIGTERM');
  const { code, left } = await end;
  deepEqual({ code, left }, { code: 1, left: [] });
});

test('a count of events that is out of range is refused with the range', async (t) => {
  for (const wrong of ['0', '1000001']) {
    const { code, stderr } = await demo(t, '--events', wrong).end;
    equal(code, 64);
    equal(stderr, `volley: --events is "${wrong}": give a whole number from 1 to 1000000 events\n`);
  }
});

test('any hundred events hold each receiver with its share', () => {
  const counts = CAST.map(() => 0);
  for (const { role } of castEvents(
    100,
    CAST.map(() => 'http://127.0.0.1/'),
  ))
    counts[role]!++;
  deepEqual(
    counts,
    CAST.map(({ sharePercent }) => sharePercent),
  );
});

const SECRET = `whsec_${Buffer.from('a key that is only for tests').toString('base64')}`;

/** What a receiver gets from the engine's signer. */
function signed(body: Buffer, seconds: number): Record<string, string> {
  const list: string[] = [];
  signer([SECRET], ['hub', 'standard'])(list, 'evt_1', seconds, body);
  return Object.fromEntries(list.map((name, at) => [name, list[at + 1]!]).filter((_, at) => at % 2 === 0));
}

test('a receiver takes what the engine signs, and nothing that differs', () => {
  const body = Buffer.from('{"order":1}');
  const headers = signed(body, 1_000);
  const isSigned = signatureCheck(SECRET);
  ok(isSigned(headers, body, 1_000_000));
  ok(!isSigned(headers, Buffer.from('{"order":2}'), 1_000_000), 'another body');
  ok(!isSigned({ ...headers, 'webhook-id': 'evt_2' }, body, 1_000_000), 'another id');
  ok(!isSigned(headers, body, 1_301_000), 'too old');
  ok(!signatureCheck(`${SECRET}A`)(headers, body, 1_000_000), 'another secret');
  for (const name of ['x-hub-signature-256', 'webhook-signature', 'webhook-timestamp']) {
    const { [name]: _, ...without } = headers;
    ok(!isSigned(without, body, 1_000_000), `no ${name}`);
  }
  const twoKeys = { ...headers, 'webhook-signature': `v1,bm90IGl0 ${headers['webhook-signature']}` };
  ok(isSigned(twoKeys, body, 1_000_000), 'one right signature of two');
});

/** A run of 100 events of which 96 were delivered and 2 are dead. */
function someProgress(): Progress {
  let nowMs = 0;
  const tally = new Tally(100, () => nowMs);
  for (const { role, event } of castEvents(
    100,
    CAST.map(() => 'http://127.0.0.1/'),
  )) {
    nowMs += 50;
    tally.published(role);
    const destination = event.destination!;
    const isAbsent = role === ABSENT;
    tally.settled({ destination, kind: isAbsent ? 'dead' : 'delivered', status: isAbsent ? null : 200 });
  }
  return tally.progress();
}

test('a picture of the run fits terminals from 40 to 200 columns', () => {
  const progress = someProgress();
  for (let columns = 40; columns <= 200; columns++) {
    const lines = frame(progress, 0, columns, plain);
    equal(
      lines.find((line) => line.length > columns),
      undefined,
      `at ${columns} columns`,
    );
    for (const { name } of CAST)
      ok(
        lines.some((line) => line.trim().startsWith(name)),
        `${name} at ${columns}`,
      );
  }
  doesNotMatch(frame(progress, 0, 60, plain).join('\n'), /200 at once/);
  match(frame(progress, 0, 120, plain).join('\n'), /200 at once.*█/);
});

test('on a terminal the run is drawn in place, and at the end the picture is gone and the cursor back', () => {
  const written: string[] = [];
  const write = (chunk: string) => written.push(chunk) > 0;
  const stream = Object.assign(new PassThrough(), { isTTY: true, columns: 80, rows: 24, write });
  const end = showProgress(stream as unknown as NodeJS.WriteStream, {
    progress: someProgress,
    inHand: () => 0,
  });
  const drawn = written.splice(0).join('');
  end();
  const removed = written.join('');
  ok(drawn.startsWith('\u001b[?25l'));
  const rows = drawn.split('\n').length - 1;
  equal(removed, `\u001b[${rows}A\u001b[J\u001b[?25h`);
});

/** A result in which all is as it should be, but for what `change` does to it. */
function result(
  change: (result: { -readonly [Key in keyof DemoResult]: DemoResult[Key] }) => void = () => {},
) {
  const progress = someProgress();
  const arrival = (accepted: number) => ({
    verified: accepted,
    badSignatures: 0,
    accepted,
    duplicates: 0,
    latencyMs: { count: accepted, p50: 1, p90: 2, p99: 3, p999: 4, max: 5 },
  });
  const receivers = progress.receivers.map(({ delivered }) => arrival(delivered));
  const made: DemoResult = {
    end: 'done',
    progress,
    arrived: { kind: 'report', receivers, total: arrival(progress.total.delivered) },
  };
  change(made);
  return made;
}

test('an event that is lost, a wrong signature and a stall are faults, each named', () => {
  deepEqual(faultsOf(result()), []);
  const lost = result((it) => {
    const receivers = it.arrived.receivers.with(0, { ...it.arrived.receivers[0]!, accepted: 72 });
    it.arrived = { ...it.arrived, receivers };
  });
  deepEqual(faultsOf(lost), [
    'fast: 73 published, but 72 taken by the receiver, 0 dead and 0 parked',
    'fast: the engine counts 73 delivered, the receiver took 72',
  ]);
  const forged = result((it) => {
    const receivers = it.arrived.receivers.with(2, { ...it.arrived.receivers[2]!, badSignatures: 1 });
    it.arrived = { ...it.arrived, receivers };
  });
  deepEqual(faultsOf(forged), ['flaky: 1 request with a wrong signature']);
  match(
    summaryText(forged, 'volley', 80, plain),
    /✗ 100 events in 5\.0 s, and not as it should be:\n +flaky/,
  );
  const stalled = result((it) => {
    it.end = 'stalled';
  });
  deepEqual(faultsOf(stalled), ['nothing was delivered for 20 s, so the run was given up']);
});
