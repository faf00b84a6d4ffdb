/** What drawing costs, once a profile is loaded: time, and the size of the file. */
import { formatBytes, formatCount, type Bytes } from '../base/units.js';
import type { Profile } from '../profile/profile.js';
import { renderFlameGraph, type FlameGraphOptions } from '../render/flamegraph/flamegraph.js';
import { writeFolded } from '../render/folded.js';
import { tell } from './measure.js';
import { median, spread } from './statistics.js';
import { syntheticProfile, type SyntheticSize } from './synthetic.js';
import { layOut, withSpread } from './table.js';

/** A long recording, a longer one, and one of which most stacks were seen only twice. */
const SIZES: readonly SyntheticSize[] = [
  { samples: 400_000, stacks: 20_000, threads: 4 },
  { samples: 1_000_000, stacks: 20_000, threads: 8 },
  { samples: 400_000, stacks: 200_000, threads: 4 },
];

export interface DrawingResult {
  readonly profile: string;
  readonly drawing: string;
  /** Seconds of each run. */
  readonly wall: number[];
  readonly cpu: number[];
  readonly bytes: Bytes;
}

const DRAWINGS: readonly (readonly [name: string, draw: (profile: Profile) => Bytes])[] = [
  ['flame graph', (profile) => picture(profile, {})],
  ['flame graph, by thread', (profile) => picture(profile, { threads: true })],
  ['flame chart', (profile) => picture(profile, { chart: true })],
  ['folded stacks', folded],
];

export function benchDrawing({ repeat }: { readonly repeat: number }): DrawingResult[] {
  return SIZES.flatMap((size) => {
    const { samples, stacks } = size;
    const name = `${formatCount(samples)} samples of ${formatCount(stacks)} stacks`;
    tell(`drawing: ${name}`);
    const profile = syntheticProfile(size);
    return DRAWINGS.map(([drawing, draw]) => {
      const wall: number[] = [];
      const cpu: number[] = [];
      let bytes = 0;
      for (let run = 0; run < repeat; run++) {
        const start = performance.now();
        const before = process.cpuUsage();
        bytes = draw(profile);
        const { user, system } = process.cpuUsage(before);
        wall.push((performance.now() - start) / 1e3);
        cpu.push((user + system) / 1e6);
      }
      return { profile: name, drawing, wall, cpu, bytes };
    });
  });
}

function picture(profile: Profile, options: Partial<FlameGraphOptions>): Bytes {
  let bytes = 0;
  renderFlameGraph(profile, { title: 'bench', ...options }, (text) => {
    bytes += Buffer.byteLength(text);
  });
  return bytes;
}

function folded(profile: Profile): Bytes {
  let bytes = 0;
  const annotate = { kernel: false, jit: false };
  writeFolded(profile, { event: 0, count: 'period', root: 'comm', annotate }, (text) => {
    bytes += Buffer.byteLength(text);
  });
  return bytes;
}

export function drawingTable(results: readonly DrawingResult[]): string[] {
  const profiles = [...new Set(results.map(({ profile }) => profile))];
  const rows = profiles.flatMap((name) => [
    name,
    ...results
      .filter(({ profile }) => profile === name)
      .map(({ drawing, wall, cpu, bytes }) => [
        `  ${drawing}`,
        withSpread(median(wall), spread(wall)),
        median(cpu).toFixed(2),
        formatBytes(bytes),
      ]),
  ]);
  return layOut(['', 'wall s', 'CPU s', 'file'], rows);
}
