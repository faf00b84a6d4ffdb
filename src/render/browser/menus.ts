/** The menus of views and of sort keys. */
import type { View } from '../../profile/views.js';
import { MenuOverlay, PromptOverlay } from './overlays.js';
import type { Sort } from './protocol.js';

const VIEW_TEXTS: readonly (readonly [View, string])[] = [
  ['full', 'full    every frame'],
  ['mixed', 'mixed   without the interpreter’s own C'],
  ['python', 'python  only Python functions'],
  ['native', 'native  only what is not Python'],
];

export function viewMenu(now: View, choose: (view: View) => void): MenuOverlay {
  return new MenuOverlay(
    'View',
    VIEW_TEXTS.map(([view, text]) => ({
      text,
      isChosen: view === now,
      choose: () => choose(view),
    })),
  );
}

const SORTS: readonly (readonly [string, string])[] = [
  ['comm,dso,sym', 'command, shared object, symbol'],
  ['sym', 'symbol'],
  ['dso,sym', 'shared object, symbol'],
  ['dso', 'shared object'],
  ['comm', 'command'],
  ['tid', 'thread'],
  ['tid,sym', 'thread, symbol'],
  ['srcline,sym', 'source line, symbol'],
  ['srcfile', 'source file'],
];

/** @param choose is handed nothing where other keys are to be typed */
export function sortMenu(
  now: readonly string[],
  parse: (text: string) => Sort | string,
  choose: (sort: Sort | undefined) => void,
): MenuOverlay {
  const items = SORTS.flatMap(([keys, text]) => {
    const sort = parse(keys);
    if (typeof sort === 'string') return [];
    return [{ text, isChosen: sort.fields.join() === now.join(), choose: () => choose(sort) }];
  });
  const others = { text: 'other keys …', isChosen: false, choose: () => choose(undefined) };
  return new MenuOverlay('Sort by', [...items, others]);
}

/** Keys that are typed, where the menu does not have them. @param done gets them, or what is wrong with them */
export function sortPrompt(
  parseSort: (text: string) => Sort | string,
  done: (keys: Sort | string) => void,
): PromptOverlay {
  return new PromptOverlay({
    label: 'Sort by',
    text: '',
    onEnter: (text) => done(parseSort(text)),
  });
}
