/**
 * Opens the events of a recording, one a CPU, and maps a ring buffer for each CPU. As `perf record` does:
 * an event that tasks inherit can only be mapped per CPU.
 *
 * They are opened on the calling thread, disabled, and stay so: the command that it starts inherits them,
 * and each process of its has them enabled at its first `exec`.
 */
import { StrataError, assert } from '../base/errors.js';
import { formatBytes } from '../base/units.js';
import { encodeAttr, type EventAttr } from '../formats/perfdata/attr.js';
import { PerfFormat, PerfSample } from '../formats/perfdata/spec.js';
import type { FileEvent } from '../formats/perfdata/writer.js';
import { parseEvent, userOnly, type EventSpec } from '../linux/events.js';
import {
  SystemCallError,
  closeEvent,
  disableEvent,
  eventId,
  openEvent,
  readCounts,
  redirectEvent,
} from '../linux/perf-event.js';
import { unmapMemory } from '../linux/memory.js';
import { mapRing, type RingMemory } from '../linux/ring.js';
import { maxSampleRate, onlineCpus, pageSize } from '../linux/system.js';
import { explainRefusal, mayFallBackToUser } from './permission.js';
import type { RecordOptions } from './options.js';
import { DUMP_SAMPLE_TYPE, FILE_SAMPLE_TYPE, recordedRegisters } from './sample-layout.js';

/** `CLOCK_MONOTONIC`: the clock of jitdumps, of Python's `time.monotonic` and of Node's `hrtime`. */
export const CLOCK = 1;

/**
 * Bytes of stack that a sample copies where nobody asked for another size: as much as a record holds.
 * A Python function takes about a KiB of C stack, so that less cuts the stacks of ordinary programs (with
 * 32 KiB one in ten of pytest's). The kernel copies only what the stack holds: a shallow one costs no more
 * than a small size would.
 */
export const DEFAULT_DUMP_SIZE = 65528;

/** How long the rings can take what comes, in seconds, if the draining thread gets no CPU. */
const RING_SECONDS = 0.4;
const MIN_RING = 512 * 1024;
/** What a user with little memory to lock gets at least, or no recording. */
const SMALLEST_RING = 128 * 1024;
const MAX_RING = 128 * 1024 * 1024;
/** Of all CPUs together. */
const MAX_RINGS = 512 * 1024 * 1024;

/** The `pid` of perf_event_open(2) that means the caller. */
const THIS_THREAD = 0;

export interface OpenedEvents {
  /** As the file describes them. */
  readonly events: readonly FileEvent[];
  readonly specs: readonly EventSpec[];
  readonly rings: readonly RingMemory[];
  /** Samples per second. */
  readonly frequency: number;
  /** Whether samples carry copies of the stack. */
  readonly dumps: boolean;
  /** What differs from what was asked for, in sentences. */
  readonly notes: readonly string[];
  /** Stops all events. Their rings stay readable. */
  disable(): void;
  /** Samples that the kernel dropped, by its own count; `undefined` before Linux 6.0. */
  lost(): number | undefined;
  close(): void;
}

/** The attribute that the kernel gets for an event, whatever its name. */
function kernelAttr(spec: EventSpec, options: RecordOptions, frequency: number): EventAttrInput {
  const dwarf = options.callGraph.kind === 'dwarf';
  return {
    ...spec.attr,
    sample_period: frequency,
    sample_type: sampleType(options, dwarf),
    read_format: PerfFormat.LOST,
    sample_regs_user: dwarf ? recordedRegisters(process.arch).mask : 0n,
    sample_stack_user: dwarf ? dumpSize(options) : 0,
    clockid: CLOCK,
    flags: {
      ...spec.attr.flags,
      disabled: true,
      inherit: true,
      freq: true,
      mmap: true,
      mmap2: true,
      comm: true,
      comm_exec: true,
      task: true,
      enable_on_exec: true,
      sample_id_all: true,
      use_clockid: true,
      build_id: true,
      watermark: true,
      exclude_callchain_user: dwarf,
    },
  };
}

