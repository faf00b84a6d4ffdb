/**
 * What follows the records in the file: perf's own feature sections and Strata's.
 */
import { arch, cpus, hostname, release, totalmem } from 'node:os';
import { readFileSync } from 'node:fs';

import { Cursor } from '../../base/cursor.js';
import { formatAddress, type Address } from '../../base/units.js';
import { buildIdIn } from '../../formats/elf/notes.js';
import type { KernelFunctions } from '../../formats/kallsyms.js';
import { HeaderFeature } from '../../formats/perfdata/spec.js';
import {
  encodeBuildIds,
  encodeClockData,
  encodeCommandLine,
  encodeCpuCount,
  encodeCpuTopology,
  encodeEventDescription,
  encodeNumaTopology,
  encodeSampleTime,
  encodeStringFeature,
  encodeTotalMemory,
  type FileBuildId,
  type FileEvent,
} from '../../formats/perfdata/writer.js';
import { presentCpus } from '../../linux/system.js';
import { cpuTopology, numaTopology } from '../../linux/topology.js';
import type { CodeModule } from '../../session/modules.js';
import type { KernelFunction } from '../../symbolize/kernel.js';
import { CLOCK } from '../events/rings.js';

/** What perf calls the kernel among files. */
const KERNEL_PATH = '[kernel.kallsyms]';

/** perf's names of machines, as `uname -m` gives them. */
const MACHINES: Partial<Record<string, string>> = { x64: 'x86_64', arm64: 'aarch64' };

/** The machine, the command line and the events, in perf's sections. */
export function machineFeatures(
  commandLine: readonly string[],
  events: readonly FileEvent[],
  program: string,
  firstTime: number,
  lastTime: number,
): Map<number, Uint8Array> {
  const online = cpus();
  const present = presentCpus().length;
  const wallNow = BigInt(Date.now()) * 1_000_000n;
  const features = new Map<number, Uint8Array>([
    [HeaderFeature.HOSTNAME, encodeStringFeature(hostname())],
    [HeaderFeature.OSRELEASE, encodeStringFeature(release())],
    [HeaderFeature.VERSION, encodeStringFeature(program)],
    [HeaderFeature.ARCH, encodeStringFeature(MACHINES[arch()] ?? arch())],
    [HeaderFeature.NRCPUS, encodeCpuCount(present, online.length)],
    [HeaderFeature.CPUDESC, encodeStringFeature(online[0]?.model ?? 'unknown')],
    [HeaderFeature.TOTAL_MEM, encodeTotalMemory(totalmem() / 1024)],
    [HeaderFeature.CMDLINE, encodeCommandLine(commandLine)],
    [HeaderFeature.EVENT_DESC, encodeEventDescription(events)],
    [HeaderFeature.SAMPLE_TIME, encodeSampleTime(firstTime, lastTime)],
    [HeaderFeature.CLOCK_DATA, encodeClockData(CLOCK, wallNow, process.hrtime.bigint())],
  ]);
  const topology = cpuTopology(present);
  if (topology !== undefined) {
    features.set(HeaderFeature.CPU_TOPOLOGY, encodeCpuTopology(topology));
  }
  const nodes = numaTopology();
  if (nodes.length > 0) features.set(HeaderFeature.NUMA_TOPOLOGY, encodeNumaTopology(nodes));
  return features;
}

/** Build IDs of the files that samples lie in, of the kernel, and of the file of names. */
export function buildIdFeature(
  modules: Iterable<CodeModule>,
  names: { path: string; buildId: Uint8Array } | undefined,
): Uint8Array {
  const files: FileBuildId[] = [];
  const kernel = kernelBuildId();
  if (kernel !== undefined) {
    files.push({ path: KERNEL_PATH, buildId: Buffer.from(kernel, 'hex'), kernel: true });
  }
  files.push(...moduleBuildIds(modules));
  if (names !== undefined) files.push({ ...names, kernel: false });
  return encodeBuildIds(files);
}

/** Build IDs of the files that stacks were unwound with. */
export function moduleBuildIds(modules: Iterable<CodeModule>): FileBuildId[] {
  return [...modules].flatMap(({ path, image }) =>
    image?.buildId === undefined
      ? []
      : [{ path, buildId: Buffer.from(image.buildId, 'hex'), kernel: false }],
  );
}

function kernelBuildId(): string | undefined {
  try {
    return buildIdIn(new Cursor(readFileSync('/sys/kernel/notes'), 'ELF notes'));
  } catch {
    return undefined;
  }
}

/**
 * The sampled functions of the kernel as /proc/kallsyms would list them, so that their names outlive a
 * reboot. Only sampled addresses and the bytes before them, where the calls are that return there, are ever looked
 * up in it, so that gaps between functions do no harm.
 */
export function kernelSymbolsText(
  symbols: KernelFunctions,
  addresses: Iterable<Address>,
): Uint8Array | undefined {
  const functions = new Set<number>();
  for (const address of addresses) {
    for (const i of [symbols.find(address), symbols.find(address - 1)]) {
      if (i >= 0) functions.add(i);
    }
  }
  if (functions.size === 0) return undefined;
  return kernelFunctionsText(
    [...functions].map((i) => ({
      start: symbols.start(i),
      name: symbols.name(i),
      module: symbols.module(i),
    })),
  );
}

/** Functions of the kernel as /proc/kallsyms lists them. */
export function kernelFunctionsText(
  functions: readonly Pick<KernelFunction, 'start' | 'name' | 'module'>[],
): Uint8Array {
  const lines = [...functions]
    .sort((a, b) => a.start - b.start)
    .map(({ start, name, module }) => {
      const suffix = module === undefined ? '' : `\t${module}`;
      return `${formatAddress(start)} t ${name}${suffix}\n`;
    });
  return new TextEncoder().encode(lines.join(''));
}
