/**
 * The frame that a sample without call chain has on its own line, after the event: where it stands among
 * the other fields.
 *
 *     cpu-clock:      7f53389994d0 malloc+0x10 (/usr/lib/libc.so.6)
 *     page-faults:     7ffd00001000            55d0c2a1b2c3 main+0x3 (/bin/x)           with addr
 *     branches:   call    55d0c2a1b2c3 main+0x3 (/bin/x) => 7f5338.. puts (…)           with flags, addr
 *     sched:sched_switch: prev_comm=x … ffffffff81001000 __schedule+0x1 ([kernel.kallsyms])
 */
import { dsoStart } from './frame.js';

/** Where the frame stands in a text of one character per byte. */
export interface FramePlace {
  readonly start: number;
  readonly end: number;
}

/** Finds the frame in what follows the event's name; `undefined` where there is none. */
export function findOwnFrame(text: string): FramePlace | undefined {
  const target = text.indexOf(' => ');
  const end = (target < 0 ? text : text.slice(0, target)).trimEnd().length;
  const rest = text.slice(0, end);
  const first = /^[0-9a-f]{1,16}(?=\s|$)/.exec(rest)?.[0];
  if (first !== undefined) {
    // An address of data goes before; the width of the second is 16, so that blanks stand between.
    const second = /^(?:\s{2,}|\s(?=[0-9a-f]{16}(?:\s|$)))(?=[0-9a-f]{1,16}(?:\s|$))/.exec(
      rest.slice(first.length, first.length + 64),
    );
    const start = second === null ? 0 : first.length + second[0].length;
    if (rest.endsWith(')') || !/\s/.test(rest.slice(start))) return { start, end };
    // Registers, branches and instructions follow.
    const close = rest.indexOf(') ', start);
    return close < 0 ? undefined : { start, end: close + 1 };
  }
  return rest.endsWith(')') ? lastFrame(rest) : undefined;
}

/** The frame at the end of other text: its address is the last word before the dso that can be one. */
function lastFrame(text: string): FramePlace | undefined {
  let wordEnd = dsoStart(text) - 1;
  while (wordEnd > 0) {
    const blank = text.lastIndexOf(' ', wordEnd - 1);
    if (isAddress(text, blank + 1, wordEnd)) return { start: blank + 1, end: text.length };
    wordEnd = blank;
  }
  return undefined;
}

/** At least the six digits that code has, and not a word such as `facade`. */
function isAddress(text: string, start: number, end: number): boolean {
  return (
    end - start >= 6 && end - start <= 16 && /^(?=.*\d)[0-9a-f]+$/.test(text.slice(start, end))
  );
}
