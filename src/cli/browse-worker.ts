/** The thread that has the profile of a {@link browse}, so that keys are answered whatever it does. */
import { parentPort, workerData } from 'node:worker_threads';

import { StrataError } from '../base/errors.js';
import { formatBytes, formatCount } from '../base/units.js';
import type { Profile } from '../profile/profile.js';
import { Desk, type ProfileSource } from '../render/browser/desk.js';
import type { Answer, Question } from '../render/browser/protocol.js';
import { safe } from '../render/text/text.js';
import { annotateLines } from './browse-annotate.js';
import { readProfile } from './input.js';
import type { ReportOptions } from './options/report.js';
import { chooseRows, reportChoice } from './report-input.js';

/** Smaller recordings are read before anybody could look at a part of them. */
const EARLY_SAMPLES = 1 << 15;
/** How many times as long as at the look before has been read at a look at what was read so far. */
const EARLY_PACE = 3;

export interface BrowseWorkerData {
  readonly options: ReportOptions;
  /** One word: the number of the last question. */
  readonly last: Int32Array<SharedArrayBuffer>;
}

const { options, last } = workerData as BrowseWorkerData;
const port = parentPort;
if (port === null) throw new Error('this is a worker’s module');

const say = (answer: Answer): void => port.postMessage(answer);
const input = options.input === '-' ? 'standard input' : options.input;

const source: ProfileSource = {
  choice: reportChoice(options),
  view: options.selection.view,
  load: (detailed) => {
    const what = detailed ? 'Reading lines of' : 'Reading';
    say({ kind: 'progress', text: safe(`${what} ${input} …`) });
    return readProfile({
      ...options,
      lines: detailed,
      code: detailed,
      hardware: true,
      onProgress: (samples, soFar) => {
        const text = safe(`${what} ${input}: ${formatCount(samples)} samples`);
        say({ kind: 'progress', text });
        if (!detailed && samples >= EARLY_SAMPLES) showEarly(soFar);
      },
      onDownload: ({ name, received, ended }) => {
        const text = `Debug information of ${name}: ${formatBytes(received)}`;
        say({ kind: 'progress', text: ended ? '' : safe(text) });
      },
    });
  },
  choose: (profile, view) =>
    chooseRows(profile, { ...options, selection: { ...options.selection, view } }),
  annotate: (profile, event, symbol, width) =>
    annotateLines(options, profile, event, symbol, width),
  isWanted: (number) => Atomics.load(last, 0) === number,
};
const desk = new Desk(source);

/** What is being answered. */
let asked: Question | undefined;
let nextEarly = 0;

/** Shows the rows of what has been read so far; however long the recording, few times. */
function showEarly(soFar: () => Profile): void {
  // Since this thread was started.
  const elapsed = performance.now();
  if (asked === undefined || elapsed < nextEarly || !source.isWanted(asked.number)) return;
  nextEarly = EARLY_PACE * elapsed;
  try {
    const answer = new Desk({ ...source, load: soFar }).answer(asked);
    if (answer?.kind === 'page') say({ ...answer, kind: 'early' });
  } catch (error) {
    // Of what was asked for there may be nothing yet.
    if (!(error instanceof StrataError)) throw error;
  }
}

port.on('message', (question: Question) => {
  asked = question;
  try {
    const answer = desk.answer(question);
    if (answer !== undefined) say(answer);
  } catch (error) {
    say(refusal(error, question.number));
  }
});

function refusal(error: unknown, number: number): Answer {
  if (error instanceof StrataError && desk.hasAnswered) {
    return { kind: 'refused', number, reason: safe(error.message) };
  }
  if (error instanceof StrataError) {
    const { message, hint, exitCode } = error;
    return { kind: 'failed', message, ...(hint === undefined ? {} : { hint }), exitCode };
  }
  // A defect: the thread ends, and its parent is told why.
  throw error;
}
