/** How one event's samples are printed: its fields, and what is kept from one sample to the next. */
import type { RecordedEvent } from '../../../formats/perfdata/events.js';
import type { RecordReader } from '../../../formats/perfdata/records.js';
import type { SampleView } from '../../../formats/perfdata/sample.js';
import { PerfRecord, PerfSample } from '../../../formats/perfdata/spec.js';
import { contextOf } from '../../../session/call-chains.js';
import type { Process, Thread } from '../../../session/processes.js';
import type { ByteWriter } from './byte-writer.js';
import { ChainTexts } from './chain-texts.js';
import { ExtraFields, type ExtraSources } from './extra-fields.js';
import type { FieldSet } from './fields.js';
import { frameForm, FrameLines, type Place } from './frame-lines.js';
import type { Layout } from './layout.js';
import { eventText, SampleHead, writePeriod, type TimeForm, type Times } from './sample-head.js';

/** What the printers of all events share. */
export interface PrinterContext extends ExtraSources {
  readonly layout: Layout;
  /** Columns of the longest event's name. */
  readonly nameWidth: number;
  readonly times: Times;
}

export interface PrinterOptions {
  readonly timeForm: TimeForm;
  /** Whether call chains are printed, and not the sample's own address alone. */
  readonly callGraph: boolean;
  readonly maxStack?: number;
  /** Whether inlined functions have lines of their own. */
  readonly inline: boolean;
  /** Whether source files are printed with their folders. */
  readonly fullPaths: boolean;
}

const NEWLINE = 0x0a;

export class EventPrinter {
  private readonly sampleHead: SampleHead;
  private readonly name: Uint8Array | undefined;
  private readonly period: boolean;
  private readonly extras: ExtraFields | undefined;
  /** Of the sample's own address, on its line. */
  private readonly ownLine: FrameLines | undefined;
  private readonly chainTexts: ChainTexts | undefined;

  constructor(
    private readonly context: PrinterContext,
    event: RecordedEvent,
    fields: FieldSet,
    options: PrinterOptions,
  ) {
    const { replay, layout, nameWidth, places } = context;
    const { attr, name } = event;
    const hasChain = options.callGraph && (attr.sample_type & PerfSample.CALLCHAIN) !== 0;
    const { timeForm, fullPaths, inline, maxStack } = options;
    this.sampleHead = new SampleHead(
      fields,
      !(hasChain && fields.has('ip')),
      layout,
      context.times,
      timeForm,
      replay.file.info.clock,
    );
    this.name = fields.has('event') ? eventText(name, nameWidth) : undefined;
    this.period = fields.has('period');
    const own = frameForm(fields, { fullPaths, inline: false, fileOffsets: false });
    if (fields.has('ip') && hasChain) {
      const { fileOffsets } = layout;
      const lines = new FrameLines(places, { ...own, inline, fileOffsets }, '\t', '\n');
      this.chainTexts = new ChainTexts(replay.chains, lines, maxStack);
    } else if (fields.has('ip')) {
      this.ownLine = new FrameLines(places, own, ' ', '');
    }
    if (ExtraFields.has(fields)) this.extras = new ExtraFields(context, event, fields, own);
  }

  /** Where a sample was taken. */
  placeOf(view: SampleView, process: Process): Place {
    return this.context.places.at(process, contextOf(view), view.ip);
  }

  /** Thread, CPU and time of a record that is no sample. */
  head(out: ByteWriter, reader: RecordReader, comm: string): void {
    this.sampleHead.write(out, reader, comm, reader.type);
  }

  sample(out: ByteWriter, view: SampleView, thread: Thread): void {
    const { name, extras, chainTexts, ownLine } = this;
    const { process } = thread;
    this.sampleHead.write(out, view, thread.comm, PerfRecord.SAMPLE);
    if (this.period) writePeriod(out, view.period);
    if (name !== undefined) out.bytes(name);
    extras?.before(out, view, process);
    if (chainTexts !== undefined) this.chain(out, view, process, chainTexts);
    else if (ownLine !== undefined) {
      out.bytes(ownLine.line(process, contextOf(view), view.ip, view.ip));
    }
    extras?.after(out, view, process);
    out.byte(NEWLINE);
  }

  private chain(out: ByteWriter, view: SampleView, process: Process, texts: ChainTexts): void {
    out.byte(NEWLINE);
    // A chain that the kernel left empty stays so: the sample's own address is no call chain.
    if (view.callchainLength === 0 && view.regsAbi === 0) return;
    this.context.replay.chains.read(view, process);
    texts.write(out, process);
  }
}
