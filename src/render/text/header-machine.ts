/** The features of a header that describe the machine (tools/perf/util/header.c, `print_*`). */
import type { FileInfo } from '../../formats/perfdata/features.js';
import type { PmuCapabilities } from '../../formats/perfdata/features/machine.js';
import { HeaderFeature } from '../../formats/perfdata/spec.js';
import { safe, type Sink } from './text.js';
import { roundSize } from './sizes.js';

/** perf's buffer for a node's blocks, which cuts longer lists. */
const MAX_BLOCKS_TEXT = 99;

/** Writes a feature; nothing of one that has no text, such as build IDs. */
export function writeMachine(number: number, info: FileInfo, sink: Sink): void {
  switch (number) {
    case HeaderFeature.CPU_TOPOLOGY:
      return writeTopology(info, sink);
    case HeaderFeature.NUMA_TOPOLOGY:
      for (const { node, memoryTotal, memoryFree, cpus } of info.numaNodes) {
        sink(`# node${node} meminfo  : total = ${memoryTotal} kB, free = ${memoryFree} kB\n`);
        sink(`# node${node} cpu list : ${safe(cpus)}\n`);
      }
      return;
    case HeaderFeature.PMU_MAPPINGS: {
      const pmus = Array.from(info.pmus, ([type, name]) => `${safe(name)} = ${type}`);
      return sink(`# pmu mappings: ${pmus.length > 0 ? pmus.join(', ') : 'not available'}\n`);
    }
    case HeaderFeature.CACHE:
      sink('# CPU cache info:\n');
      for (const { level, type, size, cpus } of info.caches) {
        const label = `L${level} ${safe(type).padEnd(15)} ${safe(size).padStart(8)}`;
        sink(`#  ${label} [${safe(cpus)}]\n`);
      }
      return;
    case HeaderFeature.MEM_TOPOLOGY:
      return writeMemory(info, sink);
    case HeaderFeature.CPU_PMU_CAPS:
      return writeCapabilities('cpu', info.cpuPmuCaps, sink);
    case HeaderFeature.HYBRID_TOPOLOGY:
      sink('# hybrid cpu system:\n');
      for (const { pmu, cpus } of info.hybridPmus) {
        sink(`# ${safe(pmu)} cpu list : ${safe(cpus)}\n`);
      }
      return;
    case HeaderFeature.PMU_CAPS:
      for (const { pmu, capabilities } of info.pmuCaps) writeCapabilities(pmu, capabilities, sink);
      return;
    case HeaderFeature.CPU_DOMAIN_INFO:
      return writeDomains(info, sink);
  }
}

function writeTopology({ cpuTopology: topology }: FileInfo, sink: Sink): void {
  if (topology === undefined) return;
  const { siblingCores, siblingDies, siblingThreads, cpus } = topology;
  for (const list of siblingCores) sink(`# sibling sockets : ${safe(list)}\n`);
  for (const list of siblingDies) sink(`# sibling dies    : ${safe(list)}\n`);
  for (const list of siblingThreads) sink(`# sibling threads : ${safe(list)}\n`);
  if (cpus.length === 0) {
    const ids = siblingDies.length > 0 ? 'Core ID, Die ID and Socket ID' : 'Core ID and Socket ID';
    sink(`# ${ids} information is not available\n`);
  }
  cpus.forEach(({ core, socket, die }, cpu) => {
    const dieText = die === undefined ? '' : `Die ID ${die}, `;
    sink(`# CPU ${cpu}: Core ID ${core}, ${dieText}Socket ID ${socket}\n`);
  });
}

function writeMemory({ memory }: FileInfo, sink: Sink): void {
  if (memory === undefined) return;
  const { blockSize, nodes } = memory;
  sink(`# memory nodes (nr ${nodes.length}, block size 0x${blockSize.toString(16)}):\n`);
  for (const { node, size, blocks } of nodes) {
    const { count, ranges } = setBits(blocks, size);
    const text = ranges.join(',').slice(0, MAX_BLOCKS_TEXT);
    sink(`#  ${`${node}`.padStart(3)} [${roundSize(blockSize * count)}]: ${text}\n`);
  }
}

/** The set bits of a map of `size` bits, as ranges: `0-23`, `32`. */
function setBits(words: readonly bigint[], size: number): { count: number; ranges: string[] } {
  const ranges: string[] = [];
  let count = 0;
  let first = -1;
  for (let bit = 0; bit <= size; bit++) {
    const set = bit < size && (((words[bit >> 6] ?? 0n) >> BigInt(bit & 63)) & 1n) !== 0n;
    if (set) {
      count++;
      if (first < 0) first = bit;
    } else if (first >= 0) {
      ranges.push(first === bit - 1 ? `${first}` : `${first}-${bit - 1}`);
      first = -1;
    }
  }
  return { count, ranges };
}

function writeCapabilities(pmu: string, capabilities: PmuCapabilities, sink: Sink): void {
  const list = capabilities.map(([name, value]) => `${safe(name)}=${safe(value)}`).join(', ');
  sink(`# ${safe(pmu)} pmu capabilities: ${list === '' ? 'not available' : list}\n`);
}

function writeDomains({ cpuDomains }: FileInfo, sink: Sink): void {
  if (cpuDomains === undefined) return;
  sink(`# schedstat version\t: ${cpuDomains.schedstatVersion}\n`);
  sink(`# Maximum sched domains\t: ${cpuDomains.maxDomains}\n`);
  for (const { cpu, domains } of cpuDomains.cpus) {
    sink(`# cpu\t\t: ${cpu}\n# nr_domains\t: ${domains.length}\n`);
    for (const { domain, name, cpuMask, cpuList } of domains) {
      sink(`# Domain\t\t: ${domain}\n`);
      if (name !== undefined) sink(`# Domain name      : ${safe(name)}\n`);
      sink(`# Domain cpu map   : ${safe(cpuMask)}\n`);
      sink(`# Domain cpu list  : ${safe(cpuList)}\n`);
    }
  }
}
