/** Whether a frame is the first of its thread, told without unwind information: by name, or by its code. */
import { readFileSync } from 'node:fs';

import type { ScriptFrame } from './reports.js';

const STARTS = /^(_start|_dl_start_user|__?clone3?|__GI___clone3?|thread_start)(@.*)?$/;

/**
 * What follows the call in functions that never return, on x86-64: `hlt` in a program's `_start`;
 * `mov edi,eax` (or `rdi,rax`), `mov eax,SYS_exit; syscall` in libc's clone and clone3 (libc's file names neither: perf
 * calls them after the symbol before, or not at all).
 */
const AFTER_CALL = ['f4', '89c7b83c0000000f05', '4889c7b83c0000000f05'];
/** `_start` of the dynamic linker calls its C code within its first bytes. */
const LINKER_START_SIZE = 16;

/** @param frame of `perf script`, whose addresses are offsets in the file for files that it knows */
export function isThreadStart({ ip, symbol, object }: ScriptFrame): boolean {
  if (STARTS.test(symbol.replace(/\+0x[0-9a-f]+$/, ''))) return true;
  if (!object.startsWith('/')) return false;
  const file = readFileSync(object);
  // The recording gives the address of the call's last byte.
  const after = file.subarray(ip + 1, ip + 11).toString('hex');
  if (AFTER_CALL.some((bytes) => after.startsWith(bytes))) return true;
  const entry = Number(file.readBigUInt64LE(24)); // e_entry; the linker's code is at its own address
  return /\/ld-linux/.test(object) && ip >= entry && ip < entry + LINKER_START_SIZE;
}
