/** The interpreter behind a command: whether a recording shows its Python functions, and what it lacks. */
import { basename } from 'node:path';

import { formatCount, formatPercent } from '../base/units.js';
import { shellQuoted } from '../measure/shell-words.js';
import { keepsFramePointers, type FramePointers } from '../python/frame-pointers.js';
import type { InspectedInterpreter } from '../python/inspect.js';
import type { NoInterpreter, ResolutionStep, ResolvedInterpreter } from '../python/interpreter.js';
import { byHand, checksOf, type Check, type Mend } from './check.js';
import { hasPerfSupport, isAtLeast } from './versions.js';

const { ok, warn, fail } = checksOf('interpreter');

export interface InterpreterFacts {
  readonly resolved: ResolvedInterpreter;
  readonly inspected: InspectedInterpreter;
  /** The installed file with the names that its code was stripped of. */
  readonly debugFile: string | undefined;
  /** Whether a debuginfod server is asked for it when a report needs it. */
  readonly downloads: boolean;
  /** What installs or fetches such a file. */
  readonly debugSymbols: Mend | undefined;
}

export function interpreterChecks(facts: InterpreterFacts): Check[] {
  const { inspected } = facts;
  if (inspected.answers === undefined && inspected.code === undefined) {
    return [
      fail('interpreter', 'interpreter', `${inspected.path}: ${inspected.silence ?? 'unreadable'}`),
    ];
  }
  const version = versionOf(inspected);
  const isNew = version === undefined || hasPerfSupport(version);
  return [
    interpreterCheck(facts),
    versionCheck(facts, version),
    ...(isNew ? [perfSupportCheck(inspected), environmentCheck(facts)] : []),
    framePointersCheck(inspected),
    ...jitCheck(facts),
    ...evalLoopCheck(inspected),
    symbolsCheck(facts),
    ...(version !== undefined && isNew ? [attachCheck(inspected, version)] : []),
  ];
}

/** A command without an interpreter. */
export function noInterpreterCheck({ why, reason }: NoInterpreter): Check {
  const id = 'interpreter';
  if (why === 'missing') return fail(id, id, reason);
  if (why === 'native')
    return ok(id, id, `${reason}: it is recorded as any other program, with what it starts`);
  return warn(id, id, reason);
}

function versionOf({ answers, code }: InspectedInterpreter): readonly number[] | undefined {
  return answers?.version ?? code?.version?.filter((part) => part !== undefined);
}

function interpreterCheck({ resolved, inspected: { silence, code } }: InterpreterFacts): Check {
  const { path, steps, embeds } = resolved;
  const through = steps.map(describeStep).join(', ');
  const text = `${path}${through === '' ? '' : `, by ${through}`}`;
  if (embeds) return ok('interpreter', 'program', `${text}; it has Python inside`);
  if (silence !== undefined) return warn('interpreter', 'program', `${text}; ${silence}`);
  const library = code === undefined || code.path === path ? '' : `; its code is in ${code.path}`;
  return ok('interpreter', 'program', text + library);
}

function describeStep({ kind, what }: ResolutionStep): string {
  switch (kind) {
    case 'wrapper':
    case 'runner':
      return what;
    case 'script':
      return `the first line of ${what}`;
    case 'shim':
      return `${what}’s choice`;
    case 'environment':
      return `the environment ${what}`;
  }
}

function versionCheck(
  { inspected: { answers, code }, resolved }: InterpreterFacts,
  version: readonly number[] | undefined,
): Check {
  const id = 'version';
  if (version === undefined) return warn(id, id, 'it does not tell its version');
  const number = answers?.versionText ?? version.join('.');
  if (answers !== undefined && answers.implementation !== 'cpython') {
    return fail(
      id,
      id,
      `${answers.implementation} ${number}: names of Python functions come from CPython alone`,
    );
  }
  const kinds = [
    ...(answers?.freeThreaded === true ? ['free-threaded'] : []),
    ...(answers?.debugBuild === true ? ['a debug build, slower than others'] : []),
    ...(code?.musl === true ? ['for musl'] : []),
  ];
  const text = [`CPython ${number}`, ...kinds].join(', ');
  if (hasPerfSupport(version)) return ok(id, id, text);
  const name = basename(resolved.path);
  return fail(
    id,
    id,
    `${text} has no perf support, 3.12 and later have: a recording shows ${name}’s C functions in place ` +
      'of Python’s',
  );
}

function perfSupportCheck({ answers, code }: InspectedInterpreter): Check {
  const id = 'perf-support';
  const title = 'perf support';
  const template = code?.trampoline ?? 'none';
  const built = answers?.perfTrampoline ?? template !== 'none';
  if (!built) {
    return fail(
      id,
      title,
      'it was built without perf trampolines: Python functions will have no names (another build of ' +
        'CPython for x86-64 or arm64 has them)',
    );
  }
  if (template === 'unknown') {
    return warn(
      id,
      title,
      'its trampolines are of a kind that Strata does not know: stacks may end at the innermost ' +
        'Python function',
    );
  }
  // The file was not found or is stripped of even the exported names.
  if (template === 'none') return ok(id, title, 'built in; its trampolines are told when they run');
  return ok(id, title, `built in, with trampolines of kind ${template}`);
}

const SUPPORT = 'PYTHONPERFSUPPORT';
const JIT_SUPPORT = 'PYTHON_PERF_JIT_SUPPORT';

