/**
 * Recordings with what only some machines' hardware adds to samples, and none at hand: branch stacks and
 * weights. One event, `cycles`, with samples of user space on CPU 0.
 */
import { HeaderFeature, PerfMisc, PerfRecord, PerfSample } from '../formats/perfdata/spec.js';
import { Bytes, fileBytes, recordBytes } from './perfdata.js';

export interface WrittenBranch {
  readonly from: number;
  readonly to: number;
  /** Absent where the hardware does not tell. */
  readonly mispredicted?: boolean;
  readonly cycles?: number;
}

export interface HardwareSample {
  readonly ip: number;
  readonly pid?: number;
  /** The youngest first. */
  readonly branches?: readonly WrittenBranch[];
  /** How many the record says that there are, where that is not so. */
  readonly claimed?: number;
  readonly weight?: number;
  /** Callers' addresses, innermost first. */
  readonly callers?: readonly number[];
}

export interface WrittenMap {
  readonly pid?: number;
  readonly start: number;
  readonly length: number;
  readonly pgoff: number;
  readonly path: string;
}

/** What samples carry. */
export interface HardwareForm {
  readonly littleEndian?: boolean;
  /** `PERF_SAMPLE_BRANCH_*`, beside `any` in user space. */
  readonly branches?: 'plain' | 'indexed' | 'calls';
  readonly weight?: 'whole' | 'parts';
  readonly chains?: boolean;
}

const PID = 41;
const BRANCH_USER = 1;
const BRANCH_ANY = 1 << 3;
const BRANCH_BITS = { plain: BRANCH_ANY, indexed: BRANCH_ANY | (1 << 17), calls: 1 << 11 };
/** perf 6.1's. */
const ATTR_SIZE = 128;

/** The file. */
export function hardwareRecording(
  maps: readonly WrittenMap[],
  samples: readonly HardwareSample[],
  form: HardwareForm,
): Uint8Array {
  const { littleEndian = true, branches, weight, chains = false } = form;
  const data = new Bytes(littleEndian);
  let time = 1000;
  const trailer = (out: Bytes, pid: number): void => {
    out.u32(pid).u32(pid).u64(time++).u32(0).u32(0);
  };
  const record = (type: number, misc: number, body: (out: Bytes) => void): void => {
    data.raw(recordBytes(littleEndian, type, misc, body));
  };
  for (const pid of new Set(maps.map(({ pid = PID }) => pid))) {
    record(PerfRecord.COMM, 0, (out) => {
      trailer(out.u32(pid).u32(pid).text(`jumper-${pid}`), pid);
    });
  }
  for (const { pid = PID, start, length, pgoff, path } of maps) {
    record(PerfRecord.MMAP2, PerfMisc.USER, (out) => {
      out.u32(pid).u32(pid).u64(start, length, pgoff);
      trailer(out.u32(8).u32(1).u64(4711, 0).u32(5).u32(2).text(path), pid);
    });
  }
  for (const sample of samples) {
    const { ip, pid = PID, callers = [], weight: cost = 0 } = sample;
    record(PerfRecord.SAMPLE, PerfMisc.USER, (out) => {
      out.u64(ip).u32(pid).u32(pid).u64(time++).u32(0).u32(0).u64(1000);
      if (chains) out.u64(callers.length + 2, -512, ip, ...callers);
      if (branches !== undefined) putBranches(out, sample, branches === 'indexed');
      // The second and third part are other latencies.
      if (weight === 'parts') out.number(BigInt(cost) | (0x0007_0005n << 32n), 8);
      else if (weight === 'whole') out.number(BigInt(cost), 8);
    });
  }
  const common =
    PerfSample.IP | PerfSample.TID | PerfSample.TIME | PerfSample.CPU | PerfSample.PERIOD;
  const attr = {
    sample_period: 1000,
    sample_type:
      common |
      (chains ? PerfSample.CALLCHAIN : 0) |
      (branches === undefined ? 0 : PerfSample.BRANCH_STACK) |
      (weight === undefined
        ? 0
        : weight === 'parts'
          ? PerfSample.WEIGHT_STRUCT
          : PerfSample.WEIGHT),
    branch_sample_type: BigInt(branches === undefined ? 0 : BRANCH_USER | BRANCH_BITS[branches]),
    flags: { sample_id_all: true },
  };
  // perf writes the feature where branches are asked for, not where a call graph takes them along.
  const hasFeature = branches !== undefined && branches !== 'calls';
  const features = new Map(hasFeature ? [[HeaderFeature.BRANCH_STACK, new Uint8Array()]] : []);
  return fileBytes([{ attr, ids: [] }], data.done(), {
    littleEndian,
    features,
    attrSize: ATTR_SIZE,
  });
}

/** A branch stack: how many, with `indexed` the hardware's index, and `struct perf_branch_entry` of each. */
function putBranches(out: Bytes, sample: HardwareSample, indexed: boolean): void {
  const { branches = [], claimed = branches.length } = sample;
  out.u64(claimed);
  if (indexed) out.u64(3);
  for (const { from, to, mispredicted, cycles = 0 } of branches) {
    out.u64(from, to).number(flagsOf(mispredicted, cycles, out.littleEndian), 8);
  }
}

/** Bit fields: mispred 1, predicted 1, in_tx 1, abort 1, cycles 16, from the lowest or the highest bit on. */
function flagsOf(mispredicted: boolean | undefined, cycles: number, littleEndian: boolean): bigint {
  const first = mispredicted === true ? 1n : 0n;
  const second = mispredicted === false ? 1n : 0n;
  if (littleEndian) return first | (second << 1n) | (BigInt(cycles) << 4n);
  return (first << 63n) | (second << 62n) | (BigInt(cycles) << 44n);
}
