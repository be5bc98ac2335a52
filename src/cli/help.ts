/** Help, written from the tables of commands and options. */
import { environmentName, type OptionSpec, type OptionTable } from '../config/option-spec.ts';
import { optionsOf } from '../config/resolve.ts';
import { formatBandwidth, formatDuration, formatRate, formatValue } from '../config/values.ts';
import type { Command } from './command.ts';
import { COMMANDS } from './commands.ts';
import { aside, columns, heading } from './terminal.ts';

/** Help is wrapped at this column: it is read in windows of 80 and pasted into issues. */
const WIDTH = 80;

/** What `volley` alone prints, or `volley dead` for the commands of that group. */
export function overview(names: readonly string[] = Object.keys(COMMANDS)): string {
  return [
    'Volley takes events from a queue and delivers each as a signed webhook.',
    '',
    `${heading('Usage:')} volley COMMAND [flags]`,
    '',
    heading('Commands:'),
    indent(columns(names.map((name) => [name, COMMANDS[name]!.summary]))),
    '',
    'volley COMMAND --help shows its flags, their defaults and examples.',
    'volley --version shows the version.',
    '',
    `${heading('Exit codes:')} 0 done, 1 work failed, 64 usage, 69 broker unavailable,`,
    '70 bug in Volley, 78 configuration',
  ].join('\n');
}

/** What `volley NAME --help` prints. */
export function commandHelp(name: string, command: Command): string {
  const usage = ['volley', name, command.operands, '[flags]'].filter((part) => part !== null).join(' ');
  const sections = [
    `volley ${name}: ${COMMANDS[name]!.summary}`,
    `${heading('Usage:')} ${usage}`,
    ...command.notes.map((text) => wrap(text, WIDTH)),
  ];
  if (Object.keys(command.flags).length > 0)
    sections.push(`${heading('Flags:')}\n${flagList(command.flags, false)}`);
  if (command.scope !== null) {
    const rule = 'A flag wins over its variable in the environment, that over the config file.';
    sections.push(`${heading('Options:')}\n${flagList(optionsOf(command.scope), true)}\n\n${rule}`);
  }
  sections.push(`${heading('Examples:')}\n${indent(command.examples.join('\n'))}`);
  return sections.join('\n\n');
}

function flagList(table: OptionTable, inEnvironment: boolean): string {
  return Object.values(table)
    .map((spec) => flagLines(spec, inEnvironment))
    .join('\n');
}

/** `--flag VALUE`, what it means, and where it can also be set, its default and range. */
function flagLines(spec: OptionSpec, inEnvironment: boolean): string {
  const flag = `--${spec.flag}${spec.value === undefined ? '' : ` ${spec.value}`}`;
  const facts = [inEnvironment ? environmentName(spec) : '', defaultOf(spec), rangeOf(spec)].filter(
    (fact) => fact !== '',
  );
  const doc = indent(wrap(spec.doc, WIDTH - 6), 6);
  return [`  ${flag}`, doc, ...(facts.length === 0 ? [] : [aside(indent(facts.join(' · '), 6))])].join('\n');
}

function defaultOf(spec: OptionSpec): string {
  const text = spec.kind === 'boolean' ? '' : formatValue(spec, spec.default);
  return text === '' ? '' : `default ${text}`;
}

function rangeOf(spec: OptionSpec): string {
  switch (spec.kind) {
    case 'integer':
      return [`${spec.min} to ${spec.max}`, ...(spec.words ?? [])].join(', or ');
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
    case 'choice':
      return `one of ${spec.choices.join(', ')}`;
    case 'list':
      return spec.choices === undefined ? 'repeatable' : `any of ${spec.choices.join(', ')}`;
    case 'networks':
    case 'hosts':
    case 'servers':
      return 'repeatable';
    case 'boolean':
    case 'string':
      return '';
  }
}

function indent(text: string, spaces = 2): string {
  return text.replaceAll(/^(?=.)/gm, ' '.repeat(spaces));
}

/** Breaks at spaces so that no line is longer than `width`. */
function wrap(text: string, width: number): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line].join('\n');
}
