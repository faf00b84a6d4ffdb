/** Measures a Python statement in an interpreter of its own, by the rules of Python's `timeit`. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import type { Readable } from 'node:stream';

import { StrataError } from '../base/errors.js';
import { describeSystemError } from '../base/source.js';
import type { Nanoseconds } from '../base/units.js';
import type { Signalled } from '../linux/signals.js';

export interface Statement {
  /** The interpreter: a path, or a name to be found in PATH. */
  readonly python: string;
  /** Lines of Python. The setup runs before each measurement and is not measured. */
  readonly setup: string;
  readonly statement: string;
}

/** What Python code did wrong, as Python shows it: a traceback of several lines. */
export class StatementError extends StrataError {
  override readonly name = 'StatementError';
}

/** Who is told of the interpreter while it runs, and whether what it writes is shown. */
export interface Surroundings {
  readonly showOutput: boolean;
  readonly started: (process: Signalled) => void;
}

/**
 * The interpreter's part, for CPython 3.8 and later; older ones understand enough of it to say no.
 *
 * On descriptor 3 it gets a line, which is both JSON and a Python literal: setup, statement, executions to warm
 * up with, loops (0: find out how many). It answers `ok`, its version and numbers; or `error` and text; or `old`
 * and its version. Nothing is imported that `python -m timeit` does not import.
 */
const HELPER = `
import os, sys, time, timeit

def read():
    line = b""
    while not line.endswith(b"\\n"):
        piece = os.read(3, 65536)
        if not piece:
            os._exit(1)
        line += piece
    return eval(line.decode("utf-8"))

def answer(text):
    data = text.encode("utf-8", "backslashreplace")
    while data:
        data = data[os.write(3, data):]
    sys.stdout.flush()
    os._exit(0)

def explain():
    import linecache, traceback
    kind, error, frames = sys.exc_info()
    source = timeit.dummy_src_name
    if timer is not None:
        linecache.cache[source] = (len(timer.src), None, timer.src.split("\\n"), source)
    while frames is not None and frames.tb_frame.f_code.co_filename != source:
        frames = frames.tb_next
    if frames is None:
        return "".join(traceback.format_exception_only(kind, error))
    return "".join(traceback.format_exception(kind, error, frames))

started = []
timeit.strata_begins = lambda: started.append(time.process_time_ns())

def autorange():
    scale = 1
    while True:
        for factor in 1, 2, 5:
            if timer.timeit(scale * factor) >= 200000000:
                return scale * factor
        scale *= 10

setup, statement, warmup, loops = read()
if sys.version_info < (3, 8):
    answer("old %d.%d" % sys.version_info[:2])
os.set_inheritable(3, False)
timer = None
try:
    compile(setup, timeit.dummy_src_name, "exec")
    # The last line of the setup, right before the clock is read. Names are looked up in timeit's own.
    timer = timeit.Timer(statement, setup + "\\nstrata_begins()", time.perf_counter_ns)
    if loops == 0:
        numbers = [autorange()]
    else:
        if warmup:
            timer.timeit(warmup)
        real = timer.timeit(loops)
        numbers = [real, time.process_time_ns() - started[-1]]
    result = " ".join(["ok", sys.version.split()[0]] + [str(number) for number in numbers])
except BaseException:
    result = "error " + explain()
answer(result)
`;

/**
 * Finds how often a statement is to be executed for one measurement, as `timeit` does: the first of 1, 2, 5, 10,
 * 20, 50, … that takes 0.2 s or more. Takes the longer the slower the statement is: up to some 0.9 s.
 * @throws StatementError where the code fails; StrataError where the interpreter does
 */
export async function autorange(statement: Statement, surroundings: Surroundings): Promise<number> {
  const { numbers } = await ask(statement, 0, 0, surroundings);
  return numbers[0];
}

/**
 * Executes a statement `loops` times in a fresh interpreter, after `warmup` executions and a second setup that
 * do not count.
 * @returns real time of all loops together, and the CPU time of the process meanwhile
 * @throws as {@link autorange}
 */
export async function measureStatement(
  statement: Statement,
  loops: number,
  warmup: number,
  surroundings: Surroundings,
): Promise<{ real: Nanoseconds; cpu: Nanoseconds; version: string }> {
  const { numbers, version } = await ask(statement, warmup, loops, surroundings);
  // The clock may not tell less than its resolution from nothing.
  return { real: Math.max(1, numbers[0]), cpu: numbers[1], version };
}

async function ask(
  { python, setup, statement }: Statement,
  warmup: number,
  loops: number,
  { showOutput, started }: Surroundings,
): Promise<{ version: string; numbers: number[] }> {
  const output = showOutput ? 'inherit' : 'ignore';
  let child: ChildProcess;
  try {
    child = spawn(python, ['-c', HELPER], { stdio: ['ignore', output, output, 'pipe'] });
    await once(child, 'spawn');
  } catch (error) {
    throw new StrataError(`cannot run ${python}: ${describeSystemError(error)}`);
  }
  started({ signal: (name) => child.kill(name) });
  const closed = once(child, 'close') as Promise<[number | null, string | null]>;
  const channel = child.stdio[3] as Readable & NodeJS.WritableStream;
  channel.on('error', () => undefined); // It has ended already: its exit code tells why.
  channel.write(`${JSON.stringify([setup, statement, warmup, loops])}\n`);
  const told = await text(channel).catch(() => '');
  const [code, signal] = await closed;
  const [, kind, rest] = /^(\w+) ([^]*)$/.exec(told) ?? [];
  switch (kind) {
    case 'ok': {
      const [version, ...numbers] = rest.split(' ');
      return { version, numbers: numbers.map(Number) };
    }
    case 'error':
      throw new StatementError(rest.trimEnd());
    case 'old':
      throw new StrataError(`${python} is Python ${rest}; timeit needs 3.8 or newer`);
    default:
      throw new StrataError(
        signal === null
          ? `${python} ended with exit code ${code} before it had measured`
          : `${python} was ended by ${signal} before it had measured`,
        '--show-output shows what it wrote',
      );
  }
}
