/** Files of numbers: recordings, programs, what just-in-time compilers write. */
import { orUndefined } from '../base/errors.js';
import { MemorySource } from '../base/source.js';
import { ParseBudget } from '../formats/dwarf/budget.js';
import { DebugInfo } from '../formats/dwarf/debug-info.js';
import { architectureOfMachine } from '../formats/dwarf/registers.js';
import { EM_X86_64 } from '../formats/elf/constants.js';
import { ElfImage } from '../formats/elf/image.js';
import { readSymbols, symbolNamed } from '../formats/elf/symbols.js';
import { writeSymbolFile } from '../formats/elf/writer.js';
import { readJitDump } from '../formats/jitdump/reader.js';
import { readPerfData } from '../formats/perfdata/reader.js';
import { SampleView } from '../formats/perfdata/sample.js';
import { PerfRecord } from '../formats/perfdata/spec.js';
import { parseTracingData } from '../formats/tracing/tracing-data.js';
import { trampolineFromElf } from '../python/trampolines.js';
import { JitFunction } from '../session/jit-function.js';
import { profileOf, type LoadOptions } from '../session/load.js';
import { RecordingWriter } from '../testing/perfdata.js';
import { Demangler } from '../symbolize/demangle.js';
import { UnwindTable } from '../unwind/table.js';
import { elfFields, jitDumpFields, perfDataFields } from './fields.js';
import { writeJitDump } from './jitdump.js';
import { fixtureSeeds, seed, type Target } from './target.js';
import { unwindThrough } from './unwinding.js';

/** What is read is the input alone, as far as its build IDs are not those of this machine's files. */
const NOWHERE: LoadOptions = {
  symbols: { symfs: '/nonexistent', kallsyms: '/nonexistent' },
  inline: 'off',
};
/** Where the small files of `fixtures/fuzz` have code, and beyond. */
const ADDRESSES = Array.from({ length: 80 }, (_, i) => 0x200 + i * 8);
/** Bytes of debug information: the files have less than a kilobyte. */
const BUDGET = 1 << 22;

export const BINARY_TARGETS: readonly Target[] = [
  {
    format: 'perf.data',
    seeds: () => [
      ...fixtureSeeds('perfdata', /\.data$/, perfDataFields),
      ...fixtureSeeds('fuzz', /\.data$/, perfDataFields),
      seed('little-endian', recording(true, false), perfDataFields),
      seed('big-endian', recording(false, false), perfDataFields),
      seed('stack-dumps', recording(true, true), perfDataFields),
    ],
    run: readRecording,
  },
  {
    format: 'elf',
    seeds: () => [
      ...fixtureSeeds('fuzz', /\.so$/, (bytes) => elfFields(bytes, /sym|str|note|eh_frame/)),
      seed('symbols', symbolFile(), (bytes) => elfFields(bytes, /sym|note/)),
    ],
    run: readElf,
  },
  {
    format: 'dwarf',
    seeds: () => fixtureSeeds('fuzz', /\.so$/, (bytes) => elfFields(bytes, /debug_/)),
    run: readDebugInfo,
  },
  {
    format: 'jitdump',
    seeds: () => [
      seed('little-endian', writeJitDump(true), (bytes) => jitDumpFields(bytes, true)),
      seed('big-endian', writeJitDump(false), (bytes) => jitDumpFields(bytes, false)),
    ],
    run: readDump,
  },
];

/** A profile, and the text of tracepoints. */
function readRecording(bytes: Uint8Array): void {
  profileOf(new MemorySource(bytes), NOWHERE);
  const file = readPerfData(new MemorySource(bytes));
  const { tracingData } = file.info;
  const tracing = tracingData && orUndefined(() => parseTracingData(tracingData));
  if (tracing === undefined) return;
  const records = file.records();
  const view = new SampleView();
  while (records.next()) {
    if (records.type !== PerfRecord.SAMPLE || !records.sample(view)) continue;
    orUndefined(() => tracing.format(records.raw(view)));
  }
}

/** Each part as the program reads it: a damaged one must not keep the others from being read. */
function readElf(bytes: Uint8Array): void {
  const image = ElfImage.read(new MemorySource(bytes));
  void image.debugLink;
  const symbols = orUndefined(() => readSymbols(image));
  for (let i = 0; symbols !== undefined && i < symbols.length; i++) {
    symbols.name(i);
    symbols.find(symbols.start(i));
  }
  orUndefined(() => symbolNamed(image, 'compute'));
  orUndefined(() => trampolineFromElf(image));
  for (const section of image.sections) orUndefined(() => image.sectionBytes(section));
  const table = UnwindTable.fromElf(image);
  for (const address of ADDRESSES) {
    image.vaddrOfOffset(address);
    image.offsetOfVaddr(address);
  }
  unwindThrough(table, architectureOfMachine(image.machine) ?? 'x86_64', ADDRESSES);
}

function readDebugInfo(bytes: Uint8Array): void {
  const demangler = new Demangler();
  const image = ElfImage.read(new MemorySource(bytes));
  const info = DebugInfo.open(image, {
    budget: new ParseBudget(BUDGET),
    lines: true,
    demangle: (name) => demangler.demangle(name),
    // A file that points at itself.
    files: { split: () => image, package: () => undefined, alternate: () => image },
  });
  for (const address of ADDRESSES) info?.framesAt(address);
}

function readDump(bytes: Uint8Array): void {
  const dump = readJitDump(new MemorySource(bytes));
  for (let row = 0; row < dump.length; row++) {
    const made = new JitFunction(dump, row);
    void made.name;
    made.lineAt(made.start + 4);
    const unwinding = made.unwinding('x86_64');
    if (unwinding !== undefined) unwindThrough(unwinding.table, 'x86_64', [unwinding.start]);
  }
  const latest = dump.latest();
  for (let i = 0; i < latest.length; i++) latest.name(i);
}

function recording(littleEndian: boolean, dumps: boolean): Uint8Array {
  return new RecordingWriter(littleEndian, dumps)
    .comm(1, 'shell', 10, true)
    .mmap(1, 0x1000, 0x1000, 0, '/bin/shell', 11)
    .sample({ pid: 1, time: 1000, ip: 0x1100, callers: [0x1200, 0x1300] })
    .fork(2, 1, 1010)
    .round()
    .sample({ pid: 2, time: 1020, ip: -0x7f000000, callers: [-0x7e000000] })
    .lost(3, 1030)
    .throttle(1040)
    .comm(2, 'tool', 1050, true)
    .mmap(2, 0x4000, 0x2000, 0, '//anon', 1060)
    .sample({ pid: 2, time: 1070, ip: 0x4100 })
    .round()
    .bytes();
}

function symbolFile(): Uint8Array {
  return writeSymbolFile({
    buildId: Uint8Array.from({ length: 20 }, (_, i) => i),
    machine: EM_X86_64,
    symbols: {
      starts: [0, 16, 32],
      sizes: [11, 11, 11],
      names: ['py::main:/path with spaces/ä.py', 'py::<lambda>:<string>', '_Z3foov'],
    },
    textSize: 48,
  });
}
