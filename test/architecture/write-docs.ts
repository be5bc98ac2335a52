/** `npm run docs`: writes the tables of README.md that come from the code. */
import { readFileSync, writeFileSync } from 'node:fs';
import { DESTINATION_SETTINGS } from '../../src/config/destination-settings.ts';
import { OPTIONS } from '../../src/config/options.ts';
import { PLAN_INPUTS } from '../../src/config/plan-inputs.ts';
import { ERROR_CODES } from '../../src/errors.ts';
import { destinationsTable, errorsTable, inputsTable, optionsTable, withTable } from './documents.ts';
import { ROOT } from './source-tree.ts';

const path = `${ROOT}/README.md`;
const errorsText = readFileSync(`${ROOT}/src/errors.ts`, 'utf8');
const tables: Readonly<Record<string, string>> = {
  options: optionsTable(OPTIONS),
  destinations: destinationsTable(DESTINATION_SETTINGS),
  plan: inputsTable(PLAN_INPUTS),
  errors: errorsTable(ERROR_CODES, errorsText),
};
let readme = readFileSync(path, 'utf8');
for (const [name, content] of Object.entries(tables)) readme = withTable(readme, name, content);
writeFileSync(path, readme);
