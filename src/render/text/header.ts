/**
 * What a recording says of itself, as `perf script --header-only` and `perf report --header-only` print
 * it (tools/perf/util/header.c, `print_*`, perf 6.1).
 *
 * Where it differs from perf: features that perf 6.1 does not know are printed and missed as later ones
 * do; in pipe mode perf prints each feature when it comes to its record, and none with --header-only;
 * the reference time is a microsecond off now and then, since the wall clock is kept to 256 ns; control
 * characters of the recording become `\x1b`; names of BPF programs that have functions of their own lack
 * the functions' names, which are in their BTF.
 */
import type { EventAttr } from '../../formats/perfdata/attr.js';
import type { FileInfo } from '../../formats/perfdata/features.js';
import type { PerfDataFile } from '../../formats/perfdata/reader.js';
import { HeaderFeature } from '../../formats/perfdata/spec.js';
import { attrFields } from './header-attr.js';
import { writeMachine } from './header-machine.js';
import { safe, type Sink } from './text.js';

/** What is printed of a recording's header. */
export type HeaderSource = Pick<PerfDataFile, 'header' | 'info' | 'events'>;

export interface HeaderOptions {
  /** The file's time of modification; perf prints it as when the recording was made. */
  readonly modified?: Date | undefined;
  /** `-I`: topology, caches and memory in full. */
  readonly full?: boolean;
}

const NS_PER_SECOND = 1e9;
const NS_PER_MICROSECOND = 1e3;

/** perf's names of clocks (tools/perf/util/clockid.c), by `CLOCK_*`. */
const CLOCK_NAMES: ReadonlyMap<number, string> = new Map([
  [0, 'realtime'],
  [1, 'monotonic'],
  [4, 'monotonic_raw'],
  [7, 'boottime'],
  [11, 'tai'],
]);
const COMPRESSION_ZSTD = 1;
/** The last feature of perf 6.1; later ones are told where they are there, and not missed. */
const LAST_EXPECTED = HeaderFeature.PMU_CAPS;

/** Writes the header between its lines of `# ========`. */
export function writeHeader(file: HeaderSource, options: HeaderOptions, sink: Sink): void {
  const { header, info } = file;
  const { offset, size } = header.isPipe ? { offset: 0, size: 0 } : header.data;
  sink('# ========\n');
  if (options.modified) sink(`# captured on    : ${ctime(options.modified)}\n`);
  sink(`# header version : ${header.version - 1}\n`);
  sink(`# data offset    : ${offset}\n`);
  sink(`# data size      : ${size}\n`);
  sink(`# feat offset    : ${offset + size}\n`);
  for (const [name, number] of Object.entries(HeaderFeature)) {
    if (!info.features.has(number)) continue;
    if (FULL_ONLY.has(number) && options.full !== true) {
      sink(`# ${name} info available, use -I to display\n`);
    } else {
      writeFeature(number, file, sink);
    }
  }
  if (!header.isPipe) sink(`# missing features: ${missing(info)}\n`);
  sink('# ========\n#\n');
}

const FULL_ONLY: ReadonlySet<number> = new Set([
  HeaderFeature.CPU_TOPOLOGY,
  HeaderFeature.NUMA_TOPOLOGY,
  HeaderFeature.CACHE,
  HeaderFeature.MEM_TOPOLOGY,
  HeaderFeature.CPU_DOMAIN_INFO,
]);

/** Each with a space behind it, as perf leaves it. */
function missing({ features }: FileInfo): string {
  return Object.entries(HeaderFeature)
    .filter(([, number]) => number <= LAST_EXPECTED && !features.has(number))
    .map(([name]) => `${name} `)
    .join('');
}

function writeFeature(number: number, file: HeaderSource, sink: Sink): void {
  const { info } = file;
  const text = (label: string, value: string | number): void => {
    sink(`# ${label} : ${safe(`${value}`)}\n`);
  };
  switch (number) {
    case HeaderFeature.HOSTNAME:
      return text('hostname', info.hostname);
    case HeaderFeature.OSRELEASE:
      return text('os release', info.osRelease);
    case HeaderFeature.VERSION:
      return text('perf version', info.version);
    case HeaderFeature.ARCH:
      return text('arch', info.arch);
    case HeaderFeature.NRCPUS:
      text('nrcpus online', info.cpusOnline);
      return text('nrcpus avail', info.cpusAvailable);
    case HeaderFeature.CPUDESC:
      return text('cpudesc', info.cpuDescription);
    case HeaderFeature.CPUID:
      return text('cpuid', info.cpuId);
    case HeaderFeature.TOTAL_MEM:
      return text('total memory', `${info.totalMemory} kB`);
    case HeaderFeature.CMDLINE:
      return text('cmdline', info.commandLine.map((word) => `${quoted(word)} `).join(''));
    case HeaderFeature.EVENT_DESC:
      for (const { name, ids, attr } of info.events) writeEvent(name, ids, attr, sink);
      return;
    case HeaderFeature.BRANCH_STACK:
      return sink('# contains samples with branch stack\n');
    case HeaderFeature.GROUP_DESC:
      return writeGroups(file, sink);
    case HeaderFeature.AUXTRACE:
      return sink('# contains AUX area data (e.g. instruction trace)\n');
    case HeaderFeature.STAT:
      return sink('# contains stat data\n');
    case HeaderFeature.SAMPLE_TIME:
      return writeSampleTime(info, sink);
    case HeaderFeature.CLOCKID:
      // perf multiplies the resolution by 1,000 and calls it a frequency.
      return sink(`# clockid frequency: ${(info.clockResolution ?? 0) * 1000} MHz\n`);
    case HeaderFeature.DIR_FORMAT:
      return text('directory data version', info.directoryVersion ?? 0);
    case HeaderFeature.BPF_PROG_INFO:
      return writeBpfPrograms(info, sink);
    case HeaderFeature.BPF_BTF:
      for (const { id } of info.bpfTypes) sink(`# btf info of id ${id}\n`);
      return;
    case HeaderFeature.COMPRESSED: {
      const { type = 0, level = 0, ratio = 0 } = info.compression ?? {};
      const name = type === COMPRESSION_ZSTD ? 'Zstd' : 'Unknown';
      return text('compressed', `${name}, level = ${level}, ratio = ${ratio}`);
    }
    case HeaderFeature.CLOCK_DATA:
      return writeClock(info, sink);
    default:
      return writeMachine(number, info, sink);
  }
}

