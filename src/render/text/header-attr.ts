/**
 * `perf_event_attr` as text: `type = 1, size = 128, { sample_period, sample_freq } = 4000, …`, what is 0
 * left out (tools/perf/util/perf_event_attr_fprintf.c, names and order of perf 6.1 and what came after).
 */
import { FLAG_NAMES, type EventAttr } from '../../formats/perfdata/attr.js';
import { PerfFormat, PerfSample } from '../../formats/perfdata/spec.js';

/** perf's order, which is not that of the bits; it has no name for `TRANSACTION`. */
const SAMPLE_NAMES = [
  'IP',
  'TID',
  'TIME',
  'ADDR',
  'READ',
  'CALLCHAIN',
  'ID',
  'CPU',
  'PERIOD',
  'STREAM_ID',
  'RAW',
  'BRANCH_STACK',
  'REGS_USER',
  'STACK_USER',
  'IDENTIFIER',
  'REGS_INTR',
  'DATA_SRC',
  'WEIGHT',
  'PHYS_ADDR',
  'AUX',
  'CGROUP',
  'DATA_PAGE_SIZE',
  'CODE_PAGE_SIZE',
  'WEIGHT_STRUCT',
] as const;

const READ_FORMAT_NAMES = [
  'TOTAL_TIME_ENABLED',
  'TOTAL_TIME_RUNNING',
  'ID',
  'GROUP',
  'LOST',
] as const;

/** `PERF_SAMPLE_BRANCH_*` from bit 0 up. */
const BRANCH_NAMES = [
  'USER',
  'KERNEL',
  'HV',
  'ANY',
  'ANY_CALL',
  'ANY_RETURN',
  'IND_CALL',
  'ABORT_TX',
  'IN_TX',
  'NO_TX',
  'COND',
  'CALL_STACK',
  'IND_JUMP',
  'CALL',
  'NO_FLAGS',
  'NO_CYCLES',
  'TYPE_SAVE',
  'HW_INDEX',
  'PRIV_SAVE',
  'COUNTERS',
];

/** Each field that is not 0, with its name. */
export function attrFields(attr: EventAttr): string[] {
  const fields: string[] = [];
  const add = (name: string, value: number | bigint | string): void => {
    if (value !== 0 && value !== 0n && value !== '') fields.push(`${name} = ${value}`);
  };
  add('type', attr.type);
  add('size', attr.size);
  add('config', hex(attr.config));
  add('{ sample_period, sample_freq }', attr.sample_period);
  add(
    'sample_type',
    names(SAMPLE_NAMES, (name) => (attr.sample_type & PerfSample[name]) !== 0),
  );
  add(
    'read_format',
    names(READ_FORMAT_NAMES, (name) => (attr.read_format & PerfFormat[name]) !== 0),
  );
  for (const flag of FLAG_NAMES) {
    if (flag === 'precise_ip_low') add('precise_ip', attr.precise_ip);
    else if (flag !== 'precise_ip_high') add(flag, Number(attr.flags[flag] ?? false));
  }
  add('{ wakeup_events, wakeup_watermark }', attr.wakeup_events);
  add('bp_type', attr.bp_type);
  add('{ bp_addr, config1 }', hex(attr.config1));
  add('{ bp_len, config2 }', hex(attr.config2));
  const branch = attr.branch_sample_type;
  add(
    'branch_sample_type',
    names(BRANCH_NAMES, (_, i) => ((branch >> BigInt(i)) & 1n) !== 0n),
  );
  add('sample_regs_user', hex(attr.sample_regs_user));
  add('sample_stack_user', attr.sample_stack_user);
  add('clockid', attr.clockid);
  add('sample_regs_intr', hex(attr.sample_regs_intr));
  add('aux_watermark', attr.aux_watermark);
  add('sample_max_stack', attr.sample_max_stack);
  add('aux_sample_size', attr.aux_sample_size);
  add('sig_data', attr.sig_data);
  return fields;
}

function names<N extends string>(
  all: readonly N[],
  isSet: (name: N, i: number) => boolean,
): string {
  return all.filter(isSet).join('|');
}

function hex(value: bigint): string {
  return value === 0n ? '' : `0x${value.toString(16)}`;
}
