/** What all machine-readable reports have in common: the head of their JSON, the quoting of their CSV. */
import type { Profile } from '../profile/profile.js';

/** The first keys of a report's JSON. */
export interface ReportHead {
  /** The report: `report`, `tree`, `annotate`, `diff`. */
  readonly report: string;
  /** Version of the report's layout: it grows when keys change their meaning or go, not when some come. */
  readonly version: 1;
  /** The recorded command line. */
  readonly command?: string;
  readonly hostname?: string;
  /** First and last sample, in seconds of the recording's clock. */
  readonly start: number;
  readonly end: number;
  /** Samples that the kernel dropped. */
  readonly lost: number;
  /** What could not be known. */
  readonly notes: readonly { readonly text: string; readonly samples?: number }[];
}

export function reportHead(report: string, { meta, notes }: Profile): ReportHead {
  return {
    report,
    version: 1,
    ...(meta.command === '' ? {} : { command: meta.command }),
    ...(meta.hostname === '' ? {} : { hostname: meta.hostname }),
    start: meta.start / 1e9,
    end: meta.end / 1e9,
    lost: meta.lost,
    notes,
  };
}

/** A line of CSV (RFC 4180) with its end; `undefined` is an empty cell. */
export function csvLine(cells: readonly (string | number | undefined)[]): string {
  return `${cells.map(csvCell).join(',')}\r\n`;
}

function csvCell(cell: string | number | undefined): string {
  const text = cell === undefined ? '' : String(cell);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
