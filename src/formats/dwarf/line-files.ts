/** The file names of a line number program (DWARF 5, section 6.2.4; before it, version 4's). */
import type { Cursor } from '../../base/cursor.js';
import type { Bytes } from '../../base/units.js';
import { Form, LineContent } from './constants.js';
import { unlessDamaged } from './damage.js';
import { readForm, type Encoding } from './forms.js';
import type { Unit } from './unit.js';

/** More are made up: each costs a byte in the file, and here an object. */
const MAX_NAMES = 1 << 20;

/** A name as it stands in the header, not yet decoded: most are never asked for. */
interface NameRef {
  readonly form: number;
  readonly value: number;
  readonly directory: number;
}

/** Paths by the numbers that the program, and `DW_AT_call_file`, use. */
export class LineFiles {
  private readonly paths: (string | undefined)[] = [];

  /**
   * @param start where in `.debug_line` positions of inline names count from
   * @param directories number 0 is the folder that was compiled in
   */
  private constructor(
    private readonly unit: Unit,
    private readonly start: Bytes,
    private readonly directories: readonly NameRef[],
    private readonly files: NameRef[],
  ) {}

  /** Reads the tables of a header, up to its end. @throws FormatError */
  static read(unit: Unit, header: Cursor, encoding: Encoding): LineFiles {
    if (encoding.version >= 5) {
      const directories = readEntries(header, encoding);
      return new LineFiles(unit, header.base, directories, readEntries(header, encoding));
    }
    const compiledIn: NameRef = { form: 0, value: 0, directory: 0 };
    const directories = [compiledIn];
    for (let at = readName(header); at >= 0; at = readName(header)) {
      directories.push({ form: Form.string, value: at, directory: 0 });
    }
    const files = [compiledIn]; // Numbers begin at 1.
    for (let at = readName(header); at >= 0; at = readName(header)) {
      files.push(readFile(header, at));
    }
    return new LineFiles(unit, header.base, directories, files);
  }

  /** `DW_LNE_define_file`: one more, in the middle of the program, which `cursor` reads. */
  define(cursor: Cursor): void {
    const at = readName(cursor);
    if (at >= 0) this.files.push(readFile(cursor, at));
  }

  /** A full path where the compiler's folder is known; `undefined` of a number that is none. */
  path(index: number): string | undefined {
    if (!(index in this.paths)) this.paths[index] = this.build(index);
    return this.paths[index];
  }

  private build(index: number): string | undefined {
    const file: NameRef | undefined = this.files[index];
    if (file === undefined || file.form === 0) return undefined;
    const name = this.text(file);
    if (name === undefined || name === '') return undefined;
    const directory: NameRef | undefined = this.directories[file.directory];
    const folder = directory === undefined || directory.form === 0 ? '' : this.text(directory);
    return joinPaths(this.unit.compDir ?? '', folder ?? '', name);
  }

  private text({ form, value }: NameRef): string | undefined {
    const { unit, start } = this;
    return unlessDamaged(undefined, () => unit.stringOf(form, value, unit.file.line, start));
  }
}

/** Position of an inline name; -1 of the empty one, which ends a table. */
function readName(cursor: Cursor): number {
  const at = cursor.position;
  readForm(cursor, Form.string, { version: 4, addressSize: 8, offsetSize: 4 });
  return cursor.position - at > 1 ? at : -1;
}

function readFile(cursor: Cursor, at: number): NameRef {
  const directory = cursor.uleb128();
  cursor.uleb128(); // time of modification
  cursor.uleb128(); // length
  return { form: Form.string, value: at, directory };
}

/** A table of version 5, which says first what its entries consist of. */
function readEntries(cursor: Cursor, encoding: Encoding): NameRef[] {
  const formats: (readonly [content: number, form: number])[] = [];
  for (let left = cursor.u8(); left > 0; left--) {
    formats.push([cursor.uleb128(), cursor.uleb128()]);
  }
  const count = cursor.uleb128();
  if (count > Math.min(MAX_NAMES, cursor.remaining)) {
    throw cursor.fault(`at most ${cursor.remaining} names`, `${count}`);
  }
  const entries: NameRef[] = [];
  for (let i = 0; i < count; i++) {
    let entry: NameRef = { form: 0, value: 0, directory: 0 };
    for (const [content, form] of formats) {
      const value = readForm(cursor, form, encoding);
      if (content === LineContent.path) entry = { ...entry, form, value };
      else if (content === LineContent.directory_index) entry = { ...entry, directory: value };
    }
    entries.push(entry);
  }
  return entries;
}

/**
 * A path of parts, each relative to those before unless absolute. Parts `.` go, so that a file has one
 * name; parts `..` stay, as what they lead to hangs on symbolic links.
 */
function joinPaths(...parts: readonly string[]): string {
  let path = '';
  for (const part of parts) {
    if (part.startsWith('/') || path === '') path = part;
    else if (part !== '') path = path.endsWith('/') ? path + part : `${path}/${part}`;
  }
  return path.replace(/\/(?:\.?\/)+/g, '/').replace(/^(?:\.\/)+(?=.)/, '');
}
