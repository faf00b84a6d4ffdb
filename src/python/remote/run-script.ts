/**
 * Runs a Python script in another process, by CPython's own protocol (PEP 768; Python/remote_debugging.c,
 * Python/ceval_gil.c): the script's path and a flag are written into a thread's state, and a bit that makes
 * the thread look there before its next calls and jumps backwards.
 */
import { setTimeout as sleep } from 'node:timers/promises';

import { StrataError } from '../../base/errors.js';
import { SystemCallError } from '../../linux/perf-event.js';
import { ProcessMemory } from '../../linux/process-memory.js';
import { whileStopped } from '../../linux/ptrace.js';
import { isRunning, readNumber, readText } from '../../linux/system.js';
import {
  findInterpreter,
  readMaps,
  readThreads,
  taskOf,
  type FileMapping,
  type Interpreter,
  type PythonThread,
} from './interpreter.js';
import { SharedFolder } from './shared-folder.js';

/** Bits of `eval_breaker` (Include/internal/pycore_ceval.h). */
const PLEASE_STOP = 1 << 5;
/**
 * What other threads may set at the same moment, and only they: signals, calls and exceptions that are
 * pending. Set for nothing they cost a look. Not so the request to drop the GIL, which waits for a taker.
 */
const SET_BY_OTHERS = (1 << 1) | (1 << 2) | (1 << 3);

const PATIENCE_MS = 5000;
/** The main thread alone is asked for so long, then all, again and again. */
const ASK_AGAIN_MS = 300;
const MOST_ASKED = 64;
const POLL_MS = 5;
/** From a thread's taking notice to its opening the script. */
const WITHDRAWAL_MS = 100;

const SCRIPT = 'script.py';
const ANSWER = 'answer';

/**
 * Runs a script in the main interpreter of a process.
 * @param makeScript its text, which is told the file to write its answer to
 * @returns what it answered
 * @throws StrataError where that is not possible or no thread runs it in time, with the reason;
 *   {@link ProcessEnded} where there is no process any more
 */
export async function runScript(
  pid: number,
  makeScript: (answer: string, maps: readonly FileMapping[]) => string,
  patienceMs = PATIENCE_MS,
): Promise<string> {
  try {
    const memory = openMemory(pid);
    try {
      const maps = readMaps(pid);
      const interpreter = findInterpreter(pid, memory, maps);
      const request = new Request(pid, memory, interpreter, (answer) => makeScript(answer, maps));
      return await request.run(patienceMs);
    } finally {
      memory.close();
    }
  } catch (error) {
    throw isRunning(pid) ? error : new ProcessEnded(pid);
  }
}

export class ProcessEnded extends StrataError {
  constructor(pid: number) {
    super(`process ${pid} has ended`);
  }
}

/** One script on its way. */
class Request {
  private readonly folder: SharedFolder;
  private asked: PythonThread[] = [];

  constructor(
    private readonly pid: number,
    private readonly memory: ProcessMemory,
    private readonly interpreter: Interpreter,
    makeScript: (answer: string) => string,
  ) {
    this.folder = new SharedFolder(pid, (path) => ({ [SCRIPT]: makeScript(`${path}/${ANSWER}`) }));
  }

  async run(patienceMs: number): Promise<string> {
    const { folder } = this;
    try {
      const deadline = performance.now() + patienceMs;
      const [main] = readThreads(this.memory, this.interpreter);
      this.ask(main);
      let answer = await this.answerBefore(deadline);
      while (answer === undefined && performance.now() < deadline) {
        this.askAgain();
        answer = await this.answerBefore(deadline);
      }
      await this.withdraw();
      answer ??= folder.read(ANSWER);
      if (answer === undefined) throw this.unanswered(patienceMs);
      return answer;
    } finally {
      await this.withdraw();
      folder.remove([ANSWER, `${ANSWER}.part`]);
    }
  }

  /**
   * Asks other threads, too, also those that have come meanwhile, and wakes those that were asked: one may have
   * been on its way into a system call, too late to look and too early to be woken.
   */
  private askAgain(): void {
    const { pid } = this;
    for (const thread of this.threads()) {
      try {
        if (!this.asked.some(({ state }) => state === thread.state)) this.ask(thread);
        else stopped(pid, taskOf(pid, thread.nativeId) ?? -1, () => undefined);
      } catch (error) {
        // The main thread is asked already; of the others some may have ended.
        if (!(error instanceof StrataError)) throw error;
      }
    }
  }

