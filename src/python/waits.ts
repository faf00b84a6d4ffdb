/**
 * What CPython's own wait functions are called (`Python/ceval_gil.c`, `Python/thread_pthread.h`,
 * `Python/lock.c`, `Python/parking_lot.c`, `Modules/timemodule.c`), 3.8 to 3.15.
 */

/** Waiting for the GIL; `drop_gil` waits for another thread to have taken it (FORCE_SWITCHING). */
const GIL: ReadonlySet<string> = new Set(['take_gil', 'drop_gil']);

const LOCK: ReadonlySet<string> = new Set([
  'PyThread_acquire_lock_timed',
  'PyThread_acquire_lock',
  '_PySemaphore_Wait', // 3.13+, under all of the following
  '_PyParkingLot_Park',
  '_PyMutex_LockTimed',
  'PyMutex_Lock',
  'PyEvent_WaitTimed',
  'PyEvent_Wait',
]);

/** `time.sleep`: clock_nanosleep since 3.11, select before. */
const SLEEP: ReadonlySet<string> = new Set(['time_sleep', 'pysleep']);

/** What a function of the interpreter's own file waits for, by its name without a compiler's suffix. */
export function pythonWait(name: string): 'gil' | 'lock' | 'sleep' | undefined {
  if (GIL.has(name)) return 'gil';
  if (LOCK.has(name)) return 'lock';
  return SLEEP.has(name) ? 'sleep' : undefined;
}
