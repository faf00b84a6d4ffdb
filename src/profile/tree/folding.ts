/** Which functions a reader of a call tree is shown, and which are folded into those around them. */
import { libraries, OWN } from '../libraries.js';
import {
  functionsNamed,
  functionsOfFiles,
  functionsOfModules,
} from '../selection/function-choice.js';
import type { NamePattern } from '../selection/names.js';
import { Layer, type Profile } from '../profile.js';
import { isTask, type TaskFunctions } from './tasks.js';

export interface FoldChoice {
  /** Folds no library. */
  readonly all?: boolean | undefined;
  /** Functions, modules and files that are shown whoever's they are; stronger than `hide`. */
  readonly show?: readonly NamePattern[] | undefined;
  /** Functions, modules and files that are always folded. */
  readonly hide?: readonly NamePattern[] | undefined;
}

/** What becomes of a function's frames. */
export const Fold = {
  Shown: 0,
  /** Shown where code that is shown calls it, else folded. */
  Library: 1,
  Folded: 2,
} as const;
export type Fold = (typeof Fold)[keyof typeof Fold];

/** Per function, as columns. */
export interface Folding {
  /** {@link Fold} */
  readonly fold: Uint8Array;
  /** 1 of the programmer's own code. */
  readonly own: Uint8Array;
  /** 1 of Python functions. */
  readonly python: Uint8Array;
  /** What a folded function is said to be of, as an index into `names`; -1 for nothing known. */
  readonly source: Int32Array;
  readonly names: readonly string[];
}

/** Tasks' coroutines are shown also where they are a library's: what they spend is theirs. */
export function foldingOf(
  profile: Profile,
  { all, show, hide }: FoldChoice,
  tasks: TaskFunctions,
): Folding {
  const { functions, modules, strings } = profile;
  const { of, names } = libraries(profile);
  const sources = [...names];
  const shown = show && functionsMatched(profile, show);
  const hidden = hide && functionsMatched(profile, hide);
  const fold = new Uint8Array(functions.length);
  const source = of.slice();
  const ownSources = new Map<number, number>();
  for (let func = 0; func < functions.length; func++) {
    if (shown?.[func] === 1) continue;
    if (hidden?.[func] === 1) {
      fold[func] = Fold.Folded;
      if (of[func] < 0) source[func] = ownSource(func);
    } else if (of[func] >= 0 && all !== true && !isTask(tasks, func)) {
      fold[func] = Fold.Library;
    }
  }
  return {
    fold,
    own: Uint8Array.from(of, (library, func) => (library === OWN || shown?.[func] === 1 ? 1 : 0)),
    python: functions.layer.map((layer) => (layer === Layer.Python ? 1 : 0)),
    source,
    names: sources,
  };

  /** Of the programmer's own code that is hidden: its file's name. */
  function ownSource(func: number): number {
    const file = functions.file[func];
    const module = functions.module[func];
    const text = file >= 0 ? file : module >= 0 ? modules.name[module] : -1;
    let known = ownSources.get(text);
    if (known === undefined) {
      const name = text < 0 ? '[unknown]' : strings[text];
      ownSources.set(text, (known = sources.push(name.slice(name.lastIndexOf('/') + 1)) - 1));
    }
    return known;
  }
}

/** 1 for each function whose name, module or file is matched. */
function functionsMatched(profile: Profile, patterns: readonly NamePattern[]): Uint8Array {
  const ofModules = functionsOfModules(profile, patterns);
  const ofFiles = functionsOfFiles(profile, patterns);
  return functionsNamed(profile, patterns).map(
    (named, func) => named | ofModules[func] | ofFiles[func],
  );
}
