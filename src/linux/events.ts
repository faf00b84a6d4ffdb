/**
 * Event names, as `perf record -e` takes them, to `perf_event_attr` fields.
 */
import { StrataError, ExitCode } from '../base/errors.js';
import type { EventAttr } from '../formats/perfdata/attr.js';
import { PerfCountHw, PerfCountSw, PerfType } from '../formats/perfdata/spec.js';

/** An event as asked for: its name with modifiers, and what the kernel must be told. */
export interface EventSpec {
  /** As written: `cycles:u`. */
  readonly name: string;
  readonly attr: Pick<EventAttr, 'type' | 'config' | 'precise_ip' | 'flags'>;
  /** Whether the count is nanoseconds. */
  readonly clock: boolean;
}

type EventId = readonly [type: number, config: number];

const { HARDWARE, SOFTWARE, RAW } = PerfType;

/** Names and aliases of `perf list hw sw`. */
const EVENTS: Readonly<Record<string, EventId>> = {
  cycles: [HARDWARE, PerfCountHw.CPU_CYCLES],
  'cpu-cycles': [HARDWARE, PerfCountHw.CPU_CYCLES],
  instructions: [HARDWARE, PerfCountHw.INSTRUCTIONS],
  'cache-references': [HARDWARE, PerfCountHw.CACHE_REFERENCES],
  'cache-misses': [HARDWARE, PerfCountHw.CACHE_MISSES],
  branches: [HARDWARE, PerfCountHw.BRANCH_INSTRUCTIONS],
  'branch-instructions': [HARDWARE, PerfCountHw.BRANCH_INSTRUCTIONS],
  'branch-misses': [HARDWARE, PerfCountHw.BRANCH_MISSES],
  'bus-cycles': [HARDWARE, PerfCountHw.BUS_CYCLES],
  'ref-cycles': [HARDWARE, PerfCountHw.REF_CPU_CYCLES],
  'stalled-cycles-frontend': [HARDWARE, PerfCountHw.STALLED_CYCLES_FRONTEND],
  'stalled-cycles-backend': [HARDWARE, PerfCountHw.STALLED_CYCLES_BACKEND],
  'cpu-clock': [SOFTWARE, PerfCountSw.CPU_CLOCK],
  'task-clock': [SOFTWARE, PerfCountSw.TASK_CLOCK],
  'page-faults': [SOFTWARE, PerfCountSw.PAGE_FAULTS],
  faults: [SOFTWARE, PerfCountSw.PAGE_FAULTS],
  'minor-faults': [SOFTWARE, PerfCountSw.PAGE_FAULTS_MIN],
  'major-faults': [SOFTWARE, PerfCountSw.PAGE_FAULTS_MAJ],
  'context-switches': [SOFTWARE, PerfCountSw.CONTEXT_SWITCHES],
  cs: [SOFTWARE, PerfCountSw.CONTEXT_SWITCHES],
  'cpu-migrations': [SOFTWARE, PerfCountSw.CPU_MIGRATIONS],
  migrations: [SOFTWARE, PerfCountSw.CPU_MIGRATIONS],
  'alignment-faults': [SOFTWARE, PerfCountSw.ALIGNMENT_FAULTS],
  'emulation-faults': [SOFTWARE, PerfCountSw.EMULATION_FAULTS],
};

/** The names that {@link parseEvent} knows, for help and suggestions. */
export const EVENT_NAMES: readonly string[] = Object.keys(EVENTS);

/**
 * Reads one event: a name of the table or a raw `rHEX`, then perf's modifiers after a colon: `u`
 * (user), `k` (kernel), `h` (hypervisor), `H`/`G` (host/guest), up to three `p` (precise).
 * @throws StrataError with exit code 2
 */
export function parseEvent(text: string): EventSpec {
  const colon = text.lastIndexOf(':');
  const name = colon < 0 ? text : text.slice(0, colon);
  const modifiers = colon < 0 ? '' : text.slice(colon + 1);
  const raw = /^r([0-9a-fA-F]{1,16})$/.exec(name);
  const known = Object.hasOwn(EVENTS, name) ? EVENTS[name] : undefined;
  if (known === undefined && raw === null) {
    throw new StrataError(
      `unknown event '${name}'`,
      `events that can be recorded: ${EVENT_NAMES.join(', ')}, or a raw rHEX`,
      ExitCode.Usage,
    );
  }
  if (!/^[ukhHGp]*$/.test(modifiers) || (colon >= 0 && modifiers === '')) {
    throw new StrataError(
      `unknown modifier in event '${text}'`,
      'modifiers are u, k, h, H, G and up to three p: cycles:u, cycles:kpp',
      ExitCode.Usage,
    );
  }
  const precise = modifiers.split('p').length - 1;
  if (precise > 3) {
    throw new StrataError(`event '${text}' asks for more than ppp`, undefined, ExitCode.Usage);
  }
  const levels = /[ukh]/.test(modifiers);
  const machines = /[HG]/.test(modifiers);
  const [type, config] = known ?? [RAW, 0];
  return {
    name: text,
    clock:
      type === SOFTWARE && (config === PerfCountSw.CPU_CLOCK || config === PerfCountSw.TASK_CLOCK),
    attr: {
      type,
      config: raw === null ? BigInt(config) : BigInt(`0x${raw[1]}`),
      precise_ip: precise,
      flags: {
        exclude_user: levels && !modifiers.includes('u'),
        exclude_kernel: levels && !modifiers.includes('k'),
        exclude_hv: levels && !modifiers.includes('h'),
        exclude_host: machines && !modifiers.includes('H'),
        // perf counts the host alone unless told otherwise.
        exclude_guest: machines ? !modifiers.includes('G') : true,
      },
    },
  };
}

/** The same event without the kernel's part, as `:u` has it. */
export function userOnly(event: EventSpec): EventSpec {
  const [name, modifiers = ''] = event.name.split(':');
  return parseEvent(`${name}:${modifiers.replace(/[ukh]/g, '')}u`);
}
