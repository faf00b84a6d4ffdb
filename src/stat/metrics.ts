/**
 * What follows from counts: instructions per cycle, miss rates, CPUs used. The figures and their words are
 * those of `perf stat` (tools/perf/util/stat-shadow.c).
 */
import type { Nanoseconds } from '../base/units.js';
import {
  PerfCountHw,
  PerfCountHwCache,
  PerfCountHwCacheOp,
  PerfCountHwCacheResult,
  PerfType,
} from '../formats/perfdata/spec.js';
import type { EventSpec } from '../linux/events/spec.js';
import type { Label } from './labels.js';
import type { Row } from './rows.js';

export interface Metric {
  readonly value: number;
  /** `CPUs utilized`, `K/sec`; a percentage's words follow the sign. */
  readonly unit: string;
  readonly percent: boolean;
  /** Digits after the point. */
  readonly digits: number;
}

type EventId = readonly [type: number, config: number];

const { HARDWARE, HW_CACHE } = PerfType;
const CYCLES: EventId = [HARDWARE, PerfCountHw.CPU_CYCLES];
const INSTRUCTIONS: EventId = [HARDWARE, PerfCountHw.INSTRUCTIONS];
const FRONTEND: EventId = [HARDWARE, PerfCountHw.STALLED_CYCLES_FRONTEND];
const BACKEND: EventId = [HARDWARE, PerfCountHw.STALLED_CYCLES_BACKEND];

function cacheReads(cache: number, result: number): EventId {
  return [HW_CACHE, cache | (PerfCountHwCacheOp.READ << 8) | (result << 16)];
}

function cacheMisses(cache: number, words: string): Share {
  const { ACCESS, MISS } = PerfCountHwCacheResult;
  return { of: cacheReads(cache, MISS), in: cacheReads(cache, ACCESS), words };
}

interface Share {
  readonly of: EventId;
  readonly in: EventId;
  readonly words: string;
}

const SHARES: readonly Share[] = [
  {
    of: [HARDWARE, PerfCountHw.BRANCH_MISSES],
    in: [HARDWARE, PerfCountHw.BRANCH_INSTRUCTIONS],
    words: 'of all branches',
  },
  {
    of: [HARDWARE, PerfCountHw.CACHE_MISSES],
    in: [HARDWARE, PerfCountHw.CACHE_REFERENCES],
    words: 'of all cache refs',
  },
  { of: FRONTEND, in: CYCLES, words: 'frontend cycles idle' },
  { of: BACKEND, in: CYCLES, words: 'backend cycles idle' },
  cacheMisses(PerfCountHwCache.L1D, 'of all L1-dcache accesses'),
  cacheMisses(PerfCountHwCache.L1I, 'of all L1-icache accesses'),
  cacheMisses(PerfCountHwCache.LL, 'of all LL-cache accesses'),
  cacheMisses(PerfCountHwCache.DTLB, 'of all dTLB cache accesses'),
  cacheMisses(PerfCountHwCache.ITLB, 'of all iTLB cache accesses'),
];

/** Each row with the figures that can be told of it, the chief one first. */
export interface Figures {
  readonly row: Row;
  readonly metrics: readonly Metric[];
}

/** @param elapsed of what the rows are counts of */
export function withMetrics(rows: readonly Row[], elapsed: Nanoseconds): Figures[] {
  const peers = new Map<Label | undefined, Row[]>();
  for (const row of rows) {
    const same = peers.get(row.label);
    if (same === undefined) peers.set(row.label, [row]);
    else same.push(row);
  }
  return rows.map((row) => ({ row, metrics: metricsOf(row, peers.get(row.label) ?? [], elapsed) }));
}

/** @param peers all rows of its label */
function metricsOf(row: Row, peers: readonly Row[], elapsed: Nanoseconds): Metric[] {
  const { event, count } = row;
  if (count === undefined) return [];
  if (event.spec.clock) {
    return elapsed > 0 ? [ratio(count / elapsed, 'CPUs utilized')] : [];
  }
  const clock = peers.find((one) => one.event.spec.clock)?.count ?? 0;
  const peer = (id: EventId): number =>
    peers.find((one) => is(one, id) && sameLevels(one, row))?.count ?? 0;
  if (is(row, INSTRUCTIONS)) return perInstruction(count, peer);
  if (is(row, CYCLES)) return clock > 0 ? [ratio(count / clock, 'GHz')] : [];
  const share = SHARES.find(({ of }) => is(row, of));
  const whole = share === undefined ? 0 : peer(share.in);
  if (share !== undefined && whole > 0) {
    return [{ value: (100 * count) / whole, unit: share.words, percent: true, digits: 2 }];
  }
  // What is measured in Joules is no rate of events.
  return clock > 0 && event.spec.unit === undefined ? [rate((count * 1e9) / clock)] : [];
}

function perInstruction(instructions: number, peer: (id: EventId) => number): Metric[] {
  const cycles = peer(CYCLES);
  const stalled = Math.max(peer(FRONTEND), peer(BACKEND));
  return [
    ...(cycles > 0 ? [{ ...ratio(instructions / cycles, 'insn per cycle'), digits: 2 }] : []),
    ...(stalled > 0 && instructions > 0
      ? [{ ...ratio(stalled / instructions, 'stalled cycles per insn'), digits: 2 }]
      : []),
  ];
}

function ratio(value: number, unit: string): Metric {
  return { value, unit, percent: false, digits: 3 };
}

/** @param perSecond events of each second of CPU time */
function rate(perSecond: number): Metric {
  for (const [size, prefix] of [
    [1e9, 'G'],
    [1e6, 'M'],
    [1e3, 'K'],
  ] as const) {
    if (perSecond >= size) return ratio(perSecond / size, `${prefix}/sec`);
  }
  return ratio(perSecond, '/sec');
}

function is({ event }: Row, [type, config]: EventId): boolean {
  const { attr } = event.spec;
  return attr.type === type && attr.config === BigInt(config);
}

/** User space's misses are a share of its own accesses. */
function sameLevels(a: Row, b: Row): boolean {
  const levels = ({ attr }: EventSpec): string =>
    `${attr.flags.exclude_user === true} ${attr.flags.exclude_kernel === true}`;
  return levels(a.event.spec) === levels(b.event.spec);
}
