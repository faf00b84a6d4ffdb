/** The fields of a sample that most recordings do not have, in the order in which perf prints them. */
import type { RecordedEvent } from '../../../formats/perfdata/events.js';
import type { SampleView } from '../../../formats/perfdata/sample.js';
import { PerfContext, PerfCountSw, PerfSample, PerfType } from '../../../formats/perfdata/spec.js';
import type { TracingData } from '../../../formats/tracing/tracing-data.js';
import type { Process } from '../../../session/processes.js';
import type { Replay } from '../../../session/replay.js';
import { safe } from '../text.js';
import { binaryText } from './binary-text.js';
import { branchStackText, type BranchForm } from './branches.js';
import type { ByteWriter } from './byte-writer.js';
import type { Field, FieldSet } from './fields.js';
import { placeText, type FrameForm, type Places } from './frame-lines.js';
import { RegisterText } from './registers.js';
import { pageSize } from '../sizes.js';

/** What they are made from. */
export interface ExtraSources {
  readonly replay: Replay;
  readonly places: Places;
  readonly tracing: TracingData | undefined;
  /** Paths of control groups by number. */
  readonly cgroups: ReadonlyMap<number, string>;
}

const EXTRAS: readonly Field[] = [
  ...(['flags', 'trace', 'addr', 'weight', 'ins_lat', 'retire_lat', 'cgroup'] as const),
  ...(['iregs', 'uregs', 'brstack', 'brstacksym', 'brstackoff', 'bpf-output'] as const),
  ...(['phys_addr', 'data_page_size', 'code_page_size'] as const),
];

/** `flags` are of branches that hardware traces tell of: samples have none. */
const NO_FLAGS = Buffer.from(' '.repeat(24));
const TWO_16 = 0x10000;

export class ExtraFields {
  private readonly userRegisters: RegisterText | undefined;
  private readonly interruptRegisters: RegisterText | undefined;
  private readonly branchForm: BranchForm | undefined;
  private readonly isPageFault: boolean;
  private readonly hasWeightParts: boolean;

  /** Whether there is anything for it to print. */
  static has(fields: FieldSet): boolean {
    return EXTRAS.some((field) => fields.has(field));
  }

  constructor(
    private readonly sources: ExtraSources,
    { attr }: RecordedEvent,
    private readonly fields: FieldSet,
    private readonly form: FrameForm,
  ) {
    const { architecture } = sources.replay;
    const registers = (field: Field, mask: bigint): RegisterText | undefined =>
      fields.has(field) ? new RegisterText(architecture, mask) : undefined;
    this.userRegisters = registers('uregs', attr.sample_regs_user);
    this.interruptRegisters = registers('iregs', attr.sample_regs_intr);
    this.branchForm = branchForm(fields);
    const software = attr.type === PerfType.SOFTWARE ? Number(attr.config) : -1;
    this.isPageFault = PAGE_FAULTS.includes(software);
    this.hasWeightParts = (attr.sample_type & PerfSample.WEIGHT_STRUCT) !== 0;
  }

  /** What stands before the sample's addresses. */
  before(out: ByteWriter, view: SampleView, process: Process): void {
    const { fields } = this;
    view.rest();
    if (fields.has('flags')) out.bytes(NO_FLAGS);
    if (fields.has('trace') && view.rawBytes > 0) out.text(this.traceText(view));
    if (fields.has('addr')) this.writeAddress(out, view, process);
    if (fields.has('weight')) out.decimal(this.weight(view, 0), 16);
    if (fields.has('ins_lat')) out.decimal(this.weight(view, 1), 16);
    if (fields.has('retire_lat')) out.decimal(this.weight(view, 2), 16);
    if (fields.has('cgroup')) {
      out.text(` ${safe(this.sources.cgroups.get(view.cgroup) ?? 'unknown')}`);
    }
  }

  /** What stands behind them. */
  after(out: ByteWriter, view: SampleView, process: Process): void {
    const { fields, branchForm: form, sources } = this;
    this.interruptRegisters?.write(out, view.regsIntrAbi, view.words, view.regsIntr);
    this.userRegisters?.write(out, view.regsAbi, view.words, view.regs);
    if (form !== undefined) {
      out.text(branchStackText(view, process, sources.places, form, fields.has('dso')));
    }
    if (fields.has('bpf-output')) out.text(binaryText(sources.replay.raw(view)));
    if (fields.has('phys_addr')) out.hex(view.physAddr, 16);
    if (fields.has('data_page_size')) out.text(` ${pageSize(view.dataPageSize)}`);
    if (fields.has('code_page_size')) out.text(` ${pageSize(view.codePageSize)}`);
  }

  /** A tracepoint's own words. */
  private traceText(view: SampleView): string {
    const { tracing, replay } = this.sources;
    const text = tracing?.format(replay.raw(view), (address) => {
      const found = replay.locations.kernel(address);
      return found && { name: found.name, offset: address - found.start };
    });
    return safe(text ?? '');
  }

  /** The data's address; of a page fault also what lies there. */
  private writeAddress(out: ByteWriter, view: SampleView, process: Process): void {
    const { addr } = view;
    out.hex(addr, 16);
    if (!this.isPageFault) return;
    const context = addr < 0 ? PerfContext.KERNEL : PerfContext.USER;
    out.text(placeText(this.sources.places.at(process, context, addr), addr, this.form));
  }

  /** Of `WEIGHT_STRUCT` one of a u32 and two u16, from the lowest bits up; else the whole. */
  private weight(view: SampleView, part: 0 | 1 | 2): number {
    if (view.weight === 0) return 0;
    if (!this.hasWeightParts) return part === 0 ? view.number(view.weight) : 0;
    const high = view.words[view.weight + 1] >>> 0;
    if (part === 0) return view.words[view.weight] >>> 0;
    return part === 1 ? high % TWO_16 : Math.floor(high / TWO_16);
  }
}

const PAGE_FAULTS: readonly number[] = [
  PerfCountSw.PAGE_FAULTS,
  PerfCountSw.PAGE_FAULTS_MIN,
  PerfCountSw.PAGE_FAULTS_MAJ,
];

/** Of several forms perf prints the first. */
function branchForm(fields: FieldSet): BranchForm | undefined {
  if (fields.has('brstack')) return 'address';
  if (fields.has('brstacksym')) return 'symbol';
  return fields.has('brstackoff') ? 'offset' : undefined;
}
