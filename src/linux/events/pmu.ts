/**
 * The PMUs (units that count) of the machine, as the kernel describes them in
 * /sys/bus/event_source/devices (Documentation/ABI/testing/sysfs-bus-event_source-devices-*):
 *
 *   NAME/type            number for `perf_event_attr.type`
 *   NAME/format/TERM     `config:0-7,32-35`: where a term's bits go, lowest first
 *   NAME/events/EVENT    `event=0x3c,umask=0x01`: what a name stands for
 *   NAME/events/EVENT.scale, .unit     what one count is worth
 *   NAME/cpumask         CPUs to count on for the whole system (a chip's, not a core's unit)
 *   NAME/cpus            CPUs whose cores have this unit, where cores are of several kinds
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

import { parseCpuList, readNumber, readText } from '../system.js';

/** A word of `perf_event_attr` that terms fill. */
export type ConfigWord = 'config' | 'config1' | 'config2' | 'config3';

/** Where the bits of a term go. */
export interface TermFormat {
  /** As the kernel writes it: `config:0-7,32-35`. */
  readonly text: string;
  readonly word: ConfigWord;
  /** First and last bit of each run, in the order in which a value's bits fill them. */
  readonly runs: readonly (readonly [first: number, last: number])[];
}

/** An event that the kernel names in a PMU's folder. */
export interface PmuEvent {
  readonly name: string;
  /** `event=0x3c,umask=0x01`. */
  readonly terms: string;
  readonly scale?: number;
  readonly unit?: string;
}

export class Pmu {
  private readonly formatCache = new Map<string, TermFormat | undefined>();

  constructor(
    readonly name: string,
    readonly type: number,
    private readonly folder: string,
  ) {}

  /** CPUs to count on for the whole system. */
  get cpumask(): readonly number[] | undefined {
    return this.cpuList('cpumask');
  }

  /** CPUs whose cores have this unit. */
  get cores(): readonly number[] | undefined {
    return this.cpuList('cpus');
  }

  /** Whether it counts what a core runs: the PMU of hardware and cache events. */
  get isCore(): boolean {
    return this.name === 'cpu' || this.cores !== undefined;
  }

  /** Names of the terms that it takes. */
  get terms(): string[] {
    return entries(join(this.folder, 'format'));
  }

  /** `undefined` for what is no term of it, or where the kernel describes it in a way not known here. */
  format(term: string): TermFormat | undefined {
    if (!this.formatCache.has(term)) {
      this.formatCache.set(term, parseFormat(this.read('format', term)));
    }
    return this.formatCache.get(term);
  }

  /** Names of its events. */
  get eventNames(): string[] {
    return entries(join(this.folder, 'events')).filter(
      (name) => !/\.(scale|unit|per-pkg|snapshot)$/.test(name),
    );
  }

  event(name: string): PmuEvent | undefined {
    const terms = this.read('events', name);
    if (terms === undefined) return undefined;
    const scale = Number(this.read('events', `${name}.scale`));
    const unit = this.read('events', `${name}.unit`);
    return {
      name,
      terms,
      ...(scale > 0 && Number.isFinite(scale) ? { scale } : {}),
      ...(unit === undefined || unit === '' ? {} : { unit }),
    };
  }

  private read(kind: 'format' | 'events', name: string): string | undefined {
    return /^[\w.-]+$/.test(name) ? readText(join(this.folder, kind, name)) : undefined;
  }

  private cpuList(name: string): readonly number[] | undefined {
    const text = readText(join(this.folder, name));
    return text === undefined ? undefined : parseCpuList(text);
  }
}

export class Pmus {
  private readonly known = new Map<string, Pmu | undefined>();

  constructor(private readonly folder = '/sys/bus/event_source/devices') {}

  get names(): string[] {
    return entries(this.folder);
  }

  get(name: string): Pmu | undefined {
    if (!this.known.has(name)) this.known.set(name, this.find(name));
    return this.known.get(name);
  }

  get all(): Pmu[] {
    return this.names.flatMap((name) => this.get(name) ?? []);
  }

  /** Those of machines with several kinds of cores; empty where all cores are alike. */
  get hybrid(): Pmu[] {
    const cores = this.all.filter((pmu) => pmu.isCore);
    return cores.length > 1 ? cores : [];
  }

  /**
   * The PMU of this name, or all whose name begins so, `uncore_` left aside: `uncore_imc` and `imc` are
   * `uncore_imc_0`, `uncore_imc_1` and so on. May be a pattern with `*` and `?`.
   */
  matching(name: string): Pmu[] {
    const exact = this.get(name);
    if (exact !== undefined) return [exact];
    const pattern = globPattern(`${name}*`);
    return this.all.filter((pmu) => {
      const short = name.startsWith('uncore_') ? pmu.name : pmu.name.replace(/^uncore_/, '');
      return pattern.test(short);
    });
  }

  private find(name: string): Pmu | undefined {
    if (!/^[\w.:-]+$/.test(name) || name.startsWith('.')) return undefined;
    const folder = join(this.folder, name);
    const type = readNumber(join(folder, 'type'));
    return type === undefined ? undefined : new Pmu(name, type, folder);
  }
}

/** A shell pattern (`*`, `?`, `[…]`) as a regular expression of the whole name. */
export function globPattern(glob: string): RegExp {
  const source = glob.replace(/\[!?[\w-]+\]|[^]/g, (part) => {
    if (part === '*') return '.*';
    if (part === '?') return '.';
    if (part.length > 1) return part.replace('[!', '[^');
    return part.replace(/[\\^$.|+()[\]{}/]/, '\\$&');
  });
  return new RegExp(`^${source.replace(/(\.\*)+/g, '.*')}$`);
}

function entries(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}

function parseFormat(text: string | undefined): TermFormat | undefined {
  const match = /^(config[123]?):(\d+(?:-\d+)?(?:,\d+(?:-\d+)?)*)$/.exec(text ?? '');
  if (match === null) return undefined;
  const runs = match[2].split(',').map((run) => {
    const [first, last = first] = run.split('-').map(Number);
    return [first, last] as const;
  });
  if (runs.some(([first, last]) => last < first || last > 63)) return undefined;
  return { text: match[0], word: match[1] as ConfigWord, runs };
}

/** How many bits a term's value may have. */
export function formatWidth(format: TermFormat): number {
  return format.runs.reduce((sum, [first, last]) => sum + last - first + 1, 0);
}

/** A value's bits at their places in the word. */
export function placeBits(format: TermFormat, value: bigint): bigint {
  let word = 0n;
  let rest = value;
  for (const [first, last] of format.runs) {
    const width = BigInt(last - first + 1);
    word |= (rest & ((1n << width) - 1n)) << BigInt(first);
    rest >>= width;
  }
  return BigInt.asUintN(64, word);
}
