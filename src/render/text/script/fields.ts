/**
 * What of a sample is printed: `-F`, as `perf script` reads it (tools/perf/builtin-script.c,
 * `parse_output_fields`). Fields are chosen per kind of event, since kinds carry different things.
 */
import { StrataError } from '../../../base/errors.js';
import type { EventAttr } from '../../../formats/perfdata/attr.js';
import { PerfCountSw, PerfSample, PerfType } from '../../../formats/perfdata/spec.js';

/** In perf's order. */
export const FIELDS = [
  'comm',
  'tid',
  'pid',
  'time',
  'cpu',
  'event',
  'trace',
  'ip',
  'sym',
  'dso',
  'dsoff',
  'addr',
  'symoff',
  'srcline',
  'period',
  'iregs',
  'uregs',
  'brstack',
  'brstacksym',
  'brstackoff',
  'flags',
  'weight',
  'bpf-output',
  'phys_addr',
  'misc',
  'tod',
  'data_page_size',
  'code_page_size',
  'ins_lat',
  'retire_lat',
  'cgroup',
] as const;
export type Field = (typeof FIELDS)[number];

/** perf's fields that Strata has not, by what they would need. */
const UNSUPPORTED: ReadonlyMap<string, string> = new Map([
  ...['insn', 'insnlen', 'brstackinsn', 'brstackinsnlen', 'brstackdisasm', 'disasm'].map(
    (name) => [name, 'a disassembler'] as const,
  ),
  ...['callindent', 'synth', 'ipc'].map((name) => [name, 'a decoder of hardware traces'] as const),
  ['metric', 'the metrics of perf stat'],
  ['data_src', 'names of memory levels'],
  ['srccode', 'the source files'],
  ...['machine_pid', 'vcpu'].map((name) => [name, 'recordings of guests'] as const),
]);

/** Kinds of events, as perf tells them apart by `perf_event_attr.type`. */
export type EventKind = 'hw' | 'sw' | 'trace' | 'cache' | 'raw' | 'break' | 'other';

const KIND_OF_TYPE: Partial<Record<number, EventKind>> = {
  [PerfType.HARDWARE]: 'hw',
  [PerfType.SOFTWARE]: 'sw',
  [PerfType.TRACEPOINT]: 'trace',
  [PerfType.HW_CACHE]: 'cache',
  [PerfType.RAW]: 'raw',
  [PerfType.BREAKPOINT]: 'break',
};

/** The kinds that a choice can name: perf has no words for the others. */
const NAMED_KINDS: ReadonlySet<string> = new Set(['hw', 'sw', 'trace', 'raw', 'break']);

export function eventKind({ type }: EventAttr): EventKind {
  return KIND_OF_TYPE[type] ?? 'other';
}

const COMMON: readonly Field[] = ['comm', 'tid', 'cpu', 'time', 'event'];
const PLACE: readonly Field[] = ['ip', 'sym', 'symoff', 'dso'];

/** What is printed where nothing was chosen. */
const DEFAULTS: Readonly<Record<EventKind, readonly Field[]>> = {
  hw: [...COMMON, ...PLACE, 'period'],
  sw: [...COMMON, ...PLACE, 'period', 'bpf-output'],
  trace: [...COMMON, 'trace'],
  cache: [...COMMON, ...PLACE, 'period'],
  raw: [
    ...[...COMMON, ...PLACE],
    ...(['period', 'addr', 'weight', 'phys_addr'] as const),
    ...(['data_page_size', 'code_page_size', 'ins_lat', 'retire_lat'] as const),
  ],
  break: [...COMMON, ...PLACE, 'period'],
  other: [...COMMON, ...PLACE, 'period'],
};

/** Whether events of this kind never carry the field. */
function isImpossible(kind: EventKind, field: Field): boolean {
  if (field === 'trace') return kind !== 'trace';
  if (field === 'bpf-output') return kind !== 'sw' && kind !== 'trace';
  return false;
}

/** Bits of `sample_type` without which a field has nothing to print. */
const NEEDS: Partial<Record<Field, number>> = {
  ip: PerfSample.IP,
  addr: PerfSample.ADDR,
  weight: PerfSample.WEIGHT | PerfSample.WEIGHT_STRUCT,
  pid: PerfSample.TID,
  tid: PerfSample.TID,
  time: PerfSample.TIME,
  cpu: PerfSample.CPU,
  iregs: PerfSample.REGS_INTR,
  uregs: PerfSample.REGS_USER,
  phys_addr: PerfSample.PHYS_ADDR,
  data_page_size: PerfSample.DATA_PAGE_SIZE,
  code_page_size: PerfSample.CODE_PAGE_SIZE,
  ins_lat: PerfSample.WEIGHT_STRUCT,
  retire_lat: PerfSample.WEIGHT_STRUCT,
  cgroup: PerfSample.CGROUP,
};

