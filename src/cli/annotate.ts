/** `strata annotate`: source lines and instructions with their cost. */
import { ExitCode, StrataError, usageError } from '../base/errors.js';
import { statOf } from '../base/source.js';
import {
  annotatedSymbols,
  annotateFile,
  annotateSymbol,
  type Annotation,
} from '../profile/annotate/annotate.js';
import {
  annotateTargets,
  similarTargets,
  targetNames,
  type AnnotateTarget,
} from '../profile/annotate/annotate-targets.js';
import { Layer, type Profile } from '../profile/profile.js';
import { eventsWithSamples } from '../profile/selection/event-choice.js';
import { select } from '../profile/selection/selection.js';
import { weighStacks } from '../profile/annotate/stack-costs.js';
import { annotatedCode } from '../render/annotate/annotated-code.js';
import { annotatedSource } from '../render/annotate/annotated-source.js';
import { writeAnnotateCsv, writeAnnotateJson } from '../render/annotate/annotate-data.js';
import { writeAnnotate, type Annotated, type AnnotatedEvent } from '../render/text/annotate.js';
import { ANSI, PLAIN } from '../render/text/style.js';
import { recordedBefore } from '../session/open.js';
import { SourceFiles } from '../symbolize/source-text.js';
import { Symbolizer } from '../symbolize/symbolizer.js';
import { readProfile, selectFrom } from './input.js';
import { nearestWords } from './nearest.js';
import type { AnnotateOptions } from './options/annotate.js';
import { printToStdout } from './output.js';
import { symbolPlaces } from './symbol-places.js';
import { describeTerminal } from './terminal.js';

/** Names that an error suggests at most. */
const SUGGESTED = 8;

/** What recordings and folded stacks are called. */
const RECORDING = /\.(?:data|folded)(?:\.old)?$/;

export function annotate(options: AnnotateOptions): number {
  requireNoRecording(options.targets);
  const whole = readProfile({ ...options, lines: true, code: true });
  const symbolizer = new Symbolizer({
    ...symbolPlaces(options.symbols),
    lineBudget: Infinity,
  });
  try {
    const sources = new SourceFiles({ ...options, symfs: options.symbols.symfs });
    print(choose(whole, { sources, symbolizer }, options), options);
  } finally {
    symbolizer.close();
  }
  return ExitCode.Done;
}

/** @throws StrataError (exit code 2) for a recording where a symbol belongs, as `report FILE` invites to */
function requireNoRecording(targets: readonly string[]): void {
  const file = targets.find((name) => RECORDING.test(name) && statOf(name)?.isFile() === true);
  if (file === undefined) return;
  throw usageError(
    `${file} is a recording, and what is annotated is a symbol or a source file`,
    `the hottest symbols of it: strata annotate -i ${file}`,
  );
}

function print({ profile, events }: Chosen, options: AnnotateOptions): void {
  const { format, showCounts, lineNumbers } = options;
  const { colour, columns } = describeTerminal();
  printToStdout((sink) => {
    if (format === 'json') writeAnnotateJson(profile, events, sink);
    else if (format === 'csv') writeAnnotateCsv(profile, events, sink);
    else {
      const style = colour ? ANSI : PLAIN;
      const text = { style, width: columns, samples: showCounts, lines: lineNumbers };
      writeAnnotate(profile, events, text, sink);
    }
  });
}

/** What is put beside costs. */
interface Texts {
  readonly sources: SourceFiles;
  /** Where lines of instructions that were not sampled are to be known. */
  readonly symbolizer?: Symbolizer;
}

interface Chosen {
  readonly profile: Profile;
  readonly events: AnnotatedEvent[];
}