function environmentCheck({ resolved }: InterpreterFacts): Check {
  const { start, env, embeds } = resolved;
  const id = 'environment';
  const title = 'environment';
  if (start.perf !== undefined) {
    const option = start.perf === 'jit' ? '-X perf_jit' : '-X perf';
    return ok(id, title, `perf support is on by ${option}`);
  }
  if (start.ignoresEnvironment !== undefined) {
    return fail(
      id,
      title,
      `${start.ignoresEnvironment} makes it ignore ${SUPPORT}, by which record asks for the names of ` +
        'Python functions',
      addOption(resolved),
    );
  }
  // A choice that the user made stays, and nothing counts as on that is empty or 0.
  if (!isOff(env[JIT_SUPPORT]))
    return ok(id, title, `${JIT_SUPPORT} is set: names come by jitdump`);
  if (env[SUPPORT] !== undefined && isOff(env[SUPPORT]) && env[JIT_SUPPORT] === undefined) {
    return fail(
      id,
      title,
      `${SUPPORT}=${env[SUPPORT]} turns perf support off: Python functions will have no names`,
      byHand(`unset ${SUPPORT}`),
    );
  }
  if (embeds) {
    return ok(id, title, `${SUPPORT} is heeded, unless the program configures Python otherwise`);
  }
  return ok(id, title, `${SUPPORT}, which record sets, is heeded`);
}

function isOff(value: string | undefined): boolean {
  return value === undefined || value === '' || value === '0';
}

/** Where the option stands in a script's first line, the interpreter is to be named. */
function addOption({ program, args }: ResolvedInterpreter): Mend {
  return byHand(`strata record -- ${[program, '-X', 'perf', ...args].map(shellQuoted).join(' ')}`);
}

function framePointersCheck({ answers, code }: InspectedInterpreter): Check {
  const id = 'frame-pointers';
  const title = 'frame pointers';
  const flags = answers && framePointerFlag(answers.compilerFlags);
  const pointers = code?.framePointers;
  const told =
    flags === undefined ? 'its flags do not tell' : `${flags ? 'on' : 'off'} by its flags`;
  if (pointers === undefined) {
    return warn(
      id,
      title,
      `${told}, and it has no call frame information to unwind by: stacks may be cut short`,
    );
  }
  const share = shareOf(pointers);
  if (keepsFramePointers(pointers)) return ok(id, title, `${told}, in its code ${share}`);
  return ok(
    id,
    title,
    `${told}, in its code ${share}; Strata needs none, it unwinds by call frame information`,
  );
}

/** GCC's and Clang's flag; the last one counts. */
export function framePointerFlag(flags: string): boolean | undefined {
  const last = flags.match(/-f(?:no-)?omit-frame-pointer\b/g)?.at(-1);
  return last === undefined ? undefined : last === '-fno-omit-frame-pointer';
}

/** `3 % of 7,052 functions, the eval loop among them`. */
function shareOf({ functions, keeping, evalLoop }: FramePointers): string {
  const share = `${formatPercent(keeping, functions, 0).replace('%', ' %')} of ${formatCount(functions)} functions`;
  if (evalLoop === undefined || keeping === functions) return share;
  return `${share}, ${evalLoop ? 'the eval loop among them' : 'not in the eval loop'}`;
}

function jitCheck({ inspected: { answers }, resolved }: InterpreterFacts): Check[] {
  const jit = answers?.jit;
  const configured = /--enable-experimental-jit(?:=(?!no)|'|\s|$)/.test(
    answers?.configArguments ?? '',
  );
  if (answers === undefined || (jit?.available !== true && !configured)) return [];
  const { PYTHON_JIT } = resolved.env;
  const heeds = resolved.start.ignoresEnvironment === undefined && Boolean(PYTHON_JIT);
  const enabled = heeds ? !PYTHON_JIT?.startsWith('0') : (jit?.enabled ?? false);
  if (!enabled) return [ok('jit', 'JIT', 'built in, and off')];
  return [
    warn(
      'jit',
      'JIT',
      'on, and perf support turns it off (a RuntimeWarning says so): the recording shows the program ' +
        'without it',
    ),
  ];
}

function evalLoopCheck({ answers, code }: InspectedInterpreter): Check[] {
  const tailCall = code?.tailCall ?? answers?.tailCall;
  if (tailCall !== true) return [];
  return [
    ok(
      'eval-loop',
      'eval loop',
      'by tail calls: in --view full it is many functions, _TAIL_CALL_…, one for each instruction',
    ),
  ];
}

function symbolsCheck(facts: InterpreterFacts): Check {
  const { inspected, debugFile, downloads, debugSymbols } = facts;
  const { code } = inspected;
  const id = 'symbols';
  if (code === undefined) return warn(id, id, 'the file of its code was not found');
  const named = `${formatCount(code.named)} functions have names`;
  if (code.hasSymbolTable) return ok(id, id, named);
  if (debugFile !== undefined) return ok(id, id, `stripped, with its names in ${debugFile}`);
  if (downloads) return ok(id, id, 'stripped; reports ask the debuginfod servers for its names');
  return warn(
    id,
    id,
    `stripped: only ${named}, others of the interpreter’s C functions are shown as addresses`,
    debugSymbols,
  );
}

/** PEP 768. */
function attachCheck({ answers }: InspectedInterpreter, version: readonly number[]): Check {
  const id = 'attach';
  const title = 'when running';
  if (!isAtLeast(version, 3, 14)) {
    return ok(id, title, 'perf support is to be on from the start; 3.14 can be told later');
  }
  if (answers?.remoteDebug === false) {
    return ok(id, title, 'perf support is to be on from the start: remote debugging is off');
  }
  return ok(id, title, 'perf support can be turned on (--python attach)');
}
