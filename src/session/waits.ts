/**
 * What a thread that was off its CPU waited for, from its stack: the kernel's functions tell how it was put
 * to sleep, or, where their names are hidden, the C library's; those of CPython whether a lock was the GIL.
 */
import { Layer, type Profile } from '../profile/profile.js';
import { isCLibrary, isOffCpu, Wait } from '../profile/waits.js';
import { isInterpreterModule } from '../python/layers.js';
import { pythonWait } from '../python/waits.js';

/** Why a function waits, as far as its name tells; a `Wait` or one of these. */
const Mark = {
  /** Not looked at yet. */
  Unseen: 255,
  /** A futex: a lock, and whose is for its callers to tell. */
  Futex: 64,
  /** The C library's condition variables and mutexes: also futexes. */
  Condition: 65,
} as const;

/** Functions of the kernel that wait by themselves, whatever called them. */
const KERNEL: readonly (readonly [number, RegExp])[] = [
  [Mark.Futex, /futex/],
  [Wait.Sleep, /^(?:do_nanosleep|hrtimer_nanosleep|common_nsleep)/],
  [Wait.Io, /^(?:io_schedule|bit_wait_io|folio_wait_|wait_on_page|wait_for_completion_io)/],
  [Wait.Io, /^(?:anon_)?pipe_|^(?:sock|sk|unix|tcp|udp|inet|tun|vsock)_|^(?:n_)?tty_|^ep_poll/],
  [Wait.Io, /^(?:do_epoll_wait|do_sys_poll|do_p?select|core_sys_select|io_cqring_wait)/],
  [Wait.Io, /^(?:request_wait_answer|rpc_wait_bit_killable|eventfd_read|inotify_read)/],
  [Wait.Child, /^(?:do_wait$|do_wait\.|kernel_wait(?:4|id)|kernel_clone$)/],
  [Wait.Lock, /^(?:rwsem_down_|_*mutex_lock|_*rt_mutex_|__down_|percpu_rwsem_wait|do_semtimedop)/],
  [Wait.Lock, /^(?:locks_lock_inode_wait|fcntl_setlk|do_lock_file_wait)/],
  [Wait.Preempted, /^(?:preempt_schedule|_*cond_resched|exit_to_user_mode_|irqentry_exit)/],
  [Wait.Preempted, /^(?:schedule_user$|raw_irqentry_exit|arm64_preempt_schedule|do_sched_yield)/],
  [Wait.Other, /^(?:do_signal_stop|ptrace_stop|sigsuspend|do_sigtimedwait)/],
];

/** `__x64_sys_read`, `ksys_read`, `__se_compat_sys_futex_time32`. */
const SYSCALL = /^(?:__(?:x64|ia32|arm64|se|do)_(?:compat_)?sys_|ksys_|__sys_)(\w+)/;

/** System calls and the C library's functions of the same names. */
const CALLS: readonly (readonly [number, RegExp])[] = [
  [Wait.Sleep, /^(?:clock_|nano|u)*nanosleep|^u?sleep$/],
  [Wait.Io, /^p?(?:read|write)v?2?$|^(?:recv|send|accept|connect|splice|tee$|copy_file_range)/],
  [Wait.Io, /^(?:p?poll$|p?select6?$|epoll_|io_|f(?:data)?sync|sync|msync|open|close$|getdents)/],
  [Wait.Io, /^(?:f?(?:data)?sync|fallocate|f?truncate|rename|unlink|mkdir|(?:new)?[fl]?stat|mq_)/],
  [Wait.Child, /^(?:wait(?:4|id|pid)?|vfork)$/],
  [Wait.Lock, /^(?:flock|lockf|semop|semtimedop)/],
  [Mark.Condition, /^pthread_(?:cond|mutex)_|^lll_lock_wait/],
  [Mark.Futex, /futex|^sem_|^new_sem_|^pthread_(?:rwlock|barrier|join|clockjoin|timedjoin|once)/],
];

/** How far out from the C library a wait function of CPython's stands. */
const NEAR = 8;

/**
 * The profile with `samples.wait` filled in for its off-CPU events.
 * @param preempted rows of samples of which the recording says that the thread could have run on
 */
export function classifyWaits(profile: Profile, preempted: Int32Array): Profile {
  const { samples } = profile;
  const offCpu = profile.events.map(isOffCpu);
  if (!offCpu.includes(true)) return profile;
  const classifier = new Classifier(profile);
  const wait = Uint8Array.from({ length: samples.length }, (_, sample) =>
    offCpu[samples.event[sample]] ? classifier.waitOf(samples.stack[sample]) : Wait.None,
  );
  for (const sample of preempted) {
    if (offCpu[samples.event[sample]]) wait[sample] = Wait.Preempted;
  }
  return { ...profile, samples: { ...samples, wait } };
}

