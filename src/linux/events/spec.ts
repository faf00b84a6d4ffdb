/**
 * An event as it was asked for: what the kernel must be told, and what was said beside it. No attribute
 * bits of sampling yet: how it is opened is for whoever records or counts to say.
 */
import type { EventAttr } from '../../formats/perfdata/attr.js';

export interface EventSpec {
  /** As written, modifiers and all: `cycles:u`, `cpu/event=0x3c/`; or what the term `name=` says. */
  readonly name: string;
  readonly kind: EventKind;
  readonly attr: Pick<EventAttr, 'type' | 'config' | 'precise_ip' | 'flags'> &
    Partial<Pick<EventAttr, 'config1' | 'config2' | 'config3' | 'bp_type'>>;
  /** Whether the count is nanoseconds: `cpu-clock`, `task-clock`. */
  readonly clock: boolean;
  /** What terms say of this event alone: `cpu-clock/freq=99,call-graph=fp/`. */
  readonly sampling: EventSampling;
  /** `P`: as precise as the machine can: 3 in `attr.precise_ip`, and less where that is refused. */
  readonly highestPrecision?: boolean;
  /** Of a tracepoint: its folder in tracefs. */
  readonly tracepoint?: { readonly system: string; readonly event: string };
  /** CPUs that the event is counted on, where it is not each task's: a PMU's `cpumask`. */
  readonly cpus?: readonly number[];
  /** CPUs that have the PMU, where machines have several kinds of cores; tasks are counted while there. */
  readonly coreCpus?: readonly number[];
  /** What one count is worth, and of what, by the PMU's `.scale` and `.unit`: 2.3e-10 Joules. */
  readonly scale?: number;
  readonly unit?: string;
}

/** An event before its modifiers: what its words and terms say. */
export type Unmodified = Omit<EventSpec, 'attr' | 'clock' | 'highestPrecision'> & {
  readonly attr: Omit<EventSpec['attr'], 'precise_ip' | 'flags'>;
  /** Of a unit that counts for all: it refuses to leave anything out, the guest too. */
  readonly countsAll?: boolean;
};

export type EventKind =
  'hardware' | 'software' | 'cache' | 'raw' | 'pmu' | 'tracepoint' | 'breakpoint';

export interface EventSampling {
  /** Samples per second. */
  readonly frequency?: number;
  /** A sample every so many counts. */
  readonly period?: number;
  /** The period where nothing else is said, in a term or for the whole recording: a tracepoint's 1. */
  readonly defaultPeriod?: number;
  readonly callGraph?: CallGraph;
  /** Most frames of a call chain. */
  readonly maxStack?: number;
  /** Whether what the target starts is counted, too. */
  readonly inherit?: boolean;
}

/** How user stacks are found. */
export type CallGraph =
  /** Copy `size` bytes of stack with each sample and unwind by call frame information. */
  | { readonly kind: 'dwarf'; readonly size?: number }
  /** Let the kernel follow frame pointers. */
  | { readonly kind: 'fp' }
  /** Take the processor's record of the last branches that called. */
  | { readonly kind: 'lbr' }
  | { readonly kind: 'none' };

/** Events that are opened together: `{a,b}:S`, or a single one. */
export interface EventGroup {
  readonly events: readonly EventSpec[];
  /** `S`: the first one samples, and each sample carries the counts of all. */
  readonly sampleRead: boolean;
  /** `W`: where they do not fit together, each is counted by itself. */
  readonly weak: boolean;
}
