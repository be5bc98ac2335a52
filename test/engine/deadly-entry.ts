/** What a sending thread runs in tests with deliveries that kill it: the real entry, which dies of envelopes that say so. */

import serve from '../../src/thread/entry.ts';
import type { Assignment, ToThread } from '../../src/thread/messages.ts';

export default function serveUntilKilled(assignment: Assignment): Promise<void> {
  assignment.port.addEventListener('message', ({ data }) => {
    const message = data as ToThread;
    if (message.kind !== 'attempt') return;
    const text = Buffer.from(message.bytes).toString('latin1');
    if (text.includes('"type":"kill.exit"')) process.exit(1);
    if (text.includes('"type":"kill.throw"')) throw new Error('thrown for the test');
  });
  return serve(assignment);
}