/** Looks at each distinct stack, and at each function's name, once. */
class Classifier {
  /** A `Wait` by stack. */
  private readonly waits: Uint8Array;
  /** A `Wait` or a {@link Mark} by function. */
  private readonly marks: Uint8Array;
  private readonly isLibrary: readonly boolean[];
  private readonly isInterpreter: readonly boolean[];

  constructor(private readonly profile: Profile) {
    const { stacks, functions, modules, strings } = profile;
    this.waits = new Uint8Array(stacks.length).fill(Mark.Unseen);
    this.marks = new Uint8Array(functions.length).fill(Mark.Unseen);
    const { name, path } = modules;
    this.isLibrary = Array.from(name, (text) => isCLibrary(strings[text]));
    this.isInterpreter = Array.from(path, (text) => isInterpreterModule(strings[text]));
  }

  waitOf(stack: number): Wait {
    if (stack < 0) return Wait.Other;
    if (this.waits[stack] === Mark.Unseen) this.waits[stack] = this.classify(stack);
    return this.waits[stack] as Wait;
  }

  private classify(leaf: number): Wait {
    const { stacks, frames, functions } = this.profile;
    let stack = leaf;
    let mark: number = Wait.None;
    let condition = false;
    for (; stack >= 0; stack = stacks.parent[stack]) {
      const func = frames.func[stacks.frame[stack]];
      const module = functions.module[func];
      const isKernel = functions.layer[func] === Layer.Kernel;
      if (!isKernel && !(module >= 0 && this.isLibrary[module])) break;
      const own = this.markOf(func);
      // The innermost function that tells anything.
      if (mark === Wait.None) mark = own;
      condition ||= own === Mark.Condition;
    }
    if (mark === Wait.None || mark === Wait.Io || mark >= Mark.Futex) {
      const python = this.pythonWait(stack, condition);
      if (python === 'sleep') return Wait.Sleep;
      if (python !== undefined && mark !== Wait.Io) return python === 'gil' ? Wait.Gil : Wait.Lock;
    }
    if (mark >= Mark.Futex) return Wait.Lock;
    return mark === Wait.None ? Wait.Other : (mark as Wait);
  }

  /**
   * What the interpreter waits for, from its frame that called the C library outwards. It has no other use
   * for condition variables than the GIL (locks are semaphores), which tells where it is stripped.
   */
  private pythonWait(caller: number, condition: boolean): ReturnType<typeof pythonWait> {
    const { stacks, frames, functions, strings } = this.profile;
    let stack = caller;
    for (let near = 0; near < NEAR && stack >= 0; near++, stack = stacks.parent[stack]) {
      const func = frames.func[stacks.frame[stack]];
      const module = functions.module[func];
      if (module < 0 || !this.isInterpreter[module]) break;
      const found = pythonWait(plainName(strings[functions.name[func]]));
      if (found !== undefined) return found;
      if (condition) return 'gil';
    }
    return undefined;
  }

  private markOf(func: number): number {
    if (this.marks[func] === Mark.Unseen) {
      const { functions, strings } = this.profile;
      const name = plainName(strings[functions.name[func]]);
      const isKernel = functions.layer[func] === Layer.Kernel;
      this.marks[func] = isKernel ? kernelMark(name) : callMark(callName(name));
    }
    return this.marks[func];
  }
}

function kernelMark(name: string): number {
  const found = KERNEL.find(([, pattern]) => pattern.test(name));
  if (found !== undefined) return found[0];
  const call = SYSCALL.exec(name);
  return call === null ? Wait.None : callMark(call[1]);
}

function callMark(name: string): number {
  return CALLS.find(([, pattern]) => pattern.test(name))?.[0] ?? Wait.None;
}

/** Without what compilers append: `.constprop.0`, `.isra.0`. */
function plainName(name: string): string {
  const dot = name.indexOf('.', 1);
  return dot < 0 ? name : name.slice(0, dot);
}

/** The C library's inner names without their dress: `__GI___read_nocancel`, `__libc_recv`, `pread64`. */
function callName(name: string): string {
  return name.replace(/^_*(?:GI_+)?(?:libc_)?/, '').replace(/(?:_nocancel|_time64|64|@.*)+$/, '');
}
