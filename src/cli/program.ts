/**
 * argv → {@link Invocation}: the tables of options/ handed to commander. Parsing has no effects; what
 * is wrong with a command line is thrown as a {@link StrataError} of exit code 2.
 */
import { Command, CommanderError, Option } from 'commander';

import { StrataError, usageError } from '../base/errors.js';
import { COMMANDS, type Invocation } from './options/commands.js';
import { FILE_OPERAND } from './options/shared.js';
import type { CommandSpec, Flag, Values } from './options/spec.js';

/** Columns of the narrowest terminal that help is laid out for. */
const TERMINAL_WIDTH = 80;

const DESCRIPTION =
  'Profiles a Python program on Linux: Python functions, the C under them and the kernel in one stack.';

/**
 * Understands a command line.
 *
 * @param argv the words after the program's name
 * @param version what `--version` prints
 * @throws StrataError (exit code 2) for an unknown command, flag or value
 */
export function parseCommandLine(argv: readonly string[], version: string): Invocation {
  let printed = '';
  let invocation: Invocation | undefined;
  const program = new Command('strata')
    .description(DESCRIPTION)
    .version(`strata ${version}`, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .helpCommand('help [command]', 'print help of a command')
    .enablePositionalOptions()
    .configureOutput({
      writeOut: (text) => (printed += text),
      writeErr: (text) => (printed += text),
      outputError: () => undefined, // the thrown CommanderError carries the message
    })
    .exitOverride();
  for (const spec of COMMANDS) {
    addCommand(program, spec, (parsed) => (invocation = parsed));
  }
  addExamples(program, [
    ['strata record python app.py', 'sample a program'],
    ['strata tree', 'see where its time went'],
  ]);
  try {
    program.parse(plainWords(argv), { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (PRINTED.has(error.code)) return { command: 'print', text: printed };
    throw commandLineError(error, argv);
  }
  if (invocation === undefined) throw new Error('commander ran no action');
  return invocation;
}

/** Codes of what commander throws once it has printed what was asked for. */
const PRINTED = new Set(['commander.helpDisplayed', 'commander.version']);

/**
 * The words as commander is to see them: `help X` is `X --help`, and nothing after an unknown command
 * counts (commander would answer `unknown --help` with the general help).
 */
function plainWords(argv: readonly string[]): readonly string[] {
  const of = argv.slice(1, 2).filter((word) => word !== 'help');
  const words = argv[0] === 'help' ? [...of, '--help'] : argv;
  const first = words.at(0) ?? '-';
  return first.startsWith('-') || COMMANDS.some(({ name }) => name === first) ? words : [first];
}

function addCommand(
  program: Command,
  spec: CommandSpec,
  done: (invocation: Invocation) => void,
): void {
  const command = program.command(spec.name).summary(spec.summary).description(spec.description);
  if (spec.operands !== undefined) command.argument(spec.operands);
  command.passThroughOptions(spec.operands !== undefined && spec.flagsAnywhere !== true);
  for (const flag of spec.flags) command.addOption(makeOption(flag, () => command.opts()));
  addExamples(command, spec.examples);
  command.action(() => {
    const options = spec.options(command.opts(), command.args);
    done({ command: spec.name, options } as Invocation);
  });
}

function makeOption(flag: Flag, valuesSoFar: () => Values): Option {
  // Commander writes a default only where there is a value.
  const suffix = flag.value === undefined && flag.valueText ? ` (default: ${flag.valueText})` : '';
  const option = new Option(flag.flags, flag.help + suffix);
  if (flag.value !== undefined) option.default(flag.value, flag.valueText);
  // `choices` installs a parser of its own.
  if (flag.choices !== undefined) option.choices(flag.choices);
  const { parse } = flag;
  if (parse !== undefined) {
    option.argParser((text: string, previous: unknown) =>
      parsed(flag, text, () => parse(text, previous as never, valuesSoFar())),
    );
  }
  if (flag.group !== undefined) option.helpGroup(`${flag.group}:`);
  return option.hideHelp(flag.hidden === true);
}

/** @throws StrataError (exit code 2) with the flag's name, where what it is given is nothing to what reads it */
function parsed(flag: Flag, text: string, parse: () => unknown): unknown {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof StrataError)) throw error;
    const [name] = /--[\w-]+/.exec(flag.flags) ?? [flag.flags];
    const message = error.message.startsWith(`'${text}'`)
      ? error.message
      : `'${text}': ${error.message}`;
    throw usageError(`${name} ${message}`, error.hint);
  }
}

/** What each is for stands beside them where all of that fits a terminal, else above each, as a comment. */
function addExamples(command: Command, examples: CommandSpec['examples']): void {
  const width = Math.max(...examples.map(([line]) => line.length));
  const beside = examples.map(([line, what]) => `  ${line.padEnd(width)}  ${what}`);
  const lines = beside.every((line) => line.length <= TERMINAL_WIDTH)
    ? beside
    : examples.map(([line, what]) => `  # ${what}\n  ${line}`);
  command.addHelpText('after', `\nExamples:\n${lines.join('\n')}`);
}

/**
 * Commander's `error: unknown option '--foo'\n(Did you mean --bar?)`, as an error of ours, and its
 * `option '-p, --pid <list>' argument 'x' is invalid. Numbers …` as `-p 'x' is invalid: numbers …`.
 */
function commandLineError(error: CommanderError, argv: readonly string[]): StrataError {
  const spec = COMMANDS.find(({ name }) => name === argv[0]);
  const help = `see: strata ${spec === undefined ? '' : `${spec.name} `}--help`;
  if (error.code === 'commander.help') {
    return usageError('no command given', help);
  }
  if (error.code === 'commander.excessArguments') {
    const reads = spec?.flags.some(({ flags }) => flags.includes('--input')) ?? false;
    const hint =
      spec?.operands === FILE_OPERAND.operands
        ? 'it reads one recording; strata diff A B compares two'
        : reads
          ? `a recording is named by -i: strata ${spec?.name} -i FILE`
          : help;
    return usageError(`too many arguments for '${spec?.name}'`, hint);
  }
  const [first, suggestion] = error.message.replace(/^error: /, '').split('\n');
  const message = first
    .replace(/^option '(--?[\w-]+).*' argument missing$/, '$1 needs a value')
    .replace(
      /^option '(--?[\w-]+).*?' argument '(.*)' is invalid\. (.)/s,
      (_, flag: string, value: string, letter: string) =>
        `${flag} '${value}' is invalid: ${letter.toLowerCase()}`,
    );
  const hint = suggestion?.replace(/^\(Did/, 'did').replace(/\)$/, '');
  return usageError(message.replace(/\.$/, ''), hint ?? help);
}