/** One `-F`: for events of one kind, or of all. */
export interface FieldChoice {
  readonly kind: EventKind | undefined;
  /** `set` prints these fields and no others; `change` adds to and takes from what is printed. */
  readonly change: 'set' | 'change';
  readonly fields: readonly { readonly field: Field; readonly remove: boolean }[];
}

/**
 * Reads `comm,tid,ip`, `+srcline,-period`, `trace:time,event`; of one kind of event also nothing at all
 * (`sw:`), which hides its events.
 * @throws StrataError naming what is not valid
 */
export function parseFields(text: string): FieldChoice {
  const colon = text.indexOf(':');
  const kind = colon < 0 ? undefined : text.slice(0, colon);
  if (kind !== undefined && !NAMED_KINDS.has(kind)) {
    throw new StrataError(`'${kind}' is no kind of event: hw, sw, trace, raw or break`);
  }
  const words = text.slice(colon + 1).split(',');
  const list = words.filter((word) => word !== '');
  if (list.length === 0 && kind === undefined) throw new StrataError('no fields are given');
  const changes = list.filter((word) => /^[+-]/.test(word)).length;
  if (changes !== 0 && changes !== list.length) {
    throw new StrataError('fields with + or - change what is printed: none may go without');
  }
  const fields = list.map((word) => ({
    field: fieldOf(word.replace(/^[+-]/, '')),
    remove: word.startsWith('-'),
  }));
  return {
    kind: kind as EventKind | undefined,
    change: changes > 0 ? 'change' : 'set',
    fields,
  };
}

function fieldOf(name: string): Field {
  const field = FIELDS.find((one) => one === name);
  if (field !== undefined) return field;
  const need = UNSUPPORTED.get(name);
  if (need !== undefined) throw new StrataError(`the field ${name} needs ${need}: not available`);
  throw new StrataError(`there is no field '${name}'`, `fields are: ${FIELDS.join(',')}`);
}

/** The fields that are printed of one event's samples. */
export type FieldSet = ReadonlySet<Field>;

/**
 * What to print of each event: perf's defaults for its kind, as `choices` set or change them. A default
 * that the event's samples do not carry is left out.
 * @param callGraph whether call chains are printed
 * @throws StrataError where a field was asked for that the samples do not carry, or makes no sense alone
 */
export function fieldsOf(
  events: readonly { readonly name: string; readonly attr: EventAttr }[],
  choices: readonly FieldChoice[],
  callGraph = true,
): FieldSet[] {
  // A tracepoint's default is no address; where stacks were recorded it is the stack, too.
  const stacks =
    callGraph &&
    events.some(
      ({ attr }) => eventKind(attr) === 'trace' && (attr.sample_type & PerfSample.CALLCHAIN) !== 0,
    );
  return events.map(({ name, attr }) => {
    const kind = eventKind(attr);
    const wanted = new Set<Field>(DEFAULTS[kind]);
    const asked = new Set<Field>();
    const relevant = choices.filter((choice) => choice.kind === undefined || choice.kind === kind);
    for (const { change, fields } of relevant) {
      if (change === 'set') {
        wanted.clear();
        asked.clear();
      }
      for (const { field, remove } of fields) {
        if (isImpossible(kind, field)) continue;
        if (remove) wanted.delete(field);
        else wanted.add(field);
        if (remove) asked.delete(field);
        else asked.add(field);
      }
    }
    if (kind === 'trace' && stacks && relevant.length === 0) PLACE.forEach((f) => wanted.add(f));
    return carried(name, attr, wanted, asked);
  });
}

/** Whether a BPF program writes what samples of the event carry (`bpf_perf_event_output`). */
function isBpfOutput({ type, config }: EventAttr): boolean {
  return type === PerfType.SOFTWARE && Number(config) === PerfCountSw.BPF_OUTPUT;
}

/** The wanted fields that the event's samples carry. */
function carried(name: string, attr: EventAttr, wanted: Set<Field>, asked: Set<Field>): FieldSet {
  // perf's own event for mappings has no samples of its own.
  if (/^dummy(?::|$)/.test(name)) return wanted;
  if (!isBpfOutput(attr)) wanted.delete('bpf-output');
  for (const field of [...wanted]) {
    const need = NEEDS[field];
    if (need === undefined || (attr.sample_type & need) !== 0) continue;
    if (asked.has(field)) {
      throw new StrataError(`the samples of ${name} do not carry what '${field}' prints`);
    }
    wanted.delete(field);
  }
  if (wanted.has('symoff') && !wanted.has('sym')) {
    throw new StrataError("the field 'symoff' is an offset from 'sym', which is not printed");
  }
  if (wanted.has('srcline') && !wanted.has('ip')) {
    throw new StrataError("the field 'srcline' is the line of 'ip', which is not printed");
  }
  return wanted;
}
