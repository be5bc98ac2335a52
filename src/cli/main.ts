/** The command line: finds the command, reads its flags, runs it, and turns whatever goes wrong into one line and an exit code. */
import { readArguments } from '../config/arguments.ts';
import { didYouMean } from '../config/nearest.ts';
import { defaultOptions } from '../config/options.ts';
import { optionsOf, resolveFlags, resolveOptions } from '../config/resolve.ts';
import { EXIT, VolleyError } from '../errors.ts';
import { VERSION } from '../version.ts';
import { COMMANDS, groupMembers } from './commands.ts';
import { commandHelp, overview } from './help.ts';
import { note, print, watchOutput } from './terminal.ts';

/** Runs what the arguments ask for and sets the process's exit code. */
export async function main(args: readonly string[]): Promise<void> {
  process.on('uncaughtException', (error) => {
    process.exit(report(error));
  });
  watchOutput();
  let isOver = false;
  // A command that waits for what never comes would otherwise end in silence, as if it were done.
  process.once('beforeExit', () => {
    if (!isOver) process.exitCode = report(new Error('the command waits for something that never comes'));
  });
  try {
    process.exitCode = await run(args);
  } catch (error) {
    process.exitCode = report(error);
  } finally {
    isOver = true;
  }
}

async function run(args: readonly string[]): Promise<number> {
  const [first] = args;
  switch (first) {
    case undefined:
    case '-h':
    case '--help':
    case 'help':
      return help(args.slice(1));
    case '--version':
    case 'version':
      await print(VERSION);
      return EXIT.done;
    default:
      return runCommand(args);
  }
}

/** `volley help`, `volley help dead list`. */
async function help(words: readonly string[]): Promise<number> {
  if (words.length > 0) return runCommand([...words, '--help']);
  await print(overview());
  return EXIT.done;
}

async function runCommand(args: readonly string[]): Promise<number> {
  const name = commandName(args);
  if (name === null) {
    await print(overview(groupMembers(args[0]!)));
    return EXIT.done;
  }
  const { command } = await COMMANDS[name]!.load();
  const table = { ...(command.scope === null ? {} : optionsOf(command.scope)), ...command.flags };
  const given = readArguments(args.slice(name.split(' ').length), table, name);
  if (given.help) {
    await print(commandHelp(name, command));
    return EXIT.done;
  }
  const [operand] = given.positionals;
  if (command.operands === null && operand !== undefined)
    throw usage(`volley ${name} takes no argument ${JSON.stringify(operand)}: see volley ${name} --help`);
  const { scope } = command;
  const readAgain = () => (scope === null ? defaultOptions() : resolveOptions(given, process.env, scope));
  return command.run({
    options: readAgain(),
    readAgain,
    flags: resolveFlags(command.flags, given, command.fileFlag),
    operands: given.positionals,
  });
}

/** The command that the arguments begin with; null where help on a group is asked for. Throws VOLLEY_USAGE. */
function commandName(args: readonly string[]): string | null {
  const [first = '', second = ''] = args;
  if (first.startsWith('-')) throw usage(`${first} comes before the command: write volley COMMAND ${first}`);
  const members = groupMembers(first);
  if (members.length === 0) {
    if (Object.hasOwn(COMMANDS, first)) return first;
    const words = [...Object.keys(COMMANDS), 'help', 'version'];
    const hint = didYouMean(first, [...new Set(words.map((name) => name.split(' ')[0]!))]);
    throw usage(`there is no command ${JSON.stringify(first)}${hint || ': volley --help lists them'}`);
  }
  if (second === '--help' || second === '-h') return null;
  const name = `${first} ${second}`;
  if (members.includes(name)) return name;
  const seconds = members.map((member) => member.slice(first.length + 1));
  if (second === '') throw usage(`volley ${first} needs to know what to do: ${seconds.join(', ')}`);
  const hint = didYouMean(name, members) || `: there are ${seconds.join(', ')}`;
  throw usage(`there is no command ${JSON.stringify(name)}${hint}`);
}

function usage(message: string): VolleyError {
  return new VolleyError('VOLLEY_USAGE', message);
}

/** Tells what went wrong, in one line (and with VOLLEY_DEBUG=1 its stack), and answers the exit code. */
function report(error: unknown): number {
  const known = error instanceof VolleyError;
  const debug = process.env['VOLLEY_DEBUG'] === '1';
  const message = (error instanceof Error ? error.message : String(error)).replaceAll(/\s*\n\s*/g, ' ');
  note(
    known || debug
      ? message
      : `a bug in Volley: ${message}; please report it with what VOLLEY_DEBUG=1 prints`,
  );
  if (debug) console.error(error);
  return known ? error.exitCode : EXIT.bug;
}
