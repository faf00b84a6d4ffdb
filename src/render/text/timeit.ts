/** Repeated runs as text: what is typical, how much they differ, which stand out, and who is faster. */
import { formatTime, type TimeUnit } from '../../base/time-units.js';
import { formatCount, formatPercent, plural, type Nanoseconds } from '../../base/units.js';
import type { Contestant, Subject } from '../../measure/contest.js';
import { findOutliers, type Cause } from '../../measure/outliers.js';
import { CONFIDENCE, pairedRatio, type Ratio } from '../../measure/ratio.js';
import { mean, summarize } from '../../measure/statistics.js';
import type { Style } from './style.js';
import { safe, type Sink } from './text.js';

export interface TimeitStyle {
  readonly style: Style;
  readonly unit?: TimeUnit;
}

const CAUSES: Readonly<Record<Cause, string>> = {
  faster: 'faster than the others',
  cold: 'the first run, which fills caches: --warmup 1 leaves it out',
  waited: 'waited longer, not computed longer: other programs had the CPU, or I/O was slow',
  computed: 'took more CPU time, too: a slower clock, a shared cache, or more to do',
};

/** From so many times the fastest on, the slowest makes `python -m timeit` warn. */
const UNRELIABLE = 4;
/** Of shorter runs of code, reading the CPU's clock is too large a part. */
const CPU_CLOCK_TELLS: Nanoseconds = 1e6;
/** Of fewer runs a histogram shows nothing that the numbers do not. */
const FEWEST_DRAWN = 8;
const BINS = 40;
const LEVELS = ' ▁▂▃▄▅▆▇█';

/** `A`, `B`, … as the contestants are called. */
export function nameOf(index: number): string {
  return String.fromCharCode(65 + index);
}

/** Real time per execution of each run, in nanoseconds. */
export function timesOf({ runs, loops }: Contestant): number[] {
  return runs.map(({ real }) => real / loops);
}

/**
 * Writes what is known of each contestant, and how it compares to the first. One without runs (an interruption
 * came first) is left out.
 */
export function writeTimeit(
  contestants: readonly Contestant[],
  style: TimeitStyle,
  sink: Sink,
): void {
  const several = contestants.length > 1;
  contestants.forEach((contestant, index) => {
    if (contestant.runs.length === 0) return;
    if (index > 0) sink('\n');
    writeContestant(contestant, several ? `${nameOf(index)}  ` : '', style, sink);
  });
  const [first, ...others] = contestants;
  others.forEach((other, index) => {
    if (first.runs.length === 0 || other.runs.length === 0) return;
    const ratio = pairedRatio(timesOf(first), timesOf(other));
    sink(`\n${style.style.strong(compared('A', nameOf(index + 1), ratio))}\n`);
  });
}

function writeContestant(
  contestant: Contestant,
  name: string,
  { style, unit }: TimeitStyle,
  sink: Sink,
): void {
  const { subject, loops, runs } = contestant;
  const times = timesOf(contestant);
  const time = (ns: number): string => formatTime(ns, unit);
  const line = (label: string, value: number, more = ''): void => {
    sink(`  ${label.padEnd(8)}${time(value).padStart(9)}  ${more}`.trimEnd() + '\n');
  };
  const found = summarize(times);
  sink(`${name}${style.strong(titleOf(subject))}\n`);
  sink(`  ${style.faint(howMeasured(contestant))}\n`);
  line('best', found.min);
  line(
    'median',
    found.median,
    runs.length > 1
      ? `half of the runs between ${time(found.firstQuartile)} and ${time(found.thirdQuartile)}`
      : '',
  );
  line(
    'mean',
    found.mean,
    runs.length > 1
      ? `± ${time(found.standardDeviation)} (${formatPercent(found.standardDeviation, found.mean, 1)})`
      : '',
  );
  const cpu = mean(runs.map((run) => run.cpu / loops));
  if (subject.kind === 'command' || found.mean * loops >= CPU_CLOCK_TELLS) {
    line('CPU', cpu, `${formatPercent(cpu, found.mean, 0)} of the mean`);
  }
  if (runs.length >= FEWEST_DRAWN && found.max > found.min) {
    sink(
      `  ${'runs'.padEnd(8)}${time(found.min).padStart(9)} ▕${histogram(times)}▏ ${time(found.max)}\n`,
    );
  }
  for (const note of notesOf(contestant, times, time)) sink(`  ${style.warm(note)}\n`);
}

