/** `volley check-url`: whether a worker with the same options would deliver to a URL. */
import { VolleyError } from '../errors.ts';
import { defineCommand, JSON_FLAG } from './command.ts';

export const command = defineCommand({
  scope: 'check',
  flags: { json: { ...JSON_FLAG, doc: 'one JSON object a line, for programs: url, allowed, reason' } },
  operands: '[URL…]',
  notes: [
    'Says what a worker with the same options would say before it sends anything: names are resolved, nobody is called.',
    'Without a URL, reads standard input: a line is a URL, or {"url":"…","resolvesTo":["192.0.2.1",…]} where addresses stand in for DNS (null for a name that does not resolve).',
    'Each line that is not empty gets one in answer, in order. The exit code is 1 when a URL is refused, and when a line is neither.',
  ],
  examples: [
    'volley check-url https://example.com/hooks https://169.254.169.254/',
    '',
    '# What --allow-net would change',
    'volley check-url --allow-net 10.1.0.0/16 https://10.1.2.3/hooks',
    '',
    '# Many, without DNS',
    `echo '{"url":"https://example.com/","resolvesTo":["10.0.0.1"]}' | volley check-url --json`,
  ],
  async run({ options, flags, operands }) {
    if (operands.length === 0 && process.stdin.isTTY)
      throw new VolleyError(
        'VOLLEY_USAGE',
        'nothing to check: give a URL, or URLs on standard input (volley check-url < FILE)',
      );
    const { checkOperands, checkStream } = await import('./check-stream.ts');
    return operands.length > 0
      ? checkOperands(options, operands, flags.json)
      : checkStream(options, flags.json);
  },
});
