/**
 * Profiles for tests, drawn as columns of text, so that a test reads as a picture (after Firefox
 * Profiler's profile fixtures). Each column is a sample, its outermost frame on top:
 *
 *     drawProfile(`
 *       comm:app           comm:app           comm:worker
 *       main[python]       main[python]       start_thread[libc.so.6]
 *       parse[python]      read[libc.so.6]    poll[kernel]
 *     `)
 *
 * Columns are split by two spaces or more; a column with fewer frames ends early (a gap in the middle
 * is drawn as `-`). A cell is `name[layer or module]:line`, each part but the name optional:
 *
 *     f[python]         a Python function in `app.py`      f[python=json/decoder.py]   in that file
 *     f[interpreter]    CPython's own, in `python3.12`     f[kernel]                   in `[kernel]`
 *     f[unknown]        an unmapped address                f[numpy.so]                 native code
 *     f                 native code of the module `app`     +f[app]                    the same, inlined
 *
 * Lines before the frames set a column's sample: `comm:`, `thread:pid/tid/name`, `event:` (the name;
 * `cpu-clock` unless said), `weight:` (1 unless said), `time:` (ms; the column's number unless said),
 * `truncated:` (a number). Where only the first column says it, it holds for all.
 */
import { ProfileBuilder, EMPTY_META, type BuilderMeta } from '../profile/builder.js';
import { Layer, type EventInfo, type Note, type Profile } from '../profile/profile.js';
import type { Truncation } from '../profile/profile.js';

export interface DrawOptions {
  /** Unit of all weights. */
  readonly unit?: EventInfo['unit'];
  readonly meta?: Partial<BuilderMeta>;
  readonly notes?: readonly Note[];
}

const SETTING = /^(comm|thread|event|weight|time|truncated):(.*)$/;
const CELL = /^(\+?)([^[]+?)(?:\[([^\]=]+)(?:=([^\]]+))?\])?(?::(\d+))?$/;

export function drawProfile(picture: string, options: DrawOptions = {}): Profile {
  const rows = picture
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => line.trim().split(/\s{2,}/));
  const builder = new ProfileBuilder();
  const events = new Map<string, number>();
  const addresses = new Map<string, number>();

  const settings = rows.filter((row) => SETTING.test(row[0]));
  const frames = rows.filter((row) => !SETTING.test(row[0]));
  const columns = Math.max(...rows.map((row) => row.length));
  for (let column = 0; column < columns; column++) {
    const set = new Map<string, string>();
    for (const row of settings) {
      const match = SETTING.exec(row[Math.min(column, row.length - 1)]);
      if (match === null) throw new Error(`not a setting: ${row[column]}`);
      set.set(match[1], match[2]);
    }
    let stack = -1;
    for (const row of frames) {
      const cell = row[column] as string | undefined;
      if (cell === undefined || cell === '-') continue;
      stack = builder.stack(stack, drawFrame(builder, addresses, cell));
    }
    const comm = set.get('comm') ?? 'app';
    const [pid, tid, name] = (set.get('thread') ?? `1/1/${comm}`).split('/');
    const event = set.get('event') ?? 'cpu-clock';
    if (!events.has(event)) events.set(event, builder.event(event, options.unit ?? 'count'));
    builder.addSample(
      builder.thread(Number(pid), Number(tid), name),
      builder.string(comm),
      Number(set.get('time') ?? column) * 1e6,
      stack,
      0,
      events.get(event) ?? 0,
      Number(set.get('weight') ?? 1),
      Number(set.get('truncated') ?? 0) as Truncation,
    );
  }
  return builder.finish({ ...EMPTY_META, ...options.meta }, options.notes ?? []);
}

function drawFrame(builder: ProfileBuilder, addresses: Map<string, number>, cell: string): number {
  const match = CELL.exec(cell);
  if (match === null) throw new Error(`not a frame: ${cell}`);
  const [, inlined, name, place = 'app', file, line] = match;
  const depth = inlined === '' ? 0 : 1;
  const func = drawFunction(builder, name, place, file, depth > 0);
  // Each function has one address; in order of appearance, as a linker would place them.
  const key = `${place}:${file ?? ''}:${name}`;
  if (!addresses.has(key)) addresses.set(key, 0x1000 * (addresses.size + 1));
  return builder.frame(
    func,
    addresses.get(key) ?? 0,
    line === undefined ? -1 : Number(line),
    depth,
  );
}

function drawFunction(
  builder: ProfileBuilder,
  name: string,
  place: string,
  file: string | undefined,
  inlined: boolean,
): number {
  switch (place) {
    case 'python':
      return builder.function(
        name,
        builder.module('[python]', '[python]'),
        file ?? 'app.py',
        Layer.Python,
      );
    case 'interpreter': {
      const python = builder.module('python3.12', '/usr/bin/python3.12');
      return builder.function(name, python, -1, Layer.Interpreter);
    }
    case 'kernel':
      return builder.function(name, builder.module('[kernel]', '[kernel]'), -1, Layer.Kernel);
    case 'unknown':
      return builder.function(name, -1, -1, Layer.Unknown);
    default: {
      const module = builder.module(place, `/usr/lib/${place}`);
      return builder.function(name, module, file ?? -1, Layer.Native, inlined);
    }
  }
}

/** The samples as folded lines, `a;b;c weight`, in their order: what tests compare. */
export function foldedLines(profile: Profile): string[] {
  const { samples, stacks, frames, functions, strings } = profile;
  const lines: string[] = [];
  for (let sample = 0; sample < samples.length; sample++) {
    const names: string[] = [];
    for (let stack = samples.stack[sample]; stack >= 0; stack = stacks.parent[stack]) {
      names.unshift(strings[functions.name[frames.func[stacks.frame[stack]]]]);
    }
    lines.push(`${names.join(';')} ${samples.weight[sample]}`);
  }
  return lines;
}
