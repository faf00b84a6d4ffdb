/** Whether bytes are folded stacks. */
import { endOfText, startOfNumber } from './reader.js';

const NEWLINE = 0x0a;
const COMMENT = 0x23;

/** The first line that says something is a stack and a number. @param start a file's first kilobytes */
export function isFolded(start: Uint8Array): boolean {
  if (start.includes(0)) return false;
  for (let from = 0; from < start.length;) {
    const newline = start.indexOf(NEWLINE, from);
    const lineEnd = newline < 0 ? start.length : newline;
    const end = endOfText(start, from, lineEnd);
    if (end > from && start[from] !== COMMENT) return startOfNumber(start, from, end) > 0;
    from = lineEnd + 1;
  }
  return false;
}
