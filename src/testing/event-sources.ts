/** Made-up machines: what /sys and tracefs would say of their events. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import type { EventSources } from '../linux/events/parse.js';
import { Pmus } from '../linux/events/pmu.js';
import { Tracefs } from '../linux/events/tracepoints.js';

/** A test, or all of a file's: `{ after }` of node:test. */
interface Cleaner {
  readonly after: (clean: () => void) => void;
}

/** Files below a folder, by path, and what is in them. */
type Tree = Readonly<Record<string, string>>;

/** Writes files into a new folder that goes when the test ends; returns its path. */
export function madeUpFolder(t: Cleaner, files: Tree): string {
  const folder = mkdtempSync(join(tmpdir(), 'strata-machine-'));
  t.after(() => rmSync(folder, { recursive: true }));
  for (const [path, text] of Object.entries(files)) {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, `${text}\n`);
  }
  return folder;
}

/**
 * A machine with these PMUs (`cpu/format/event`: `config:0-7`) and tracepoints (`sched:sched_switch`) with
 * their numbers.
 */
export function madeUpMachine(
  t: Cleaner,
  pmus: Tree,
  tracepoints: Readonly<Record<string, number>> = {},
): EventSources {
  const ids = Object.entries(tracepoints).map(
    ([name, id]) => [`events/${name.replace(':', '/')}/id`, `${id}`] as const,
  );
  return {
    pmus: new Pmus(madeUpFolder(t, pmus)),
    tracefs: new Tracefs([madeUpFolder(t, Object.fromEntries(ids))]),
  };
}

/** PMUs of a machine with one kind of cores, Intel's, and of its memory controllers. */
export const INTEL: Tree = {
  'cpu/type': '4',
  'cpu/format/event': 'config:0-7',
  'cpu/format/umask': 'config:8-15,40-47',
  'cpu/format/edge': 'config:18',
  'cpu/format/inv': 'config:23',
  'cpu/format/cmask': 'config:24-31',
  'cpu/format/in_tx': 'config:32',
  'cpu/format/ldlat': 'config1:0-15',
  'cpu/format/scattered': 'config1:1,6-10,44',
  'cpu/format/newest': 'config3:0-63',
  'cpu/format/strange': 'bits of another kind',
  'cpu/events/cpu-cycles': 'event=0x3c',
  'cpu/events/mem-loads': 'event=0xcd,umask=0x1,ldlat=3',
  'cpu/events/slots': 'event=0x00,umask=0x4',
  'cpu/events/needs-core': 'event=0x1,umask=?',
  'uncore_imc_0/type': '12',
  'uncore_imc_0/cpumask': '0,28',
  'uncore_imc_0/format/event': 'config:0-7',
  'uncore_imc_0/events/cas_count_read': 'event=0x04',
  'uncore_imc_0/events/cas_count_read.scale': '6.103515625e-5',
  'uncore_imc_0/events/cas_count_read.unit': 'MiB',
  'uncore_imc_1/type': '13',
  'uncore_imc_1/cpumask': '0,28',
  'uncore_imc_1/format/event': 'config:0-7',
  'uncore_imc_1/events/cas_count_read': 'event=0x04',
  'uncore_imc_1/events/cas_count_read.scale': '6.103515625e-5',
  'uncore_imc_1/events/cas_count_read.unit': 'MiB',
  'software/type': '1',
};

/** PMUs of a machine with two kinds of cores. */
export const HYBRID: Tree = {
  'cpu_core/type': '4',
  'cpu_core/cpus': '0-7',
  'cpu_core/format/event': 'config:0-7',
  'cpu_core/events/cpu-cycles': 'event=0x3c',
  'cpu_atom/type': '8',
  'cpu_atom/cpus': '8-15',
  'cpu_atom/format/event': 'config:0-7',
  'cpu_atom/events/cpu-cycles': 'event=0x3c',
};
