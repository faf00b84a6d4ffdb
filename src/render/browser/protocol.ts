/**
 * What the terminal's thread asks and the thread that has the profile answers: plain data. A question says
 * all that it is about, so that one which was overtaken can be dropped; only opening and closing of call graphs
 * changes anything on the other side, and is never dropped.
 */
import type { Layer } from '../../profile/profile.js';
import type { FieldChoice } from '../../profile/report/sort-keys.js';
import type { Line } from './line.js';
import type { View } from '../../profile/views.js';

/** What a row is zoomed into by: the names and numbers are the profile's own, not made safe. */
export type Zoom =
  | { readonly kind: 'dso'; readonly name: string }
  | { readonly kind: 'comm'; readonly name: string }
  | { readonly kind: 'process'; readonly pid: number; readonly name: string }
  | { readonly kind: 'thread'; readonly tid: number; readonly name: string };

/** What rows are made of. */
export type Sort = NonNullable<FieldChoice['sort']>;

/** Which rows are looked at, in which order; what is absent is as the command line has it. */
export interface Query {
  /** Which of the events that have samples; absent: the first. */
  readonly event?: number;
  readonly view?: View;
  readonly sort?: Sort;
  readonly children?: boolean;
  readonly chain?: 'caller' | 'callee';
  /** Each sort key as a level of a tree. */
  readonly hierarchy?: boolean;
  readonly zooms: readonly Zoom[];
  /** Text that a row has somewhere, whatever its case. */
  readonly filter: string;
  /** Percentages of what is left, instead of all. */
  readonly relative: boolean;
}

export interface Window {
  readonly top: number;
  readonly count: number;
}

/**
 * Opens or closes call graphs, and rows of a hierarchy: the branch at the line, it and all below, the line's
 * row (or the one that it lies in), or all rows.
 */
export interface Fold {
  readonly how: 'toggle' | 'toggle-below' | 'close' | 'open-all' | 'close-all';
  /** Where the cursor stands. */
  readonly line: number;
}

export type Question =
  /** @param number grows with each query, and stands in the shared word once it is the last */
  | {
      readonly kind: 'show';
      readonly number: number;
      readonly query: Query;
      readonly window: Window;
      readonly fold?: Fold;
    }
  | {
      readonly kind: 'annotate';
      readonly number: number;
      readonly query: Query;
      readonly line: number;
      readonly width: number;
    };

export interface RowLine {
  readonly kind: 'row';
  /** One for each column, safe. */
  readonly cells: readonly string[];
  readonly fold: FoldState;
  /** Of the whole, 0 to 1. */
  readonly share: number;
  /** In a hierarchy: 0 at the top. */
  readonly level?: number | undefined;
  readonly layer: Layer | undefined;
  readonly zooms: readonly Zoom[];
}

export interface ChainLine {
  readonly kind: 'chain';
  /** Of the row. */
  readonly level?: number | undefined;
  /** Blanks before it. */
  readonly indent: number;
  /** Empty within a run of frames that have one weight. */
  readonly percent: string;
  readonly share: number;
  readonly name: string;
  readonly fold: FoldState;
  readonly layer: Layer | undefined;
  readonly zooms: readonly Zoom[];
}

export type ListLine = RowLine | ChainLine;

/** Whether there is more below a line, and whether it is shown. */
export type FoldState = 'open' | 'closed' | 'none';

export interface ColumnHead {
  readonly header: string;
  readonly width: number;
  /** A number: to the right, and never scrolled away. */
  readonly right: boolean;
}

/** Some lines of the list, and what stands around them. */
export interface Page {
  readonly columns: readonly ColumnHead[];
  /** Of rows and open call graphs. */
  readonly lines: number;
  readonly window: Window;
  readonly shown: readonly ListLine[];
  /** Where the cursor belongs after a fold. */
  readonly cursor?: number;
  readonly event: { readonly number: number; readonly of: number };
  /** `1,234 samples of cpu-clock, 1.20 s`. */
  readonly title: string;
  readonly view: View;
  readonly sort: readonly string[];
  readonly children: boolean;
  readonly hierarchy: boolean;
  /** Absent where there are no call graphs. */
  readonly chain?: 'caller' | 'callee';
  /** Lines of what could not be known. */
  readonly notes: readonly string[];
}

/** A function by what it is called. */
export interface WantedSymbol {
  readonly name: string;
  readonly dso: string | undefined;
  /** Of Python functions. */
  readonly file: string | undefined;
}

/** A text to be read in place of the list. */
export interface TextPage {
  readonly title: string;
  readonly lines: readonly Line[];
  /** The line to begin with. */
  readonly at: number;
}

export type Answer =
  /** Before the first page: what is being done. */
  | { readonly kind: 'progress'; readonly text: string }
  /** Rows of what has been read so far: the page is still to come. */
  | { readonly kind: 'early'; readonly number: number; readonly page: Page }
  | { readonly kind: 'page'; readonly number: number; readonly page: Page }
  | { readonly kind: 'text'; readonly number: number; readonly text: TextPage }
  /** Why what was asked for cannot be shown; what was shown stays. */
  | { readonly kind: 'refused'; readonly number: number; readonly reason: string }
  /** There is no profile. */
  | {
      readonly kind: 'failed';
      readonly message: string;
      readonly hint?: string;
      readonly exitCode?: number;
      /** Where it is a defect of ours. */
      readonly stack?: string;
    };
