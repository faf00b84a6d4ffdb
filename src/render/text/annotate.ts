/** `strata annotate`: sources and disassembly as text, with what each line and instruction costs. */
import { basename } from 'node:path';

import {
  formatAddress,
  formatCount,
  formatDuration,
  formatPercent,
  plural,
} from '../../base/units.js';
import type { AnnotatedSymbol, Annotation } from '../../profile/annotate/annotate.js';
import { Layer, type Profile } from '../../profile/profile.js';
import type { Cost } from '../../profile/annotate/stack-costs.js';
import type { AnnotatedCode, CodeRow } from '../annotate/annotated-code.js';
import type { AnnotatedFile, BodyMark, SourceRow } from '../annotate/annotated-source.js';
import { writeNotes } from './notes.js';
import type { Style } from './style.js';
import { columns, safe, shortenEnd, type Sink } from './text.js';

/** An annotation with the texts that belong to it. */
export interface Annotated {
  readonly annotation: Annotation;
  readonly files: readonly AnnotatedFile[];
  /** Absent where instructions are not shown. */
  readonly code?: readonly AnnotatedCode[] | undefined;
}

/** All that is shown of one event. */
export interface AnnotatedEvent {
  readonly event: number;
  readonly weight: number;
  readonly samples: number;
  readonly annotated: readonly Annotated[];
  /** Sentences about what is shown, and what is left out. */
  readonly remarks: readonly string[];
  /** All that a name stands for, where that is more than one. */
  readonly meant?: readonly Pick<AnnotatedSymbol, 'name' | 'module' | 'file' | 'self' | 'total'>[];
}

export interface AnnotateTextOptions {
  readonly style: Style;
  /** Columns of the terminal; lines are as long as they are where it is absent. */
  readonly width?: number | undefined;
  /** A column with the number of samples. */
  readonly samples: boolean;
  /** File and line behind instructions. */
  readonly lines: boolean;
}

const TAB = 8;
/** Columns of a figure. */
const CELL = 8;
/** Narrower terminals are not shown what figures are of the annotated symbol. */
const MIN_WIDE = 72;
/** perf's limits of what is much and what is little (`MIN_RED`, `MIN_GREEN` of tools/perf/util/color.h). */
const HOT = 5;
const WARM = 0.5;
const BODY: Record<BodyMark, string> = { first: '╭', inside: '│', last: '╰', only: '╶' };

export function writeAnnotate(
  profile: Profile,
  events: readonly AnnotatedEvent[],
  options: AnnotateTextOptions,
  sink: Sink,
): void {
  for (const event of events) new Writer(profile, event, options, sink).write();
  if (events.length === 0) sink('No samples.\n');
  if (profile.notes.length > 0) sink('\n');
  writeNotes(profile, sink, { width: options.width });
}

class Writer {
  /** What was told already. */
  private readonly said = new Set<string>();

  constructor(
    private readonly profile: Profile,
    private readonly event: AnnotatedEvent,
    private readonly options: AnnotateTextOptions,
    private readonly sink: Sink,
  ) {}

  write(): void {
    const { profile, event, options } = this;
    const { name, unit } = profile.events[event.event];
    const weight = unit === 'ns' ? formatDuration(event.weight) : formatCount(event.weight);
    this.sink(
      `${options.style.strong(safe(name))}: ${plural(event.samples, 'sample')}, ${weight}\n`,
    );
    for (const remark of event.remarks) this.sink(`${safe(remark)}\n`);
    for (const { self, total, ...meant } of event.meant ?? []) {
      this.sink(`  ${this.share(self)} ${this.share(total)}  ${safe(this.describe(meant))}\n`);
    }
    for (const annotated of event.annotated) this.annotation(annotated);
  }

  private describe({ name, module, file }: Pick<AnnotatedSymbol, 'name' | 'module' | 'file'>) {
    const { modules, strings } = this.profile;
    const place = file ?? (module < 0 ? '[unknown]' : strings[modules.name[module]]);
    return place === '[unknown]' ? name : `${name} (${place})`;
  }

  private share(part: number): string {
    return formatPercent(part, this.event.weight).padStart(7);
  }

  private annotation({ annotation, files, code }: Annotated): void {
    const { sink, options } = this;
    const { style } = options;
    const { kind, name, layer, module, cost } = annotation;
    const file = layer === Layer.Python ? annotation.functions.at(0)?.file : undefined;
    const title = kind === 'file' ? name : this.describe({ name, module, file });
    const shares = `${this.share(cost.total).trim()} of everything, ${this.share(cost.self).trim()} itself`;
    sink(`\n${style.strong(safe(title))}: ${shares}, ${plural(cost.totalSamples, 'sample')}\n`);
    for (const one of code ?? []) this.code(annotation, one);
    if (code === undefined) this.files(annotation, files);
    if (code === undefined && files.length === 0) {
      sink(`  no line of a source is known: ${this.whyNoLines(annotation)}\n`);
    } else if (
      code === undefined &&
      annotation.withoutLine.totalSamples > 0 &&
      !isPython(annotation)
    ) {
      const { total } = annotation.withoutLine;
      sink(`  ${this.share(total).trim()} is of code whose line is not known\n`);
    }
  }

