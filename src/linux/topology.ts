/**
 * What the machine is made of, as perf's headers tell it: PMUs, sockets, dies and cores, NUMA nodes. After
 * tools/perf/util/cputopo.c; from Documentation/ABI/stable/sysfs-devices-system-cpu and -node.
 */
import { join } from 'node:path';

import type { CpuTopology, NumaNode } from '../formats/perfdata/features/machine.js';
import { Pmus } from './events/pmu.js';
import { parseCpuList, readNumber, readText } from './system.js';

/** By number of `perf_event_attr.type`. */
export function pmuMappings(pmus = new Pmus()): Map<number, string> {
  return new Map(pmus.all.map(({ type, name }) => [type, name]));
}

/**
 * @returns `undefined` where sysfs does not tell it of every CPU from 0 on, as where some are offline: the
 *   section has a place for each
 */
export function cpuTopology(
  cpus: number,
  root = '/sys/devices/system/cpu',
): CpuTopology | undefined {
  const packages = new Set<string>();
  const dies = new Set<string>();
  const threads = new Set<string>();
  const places: CpuTopology['cpus'][number][] = [];
  for (let cpu = 0; cpu < cpus; cpu++) {
    const folder = join(root, `cpu${cpu}`, 'topology');
    const core = readNumber(join(folder, 'core_id'));
    const socket = readNumber(join(folder, 'physical_package_id'));
    const packageCpus = readText(join(folder, 'package_cpus_list'));
    const coreCpus = readText(join(folder, 'core_cpus_list'));
    if (core === undefined || socket === undefined) return undefined;
    if (packageCpus === undefined || coreCpus === undefined) return undefined;
    packages.add(packageCpus);
    threads.add(coreCpus);
    const die = readNumber(join(folder, 'die_id'));
    const dieCpus = readText(join(folder, 'die_cpus_list'));
    if (dieCpus !== undefined) dies.add(dieCpus);
    places.push({ core, socket, ...(die === undefined ? {} : { die }) });
  }
  const hasDies = places.every(({ die }) => die !== undefined);
  return {
    siblingCores: [...packages],
    siblingDies: hasDies ? [...dies] : [],
    siblingThreads: [...threads],
    cpus: places,
  };
}

/** The online nodes; none on kernels without NUMA. */
export function numaTopology(root = '/sys/devices/system/node'): NumaNode[] {
  const online = parseCpuList(readText(join(root, 'online')) ?? '');
  return online.flatMap((node) => {
    const cpus = readText(join(root, `node${node}`, 'cpulist'));
    const memory = readText(join(root, `node${node}`, 'meminfo'));
    if (cpus === undefined || memory === undefined) return [];
    const kilobytes = (field: string): number =>
      Number(new RegExp(`${field}:\\s+(\\d+) kB`).exec(memory)?.[1] ?? 0);
    const memoryTotal = kilobytes('MemTotal');
    return [{ node, memoryTotal, memoryFree: kilobytes('MemFree'), cpus }];
  });
}
