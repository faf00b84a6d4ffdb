/**
 * Which differences between two recordings are changes, and which are noise.
 *
 * Three things make two recordings of one program differ:
 *
 * 1. Chance of sampling. Each row's sum has a variance, found from its blocks of time (sums.ts).
 * 2. The machine. Under load, at another clock frequency, everything takes longer by one factor, the *drift*.
 *    So a row is judged by whether it changed otherwise than what did not change. That is most functions, as
 *    it is most genes where sequencing is compared, and the factor is found as there: from the rows'
 *    ratios, robustly (M. D. Robinson and A. Oshlack, A scaling normalization method for differential
 *    expression analysis of RNA-seq data, Genome Biology 11, 2010). Here it is the mode of the logarithms: where
 *    most rows agree, each with its precision, by Welsch's weights. It is why a function that got slower, and
 *    so lessened the shares of all others, is blamed and they are not.
 * 3. What is particular to a row: memory may lie otherwise, a phase of the program may have met another load.
 *    This *spread* of unchanged rows is estimated from the rows as well (R. C. Paule and J. Mandel, Consensus
 *    values and weighting factors, 1982, with a quantile in place of the mean, which changed rows would move).
 *    B. Efron calls it the empirical null (Large-scale simultaneous hypothesis testing, 2004). Where all rows
 *    are restless, hardly any is marked.
 *
 * A row's difference, less what drift explains, over its standard error is compared with Student's t, whose
 * degrees of freedom (F. E. Satterthwaite, 1946) are few where most of the error is the spread of few rows. And
 * the difference that is shown must not be nothing and have the same sign: nobody is to read that something
 * grew beside a figure that shrank, nor that `main` did whose share is 100 % before and after. Of all rows so tested those are significant that keep the rate
 * of false ones among them below {@link FALSE_RATE} (Y. Benjamini and Y. Hochberg, Controlling the false
 * discovery rate, 1995). Rows too light to be told from noise whatever happens are not among them, as tests
 * that cannot succeed only weaken the others (R. Bourgon, R. Gentleman and W. Huber, Independent filtering, 2010).
 */
import { studentTails } from './normal.js';
import type { RowSums } from './sums.js';

/** Of the rows that are marked so many, at most, are to be noise. */
export const FALSE_RATE = 0.02;

/** What everything has in common between two recordings. */
export interface Drift {
  /** Natural logarithm of the factor by which what did not change weighs more in the second. */
  readonly log: number;
  /** Its standard error. */
  readonly error: number;
  /** Standard deviation of that logarithm among rows that did not change, beside sampling. */
  readonly spread: number;
  /** Degrees of freedom of the spread. */
  readonly freedom: number;
  /** Rows that it was told from. */
  readonly rows: number;
}

/** A row that tells of drift has so many samples on both sides; the heaviest so many rows do. */
const FEWEST_TELLING = 50;
const MOST_TELLING = 200;
/**
 * What the spread is taken to be before rows tell of it, as seen on quiet machines, and how many rows' word that
 * is worth: so few rows that agree by chance do not make it nothing (G. K. Smyth, Linear models and empirical
 * Bayes methods for assessing differential expression, 2004).
 */
const FEWEST_FOR_SPREAD = 4;
const USUAL_SPREAD = 0.01;
const USUAL_FREEDOM = 4;
/** Which of the rows' distances is taken for the typical one; of normal ones it is at so many deviations. */
const SPREAD_QUANTILE = 0.7;
const QUANTILE_DEVIATIONS = 1.0364;
/** By how much a row that changed raises that, times the rows: with five it is a quarter (by simulation). */
const OF_CHANGED = 1.25;

/** Drift between two recordings, told from what functions themselves cost. */
export function findDrift(before: RowSums, after: RowSums): Drift {
  const telling = tellingRows(before, after);
  const ratios = telling.map((row) => Math.log(after.weight[row] / before.weight[row]));
  const errors = telling.map(
    (row) => relativeVariance(before, row) + relativeVariance(after, row) + USUAL_SPREAD ** 2,
  );
  const { place, precision } = mode(ratios, errors);
  const own = telling.length < FEWEST_FOR_SPREAD ? 0 : telling.length - 1;
  const found =
    own === 0
      ? 0
      : spreadAround(
          place,
          ratios,
          errors.map((error) => error - USUAL_SPREAD ** 2),
        );
  const freedom = USUAL_FREEDOM + own;
  const spread = Math.sqrt((USUAL_FREEDOM * USUAL_SPREAD ** 2 + own * found ** 2) / freedom);
  const error = precision > 0 ? 1 / Math.sqrt(precision) : 0;
  return { log: place, error, spread, freedom, rows: telling.length };
}

function relativeVariance({ weight, variance }: RowSums, row: number): number {
  return variance[row] / weight[row] ** 2;
}

/** The heaviest rows that both recordings have. */
function tellingRows(before: RowSums, after: RowSums): number[] {
  const rows: number[] = [];
  for (let row = 0; row < before.weight.length; row++) {
    const fewest = Math.min(before.samples[row], after.samples[row]);
    const least = Math.min(before.weight[row], after.weight[row]);
    if (fewest >= FEWEST_TELLING && least > 0) rows.push(row);
  }
  const heaviness = (row: number) => before.weight[row] + after.weight[row];
  return rows.sort((a, b) => heaviness(b) - heaviness(a) || a - b).slice(0, MOST_TELLING);
}