  /** Of a symbol, into which much is inlined, those with lines that are shown. */
  private files(annotation: Annotation, files: readonly AnnotatedFile[]): void {
    const shown = files.filter(
      ({ rows, unplaced }) =>
        annotation.kind === 'file' || files.length === 1 || rows.length > 0 || unplaced.length > 0,
    );
    for (const file of shown) this.file(annotation, file);
    const left = files.length - shown.length;
    if (left > 0) this.sink(`  ${plural(left, 'more file')} below the limit: --min 0 shows all\n`);
  }

  private file(annotation: Annotation, file: AnnotatedFile): void {
    const { sink, options } = this;
    if (annotation.kind === 'symbol' || file.path !== file.file) {
      const found =
        file.path === undefined || file.path === file.file ? '' : `, read from ${file.path}`;
      sink(`  ${options.style.faint(safe(file.file + found))}\n`);
    }
    if (file.problem !== undefined) {
      sink(noSource(file.problem));
    }
    if (file.changed) {
      sink('  ! the file was written after the recording: lines may have moved\n');
    }
    for (const { func, lines } of file.unplaced) {
      const why =
        file.problem !== undefined
          ? ''
          : lines.length === 0
            ? ' (not found in the source)'
            : ` (defined more than once: lines ${lines.slice(0, 8).join(', ')}${lines.length > 8 ? ', …' : ''})`;
      sink(`${this.costs(annotation, func)} ${safe(func.name)}${why}\n`);
    }
    if (file.rows.length === 0) return;
    const hasBodies = file.rows.some(({ body }) => body !== undefined);
    const digits = String(file.rows.at(-1)?.line ?? 0).length;
    sink(`${this.heading()}\n`);
    // Around a symbol there is the rest of the file; and what of a file without text is left out cost nothing.
    const isWhole = annotation.kind === 'file' && file.problem === undefined;
    for (const [index, row] of file.rows.entries()) {
      if (index > 0 || isWhole) this.gap(row.skipped, 'line');
      this.line(annotation, row, digits, hasBodies);
    }
    if (isWhole) this.gap(file.skipped, 'line');
  }

  private line(annotation: Annotation, row: SourceRow, digits: number, hasBodies: boolean): void {
    const { style } = this.options;
    const number = style.faint(String(row.line).padStart(digits));
    const body = hasBodies ? ` ${row.body === undefined ? ' ' : BODY[row.body]}` : '';
    const used = this.margin + digits + (hasBodies ? 2 : 0) + 3;
    const hidden = row.functions.map(({ name }) => name).filter((name) => name.endsWith('>'));
    const names = hidden.length === 0 ? '' : style.faint(`  ← ${safe(hidden.join(', '))}`);
    const text = this.fit(sourceText(row.text ?? ''), used);
    this.put(
      `${this.costs(annotation, row.cost)} ${number}${body}  ${this.heat(annotation, row.cost)(text)}${names}`,
    );
  }

  private code(
    annotation: Annotation,
    { code, module, problem, hint, rows, skipped, missing, changed }: AnnotatedCode,
  ): void {
    const { sink, options } = this;
    const end = code.size > 0 ? `–${formatAddress(code.start + code.size)}` : '';
    sink(`  ${options.style.faint(`${safe(module)} ${formatAddress(code.start)}${end}`)}\n`);
    if (problem !== undefined) {
      sink(`  ! no disassembly: ${safe(problem)}\n`);
      if (hint !== undefined) this.once(`    ${safe(hint)}\n`);
      return;
    }
    const [first, ...others] = missing.values();
    if (first !== undefined) this.once(noSource(first, others.length));
    for (const file of changed) {
      this.once(`  ! ${safe(file)} was written after the recording: lines may have moved\n`);
    }
    if (rows.every(({ line }) => line === undefined)) {
      this.once(`  ! no source lines: there is no debug information of ${safe(module)}\n`);
    }
    const digits = rows.reduce((most, row) => Math.max(most, formatAddress(row.address).length), 0);
    sink(`${this.heading()}\n`);
    let before = '';
    for (const row of rows) {
      this.gap(row.skipped, 'instruction');
      this.source(annotation, row);
      const place = placeOf(row);
      this.instruction(annotation, row, digits, place === before ? '' : place);
      if (place !== '') before = place;
    }
    this.gap(skipped, 'instruction');
  }

