/**
 * `perf report --hierarchy --stdio`: each sort key is a level, set in by three blanks (layout of
 * tools/perf/ui/stdio/hist.c, perf 6.1):
 *
 *     #    Overhead  Command / Symbol
 *     # ...........  ....................
 *     #
 *         44.47%     worker
 *            23.04%     [.] leafb
 */
import { hierarchy, type HierarchyNode } from '../../profile/report/hierarchy.js';
import type { Entry } from '../../profile/report/entries.js';
import { isElided, type EventReport } from '../../profile/report/report.js';
import { keyColumn, numberColumns, pad, type Column } from './report-columns.js';
import type { Sink } from './text.js';

const INDENT = 3;

export interface HierarchyOptions {
  /** Whether a line is to be shown: it reaches the limit. */
  readonly isShown: (node: HierarchyNode) => boolean;
  readonly percentLimit: number;
  readonly separator: string | undefined;
  /** Whether times are shown. */
  readonly times: boolean;
  /** Writes what stands below an entry. */
  readonly writeBelow: (entry: Entry) => void;
}

export function writeHierarchy(report: EventReport, options: HierarchyOptions, sink: Sink): void {
  const { columns, elided, entries, order } = report;
  const numbers = numberColumns(report, options.times);
  const levels = [...columns.keys()].filter((at) => !isElided(elided, columns[at].key));
  const keys = levels.map((at) => keyColumn(report, columns[at].key, entries));
  const { separator } = options;
  const indented = (level: number) => (separator === undefined ? ' '.repeat(level * INDENT) : '');
  writeHeader(numbers, keys, separator, sink);

  const write = (nodes: readonly HierarchyNode[]): void => {
    for (const node of nodes) {
      if (!options.isShown(node)) continue;
      const { level } = node;
      const cells = numbers.map((column) => pad(column.text(node), column));
      if (separator === undefined) {
        const rest = ' '.repeat((keys.length - 1) * INDENT);
        sink(
          `${indented(level)}  ${cells.join('  ')}${rest}  ${keys[level].text(node).trimStart()}\n`,
        );
      } else {
        const all = [...cells.map((cell) => cell.trim()), keys[level].text(node).trim()];
        sink(`${all.map((cell) => cell.replaceAll(separator, '.')).join(separator)}\n`);
      }
      if (node.entry !== undefined) options.writeBelow(node.entry);
      else if (!node.children.some(options.isShown)) writeNone(node, numbers, keys.length);
      else write(node.children);
    }
  };
  const writeNone = ({ level }: HierarchyNode, left: readonly Column[], levels: number): void => {
    // Where the text of the next level would begin.
    const width = left.reduce((sum, column) => sum + column.width + 2, 0);
    const blank = ' '.repeat((level + 1) * INDENT + width + (levels - 1) * INDENT + 2);
    sink(
      `${separator === undefined ? blank : ''}no entry >= ${options.percentLimit.toFixed(2)}%\n`,
    );
  };
  write(hierarchy(entries, columns, levels, order));
}

function writeHeader(
  numbers: readonly Column[],
  keys: readonly Column[],
  separator: string | undefined,
  sink: Sink,
): void {
  const names = keys.map(({ header }) => header.trim()).join(' / ');
  if (separator !== undefined) {
    sink(`# ${[...numbers.map(({ header }) => header), names].join(separator)}\n`);
    return;
  }
  const lead = (keys.length - 1) * INDENT;
  const heads = numbers.map((column) => pad(column.header, column)).join('  ');
  sink(`# ${' '.repeat(lead)}${heads}  ${names}\n`);
  const widest = keys.map(({ width }, level) => width + level * INDENT);
  const dots = numbers.map(({ width }) => '.'.repeat(width)).join('..');
  sink(`# ${'.'.repeat(lead)}${dots}  ${'.'.repeat(Math.max(names.length, ...widest))}\n#\n`);
}
