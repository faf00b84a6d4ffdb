/** What `strata annotate` says of one function, as lines of the browser. */
import { StrataError } from '../base/errors.js';
import { annotatedSymbols, annotateSymbol } from '../profile/annotate/annotate.js';
import type { Profile } from '../profile/profile.js';
import { linesOf, type Line } from '../render/browser/line.js';
import type { WantedSymbol } from '../render/browser/protocol.js';
import { writeAnnotate } from '../render/text/annotate.js';
import { ANSI } from '../render/text/style.js';
import { SourceFiles } from '../symbolize/source-text.js';
import { withTexts } from './annotate.js';
import type { AnnotateOptions } from './options/annotate.js';
import type { ReportOptions } from './options/report.js';

const WHOLE_FUNCTION = {
  targets: [],
  limit: 1,
  asm: false,
  source: true,
  lineNumbers: false,
  showCounts: false,
  context: 0,
  minPercent: 0,
  full: true,
  format: 'text',
  raw: false,
} as const;

/**
 * @param profile with lines and places of code
 * @throws StrataError where it has no samples of the function
 */
export function annotateLines(
  options: ReportOptions,
  profile: Profile,
  event: number,
  wanted: WantedSymbol,
  width: number,
): readonly Line[] {
  const { strings, modules } = profile;
  const symbol = annotatedSymbols(profile, event).find(
    ({ name, module, file }) =>
      name === wanted.name &&
      file === wanted.file &&
      (module < 0 ? undefined : strings[modules.name[module]]) === wanted.dso,
  );
  if (symbol === undefined) throw new StrataError(`no line of ${wanted.name} is known`);
  const { input, symbols, inline, selection } = options;
  const asked: AnnotateOptions = { ...WHOLE_FUNCTION, input, symbols, inline, selection };
  const sources = new SourceFiles({ ...asked, symfs: symbols.symfs });
  const annotation = annotateSymbol(profile, event, symbol);
  const annotated = [withTexts(profile, annotation, { sources }, asked)];
  const { weight, samples } = annotation;
  const shown = { ...profile, notes: [] };
  let text = '';
  writeAnnotate(
    shown,
    [{ event, weight, samples, annotated, remarks: [] }],
    { style: ANSI, width, samples: false, lines: false },
    (piece) => (text += piece),
  );
  return linesOf(text);
}
