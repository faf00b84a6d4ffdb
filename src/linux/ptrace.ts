/**
 * A thread of another process, stopped for a moment by ptrace(2). Should we be killed meanwhile, the kernel
 * lets the thread run on.
 */
import { errnoName, libc } from './libc.js';
import { SystemCallError } from './perf-event.js';

/** include/uapi/linux/ptrace.h. */
const PTRACE_DETACH = 17;
const PTRACE_SEIZE = 0x4206;
const PTRACE_INTERRUPT = 0x4207;
const PTRACE_EVENT_STOP = 128;

/** include/uapi/linux/wait.h. */
const WNOHANG = 1;
const __WALL = 0x40000000;

/** A thread in uninterruptible sleep (a slow disk) stops only after it. */
const PATIENCE_MS = 1000;
const PAUSE_MS = 0.1;

/**
 * Stops a thread, calls `action`, and lets the thread run on: some 50 microseconds in all. System calls that
 * it sleeps in go on; those few that a stop ends with EINTR (signal(7)) are the program's to repeat, as
 * CPython does.
 * @throws SystemCallError of `ptrace` where the kernel refuses or the thread has gone (ESRCH), or another
 *   process traces it (EPERM); of `waitpid` with ETIMEDOUT where it does not stop
 */
export function whileStopped<T>(tid: number, action: () => T): T {
  request(PTRACE_SEIZE, tid, 0);
  let stop: Stop | undefined;
  try {
    request(PTRACE_INTERRUPT, tid, 0);
    const deadline = performance.now() + PATIENCE_MS;
    while ((stop = pollStop(tid)) === undefined) {
      if (performance.now() > deadline) throw new SystemCallError('waitpid', 'ETIMEDOUT');
      sleep(PAUSE_MS);
    }
    if (stop === 'ended') throw new SystemCallError('ptrace', 'ESRCH');
    return action();
  } finally {
    if (typeof stop === 'number') detach(tid, stop);
    else if (stop === undefined) detachLater(tid);
  }
}

/** A stopped thread, with the signal that it was about to get (0 for none); or one that has ended. */
type Stop = number | 'ended';

/** @returns `undefined` while the thread has not stopped */
function pollStop(tid: number): Stop | undefined {
  const bytes = new Uint8Array(4);
  const got = libc().waitpid(tid, bytes, WNOHANG | __WALL);
  if (got === 0) return undefined;
  const status = new DataView(bytes.buffer).getInt32(0, true);
  if (got < 0 || (status & 0xff) !== 0x7f) return 'ended';
  return status >> 16 === PTRACE_EVENT_STOP ? 0 : (status >> 8) & 0xff;
}

/** @param signal what the stop held back */
function detach(tid: number, signal: number): void {
  libc().ptrace(PTRACE_DETACH, tid, 0, signal);
}

/** Only a thread that stands still can be let go. */
function detachLater(tid: number): void {
  const timer = setInterval(() => {
    const stop = pollStop(tid);
    if (stop === undefined) return;
    clearInterval(timer);
    if (stop !== 'ended') detach(tid, stop);
  }, 1).unref();
}

function request(kind: number, tid: number, data: number): void {
  if (libc().ptrace(kind, tid, 0, data) < 0) throw new SystemCallError('ptrace', errnoName());
}

function sleep(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
