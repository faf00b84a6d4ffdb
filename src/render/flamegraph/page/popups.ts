import type { PageElement } from '../../page/dom.js';
import type { ElementMaker } from './elements.js';

export interface MenuEntry {
  readonly text: string;
  readonly key: string;
  readonly act: () => void;
}

/** What opens over the page: a frame's menu and the help. One at a time; Escape closes it. */
export interface Popups {
  readonly openMenu: (name: string, entries: readonly MenuEntry[], x: number, y: number) => void;
  readonly openHelp: () => void;
  readonly isOpen: () => boolean;
  /** @returns whether something was open */
  readonly close: () => boolean;
}

/** @param home what has the keyboard's focus afterwards */
export function buildPopups(
  { html, button }: ElementMaker,
  app: PageElement,
  home: PageElement,
): Popups {
  const menu = html('div', { class: 'menu', role: 'menu' });
  const shade = html('div', { class: 'shade' });
  const help = html('div', {
    class: 'help',
    role: 'dialog',
    'aria-modal': 'true',
    'aria-label': 'What keys do',
    tabindex: '-1',
  });
  const keys: [string, string][] = [
    ['← → ↑ ↓', 'walk from frame to frame'],
    ['Enter, click', 'zoom into the frame'],
    ['Esc', 'close, clear the search, then zoom out'],
    ['U, Backspace', 'undo; Y redoes'],
    ['0', 'show everything again'],
    ['/ or Ctrl+F', 'search; N and P lead to matches'],
    ['M, right click', 'the menu of a frame'],
    ['F', 'focus: begin stacks at the function'],
    ['K', 'keep only stacks through the function'],
    ['X', 'remove stacks through the function'],
    ['H', 'hide the function’s frames'],
    ['I', 'bottom-up: innermost functions first'],
    ['S', 'order by size or by name'],
    ['V', 'root on top or at the bottom'],
    ['W', 'of a comparison: widths before or after'],
    ['T', 'dark or light'],
  ];
  const list = html('dl', {});
  for (const [key, text] of keys) list.append(html('dt', {}, key), html('dd', {}, text));
  const done = button('Close', 'Close (Esc)');
  help.append(html('h2', {}, 'Keys'), list, done);
  menu.hidden = shade.hidden = help.hidden = true;
  app.append(shade, menu, help);

  const close = (): boolean => {
    if (shade.hidden) return false;
    menu.hidden = shade.hidden = help.hidden = true;
    home.focus({ preventScroll: true });
    return true;
  };
  shade.addEventListener('click', close);
  shade.addEventListener('contextmenu', (event) => {
    event.preventDefault();
    close();
  });
  done.addEventListener('click', close);

  let items: PageElement[] = [];
  let at = 0;
  menu.addEventListener('keydown', (event) => {
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    if (event.key !== 'Escape' && event.key !== 'Enter') event.preventDefault();
    if (step === 0) return;
    at = (at + step + items.length) % items.length;
    items[at].focus();
  });
  help.addEventListener('keydown', (event) => {
    if (event.key !== 'Tab') return;
    event.preventDefault(); // there is one button
    done.focus();
  });

  return {
    openMenu: (name, entries, x, y) => {
      items = entries.map(({ text, key, act }) => {
        const item = button(text, '');
        item.append(html('kbd', {}, key));
        item.setAttribute('role', 'menuitem');
        item.addEventListener('click', () => {
          close();
          act();
        });
        return item;
      });
      menu.setAttribute('aria-label', name);
      menu.replaceChildren(html('bdi', { class: 'of' }, name), ...items);
      menu.hidden = shade.hidden = false;
      menu.style.left = `${Math.max(4, Math.min(x, app.clientWidth - menu.offsetWidth - 4))}px`;
      menu.style.top = `${Math.max(4, Math.min(y, app.clientHeight - menu.offsetHeight - 4))}px`;
      at = 0;
      items[0].focus();
    },
    openHelp: () => {
      help.hidden = shade.hidden = false;
      done.focus();
    },
    isOpen: () => !shade.hidden,
    close,
  };
}