  /**
   * Asks a thread. It stands still meanwhile: so its state is not freed under us, and none of the bits that
   * it sets and clears itself is lost or set again.
   */
  private ask(thread: PythonThread): void {
    const { pid, memory, interpreter, folder } = this;
    const { evalBreaker, pendingCall, scriptPath } = interpreter.offsets.thread;
    const { state, nativeId } = thread;
    const path = Buffer.from(`${folder.path}/${SCRIPT}\0`);
    const tid = taskOf(pid, nativeId);
    if (tid === undefined || path.length > interpreter.offsets.scriptPathSize) {
      throw new StrataError(`thread ${nativeId} of process ${pid} has ended`);
    }
    stopped(pid, tid, () => {
      const known = readThreads(memory, interpreter).some((one) => one.state === state);
      const pending = memory.read(state + pendingCall, 4);
      const bits = memory.read(state + evalBreaker, 1);
      if (!known || pending === undefined || bits === undefined) {
        throw new StrataError(`thread ${nativeId} of process ${pid} has ended`);
      }
      if (pending.some((byte) => byte !== 0)) {
        throw new StrataError(`another program is just asking process ${pid} to run something`);
      }
      // One byte: those above hold the version of its instrumentation, which other threads may change.
      const asking = Uint8Array.of(bits[0] | PLEASE_STOP | SET_BY_OTHERS);
      const written =
        memory.write(state + scriptPath, path) &&
        memory.write(state + pendingCall, Uint8Array.of(1, 0, 0, 0)) &&
        memory.write(state + evalBreaker, asking);
      if (!written) throw new StrataError(`the memory of process ${pid} cannot be written`);
      this.asked.push(thread);
    });
  }

  /** None where the list of them is just being changed. */
  private threads(): PythonThread[] {
    try {
      return readThreads(this.memory, this.interpreter).slice(0, MOST_ASKED);
    } catch (error) {
      if (error instanceof StrataError) return [];
      throw error;
    }
  }

  /** The answer, if it comes before the next asking. */
  private async answerBefore(deadline: number): Promise<string | undefined> {
    const until = Math.min(deadline, performance.now() + ASK_AGAIN_MS);
    for (;;) {
      const answer = this.folder.read(ANSWER);
      if (answer !== undefined || performance.now() > until) return answer;
      if (!isRunning(this.pid)) throw new ProcessEnded(this.pid);
      await sleep(POLL_MS);
    }
  }

  /** Takes the question back from threads that have not run it, so that the script may go. */
  private async withdraw(): Promise<void> {
    const { memory, interpreter } = this;
    const { pendingCall } = interpreter.offsets.thread;
    const asked = this.asked;
    this.asked = [];
    let withdrawn = 0;
    for (const { state } of asked) {
      if (memory.read(state + pendingCall, 4)?.[0] !== 1) continue;
      memory.write(state + pendingCall, new Uint8Array(4));
      withdrawn++;
    }
    // One may have looked just before.
    if (withdrawn > 0) await sleep(WITHDRAWAL_MS);
  }

  private unanswered(patienceMs: number): StrataError {
    const { pid } = this;
    const state = /^State:\s+(\S)/m.exec(readText(`/proc/${pid}/status`) ?? '')?.[1];
    if (state === 'T' || state === 't') {
      return new StrataError(`process ${pid} is stopped`, `let it run: kill -CONT ${pid}`);
    }
    return new StrataError(
      `no thread of process ${pid} ran Python code within ${patienceMs / 1000} s: they wait, or are in C code`,
      'try again while it works, or start it with -X perf',
    );
  }
}

/** {@link whileStopped}, whose refusals are told in words. */
function stopped(pid: number, tid: number, action: () => void): void {
  try {
    whileStopped(tid, action);
  } catch (error) {
    if (!(error instanceof SystemCallError)) throw error;
    if (error.code === 'ESRCH') throw new StrataError(`thread ${tid} of process ${pid} has ended`);
    if (error.code === 'ETIMEDOUT') {
      throw new StrataError(
        `thread ${tid} of process ${pid} waits in the kernel and cannot be stopped`,
      );
    }
    const status = readText(`/proc/${pid}/task/${tid}/status`) ?? '';
    const tracer = Number(/^TracerPid:\s+(\d+)$/m.exec(status)?.[1] ?? 0);
    throw tracer > 0
      ? new StrataError(`process ${pid} is traced by process ${tracer}, a debugger or strace`)
      : refused(pid, error.code);
  }
}

function openMemory(pid: number): ProcessMemory {
  try {
    return ProcessMemory.open(pid, 'r+');
  } catch (error) {
    const { code = String(error) } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') throw new StrataError(`there is no process ${pid}`);
    if (code === 'ESRCH') throw new StrataError(`process ${pid} is the kernel's own, no program`);
    throw refused(pid, code);
  }
}

/** Why ptrace(2), "Ptrace access mode checking", does not let us at a process. */
function refused(pid: number, code: string): StrataError {
  const uid = Number(/^Uid:\s+(\d+)/m.exec(readText(`/proc/${pid}/status`) ?? '')?.[1]);
  const sudo = 'as root it is: sudo strata …';
  if (uid !== process.getuid?.()) {
    return new StrataError(
      `process ${pid} belongs to another user: it may not be written to`,
      sudo,
    );
  }
  const yama = readNumber('/proc/sys/kernel/yama/ptrace_scope') ?? 0;
  if (yama > 0) {
    return new StrataError(
      `process ${pid} may not be written to: kernel.yama.ptrace_scope is ${yama}`,
      yama > 2
        ? 'only a restart of the machine changes that'
        : 'sudo sysctl kernel.yama.ptrace_scope=0',
    );
  }
  return new StrataError(`process ${pid} may not be written to (${code}): it is protected`, sudo);
}
