/** `volley demo`: the whole way of an event, against local mock receivers. */
import { formatDuration } from '../config/values.ts';
import { EXIT } from '../errors.ts';
import { defineCommand, JSON_FLAG } from './command.ts';
import { CAST } from './demo/cast.ts';
import { formatCount, plural } from './demo/format.ts';
import { showProgress } from './demo/progress-view.ts';
import { COOL_OFF_MS, type DemoResult, RETRY_SCHEDULE_MS, runDemo } from './demo/run.ts';
import { faultsOf, summaryJson, summaryText } from './demo/summary.ts';
import { painter } from './paint.ts';
import { note, print } from './terminal.ts';

/** Width of the summary where it does not go to a terminal, in characters. */
const PLAIN_COLUMNS = 132;

export const command = defineCommand({
  scope: null,
  flags: {
    events: {
      kind: 'integer',
      flag: 'events',
      value: 'N',
      default: 20_000,
      min: 1,
      // Receivers keep each id, to tell what comes twice: about 200 bytes an event.
      max: 1_000_000,
      unit: 'events',
      scopes: [],
      doc: 'how many events are published',
    },
    json: JSON_FLAG,
  },
  operands: null,
  notes: [
    `Publishes events to a broker in a temporary folder while an engine delivers them to receivers on this machine: ${CAST.map(({ name }) => name).join(', ')}. The breaker of the dead one opens and what is for it is parked; when all else is delivered it comes up, a probe finds that out, and it is sent what is parked. The receivers verify every signature, every event is accounted for, and nothing is left behind. No server is needed, and nothing leaves this machine.`,
    `Retries come after ${RETRY_SCHEDULE_MS.map(formatDuration).join(', ')}, and the first probe after ${formatDuration(COOL_OFF_MS)}, so that it takes seconds. It fails (1) when an event is lost or a signature is wrong, and when it is interrupted.`,
  ],
  examples: ['volley demo', 'volley demo --events 200000', 'volley demo --json | jq .total.latencyMs'],

  async run({ flags: { events, json } }) {
    // With --json, standard output is for the program that reads it.
    const screen = json ? process.stderr : process.stdout;
    const isShown = !json || screen.isTTY;
    const interruption = new AbortController();
    const forgetSignals = onInterrupt(() => interruption.abort());
    let endProgress = () => {};
    let result: DemoResult;
    try {
      if (isShown) screen.write(introduction(events, screen));
      result = await runDemo({
        events,
        signal: interruption.signal,
        onStart: (source) => {
          if (isShown) endProgress = showProgress(screen, source);
        },
      });
    } finally {
      endProgress();
      forgetSignals();
    }
    return report(result, json);
  },
});

/** The first signal calls `interrupt`; a second one ends the process at once. The function that is returned undoes it. */
function onInterrupt(interrupt: () => void): () => void {
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  let isFirst = true;
  const onSignal = () => {
    if (!isFirst) process.exit(EXIT.workFailed);
    isFirst = false;
    interrupt();
  };
  for (const signal of signals) process.on(signal, onSignal);
  return () => {
    for (const signal of signals) process.off(signal, onSignal);
  };
}

function introduction(events: number, screen: NodeJS.WriteStream): string {
  const paint = painter(screen);
  return [
    '',
    `  ${paint('bold', 'Volley')}  ${plural(events, 'event')} ${paint('dim', '→')} publisher ${paint('dim', '→')} SQLite ${paint('dim', '→')} engine ${paint('dim', '→')} ${CAST.length} receivers`,
    '',
  ].join('\n');
}

async function report(result: DemoResult, json: boolean): Promise<number> {
  const faults = faultsOf(result);
  if (json) {
    await print(JSON.stringify(summaryJson(result), null, 2));
    for (const fault of faults) note(fault);
  } else if (result.end === 'interrupted') {
    const { events, total } = result.progress;
    await print(
      `\n  Interrupted after ${formatCount(total.delivered)} of ${plural(events, 'event')}; nothing is left behind.`,
    );
  } else {
    const { stdout } = process;
    await print(summaryText(result, invokedAs(), stdout.columns || PLAIN_COLUMNS, painter(stdout)));
  }
  return result.end === 'done' && faults.length === 0 ? EXIT.done : EXIT.workFailed;
}

/** What one types here for `volley`: in a checkout, which has none on PATH, by way of npm. */
function invokedAs(): string {
  return process.env['npm_lifecycle_event'] === 'demo' ? 'npm run -s volley --' : 'volley';
}
