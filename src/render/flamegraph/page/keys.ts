import type { PageEvent } from '../../page/dom.js';
import type { Step } from './steps.js';

/** What keys do. */
export interface KeyActions {
  readonly isTyping: () => boolean;
  readonly walk: (step: 'caller' | 'callee' | 'left' | 'right') => void;
  readonly isRootOnTop: () => boolean;
  readonly zoom: () => void;
  readonly nextMatch: (step: 1 | -1) => void;
  readonly find: () => void;
  readonly endSearch: () => void;
  readonly escape: () => void;
  readonly undo: () => void;
  readonly redo: () => void;
  readonly reset: () => void;
  readonly step: (kind: Step['kind']) => void;
  readonly menu: () => void;
  readonly help: () => void;
  readonly flip: () => void;
  readonly bottomUp: () => void;
  readonly order: () => void;
  readonly swap: () => void;
  readonly theme: () => void;
}

/** Of the whole page. @returns whether the key did something */
export function actOnKey(event: PageEvent, actions: KeyActions): boolean {
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const control = event.ctrlKey || event.metaKey;
  if (key === 'Escape') actions.escape();
  else if (control && key === 'f') actions.find();
  else if (actions.isTyping()) {
    if (key !== 'Enter') return false;
    actions.endSearch();
  } else if (control && key === 'z') {
    if (event.shiftKey) actions.redo();
    else actions.undo();
  } else if (control && key === 'y') actions.redo();
  else if (control || event.altKey) return false;
  else if (key === '/') actions.find();
  else if (key === '?') actions.help();
  else if (key === 'u' || key === 'Backspace') actions.undo();
  else if (key === 'y') actions.redo();
  else if (key === '0') actions.reset();
  else if (key === 'n') actions.nextMatch(event.shiftKey ? -1 : 1);
  else if (key === 'p') actions.nextMatch(-1);
  else if (key === 'f') actions.step('focus');
  else if (key === 'k') actions.step('keep');
  else if (key === 'x') actions.step('remove');
  else if (key === 'h') actions.step('hide');
  else if (key === 'm') actions.menu();
  else if (key === 'v') actions.flip();
  else if (key === 'i') actions.bottomUp();
  else if (key === 's') actions.order();
  else if (key === 'w') actions.swap();
  else if (key === 't') actions.theme();
  else return false;
  return true;
}

/** Of the graph, while it has the focus. @returns whether the key did something */
export function actOnGraphKey(event: PageEvent, actions: KeyActions): boolean {
  if (event.ctrlKey || event.metaKey || event.altKey) return false;
  const { key } = event;
  if (key === 'ArrowLeft') actions.walk('left');
  else if (key === 'ArrowRight') actions.walk('right');
  else if (key === 'ArrowUp') actions.walk(actions.isRootOnTop() ? 'caller' : 'callee');
  else if (key === 'ArrowDown') actions.walk(actions.isRootOnTop() ? 'callee' : 'caller');
  else if (key === 'Enter' || key === ' ') actions.zoom();
  else if (key === 'ContextMenu' || (key === 'F10' && event.shiftKey)) actions.menu();
  else return false;
  return true;
}