function titleOf(subject: Subject): string {
  const text = subject.kind === 'command' ? subject.text : subject.statement;
  return text.split('\n').map(safe).join('\n   ');
}

function howMeasured({ subject, loops, runs }: Contestant): string {
  if (subject.kind === 'command') return plural(runs.length, 'run');
  return (
    `${subject.python} (Python ${runs[0].version}), ${plural(runs.length, 'run')} of ` +
    `${plural(loops, 'execution')} each`
  );
}

/** What must be known to trust the numbers. */
function notesOf(
  { subject, runs }: Contestant,
  times: readonly number[],
  time: (ns: number) => string,
): string[] {
  const notes: string[] = [];
  const failed = runs.filter(({ code }) => code !== undefined && code !== 0).length;
  if (failed > 0) notes.push(`${plural(failed, 'run')} failed`);
  const outliers = findOutliers(runs, subject.kind === 'command');
  for (const cause of Object.keys(CAUSES) as Cause[]) {
    const of = outliers.filter((one) => one.cause === cause).map(({ run }) => times[run]);
    if (of.length === 0) continue;
    const [low, high] = [Math.min(...of), Math.max(...of)].map(time);
    const range = low === high ? low : `${low} to ${high}`;
    notes.push(`${plural(of.length, 'outlier')} (${range}): ${CAUSES[cause]}`);
  }
  if (Math.max(...times) >= UNRELIABLE * Math.min(...times)) {
    notes.push('the slowest run took four times as long as the fastest: hardly reliable');
  }
  return notes;
}

/** How many runs took how long, from the fastest to the slowest. */
function histogram(times: readonly number[]): string {
  const low = Math.min(...times);
  const width = (Math.max(...times) - low) / BINS;
  const counts = new Array<number>(BINS).fill(0);
  for (const time of times) counts[Math.min(BINS - 1, Math.floor((time - low) / width))]++;
  const most = Math.max(...counts);
  return counts.map((count) => LEVELS[Math.ceil((count / most) * 8)]).join('');
}

/** @param ratio how many times as long `a` takes as `b` */
function compared(a: string, b: string, { ratio, low, high, confidence, rounds }: Ratio): string {
  if (rounds === 1) {
    return `one round of both: ${times(ratio, a, b)}; how sure that is, more runs would tell (-r)`;
  }
  // What so few rounds can give is rounded down: it is no promise.
  const sure = `${Math.floor(100 * Math.min(confidence, CONFIDENCE))}% confidence`;
  if (low <= 1 && high >= 1) {
    return (
      `no difference between ${a} and ${b} that these runs can tell: ${a} takes ` +
      `${factor(low)} to ${factor(high)} times as long as ${b} (${sure})`
    );
  }
  const [from, to] = ratio >= 1 ? [low, high] : [1 / high, 1 / low];
  return `${times(ratio, a, b)} (${sure}: ${factor(from)} to ${factor(to)})`;
}

function times(ratio: number, a: string, b: string): string {
  const [faster, slower] = ratio >= 1 ? [b, a] : [a, b];
  return `${faster} is ${factor(Math.max(ratio, 1 / ratio))} times as fast as ${slower}`;
}

/** Three digits where there is one before the point, and near 1 as many as tell it from 1. */
function factor(value: number): string {
  if (value >= 100) return formatCount(Math.round(value));
  if (value >= 10) return value.toFixed(1);
  const distance = Math.abs(value - 1);
  return value.toFixed(distance === 0 || distance >= 0.005 ? 2 : 4);
}
