/**
 * `perf_event_attr` of recorded events: what the kernel is told, and what stands in the file, where stacks
 * are unwound already.
 */
import type { EventAttr } from '../../formats/perfdata/attr.js';
import { PerfCountSw, PerfFormat, PerfSample, PerfType } from '../../formats/perfdata/spec.js';
import type { CallGraph, EventSpec } from '../../linux/events/spec.js';
import type { RecordOptions } from '../options.js';
import { BRANCH_CALL_STACK, branchSampleType } from './branches.js';
import { CLOCK } from './rings.js';
import { COMMON_SAMPLE_TYPE, recordedRegisters } from './sample-layout.js';

/**
 * Bytes of stack that a sample copies where nobody asked for another size: as much as a record holds.
 * A Python function takes about a KiB of C stack, so that less cuts the stacks of ordinary programs (with
 * 32 KiB one in ten of pytest's). The kernel copies only what the stack holds: a shallow one costs no more
 * than a small size would.
 */
export const DEFAULT_DUMP_SIZE = 65528;

/** The same of a flight recorder, whose buffers hold the more seconds the less a sample takes. */
const FLIGHT_DUMP_SIZE = 16384;

/** Samples per second where nobody asked for another rate: not in step with what happens once a millisecond. */
export const DEFAULT_FREQUENCY = 999;

export type EventAttrInput = Partial<EventAttr> & Pick<EventAttr, 'sample_type' | 'flags'>;

/** What is the same for all events of a recording. */
export interface AttrContext {
  readonly options: RecordOptions;
  /** Samples per second, as the kernel grants. */
  readonly frequency: number;
  /** Whether the events wake at the `exec` of the command that inherits them. */
  readonly enableOnExec: boolean;
  readonly inherit: boolean;
}

/** What tells of processes, threads and mappings; one event of a recording has it. */
function sideBand(options: RecordOptions): EventAttr['flags'] {
  return {
    mmap: true,
    mmap2: true,
    mmap_data: options.data,
    comm: true,
    comm_exec: true,
    task: true,
    build_id: true,
  };
}

const COMMON_FLAGS: EventAttr['flags'] = {
  disabled: true,
  sample_id_all: true,
  use_clockid: true,
};

/**
 * An event that samples.
 * @param carriesSideBand whether it tells of processes, too
 */
export function samplingAttr(
  spec: EventSpec,
  context: AttrContext,
  carriesSideBand: boolean,
): EventAttrInput {
  const { options, enableOnExec, inherit } = context;
  const callGraph = spec.sampling.callGraph ?? options.callGraph;
  const dumps = callGraph.kind === 'dwarf';
  const lbr = callGraph.kind === 'lbr';
  const branches = options.branches === undefined ? 0n : branchSampleType(options.branches);
  const { period, freq } = samplingRate(spec, context);
  // A fixed period stands in the attribute. In samples it would make the kernel give one each time that a
  // software event or tracepoint counts, whatever the period (`perf_swevent_event`).
  return {
    ...spec.attr,
    sample_period: period,
    sample_type: sampleType(spec, options, callGraph) | (freq ? PerfSample.PERIOD : 0),
    read_format: PerfFormat.LOST,
    sample_regs_user: dumps ? recordedRegisters(process.arch).mask : 0n,
    sample_stack_user: dumpSize(callGraph, options.overwrite),
    branch_sample_type: lbr ? BRANCH_CALL_STACK : branches,
    sample_max_stack: spec.sampling.maxStack ?? 0,
    clockid: CLOCK,
    flags: {
      ...COMMON_FLAGS,
      ...spec.attr.flags,
      ...(carriesSideBand ? sideBand(options) : {}),
      freq,
      inherit: inherit && spec.sampling.inherit !== false,
      enable_on_exec: enableOnExec,
      exclude_callchain_user: dumps || lbr,
      write_backward: options.overwrite,
    },
  };
}

/**
 * Context switches: each with the stack that is left, and records of who came and went. They are made
 * samples of the time off the CPU.
 */