type EventAttrInput = Partial<EventAttr> & Pick<EventAttr, 'sample_type' | 'flags'>;

function sampleType(options: RecordOptions, dwarf: boolean): number {
  if (options.callGraph.kind === 'none') return FILE_SAMPLE_TYPE & ~PerfSample.CALLCHAIN;
  return dwarf ? DUMP_SAMPLE_TYPE : FILE_SAMPLE_TYPE;
}

/** Bytes of stack per sample; the kernel wants a multiple of 8 below 64 KiB. */
function dumpSize(options: RecordOptions): number {
  const asked = options.callGraph.kind === 'dwarf' ? options.callGraph.size : undefined;
  return Math.min(65528, Math.ceil((asked ?? DEFAULT_DUMP_SIZE) / 8) * 8);
}

/** The attribute that stands in the file: of samples whose stacks are unwound already. */
function fileAttr(attr: EventAttrInput, keepStacks: boolean): Partial<EventAttr> {
  if (keepStacks || (attr.sample_type & PerfSample.STACK_USER) === 0) return attr;
  return {
    ...attr,
    sample_type: FILE_SAMPLE_TYPE,
    sample_regs_user: 0n,
    sample_stack_user: 0,
    flags: { ...attr.flags, exclude_callchain_user: false },
  };
}

/**
 * Opens the events that processes started by this thread, from now on, will have.
 * @throws StrataError naming the setting that forbids it, or the event that the machine lacks
 */
export function openEvents(options: RecordOptions): OpenedEvents {
  const notes: string[] = [];
  const frequency = chooseFrequency(options.frequency, notes);
  const cpus = onlineCpus();
  const { specs, attrs } = chooseEvents(cpus[0], options, frequency, notes);

  const fds: number[] = [];
  const rings: RingMemory[] = [];
  const ids: bigint[][] = specs.map(() => []);
  const close = (): void => {
    for (const ring of rings) unmapMemory(ring);
    for (const fd of fds) closeEvent(fd);
    rings.length = 0;
    fds.length = 0;
    for (const list of ids) list.length = 0;
  };
  /** @returns false where the user may not lock so much memory, and less may do */
  const openAll = (ringSize: number): boolean => {
    for (const cpu of cpus) {
      let owner = -1;
      for (const [i, attr] of attrs.entries()) {
        const watermark = { ...attr, wakeup_events: ringSize / 4 };
        const fd = openEvent(encodeAttr(watermark), THIS_THREAD, cpu);
        fds.push(fd);
        if (owner < 0) {
          owner = fd;
          const ring = tryRing(fd, cpu, ringSize);
          if (ring === undefined) {
            close();
            return false;
          }
          rings.push(ring);
        } else {
          redirectEvent(fd, owner);
        }
        ids[i].push(eventId(fd));
      }
    }
    return true;
  };
  try {
    const wanted = ringSizeFor(options, frequency, cpus.length);
    let ringSize = wanted;
    // What one ring takes another lacks: all of them shrink together until they fit.
    while (!openAll(ringSize)) ringSize /= 2;
    if (ringSize < wanted) {
      notes.push(
        `the buffers hold ${formatBytes(ringSize)} a CPU instead of ${formatBytes(wanted)}, as the user ` +
          'may lock no more memory (kernel.perf_event_mlock_kb or ulimit -l raises it)',
      );
    }
  } catch (error) {
    close();
    throw explainRefusal(error, specs[0].name);
  }

  return {
    specs,
    rings,
    frequency,
    dumps: options.callGraph.kind === 'dwarf',
    notes,
    events: specs.map((spec, i) => ({
      name: spec.name,
      attr: fileAttr(attrs[i], options.keepStacks),
      ids: ids[i],
    })),
    disable: () => {
      for (const fd of fds) disableEvent(fd);
    },
    lost: () => {
      let lost = 0;
      for (const fd of fds) {
        const counts = readCounts(fd);
        if (counts === undefined) return undefined;
        lost += counts.lost;
      }
      return lost;
    },
    close,
  };
}

