/**
 * What a reader of the profile must be told: what could not be known, and what differs from what was
 * asked for. One sentence each.
 */
import { plural } from '../base/units.js';
import { TRUNCATION_WORDS, type Note, type Profile } from '../profile/profile.js';

/** What happened while a file was read. */
export interface ReadingFacts {
  /** Records or samples that the kernel dropped. */
  readonly lost: number;
  readonly lostChunks: number;
  readonly throttled: number;
  /** Records that are shorter than their fields. */
  readonly damaged: number;
  /** SAMPLE records whose ID is of no event. */
  readonly unidentified: number;
  /** The file's end: sentences. */
  readonly file: readonly string[];
  readonly kernelGap: string | undefined;
  /** Modules without names, and why, by path. */
  readonly moduleGaps: ReadonlyMap<string, string>;
}

/** Counts over `profile`, whose own notes are not looked at, and puts the facts in words. */
export function makeNotes(profile: Omit<Profile, 'notes'>, facts: ReadingFacts): Note[] {
  const notes: Note[] = facts.file.map((text) => ({ text }));
  const { lost, lostChunks, throttled, damaged, unidentified } = facts;
  if (lost > 0) {
    notes.push({
      text: `the kernel dropped ${plural(lost, 'record')}: the buffers were full`,
      samples: lost,
    });
  } else if (lostChunks > 0) {
    notes.push({ text: `the kernel dropped records ${plural(lostChunks, 'time')}` });
  }
  if (throttled > 0) {
    notes.push({
      text: `the kernel throttled sampling ${plural(throttled, 'time')}: less was sampled than asked for`,
    });
  }
  if (damaged > 0) notes.push({ text: `${plural(damaged, 'damaged record')} could not be read` });
  if (unidentified > 0) {
    notes.push({ text: 'samples of no known event were left out', samples: unidentified });
  }
  notes.push(...truncationNotes(profile), ...frameNotes(profile, facts));
  return notes;
}

function truncationNotes({ samples }: Omit<Profile, 'notes'>): Note[] {
  const counts = new Array<number>(TRUNCATION_WORDS.length).fill(0);
  for (const cause of samples.truncation) if (cause < counts.length) counts[cause]++;
  return counts.flatMap((count, cause) =>
    cause === 0 || count === 0
      ? []
      : [{ text: `stacks end early: ${TRUNCATION_WORDS[cause]}`, samples: count }],
  );
}

/** Samples whose stacks have frames without names, by module, most first. */
function frameNotes(profile: Omit<Profile, 'notes'>, facts: ReadingFacts): Note[] {
  const { modules, functions, frames, stacks, samples, strings } = profile;
  const kernel = facts.kernelGap;
  /** Why a function is nameless, as an index of `causes`; -1 where it is not. */
  const causes: string[] = [];
  const causeOfModule = new Map<string, number>();
  const causeOf = (func: number): number => {
    const name = strings[functions.name[func]];
    const module = functions.module[func];
    const shortName = strings[modules.name[module]];
    const path = strings[modules.path[module]];
    const nameless =
      name === '[unknown]' || name === `[${shortName}]` || name.startsWith(`${shortName}+0x`);
    const isKernel = name === '[kernel]';
    if (!nameless && !isKernel) return -1;
    let cause = causeOfModule.get(path);
    if (cause === undefined) {
      let text = `functions of ${path} have no names`;
      const gap = isKernel ? kernel : facts.moduleGaps.get(path);
      if (path === '[unknown]') text = 'addresses lie in no executable mapping';
      else if (path === '[jit]') text = 'code made at run time has no names';
      else if (gap !== undefined) text += `: ${gap}`;
      cause = causes.push(text) - 1;
      causeOfModule.set(path, cause);
    }
    return cause;
  };
  const causeOfFunction = Int32Array.from({ length: functions.length }, (_, func) => causeOf(func));
  if (causes.length === 0) return [];

  const perStack = new Float64Array(stacks.length);
  for (const stack of samples.stack) if (stack >= 0) perStack[stack]++;
  const counts = new Float64Array(causes.length);
  const countedFor = new Int32Array(causes.length).fill(-1);
  for (let leaf = 0; leaf < stacks.length; leaf++) {
    if (perStack[leaf] === 0) continue;
    for (let stack = leaf; stack >= 0; stack = stacks.parent[stack]) {
      const cause = causeOfFunction[frames.func[stacks.frame[stack]]];
      if (cause < 0 || countedFor[cause] === leaf) continue;
      countedFor[cause] = leaf;
      counts[cause] += perStack[leaf];
    }
  }
  return causes
    .map((text, cause) => ({ text, samples: counts[cause] }))
    .filter((note) => note.samples > 0)
    .sort((a, b) => b.samples - a.samples);
}