/** @throws StrataError where nothing of the names has samples */
function choose(whole: Profile, texts: Texts, options: AnnotateOptions): Chosen {
  const { selection, targets, input } = options;
  const shown = selectFrom(whole, options).profile;
  if (targets.length === 0) return { profile: shown, events: hottest(shown, texts, options) };
  const found = named(shown, texts, options);
  if (found.length > 0) return { profile: shown, events: found };
  // The interpreter's own functions are in no other view.
  if (selection.view === undefined) {
    const full = select(whole, { ...selection, view: 'full' }).profile;
    const events = named(full, texts, options);
    if (events.length > 0) return { profile: full, events };
  }
  const similar = eventsWithSamples(shown).flatMap((event) =>
    targets.flatMap((target) => {
      const holding = similarTargets(shown, event, target, SUGGESTED);
      return holding.length > 0 ? holding : nearestWords(target, targetNames(shown, event));
    }),
  );
  throw new StrataError(
    `${input} has no samples of ${targets.join(', ')}`,
    similar.length > 0
      ? `it has: ${[...new Set(similar)].slice(0, SUGGESTED).join(', ')}`
      : 'strata report lists what it has samples of',
  );
}

/** Events with samples. */
function hottest(profile: Profile, texts: Texts, options: AnnotateOptions): AnnotatedEvent[] {
  return eventsWithSamples(profile).map((event) => {
    // What was inlined is shown in the function that has its code.
    const all = annotatedSymbols(profile, event).filter(
      ({ selfSamples, inlined }) => selfSamples > 0 && !inlined,
    );
    const symbols = all.slice(0, options.limit);
    const { weight, samples } = weighStacks(profile, event);
    const annotated = symbols.map((symbol) =>
      withTexts(profile, annotateSymbol(profile, event, symbol), texts, options),
    );
    const remarks =
      symbols.length < all.length
        ? [`The ${symbols.length} hottest of ${all.length} symbols; --limit N shows more.`]
        : [];
    return { event, weight, samples, annotated, remarks };
  });
}

/** The events in which a target has samples. */
function named(profile: Profile, texts: Texts, options: AnnotateOptions): AnnotatedEvent[] {
  return eventsWithSamples(profile).flatMap((event) => {
    const found = options.targets.map((target) => annotateTargets(profile, event, target));
    const all = found.flat();
    if (all.length === 0) return [];
    const shown = all.slice(0, options.limit);
    const { weight, samples } = weighStacks(profile, event);
    const remarks = options.targets.flatMap((target, i) =>
      found[i].length > 1 ? [`${target} stands for ${found[i].length}:`] : [],
    );
    if (shown.length < all.length) {
      remarks.push(`The ${shown.length} hottest of ${all.length}; --limit N shows more.`);
    }
    const meant =
      all.length > 1 ? all.flatMap((one) => (one.kind === 'symbol' ? one.symbol : [])) : [];
    const annotated = shown.map((target) =>
      annotatedTarget(profile, event, target, texts, options),
    );
    return [{ event, weight, samples, annotated, remarks, meant }];
  });
}

function annotatedTarget(
  profile: Profile,
  event: number,
  target: AnnotateTarget,
  texts: Texts,
  options: AnnotateOptions,
): Annotated {
  return target.kind === 'symbol'
    ? withTexts(profile, annotateSymbol(profile, event, target.symbol), texts, options)
    : withTexts(profile, annotateFile(profile, event, target.file), texts, options, target.line);
}

/** Puts sources beside, or instructions where they are asked for or nothing else is known. */
export function withTexts(
  profile: Profile,
  annotation: Annotation,
  texts: Texts,
  options: AnnotateOptions,
  line?: number,
): Annotated {
  const { sources, symbolizer } = texts;
  const before = recordedBefore(options.input);
  const files = annotatedSource(annotation, sources, { ...options, line }, before);
  const isMachineCode = annotation.layer !== Layer.Python && annotation.code.length > 0;
  if (!isMachineCode || !(options.asm || files.length === 0)) return { annotation, files };
  const { vmlinux } = options.symbols;
  const choice = { ...options, vmlinux, symbolizer, ...(options.source ? { sources } : {}) };
  return { annotation, files, code: annotatedCode(profile, annotation, choice, before) };
}