export function switchesAttr(context: AttrContext): EventAttrInput {
  const spec: EventSpec = {
    name: 'context-switches',
    kind: 'software',
    clock: false,
    sampling: { period: 1 },
    attr: {
      type: PerfType.SOFTWARE,
      config: BigInt(PerfCountSw.CONTEXT_SWITCHES),
      precise_ip: 0,
      flags: { exclude_guest: true },
    },
  };
  const attr = samplingAttr(spec, context, false);
  return {
    ...attr,
    // It will be the time off the CPU.
    sample_type: attr.sample_type | PerfSample.PERIOD,
    flags: { ...attr.flags, context_switch: true },
  };
}

/** An event that counts nothing and tells of processes all the time, also while others are switched off. */
export function trackerAttr(context: AttrContext): EventAttrInput {
  return {
    type: PerfType.SOFTWARE,
    config: BigInt(PerfCountSw.DUMMY),
    sample_period: 1,
    sample_type: COMMON_SAMPLE_TYPE,
    read_format: PerfFormat.LOST,
    clockid: CLOCK,
    flags: {
      ...COMMON_FLAGS,
      ...sideBand(context.options),
      exclude_kernel: true,
      exclude_hv: true,
      inherit: context.inherit,
      enable_on_exec: context.options.target.kind === 'command',
    },
  };
}

/** What stands in the file of an event whose samples the kernel gives as `attr` says. */
export function fileAttr(kernelAttr: EventAttrInput, keepStacks: boolean): EventAttrInput {
  const reads = (kernelAttr.sample_type & PerfSample.READ) !== 0;
  // See GroupCounts.
  const attr = reads
    ? { ...kernelAttr, flags: { ...kernelAttr.flags, inherit: false } }
    : kernelAttr;
  if (keepStacks || (attr.sample_type & PerfSample.STACK_USER) === 0) return attr;
  return {
    ...attr,
    sample_type: attr.sample_type & ~(PerfSample.REGS_USER | PerfSample.STACK_USER),
    sample_regs_user: 0n,
    sample_stack_user: 0,
    flags: { ...attr.flags, exclude_callchain_user: false },
  };
}

/** What stands in the file of the event of {@link switchesAttr}: as `perf record --off-cpu` has it. */
export function offCpuFileAttr(attr: EventAttrInput): EventAttrInput {
  const filed = fileAttr(attr, false);
  const flags = { ...filed.flags, context_switch: false };
  return { ...filed, config: BigInt(PerfCountSw.BPF_OUTPUT), flags };
}

/** What is said of the event alone goes before what is said of all. */
function samplingRate(
  { sampling }: EventSpec,
  { options, frequency }: AttrContext,
): { period: number; freq: boolean } {
  if (sampling.period !== undefined) return { period: sampling.period, freq: false };
  if (sampling.frequency !== undefined) {
    return { period: Math.min(sampling.frequency, frequency), freq: true };
  }
  if (options.period !== undefined) return { period: options.period, freq: false };
  if (sampling.defaultPeriod !== undefined && options.frequency === undefined) {
    return { period: sampling.defaultPeriod, freq: false };
  }
  return { period: frequency, freq: true };
}

function sampleType(spec: EventSpec, options: RecordOptions, callGraph: CallGraph): number {
  let bits = COMMON_SAMPLE_TYPE;
  if (callGraph.kind !== 'none') bits |= PerfSample.CALLCHAIN;
  if (callGraph.kind === 'dwarf') bits |= PerfSample.REGS_USER | PerfSample.STACK_USER;
  if (callGraph.kind === 'lbr' || options.branches !== undefined) bits |= PerfSample.BRANCH_STACK;
  if (spec.kind === 'tracepoint') bits |= PerfSample.RAW;
  if (options.data) bits |= PerfSample.ADDR | PerfSample.DATA_SRC;
  if (options.physicalData) bits |= PerfSample.PHYS_ADDR;
  if (options.weight) bits |= PerfSample.WEIGHT_STRUCT;
  return bits;
}

/** Bytes of stack per sample; the kernel wants a multiple of 8 below 64 KiB. */
function dumpSize(callGraph: CallGraph, overwrite: boolean): number {
  if (callGraph.kind !== 'dwarf') return 0;
  const size = callGraph.size ?? (overwrite ? FLIGHT_DUMP_SIZE : DEFAULT_DUMP_SIZE);
  return Math.min(65528, Math.ceil(size / 8) * 8);
}
