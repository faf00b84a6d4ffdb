/** What `strata record` was asked for. */
export interface RecordOptions {
  readonly command: readonly string[];
  readonly output: string;
  /** Samples per second, or the most that the kernel grants. */
  readonly frequency: number | 'max';
  /** Event names with modifiers; empty for the machine's own clock. */
  readonly events: readonly string[];
  readonly callGraph: CallGraph;
  /** Sampling ends after so long, the command goes on. */
  readonly durationSeconds?: number;
  /** Whether to switch on CPython's perf support in the interpreters that the command starts. */
  readonly python: 'auto' | 'off';
  /** Keep the copied stacks in the file, instead of the call chains unwound from them. */
  readonly keepStacks: boolean;
  /** Whether Python's names go into perf's build-ID cache too, where `perf report` looks for them. */
  readonly buildIdCache: boolean;
  /** -1 quiet, 0, 1 verbose. */
  readonly verbosity: -1 | 0 | 1;
}

export type CallGraph =
  /** Copy `size` bytes of stack with each sample and unwind by call frame information. */
  | { readonly kind: 'dwarf'; readonly size?: number }
  /** Let the kernel follow frame pointers. */
  | { readonly kind: 'fp' }
  | { readonly kind: 'none' };
