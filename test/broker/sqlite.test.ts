import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { SqliteBroker } from '../../src/broker/sqlite/sqlite-broker.ts';
import { brokerConformance } from './conformance.ts';

const dir = mkdtempSync(join(tmpdir(), 'volley-sqlite-'));
after(() => rmSync(dir, { recursive: true, force: true }));

brokerConformance(
  'the SQLite broker',
  (options) => new SqliteBroker(join(dir, `${options.queue}.db`), options),
);
