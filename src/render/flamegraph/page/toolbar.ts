import type { PageElement } from '../../page/dom.js';
import type { ElementMaker } from './elements.js';
import type { KeyActions } from './keys.js';

export interface Toolbar {
  readonly bar: PageElement;
  readonly search: PageElement;
  readonly regex: PageElement;
  readonly clear: PageElement;
  readonly matched: PageElement;
  readonly keep: PageElement;
  readonly remove: PageElement;
  readonly undo: PageElement;
  readonly redo: PageElement;
  readonly reset: PageElement;
  readonly flip: PageElement;
  readonly bottomUp: PageElement;
  readonly order: PageElement;
  readonly swap: PageElement;
  readonly theme: PageElement;
  readonly help: PageElement;
}

export function buildToolbar({ html, button }: ElementMaker): Toolbar {
  const search = html('input', {
    type: 'search',
    class: 'search',
    placeholder: 'Search functions and files',
    'aria-label': 'Search functions and files',
    title: 'Ctrl+F or /',
    autocomplete: 'off',
    spellcheck: 'false',
    dir: 'auto',
  });
  const regex = html('input', { type: 'checkbox' });
  const clear = button('×', 'Clear the search (Esc)');
  clear.setAttribute('aria-label', 'Clear the search');
  const matched = html('output', { class: 'matched', 'aria-live': 'polite' });
  const tools = {
    search,
    regex,
    clear,
    matched,
    keep: button('Keep', 'Keep only the stacks that match the search'),
    remove: button('Remove', 'Remove the stacks that match the search'),
    undo: button('Undo', 'Undo: zoom, filters, order (U, Backspace, Ctrl+Z)'),
    redo: button('Redo', 'Redo (Y, Ctrl+Shift+Z)'),
    reset: button('Reset', 'Show everything (0)'),
    flip: button('Icicle', 'The root on top (V)'),
    bottomUp: button('Bottom-up', 'Innermost functions first, merged, with their callers (I)'),
    order: button('By size', 'Order from the left: the heaviest first, or by name (S)'),
    swap: button('Before', 'As wide as before, or as after (W)'),
    theme: button('Dark', 'Dark or light (T)'),
    help: button('?', 'What keys do (?)'),
  };
  const bar = html(
    'div',
    { class: 'tools', role: 'toolbar', 'aria-label': 'Search and view' },
    html('span', { class: 'field' }, search, clear),
    html('label', { title: 'The search is a regular expression' }, regex, 'regex'),
    html('span', { class: 'group' }, tools.keep, tools.remove),
    matched,
    html('span', { class: 'spring' }),
    html('span', { class: 'group' }, tools.undo, tools.redo, tools.reset),
    html('span', { class: 'group' }, tools.flip, tools.bottomUp, tools.order, tools.swap),
    html('span', { class: 'group' }, tools.theme, tools.help),
  );
  tools.help.setAttribute('aria-label', 'Help');
  return { bar, ...tools };
}

/** Buttons that do what keys do. */
export function wireTools(tools: Toolbar, actions: KeyActions): void {
  const wires: [PageElement, () => void][] = [
    [tools.undo, actions.undo],
    [tools.redo, actions.redo],
    [tools.reset, actions.reset],
    [tools.flip, actions.flip],
    [tools.bottomUp, actions.bottomUp],
    [tools.order, actions.order],
    [tools.swap, actions.swap],
    [tools.theme, actions.theme],
    [tools.help, actions.help],
  ];
  for (const [element, act] of wires) element.addEventListener('click', act);
}
