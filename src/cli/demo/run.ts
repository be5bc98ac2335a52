/** One run of the demo: the real publisher, broker and engine, against the mock receivers. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { Engine } from '../../engine.ts';
import { Publisher } from '../../publish/publisher.ts';
import { type CastEvent, castEvents } from './events.ts';
import { Receivers, type ReceiversReport } from './receivers.ts';
import { StandingsWatch } from './standings-watch.ts';
import { type Progress, Tally } from './tally.ts';

/**
 * Instead of the default, so that the run is short: an event that nobody takes is dead after six attempts, the last one 2.5
 * to 3 s after the first. Of few events for the absent receiver each is a probe several times.
 */
export const RETRY_SCHEDULE_MS = [100, 200, 400, 800, 1_000];
/** Instead of 30 s: as a cool-off grows to 20 times this with each probe in vain, the absent receiver is found out within a second of its return. */
export const COOL_OFF_MS = 40;
/** Slots per core: enough for the slow receiver to keep up with its share. */
const CONCURRENCY = 30;
/** Events per publish: each is a commit that reaches the disk. */
const BATCH_EVENTS = 100;
/** Events under way before more are published: what keeps the engine busy, and waits short enough to be worth measuring. What is parked holds up nobody. */
const UNDER_WAY_MOST = 400;
/** A run in which nothing is delivered for this long, in milliseconds, is given up. */
export const STALL_MS = 20_000;
/** How often a run looks whether it has stalled, in milliseconds. */
const STALL_POLL_MS = 1_000;

/** Why a run ended: `done` when nothing was left to do. */
export type End = 'done' | 'stalled' | 'interrupted';

export interface DemoResult {
  readonly end: End;
  readonly progress: Progress;
  /** What the receivers have seen. */
  readonly arrived: ReceiversReport;
}

export interface DemoOptions {
  readonly events: number;
  /** Ends the run early. */
  readonly signal: AbortSignal;
  /** Called when the first event is about to be published. */
  readonly onStart: (source: ProgressSource) => void;
}

/** Where to look for the state of the run. */
export interface ProgressSource {
  progress(): Progress;
  /** Deliveries that the engine has in hand: in flight, or waiting for a slot. */
  inHand(): number;
}

/** Runs to the end, the signal or a stall, and leaves nothing behind. Rejects with VolleyError. */
export async function runDemo({ events, signal, onStart }: DemoOptions): Promise<DemoResult> {
  await using cleanUp = new AsyncDisposableStack();
  const folder = temporaryFolder(cleanUp);
  const secret = `whsec_${randomBytes(32).toString('base64')}`;
  const receivers = await Receivers.start(secret);
  cleanUp.defer(() => receivers.close());
  const broker = `sqlite:${join(folder, 'demo.db')}`;
  const engine = new Engine({
    broker,
    signingSecrets: [secret],
    concurrency: CONCURRENCY,
    retryScheduleMs: RETRY_SCHEDULE_MS,
    coolOffMs: COOL_OFF_MS,
    allowHttp: true,
    allowNet: ['127.0.0.1/32'],
    allowPort: receivers.urls.map((url) => Number(new URL(url).port)),
    onSettled: (settled) => tally.settled(settled),
  });
  await engine.start();
  cleanUp.defer(() => engine.stop({ immediately: true }));
  const publisher = new Publisher({ broker });
  cleanUp.defer(() => publisher.close());
  const tally = new Tally(events, () => performance.now());
  const watch = await StandingsWatch.start(broker, (standings) => tally.stand(standings));
  cleanUp.defer(() => watch.stop());
  onStart({
    progress: () => tally.progress(),
    inHand: () => {
      const { inFlight, waiting } = engine.snapshot();
      return inFlight + waiting;
    },
  });
  const over = new AbortController();
  cleanUp.defer(() => over.abort());
  const end = await Promise.race([
    publishAll(publisher, castEvents(events, receivers.urls), tally, over.signal)
      .then(() => tally.whenOnlyAbsentIsOwed())
      .then(() => receivers.comeUp())
      .then(() => tally.returned())
      .then(() => tally.whenNothingIsOwed())
      .then(() => engine.whenIdle())
      .then((): End => 'done'),
    whenStalled(tally, cleanUp),
    whenInterrupted(signal),
  ]);
  await watch.look();
  return { end, progress: tally.progress(), arrived: await receivers.report() };
}

/** A new folder that is gone after the run, also when the process is told to exit in the middle of it. */
function temporaryFolder(cleanUp: AsyncDisposableStack): string {
  const folder = mkdtempSync(join(tmpdir(), 'volley-demo-'));
  // A thread may still be writing while the process ends.
  const remove = () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  process.once('exit', remove);
  cleanUp.defer(() => {
    process.off('exit', remove);
    remove();
  });
  return folder;
}

/** Publishes while the engine delivers: never so far ahead that events grow old in the queue. */
async function publishAll(
  publisher: Publisher,
  events: Iterable<CastEvent>,
  tally: Tally,
  over: AbortSignal,
): Promise<void> {
  for (const batch of batches(events)) {
    await publisher.publish(batch.map(({ event }) => event));
    for (const { role } of batch) tally.published(role);
    await tally.whenUnderWayBelow(UNDER_WAY_MOST);
    if (over.aborted) return;
  }
}

function* batches(events: Iterable<CastEvent>): Generator<CastEvent[]> {
  let batch: CastEvent[] = [];
  for (const event of events) {
    batch.push(event);
    if (batch.length === BATCH_EVENTS) {
      yield batch;
      batch = [];
    }
  }
  if (batch.length > 0) yield batch;
}

/** Resolves when nothing has been delivered or found dead for STALL_MS. Probes in vain are no progress. */
function whenStalled(tally: Tally, cleanUp: AsyncDisposableStack): Promise<End> {
  return new Promise((resolve) => {
    const timer = setInterval(() => {
      if (tally.elapsedMs - tally.endedAtMs > STALL_MS) resolve('stalled');
    }, STALL_POLL_MS);
    cleanUp.defer(() => clearInterval(timer));
  });
}

function whenInterrupted(signal: AbortSignal): Promise<End> {
  return new Promise((resolve) => {
    const interrupted = () => resolve('interrupted');
    if (signal.aborted) interrupted();
    else signal.addEventListener('abort', interrupted, { once: true });
  });
}