function chooseFrequency(asked: number | 'max', notes: string[]): number {
  const most = maxSampleRate();
  if (asked === 'max') return most;
  if (asked > most) {
    notes.push(
      `${asked} samples per second were asked for; the kernel grants ${most} ` +
        '(kernel.perf_event_max_sample_rate)',
    );
    return most;
  }
  return asked;
}

/** Tries the events on one CPU: what the machine lacks or the user may not do shows here. */
function chooseEvents(
  cpu: number,
  options: RecordOptions,
  frequency: number,
  notes: string[],
): { specs: EventSpec[]; attrs: EventAttrInput[] } {
  const asked = options.events.length > 0 ? options.events : ['cycles', 'cpu-clock'];
  const specs: EventSpec[] = [];
  const attrs: EventAttrInput[] = [];
  let narrowed = false;
  for (const name of asked) {
    const event = parseEvent(name);
    const found = tryEvent(cpu, event, options, frequency);
    if (found !== undefined) {
      narrowed ||= found.spec !== event;
      specs.push(found.spec);
      attrs.push(found.attr);
      if (options.events.length === 0) break;
    } else if (options.events.length > 0) {
      throw new StrataError(
        `this machine cannot count '${name}'`,
        'cpu-clock works everywhere; virtual machines often have no hardware counters',
      );
    }
  }
  if (narrowed) {
    notes.push(
      'only user space was sampled, kernel functions are missing: ' +
        'kernel.perf_event_paranoid forbids the rest ' +
        '(sudo sysctl kernel.perf_event_paranoid=1 allows it)',
    );
  }
  assert(specs.length > 0, 'every kernel with perf events has cpu-clock');
  return { specs, attrs };
}

/** How many parts of the attribute older kernels refuse. */
const NEWER_PARTS = 2;

/** Leaves out the count of lost samples (Linux 6.0), then build IDs in mappings (5.12). */
function withoutNewer(attr: EventAttrInput, missing: number): EventAttrInput {
  if (missing === 0) return attr;
  const flags = { ...attr.flags, build_id: missing < NEWER_PARTS };
  return { ...attr, read_format: 0, flags };
}

/** @returns the event, or its user part where that alone is allowed; `undefined` where there is none */
function tryEvent(
  cpu: number,
  spec: EventSpec,
  options: RecordOptions,
  frequency: number,
): { spec: EventSpec; attr: EventAttrInput } | undefined {
  let current = spec;
  let missing = 0;
  for (;;) {
    const attr = withoutNewer(kernelAttr(current, options, frequency), missing);
    try {
      closeEvent(openEvent(encodeAttr(attr), THIS_THREAD, cpu));
      return { spec: current, attr };
    } catch (error) {
      if (!(error instanceof SystemCallError)) throw error;
      if (error.code === 'EINVAL' && missing < NEWER_PARTS) {
        missing++;
      } else if (mayFallBackToUser(error, current)) {
        current = userOnly(current);
      } else if (['ENOENT', 'EOPNOTSUPP', 'ENODEV', 'EINVAL'].includes(error.code)) {
        return undefined;
      } else {
        throw explainRefusal(error, current.name);
      }
    }
  }
}

/** A power of two that holds {@link RING_SECONDS} of samples, within what is reasonable to lock. */
function ringSizeFor(options: RecordOptions, frequency: number, cpus: number): number {
  const sample = options.callGraph.kind === 'dwarf' ? dumpSize(options) + 1024 : 1024;
  const wanted = Math.min(frequency * sample * RING_SECONDS, MAX_RING, MAX_RINGS / cpus);
  let size = MIN_RING;
  while (size < wanted) size *= 2;
  return size;
}

/** @returns `undefined` where it is more memory than the user may lock, and less would still be of use */
function tryRing(fd: number, cpu: number, size: number): RingMemory | undefined {
  try {
    return mapRing(fd, cpu, size, pageSize());
  } catch (error) {
    const tooMuch = error instanceof SystemCallError && ['EPERM', 'ENOMEM'].includes(error.code);
    if (tooMuch && size > SMALLEST_RING) return undefined;
    throw error;
  }
}