  /** The line that the instructions below it come from. */
  private source(annotation: Annotation, row: CodeRow): void {
    if (row.source === undefined) return;
    const { style } = this.options;
    const place = safe(placeOf(row));
    const used = this.margin + columns(place) + 3;
    const text = this.fit(sourceText(row.source.trim()), used);
    const inlined = row.inlined === undefined ? '' : `  ← ${safe(row.inlined)}, inlined`;
    const fits = this.fit(text + inlined, used) === text + inlined;
    this.put(
      `${this.costs(annotation, undefined)} ${style.faint(place)}  ${style.strong(text)}${fits ? style.faint(inlined) : ''}`,
    );
  }

  /** Says what holds for all that follows. */
  private once(text: string): void {
    if (!this.said.has(text)) this.sink(text);
    this.said.add(text);
  }

  private instruction(annotation: Annotation, row: CodeRow, digits: number, place: string): void {
    const { style, lines } = this.options;
    const mark = row.isTarget ? '▸' : ' ';
    const address = style.faint(formatAddress(row.address).padStart(digits));
    const text = this.fit(sourceText(row.text), this.margin + digits + 5);
    const source = lines && place !== '' ? style.faint(`  ; ${safe(place)}`) : '';
    this.put(
      `${this.costs(annotation, row.cost)} ${mark}${address}  ${this.heat(annotation, row.cost)(text)}${source}`,
    );
  }

  private whyNoLines({ layer, functions }: Annotation): string {
    if (this.profile.code === undefined) {
      return 'what was read is text, which has names alone; a recording (perf.data) tells lines';
    }
    if (layer === Layer.Python) return 'the recording does not name its file';
    if (layer === Layer.Kernel) return 'of the kernel only instructions are shown, with --asm';
    if (functions.some(({ inlined }) => inlined))
      return 'its lines are not in the debug information';
    return 'its module has no debug information; --asm shows instructions';
  }

  private heading(): string {
    const samples = this.options.samples ? ' samples' : '';
    const ofIt = this.isNarrow ? '' : '   of it';
    return this.options.style.faint(`${ofIt}    self   total${samples} │`);
  }

  /** Columns left of the texts. */
  private get margin(): number {
    return 18 + (this.isNarrow ? 0 : CELL) + (this.options.samples ? CELL : 0);
  }

  /** A narrow terminal has room for the texts and their shares of everything. */
  private get isNarrow(): boolean {
    return (this.options.width ?? Infinity) < MIN_WIDE;
  }

  /** Of what is annotated, of everything, and with callees. */
  private costs(annotation: Annotation, cost: Cost | undefined): string {
    const { samples, style } = this.options;
    const blank = (part: number, whole: number) => (part > 0 ? formatPercent(part, whole) : '');
    const { self = 0, total = 0, selfSamples = 0 } = cost ?? {};
    const cells = [
      ...(this.isNarrow ? [] : [blank(self, annotation.cost.self)]),
      blank(self, annotation.weight),
      blank(total, annotation.weight),
      ...(samples ? [selfSamples > 0 ? formatCount(selfSamples) : ''] : []),
    ].map((cell) => cell.padStart(CELL));
    return `${this.heat(annotation, cost)(cells.join(''))} ${style.faint('│')}`;
  }

  private heat({ cost: whole }: Annotation, cost: Cost | undefined): (text: string) => string {
    const { style } = this.options;
    const share = cost === undefined || whole.self === 0 ? 0 : (100 * cost.self) / whole.self;
    return share >= HOT ? style.hot : share >= WARM ? style.warm : (text) => text;
  }

  private gap(skipped: number, noun: string): void {
    if (skipped > 0)
      this.sink(
        `${' '.repeat(this.margin - 1)}${this.options.style.faint(`⋯ ${plural(skipped, noun)}`)}\n`,
      );
  }

  private fit(text: string, used: number): string {
    const { width } = this.options;
    return width === undefined ? text : shortenEnd(text, Math.max(10, width - used));
  }

  private put(line: string): void {
    this.sink(`${line.trimEnd()}\n`);
  }
}

/** @param others how many files beside it have none */
function noSource(problem: string, others = 0): string {
  const more = others > 0 ? ` (${plural(others, 'more file has', 'more files have')} none)` : '';
  return `  ! no source: ${safe(problem)}${more}; --source-path DIR names a folder that has it\n`;
}

/** `hot.c:12`; empty where the line is not known. */
function placeOf({ file, line }: CodeRow): string {
  return line === undefined ? '' : `${basename(file ?? '')}:${line}`;
}

function isPython({ layer }: Annotation): boolean {
  return layer === Layer.Python;
}

/** Tabs expanded, nothing that a terminal would obey. */
function sourceText(text: string): string {
  if (!text.includes('\t')) return safe(text);
  let expanded = '';
  for (const [index, part] of text.split('\t').entries()) {
    if (index > 0) expanded += ' '.repeat(TAB - (columns(expanded) % TAB));
    expanded += safe(part);
  }
  return expanded;
}
