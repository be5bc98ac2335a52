import { deepEqual, equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { format, inspect } from 'node:util';
import { createLogger } from '../../src/record/log.ts';
import { Redacted, withoutSecrets } from '../../src/runtime/redacted.ts';

test('a redacted value is there for who asks, and in no dump', () => {
  const held = new Redacted({ key: 'canary' });
  deepEqual(held.value, { key: 'canary' });
  let logged = '';
  const log = createLogger({ format: 'json', stream: { write: (line) => (logged += line) } });
  log.info({ held, nested: [{ held }] }, 'a line');
  log.error(Object.assign(new Error('x'), { held }));
  const dumps = [
    inspect(held),
    inspect({ deep: [held] }, { depth: Infinity, showHidden: true }),
    JSON.stringify({ held }),
    `${held}`,
    format('%s %j %o', held, held, held),
    logged,
  ];
  for (const dump of dumps) ok(dump.includes('[redacted]') && !dump.includes('canary'), dump);
  equal(JSON.stringify(structuredClone({ held })), '{"held":{}}');
});

test('texts of others lose the secrets in them, the longest first, and their line ends', () => {
  equal(
    withoutSecrets('a key-1 b\n\tkey-1-longer\u0007c', ['key-1', 'key-1-longer', '']),
    'a [redacted] b [redacted] c',
  );
});
