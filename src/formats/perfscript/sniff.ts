/** Whether bytes are the text of `perf script`. */
import { MemorySource } from '../../base/source.js';
import type { Bytes } from '../../base/units.js';
import { ScriptReader } from './reader.js';

/** As much is looked at. */
const MOST: Bytes = 1 << 14;

/** @param start a file's first kilobytes */
export function isPerfScript(start: Uint8Array): boolean {
  const bytes = start.subarray(0, MOST);
  if (bytes.includes(0)) return false;
  // With `--header` samples may begin after what is looked at.
  const opening = Buffer.from(bytes.subarray(0, 256)).toString('latin1');
  if (/^[\s>]*# (?:=+\r?\n# captured on|captured on +:|hostname :)/.test(opening)) return true;
  const reader = new ScriptReader(new MemorySource(bytes));
  while (reader.next()) {
    // Other tools' lines have a time and an event, too, but neither a thread's ID nor a stack.
    if (reader.sample.tid !== -1 || reader.sample.length > 0) return true;
  }
  return false;
}
