/** `npm run docs`: writes the tables of README.md that come from the code. */
import { readFileSync, writeFileSync } from 'node:fs';
import { OPTIONS } from '../../src/config/options.ts';
import { ERROR_CODES } from '../../src/errors.ts';
import { errorsTable, optionsTable, withTable } from './documents.ts';
import { ROOT } from './source-tree.ts';

const path = `${ROOT}/README.md`;
const errorsText = readFileSync(`${ROOT}/src/errors.ts`, 'utf8');
const options = withTable(readFileSync(path, 'utf8'), 'options', optionsTable(OPTIONS));
writeFileSync(path, withTable(options, 'errors', errorsTable(ERROR_CODES, errorsText)));