function quoted(word: string): string {
  return word.replaceAll("'", "\\'");
}

function writeEvent(name: string, ids: Float64Array, attr: EventAttr, sink: Sink): void {
  const list = ids.length > 0 ? `, id = { ${ids.join(', ')} }` : '';
  const fields = attrFields(attr).map((field) => `, ${field}`);
  sink(`# event : name = ${safe(name)}, ${list}${fields.join('')}\n`);
}

function writeGroups({ info, events }: HeaderSource, sink: Sink): void {
  for (const { name, leader, members } of info.groups) {
    const group = events.events.slice(leader, leader + members).map((event) => safe(event.name));
    if (members > 1) sink(`# group: ${safe(name)}{${group.join(',')}}\n`);
  }
}

function writeSampleTime({ sampleTime }: FileInfo, sink: Sink): void {
  const [first, last] = sampleTime ?? [0, 0];
  sink(`# time of first sample : ${seconds(first)}\n`);
  sink(`# time of last sample : ${seconds(last)}\n`);
  sink(`# sample duration : ${((last - first) / 1e6).toFixed(3).padStart(10)} ms\n`);
}

/** `12449.102779`: cut, not rounded. */
function seconds(time: number): string {
  const whole = Math.floor(time / NS_PER_SECOND);
  const rest = Math.floor((time - whole * NS_PER_SECOND) / NS_PER_MICROSECOND);
  return `${whole}.${pad(rest, 6)}`;
}

function writeBpfPrograms({ bpfPrograms }: FileInfo, sink: Sink): void {
  for (const { id, tag, name, functions } of bpfPrograms) {
    const label = safe(`bpf_prog_${tag}${name === '' ? '' : `_${name}`}`);
    const places = functions.map(
      ({ address, size }) =>
        `${label} addr 0x${BigInt.asUintN(64, BigInt(address)).toString(16)} size ${size}\n`,
    );
    if (places.length === 1) sink(`# bpf_prog_info ${id}: ${places[0]}`);
    else {
      sink(`# bpf_prog_info ${id}:\n`);
      places.forEach((place, i) => sink(`# \tsub_prog ${i}: ${place}`));
    }
  }
}

function writeClock({ clock }: FileInfo, sink: Sink): void {
  if (clock === undefined) {
    sink('# reference time disabled\n');
    return;
  }
  const name = CLOCK_NAMES.get(clock.id) ?? '(not found)';
  const wall = seconds(clock.wallClock);
  const micros = wall.slice(wall.indexOf('.'));
  const date = localTime(new Date(Math.floor(clock.wallClock / 1e6)));
  const time = Math.floor(clock.time / NS_PER_SECOND);
  sink(`# clockid: ${name} (${clock.id >>> 0})\n`);
  sink(
    `# reference time: ${date}${micros} = ${wall} (TOD) = ` +
      `${time}.${pad(clock.time - time * NS_PER_SECOND, 9)} (${name})\n`,
  );
}

/** `2026-11-21 18:59:21`, in this machine's time zone as perf. */
function localTime(date: Date): string {
  const day = [date.getFullYear(), pad(date.getMonth() + 1, 2), pad(date.getDate(), 2)].join('-');
  return `${day} ${clockTime(date)}`;
}

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const MONTHS = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');

/** `Sat Nov 21 18:59:21 2026`: ctime(3). */
function ctime(date: Date): string {
  const day = `${date.getDate()}`.padStart(2);
  const weekday = DAYS[date.getDay()];
  return `${weekday} ${MONTHS[date.getMonth()]} ${day} ${clockTime(date)} ${date.getFullYear()}`;
}

function clockTime(date: Date): string {
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map((n) => pad(n, 2)).join(':');
}

function pad(value: number, digits: number): string {
  return `${value}`.padStart(digits, '0');
}
