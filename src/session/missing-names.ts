/** Which functions of a profile have no names, in how many samples, why, and what mends it. */
import { basename } from 'node:path';

import { plural } from '../base/units.js';
import type { Note, Profile } from '../profile/profile.js';
import { SymbolAdvice } from '../symbolize/advice.js';
import type { SymbolOptions } from '../symbolize/options.js';
import type { SymbolGap } from '../symbolize/symbolizer.js';

/** What kept names from being known. */
export interface NameGaps {
  readonly kernel: string | undefined;
  readonly modules: readonly SymbolGap[];
  readonly options: SymbolOptions;
}

/** More would not be read; and what few samples hit does not change a profile. */
const MAX_NOTES = 8;
const LEAST_SHARE = 0.005;

const KERNEL = '[kernel.kallsyms]';

/** A sentence for each module with nameless frames, most samples first, and one for all lesser ones. */
export function missingNames(profile: Omit<Profile, 'notes'>, gaps: NameGaps): Note[] {
  const { functions, modules, strings } = profile;
  // The module that each function is missing a name of; -1 where it has a name.
  const moduleOf = Int32Array.from({ length: functions.length }, (_, func) =>
    isNameless(profile, func) ? functions.module[func] : -1,
  );
  if (moduleOf.every((module) => module < 0)) return [];
  const counts = samplesBy(profile, moduleOf, modules.length);
  const order = [...counts.keys()]
    .filter((module) => counts[module] > 0)
    .sort((a, b) => counts[b] - counts[a]);
  const least = LEAST_SHARE * profile.samples.length;
  const first = order.findIndex((module) => counts[module] < least);
  const shown = order.slice(0, Math.min(MAX_NOTES, first < 0 ? order.length : Math.max(1, first)));
  const rest = order.slice(shown.length);
  if (rest.length === 1) shown.push(...rest.splice(0)); // "1 more" says less in as many words

  const say = sentences(gaps);
  const notes = shown.map((module) => ({
    text: say(strings[modules.path[module]]),
    samples: counts[module],
  }));
  if (rest.length === 0) return notes;
  const isRest = new Uint8Array(modules.length);
  for (const module of rest) isRest[module] = 1;
  const merged = moduleOf.map((module) => (module >= 0 && isRest[module] === 1 ? 0 : -1));
  const text = `functions of ${plural(rest.length, 'more file')} have no names`;
  return [...notes, { text, samples: samplesBy(profile, merged, 1)[0] }];
}

function isNameless(
  { functions, modules, strings }: Omit<Profile, 'notes'>,
  func: number,
): boolean {
  const name = strings[functions.name[func]];
  const module = strings[modules.name[functions.module[func]]];
  return (
    name === '[unknown]' ||
    name === '[kernel]' ||
    name === `[${module}]` ||
    name.startsWith(`${module}+0x`)
  );
}

/** For each of `count` groups of functions, the samples whose stacks pass through one of them. */
function samplesBy(
  { stacks, frames, samples }: Omit<Profile, 'notes'>,
  groupOf: Int32Array,
  count: number,
): Float64Array {
  const perStack = new Float64Array(stacks.length);
  for (let i = 0; i < samples.length; i++) {
    if (samples.stack[i] >= 0) perStack[samples.stack[i]]++;
  }
  const counts = new Float64Array(count);
  const countedFor = new Int32Array(count).fill(-1);
  for (let leaf = 0; leaf < stacks.length; leaf++) {
    if (perStack[leaf] === 0) continue;
    for (let stack = leaf; stack >= 0; stack = stacks.parent[stack]) {
      const group = groupOf[frames.func[stacks.frame[stack]]];
      if (group < 0 || countedFor[group] === leaf) continue;
      countedFor[group] = leaf;
      counts[group] += perStack[leaf];
    }
  }
  return counts;
}

/** Why functions of the module at a path have no names. */
function sentences({ kernel, modules, options }: NameGaps): (path: string) => string {
  const gapOf = new Map(modules.map((gap) => [gap.path, gap]));
  const advice = new SymbolAdvice(options);
  const isOther = kernel !== undefined && /another kernel/.test(kernel);
  const isGiven = options.kallsyms !== undefined || options.vmlinux !== undefined;
  const given = isOther && !isGiven ? '; name its own with --kallsyms or --vmlinux' : '';
  return (path) => {
    if (path === '[unknown]') return 'addresses lie in no executable mapping';
    if (path === '[jit]') return 'code made at run time has no names';
    const gap = gapOf.get(path);
    const nameless = `functions of ${path} have no names`;
    if (gap === undefined) {
      return path === KERNEL && kernel !== undefined ? `${nameless}: ${kernel}${given}` : nameless;
    }
    const help = advice.about(gap);
    const tail = help === undefined ? '' : `: ${help}`;
    if (gap.reason === 'stripped') return `${basename(path)} is stripped${tail}`;
    return `${nameless}: ${withIt(gap)}${tail.replace(':', ';')}`;
  };
}

/** The facts about a module whose path has just been said, and of build IDs as much as tells them apart. */
function withIt({ path, detail }: SymbolGap): string {
  const file = path.replace(/ \(deleted\)$/, '');
  const facts = detail.startsWith(`${file} `) ? `it${detail.slice(file.length)}` : detail;
  return facts.replace(/\b([0-9a-f]{12})[0-9a-f]{12,}\b/g, '$1…');
}
