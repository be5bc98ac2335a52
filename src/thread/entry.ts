/** What Piscina runs in each of its threads: serve one port for as long as it is open. */
import { performance } from 'node:perf_hooks';
import { Attempter } from './attempter.ts';
import type { Assignment, FromThread, ToThread } from './messages.ts';

/** Serves until told to end; resolves then. */
export default async function serve({ port, policy, settings }: Assignment): Promise<void> {
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  const say = (message: FromThread) => port.postMessage(message);
  const attempter = new Attempter({
    policy,
    settings,
    report: (report) => say({ kind: 'report', report }),
    monotonicMs: () => performance.now(),
    wallMs: Date.now,
  });
  port.on('message', (message: ToThread) => {
    switch (message.kind) {
      case 'attempt':
        attempter.accept(message.bytes, message.count);
        break;
      case 'configure':
        attempter.configure(message.settings);
        break;
      case 'resize':
        attempter.resize(message.slots);
        break;
      case 'shed':
        attempter.shed();
        break;
      case 'hand-back':
        attempter.handBack();
        break;
      case 'end':
        end();
        break;
      default:
        message satisfies never;
    }
  });
  say({ kind: 'ready' });
  await ended;
  await attempter.end();
  port.close();
}
