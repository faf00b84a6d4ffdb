/** The two fields that feature sections are made of (tools/perf/util/header.c, `do_read_*`). */
import type { Cursor } from '../../../base/cursor.js';

/** `struct perf_header_string`: a length that counts the padding, then text that NULs fill up. */
export function readString(cursor: Cursor): string {
  return cursor.fixedString(cursor.u32());
}

/** u32 count, then as many of what `read` reads, each of which takes at least four bytes. */
export function readList<T>(cursor: Cursor, read: (cursor: Cursor) => T): T[] {
  return readCounted(cursor, cursor.u32(), read);
}

/** As many as `count` of what `read` reads, each of which takes at least four bytes. */
export function readCounted<T>(cursor: Cursor, count: number, read: (cursor: Cursor) => T): T[] {
  cursor.need(count * 4);
  const items: T[] = [];
  for (let i = 0; i < count; i++) items.push(read(cursor));
  return items;
}
