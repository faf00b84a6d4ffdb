import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Layer } from '../profile/profile.js';
import { ProfileBuilder, EMPTY_META } from '../profile/builder.js';
import { WAIT_NAMES } from '../profile/waits.js';
import { classifyWaits } from './waits.js';

const PYTHON = '/usr/bin/python3.12';
const LIBC = '/usr/lib/libc.so.6';

/**
 * What a thread waits for whose stack this is, outermost first: `name` of the kernel, `py::name`,
 * `libc:name`, `python:name`, or another module's.
 */
function waitOf(stack: string, event = 'offcpu-time', preempted: readonly number[] = []): string {
  const builder = new ProfileBuilder();
  let row = -1;
  stack.split(' ').forEach((cell, i) => {
    const [, place, name] = /^(?:(\w+):{1,2})?(.*)$/.exec(cell)!;
    const path = place === 'libc' ? LIBC : place === 'python' ? PYTHON : (place ?? '[kernel]');
    const module = builder.module(path.slice(path.lastIndexOf('/') + 1), path);
    const layer = place === undefined ? Layer.Kernel : place === 'py' ? Layer.Python : Layer.Native;
    row = builder.stack(row, builder.frame(builder.function(name, module, -1, layer), i, -1, 0));
  });
  const thread = builder.thread(1, 1, 'app');
  builder.addSample(thread, builder.string('app'), 1, row, 0, builder.event(event, 'ns'), 1, 0);
  const profile = classifyWaits(builder.finish(EMPTY_META), Int32Array.from(preempted));
  return WAIT_NAMES[profile.samples.wait[0]];
}

const FUTEX = 'do_syscall_64 __x64_sys_futex do_futex futex_wait futex_do_wait schedule';
const EVAL = 'py::f python:_PyEval_EvalFrameDefault';

/** As kernels 5.10 to 6.18, glibc 2.31 and 2.36, and CPython 3.8 to 3.15 have them. */
const STACKS: Readonly<Record<string, readonly string[]>> = {
  GIL: [
    `${EVAL} python:take_gil libc:pthread_cond_timedwait libc:__futex_abstimed_wait_common ${FUTEX}`,
    `python:PyEval_RestoreThread python:take_gil.constprop.0 libc:pthread_cond_timedwait ${FUTEX}`,
    `${EVAL} python:drop_gil libc:pthread_cond_wait ${FUTEX}`,
    `${EVAL} python:take_gil libc:pthread_mutex_lock libc:__GI___lll_lock_wait ${FUTEX}`,
    // Stripped: the interpreter waits for conditions for nothing but the GIL.
    `py::f python:python3.13+0x56d520 libc:pthread_cond_clockwait libc:libc.so.6+0x91c10 ${FUTEX}`,
    // The kernel's names are hidden.
    `${EVAL} python:take_gil libc:pthread_cond_timedwait [kernel] [kernel]`,
    `py::f python:python3.13+0x56d520 libc:pthread_cond_timedwait [kernel]`,
  ],
  lock: [
    `${EVAL} python:acquire_timed python:PyThread_acquire_lock_timed libc:__new_sem_wait_slow64 ${FUTEX}`,
    `${EVAL} python:_PyParkingLot_Park python:_PySemaphore_Wait libc:libc.so.6+0x9cda0 ${FUTEX}`,
    `py::f python:python3.13+0x7a0690 libc:sem_clockwait ${FUTEX}`,
    `py::f libopenblas:blas_thread_server libc:pthread_cond_wait ${FUTEX}`,
    `${EVAL} python:PyThread_acquire_lock_timed libc:sem_clockwait [kernel]`,
    'py::f libc:flock do_syscall_64 __do_sys_flock locks_lock_inode_wait schedule',
    'py::f asm_exc_page_fault exc_page_fault lock_mm_and_find_vma rwsem_down_read_slowpath schedule',
  ],
  sleep: [
    `${EVAL} python:time_sleep libc:clock_nanosleep __x64_sys_clock_nanosleep do_nanosleep schedule`,
    // CPython before 3.11 sleeps in select.
    `${EVAL} python:time_sleep libc:__select __x64_sys_pselect6 do_select schedule`,
    `${EVAL} python:pysleep libc:__select [kernel] [kernel]`,
    'sleep:main libc:__nanosleep libc:clock_nanosleep [kernel]',
  ],
  'I/O': [
    `${EVAL} python:_Py_read libc:read ksys_read vfs_read anon_pipe_read schedule`,
    `${EVAL} select:select_select_impl libc:__select __x64_sys_pselect6 do_select schedule`,
    `${EVAL} _socket:sock_recv_impl libc:__libc_recv __sys_recvfrom sock_recvmsg tcp_recvmsg schedule`,
    `${EVAL} select:select_epoll_poll libc:epoll_wait do_syscall_64 do_epoll_wait schedule`,
    'py::f libc:fsync __x64_sys_fsync do_fsync ext4_sync_file folio_wait_bit io_schedule schedule',
    'py::f asm_exc_page_fault exc_page_fault filemap_fault folio_wait_bit_common io_schedule schedule',
    'py::f libc:__GI___read_nocancel [kernel]',
    'py::f libc:pread64 [kernel]',
    'py::f libc:__poll [kernel]',
  ],
  child: [
    `${EVAL} python:os_waitpid libc:__GI___wait4 do_syscall_64 kernel_wait4 do_wait schedule`,
    `${EVAL} _posixsubprocess:do_fork_exec libc:__vfork kernel_clone wait_for_completion_state schedule`,
    `${EVAL} python:os_waitpid libc:wait4 [kernel]`,
  ],
  preempted: [
    `${EVAL} python:long_add asm_sysvec_apic_timer_interrupt irqentry_exit_to_user_mode schedule`,
    'py::f libc:read do_syscall_64 ksys_read vfs_read preempt_schedule_irq schedule',
  ],
  other: ['py::f libc:pause do_syscall_64 __do_sys_pause schedule', 'kthreadd schedule', 'py::f'],
};

for (const [wait, stacks] of Object.entries(STACKS)) {
  test(`these stacks wait for: ${wait}`, () => {
    for (const stack of stacks) assert.equal(waitOf(stack), wait, stack);
  });
}

test('where the recording says that a thread could have run on, its stack does not matter', () => {
  assert.equal(waitOf(STACKS['I/O'][0], 'offcpu-time', [0]), 'preempted');
});

test('a thread that runs in such a function does not wait', () => {
  assert.equal(waitOf(STACKS['GIL'][0], 'cpu-clock', [0]), 'running');
});
