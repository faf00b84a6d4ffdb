/** What `strata record` was asked for. */
import type { CallGraph } from '../linux/events/spec.js';
import type { Target } from './targets.js';

export type { CallGraph };

export interface RecordOptions {
  readonly target: Target;
  /** Program and arguments to run; beside another target it bounds the time. Empty for none. */
  readonly command: readonly string[];
  readonly output: string;
  /** Samples per second, or the most that the kernel grants, where it was said. */
  readonly frequency?: number | 'max';
  /** `-c`: a sample every so many counts. */
  readonly period?: number;
  /** Event names with modifiers, one `-e` each; empty for the machine's own clock. */
  readonly events: readonly string[];
  /** Each `--filter`, with how many `-e` stood before it. */
  readonly filters: readonly EventFilter[];
  readonly callGraph: CallGraph;
  /** `-b`, `-j`: the kinds of branches to record with each sample; none where absent. */
  readonly branches?: readonly string[];
  /** `-d`, `--phys-data`, `-W`: what else samples carry. */
  readonly data: boolean;
  readonly physicalData: boolean;
  readonly weight: boolean;
  /** Whether waiting is recorded, too. */
  readonly offCpu: boolean;
  /** Whether what the target starts is recorded, too. */
  readonly inherit: boolean;
  /** Sampling begins after so long; -1 means not before it is told to (`--control`, SIGUSR2). */
  readonly delaySeconds?: number;
  /** Sampling ends after so long, the command goes on. */
  readonly durationSeconds?: number;
  /** Where commands come from while recording. */
  readonly control?: ControlPlace;
  /** A flight recorder: the kernel keeps the latest samples, a snapshot writes them. */
  readonly overwrite: boolean;
  readonly switchOutput?: SwitchOutput;
  /** Of the kernel's buffer of each CPU. */
  readonly bufferSize?: BufferSize;
  /**
   * `auto` switches on CPython's perf support in the interpreters that the command starts; `attach` also
   * in those that run already.
   */
  readonly python: 'auto' | 'off' | 'attach';
  /** Keep the copied stacks in the file, instead of the call chains unwound from them. */
  readonly keepStacks: boolean;
  /** Whether Python's names go into perf's build-ID cache too, where `perf report` looks for them. */
  readonly buildIdCache: boolean;
  /** -1 quiet, 0, 1 verbose. */
  readonly verbosity: -1 | 0 | 1;
}

export interface EventFilter {
  readonly text: string;
  /** How many `-e` came before: it is for the tracepoints of the last of them. */
  readonly after: number;
}

export type ControlPlace =
  /** FIFOs by their paths, or descriptors that this process was started with. */
  | {
      readonly kind: 'given';
      readonly commands: string | number;
      /** Where `ack` is written once a command is done. */
      readonly acknowledgements?: string | number;
    }
  /** FIFOs of the recorder's own, of which the command is told in its environment. */
  | { readonly kind: 'own' }
  /** SIGUSR2 switches sampling on and off. */
  | { readonly kind: 'signal' };

/** perf's two ways to say it. */
export type BufferSize = { readonly pages: number } | { readonly bytes: number };

/** When one file ends and the next begins. */
export interface SwitchOutput {
  readonly on: 'signal' | { readonly bytes: number } | { readonly seconds: number };
  /** Older files are removed so that this many are left. */
  readonly maxFiles?: number;
}
