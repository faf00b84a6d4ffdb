/** Where symbols are looked for, as a person says it on the command line and in the environment. */
import type { DebuginfodOptions } from './debuginfod.js';

/** A value: it can be handed to a worker thread as it is. */
export interface SymbolOptions {
  /**
   * `--symfs`: the folder that stands for `/`, a copy of another machine's files. This machine's own
   * are then taken only where their build ID is the recorded one.
   */
  readonly symfs?: string;
  /** `flat`: all files lie in {@link symfs} itself; by default they lie as they did in `/`. */
  readonly symfsLayout?: SymfsLayout;
  /** `--kallsyms`: a copy of the recorded machine's `/proc/kallsyms`. */
  readonly kallsyms?: string;
  /** `-k`, `--vmlinux`: the recorded kernel's ELF file. */
  readonly vmlinux?: string;
  /** `--symbol-dir`: folders in which modules and debug files lie anywhere, under any name. */
  readonly symbolDirs?: readonly string[];
  /** `--perf-map-dir`: where `perf-PID.map` and `jit-PID.dump` lie, in place of `/tmp`. */
  readonly perfMapDir?: string;
  /** Servers of debug information; none are asked where it is missing. */
  readonly debuginfod?: DebuginfodOptions;
}

export type SymfsLayout = 'hierarchy' | 'flat';