/**
 * Where the ratios are densest, each spread by its error. Where two places are as good, as with two functions of
 * which one changed, the one nearer to no change.
 */
function mode(
  ratios: readonly number[],
  errors: readonly number[],
): { place: number; precision: number } {
  const likeness = (place: number, i: number) =>
    Math.exp(-((ratios[i] - place) ** 2) / (2 * errors[i]));
  const density = (place: number) => ratios.reduce((sum, _, i) => sum + likeness(place, i), 0);
  let best = 0;
  let most = density(0);
  for (const place of [...ratios].sort((a, b) => Math.abs(a) - Math.abs(b))) {
    const here = density(place);
    // Within a tenth of a row they are as good as each other.
    if (here > most + 0.1) [best, most] = [place, here];
  }
  let weights = 0;
  for (let round = 0; round < 20; round++) {
    let sum = 0;
    weights = 0;
    ratios.forEach((ratio, i) => {
      const weight = likeness(best, i) / errors[i];
      sum += weight * ratio;
      weights += weight;
    });
    if (weights > 0) best = sum / weights;
  }
  return { place: best, precision: weights };
}

/** The deviation that, added to the rows' errors, makes the quantile of their distances what chance makes it. */
function spreadAround(place: number, ratios: readonly number[], errors: readonly number[]): number {
  const distance = (spread: number) => {
    const all = ratios.map(
      (ratio, i) => Math.abs(ratio - place) / Math.sqrt(errors[i] + spread ** 2),
    );
    return quantile(all, SPREAD_QUANTILE);
  };
  const expected = QUANTILE_DEVIATIONS * (1 + OF_CHANGED / ratios.length);
  if (distance(0) <= expected) return 0;
  let low = 0;
  let high = 10; // e^10: nothing that is one program
  for (let round = 0; round < 40; round++) {
    const middle = (low + high) / 2;
    if (distance(middle) > expected) low = middle;
    else high = middle;
  }
  return high;
}

function quantile(values: readonly number[], share: number): number {
  const sorted = Float64Array.from(values).sort();
  const place = (sorted.length - 1) * share;
  const below = Math.floor(place);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (sorted[above] - sorted[below]) * (place - below);
}

/** Rows with fewer samples on their heavier side, or less of its recording, are not tested. */
const FEWEST_TESTED = 20;
const LEAST_SHARE = 0.005;
/** Standard errors that the difference shown must have at least. */
const LEAST_SHOWN = 1;

export interface Totals {
  readonly before: number;
  readonly after: number;
}

/**
 * Tests the rows of a table.
 *
 * @param wholes what the recordings weigh
 * @param scales what the figures shown are divided by: 1 where they are shown as they are
 * @returns by row the least rate of false rows at which it would be marked, from 0 to 1; 1 where not tested
 */
export function testRows(
  before: RowSums,
  after: RowSums,
  drift: Drift,
  wholes: Totals,
  scales: Totals,
): Float64Array {
  const rows = before.weight.length;
  const chances = new Float64Array(rows).fill(NaN);
  const factor = Math.exp(drift.log);
  for (let row = 0; row < rows; row++) {
    const heaviest = Math.max(before.samples[row], after.samples[row]);
    const share = Math.max(before.weight[row] / wholes.before, after.weight[row] / wholes.after);
    if (heaviest < FEWEST_TESTED || !(share >= LEAST_SHARE)) continue;
    const driven = difference(before, after, row, factor, 1, drift);
    const shown = difference(before, after, row, 1 / scales.before, 1 / scales.after, drift);
    chances[row] =
      driven.score * Math.sign(shown.score) > 0 && Math.abs(shown.score) >= LEAST_SHOWN
        ? studentTails(driven.score, driven.freedom)
        : 1;
  }
  return falseRates(chances);
}

/** The difference of a row's weights, each times a factor, in standard errors of it. */
function difference(
  before: RowSums,
  after: RowSums,
  row: number,
  ofBefore: number,
  ofAfter: number,
  { spread, error, freedom: ofSpread }: Drift,
): { score: number; freedom: number } {
  const a = before.weight[row] * ofBefore;
  const b = after.weight[row] * ofAfter;
  const sampling = before.variance[row] * ofBefore ** 2 + after.variance[row] * ofAfter ** 2;
  const particular = (spread ** 2 * (a * a + b * b)) / 2;
  const variance = sampling + particular + (error * a) ** 2;
  if (variance === 0) return { score: 0, freedom: 1 };
  const freedom = (variance / particular) ** 2 * ofSpread;
  return { score: (b - a) / Math.sqrt(variance), freedom };
}

/** Benjamini and Hochberg's adjusted chances; NaN is not among the tests, and 1. */
export function falseRates(chances: Float64Array): Float64Array {
  const rates = new Float64Array(chances.length).fill(1);
  const tested = [...chances.keys()].filter((row) => !Number.isNaN(chances[row]));
  tested.sort((a, b) => chances[b] - chances[a]);
  let least = 1;
  tested.forEach((row, index) => {
    least = Math.min(least, (chances[row] * tested.length) / (tested.length - index));
    rates[row] = least;
  });
  return rates;
}
