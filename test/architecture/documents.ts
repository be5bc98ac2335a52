/**
 * The tables of README.md that come from the code. `npm run docs` writes them; a test holds the README to them.
 *
 * A table stands between `<!-- NAME:begin -->` and `<!-- NAME:end -->`.
 */
import type { SettingSpec } from '../../src/config/destination-settings.ts';
import { environmentName, type OptionSpec, type OptionTable } from '../../src/config/option-spec.ts';
import { formatBandwidth, formatDuration, formatRate, formatValue } from '../../src/config/values.ts';

/** The table of options: flag, environment, default, range, meaning. */
export function optionsTable(options: OptionTable): string {
  const rows = Object.values(options).map((spec) => [
    `\`--${spec.flag}${spec.value === undefined ? '' : ` ${spec.value}`}\``,
    `\`${environmentName(spec)}\``,
    code(formatValue(spec, spec.default)),
    rangeOf(spec),
    spec.doc,
  ]);
  return table(['flag', 'environment', 'default', 'range', 'meaning'], rows);
}

/** The table of what a command of its own flags is told: flag, default, range, meaning. */
export function inputsTable(inputs: OptionTable): string {
  const rows = Object.values(inputs).map((spec) => [
    `\`--${spec.flag}${spec.value === undefined ? '' : ` ${spec.value}`}\``,
    code(formatValue(spec, spec.default)),
    rangeOf(spec),
    spec.doc,
  ]);
  return table(['flag', 'default', 'range', 'meaning'], rows);
}

/** The table of a destination's settings: key, how its value is written, default, range, meaning. */
export function destinationsTable(settings: Readonly<Record<string, SettingSpec>>): string {
  const rows = Object.values(settings).map((spec) => [
    code(spec.key),
    code(writtenAs(spec)),
    spec.otherwise.startsWith('as --') ? `as ${code(spec.otherwise.slice('as '.length))}` : spec.otherwise,
    spec.kind === 'option' ? rangeOf(spec.option) : '',
    spec.doc,
  ]);
  return table(['setting', 'value', 'default', 'range', 'meaning'], rows);
}

/** The placeholder of a value as it stands in the config file. */
function writtenAs(spec: SettingSpec): string {
  if (spec.kind !== 'option') return spec.value?.startsWith('{') ? spec.value : `"${spec.value}"`;
  const { option } = spec;
  switch (option.kind) {
    case 'boolean':
      return 'true or false';
    case 'integer':
    case 'number':
      return `${option.value}`;
    case 'integers':
    case 'numbers':
      return `[${option.value}, …]`;
    case 'durations':
      return '["TIME", …]';
    case 'list':
    case 'networks':
    case 'hosts':
    case 'servers':
      return `["${option.value}", …]`;
    case 'string':
    case 'choice':
    case 'duration':
    case 'rate':
    case 'bandwidth':
      return `"${option.value}"`;
    default:
      return option satisfies never;
  }
}

function rangeOf(spec: OptionSpec): string {
  switch (spec.kind) {
    case 'boolean':
    case 'string':
    case 'networks':
    case 'hosts':
    case 'servers':
      return '';
    case 'choice':
    case 'list':
      return spec.choices?.map(code).join(', ') ?? '';
    case 'integer':
      return [`${spec.min} to ${spec.max}`, ...(spec.words ?? []).map(code)].join(', or ');
    case 'integers':
    case 'number':
      return `${spec.min} to ${spec.max}`;
    case 'numbers':
      return `${spec.count} of ${spec.min} to ${spec.max}`;
    case 'duration':
    case 'durations':
      return `${formatDuration(spec.min)} to ${formatDuration(spec.max)}`;
    case 'rate':
      return `${formatRate(spec.min)} to ${formatRate(spec.max)}`;
    case 'bandwidth':
      return `${formatBandwidth(spec.min)} to ${formatBandwidth(spec.max)}`;
  }
}

function code(text: string): string {
  return text === '' ? '' : `\`${text}\``;
}

const DOCUMENTED_CODE = /\/\*\* ([^\n]*) \*\/\n\s+(VOLLEY_\w+):/g;

/** The table of error codes, with the exit code of each; what they mean is read from the comments in the text of src/errors.ts. */
export function errorsTable(exitCodes: Readonly<Record<string, number>>, errorsText: string): string {
  const meanings = new Map([...errorsText.matchAll(DOCUMENTED_CODE)].map(([, doc, name]) => [name, doc]));
  const rows = Object.entries(exitCodes).map(([name, exitCode]) => {
    const meaning = meanings.get(name);
    if (meaning === undefined)
      throw new Error(`src/errors.ts: ${name} needs a one-line /** comment */ above it`);
    return [code(name), String(exitCode), meaning];
  });
  return table(['code', 'exit code', 'meaning'], rows);
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [
    head,
    head.map(() => '---'),
    ...rows.map((cells) => cells.map((cell) => cell.replaceAll('|', '\\|'))),
  ];
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** A document with what stands between the marks of `name` replaced by `content`. Throws when the marks are not there. */
export function withTable(document: string, name: string, content: string): string {
  const [begin, end] = [`<!-- ${name}:begin -->`, `<!-- ${name}:end -->`];
  const from = document.indexOf(begin);
  const to = document.indexOf(end);
  if (from === -1 || to < from)
    throw new Error(`README.md: the marks ${begin} and ${end} are missing; put them where the table belongs`);
  return `${document.slice(0, from)}${begin}\n\n${content}\n\n${document.slice(to)}`;
}
