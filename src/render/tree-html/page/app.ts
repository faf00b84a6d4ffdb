import { formatPercent, plural } from '../../../base/units.js';
import type { PageElement, PageEvent, PageWindow } from '../../page/dom.js';
import { oncePerFrame } from '../../page/throttle.js';
import { formatAmount } from '../../tree/tree-words.js';
import { decodeRows, type TreePageData } from './data.js';
import { findRows, type Found } from './search.js';
import { openAbove, openAtFirst, openHotPath, seenRows } from './walk.js';

/**
 * Takes the place of the tree that stands in the page: only rows in sight are in the document, so that a
 * tree of any size scrolls. All text goes in as text, never as markup.
 */
export function runTree(window: PageWindow, data: TreePageData): void {
  const { document } = window;
  const rowHeight = 22;
  const stepWidth = 14;
  const mostSteps = 24;
  const mostPrinted = 5000;
  const part = (id: string): PageElement => {
    const element = document.getElementById(id);
    if (element === null) throw new Error(`no ${id}`);
    return element;
  };
  const [tools, tree, space] = [part('tools'), part('tree'), part('space')];
  const [search, matched, whole] = [part('search'), part('matched'), part('whole')];
  const places = data.place.split(',').map((place) => data.places[parseInt(place, 36)]);

  const trees = data.trees.map((text) => {
    const rows = decodeRows(text, data.looks);
    return { rows, open: openAtFirst(rows), current: 0 };
  });
  let shown = trees[0];
  let seen = seenRows(shown.rows, shown.open);
  let found: Found | undefined;

  const amount = (row: number, weight: number): string =>
    formatAmount({ name: '', unit: shown.rows.time[row] === 1 ? 'ns' : 'count' }, weight);
  const share = (row: number, weight: number): string =>
    formatPercent(weight, shown.rows.whole[row], 1);
  const text = (kind: string, content: string): PageElement => {
    const element = document.createElement('span');
    element.className = kind;
    element.textContent = content;
    return element;
  };

  /** Position of a row among those that are seen. */
  const positionOf = (row: number): number => {
    let low = 0;
    let high = seen.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (seen[middle] < row) low = middle + 1;
      else high = middle;
    }
    return low;
  };

  const makeRow = (position: number): PageElement => {
    const { rows, open, current } = shown;
    const row = seen[position];
    const label = rows.label[row];
    const hasMore = rows.end[row] > row + 1;
    const isGroup = data.looks[label] === 'T' || data.looks[label] === 'C';
    const element = document.createElement('div');
    const match = found?.rows[row] === 1 ? ' match' : '';
    const above = rows.parent[row];
    const chain = above >= 0 && rows.indent[above] === rows.indent[row] ? ' chain' : '';
    element.className = `row ${isGroup ? 'group' : `look-${data.looks[label]}`}${match}${chain}`;
    element.setAttribute('id', `row${row}`);
    element.dataset['row'] = String(row);
    element.setAttribute('role', 'row');
    element.setAttribute('aria-level', String(rows.level[row]));
    if (hasMore) element.setAttribute('aria-expanded', open[row] === 1 ? 'true' : 'false');
    if (row === current) element.setAttribute('aria-selected', 'true');
    element.style.setProperty('--top', `${position * rowHeight}px`);
    element.style.setProperty('--share', `${(100 * rows.weight[row]) / (rows.whole[row] || 1)}%`);
    const indent = Math.min(rows.indent[row], mostSteps) * stepWidth;
    element.style.setProperty('--indent', `${indent}px`);
    const self = rows.self[row];
    const cells = [
      text('total', amount(row, rows.weight[row])),
      text('share', share(row, rows.weight[row])),
      text('self', self > 0 ? amount(row, self) : ''),
      text('share', self > 0 ? share(row, self) : ''),
      text('what', ''),
    ];
    for (const cell of cells) cell.setAttribute('role', 'gridcell');
    const twist = text('twist', hasMore ? (open[row] === 1 ? '▾' : '▸') : '');
    twist.setAttribute('aria-hidden', 'true');
    cells[4].append(text('guide', ''), twist, text('name', data.names[label]));
    cells[4].append(text('place', places[label]));
    cells[4].setAttribute('title', `${data.names[label]}\n${places[label]}`.trim());
    element.append(...cells);
    return element;
  };

  /** Draws the rows in sight, and a screen above and below. */
  let drawnFrom = 0;
  let drawnTo = 0;
  const draw = (): void => {
    const screen = Math.ceil(tree.clientHeight / rowHeight);
    const first = Math.floor(tree.scrollTop / rowHeight);
    drawnFrom = Math.max(0, first - screen);
    drawnTo = Math.min(seen.length, first + 2 * screen + 1);
    drawRange(drawnFrom, drawnTo);
  };
  const drawRange = (from: number, to: number): void => {
    const made: PageElement[] = [];
    for (let position = from; position < to; position++) made.push(makeRow(position));
    space.style.setProperty('height', `${seen.length * rowHeight}px`);
    space.replaceChildren(...made);
    tree.setAttribute('aria-rowcount', String(seen.length));
    tree.setAttribute('aria-activedescendant', `row${shown.current}`);
  };

  const reveal = (row: number): void => {
    const top = positionOf(row) * rowHeight;
    const height = tree.clientHeight;
    if (top < tree.scrollTop) tree.scrollTop = top;
    else if (top + rowHeight > tree.scrollTop + height) tree.scrollTop = top + rowHeight - height;
  };
  const select = (row: number): void => {
    shown.current = row;
    reveal(row);
    draw();
  };
  /** After `open` has changed. */
  const unfold = (row: number): void => {
    seen = seenRows(shown.rows, shown.open);
    space.style.setProperty('height', `${seen.length * rowHeight}px`);
    select(row);
  };
  const toggle = (row: number): void => {
    shown.open[row] = 1 - shown.open[row];
    unfold(row);
  };
  const hotPath = (): void => unfold(openHotPath(shown.rows, shown.open, shown.current));
  const openAll = (value: 0 | 1): void => {
    shown.open.fill(value);
    let row = shown.current;
    if (value === 0) while (shown.rows.parent[row] >= 0) row = shown.rows.parent[row];
    unfold(row);
  };
  const openSiblings = (row: number): void => {
    const { rows, open } = shown;
    const above = rows.parent[row];
    const end = above < 0 ? rows.length : rows.end[above];
    for (let sibling = above + 1; sibling < end; sibling = rows.end[sibling]) open[sibling] = 1;
    unfold(row);
  };

  const describeFound = (): void => {
    const { rows } = shown;
    if (found === undefined || found.count === 0) {
      matched.textContent = found === undefined ? '' : 'no match';
      return;
    }
    let total = 0;
    for (let row = 0; row < rows.length; row = rows.end[row]) total += rows.weight[row];
    // Weights of several events have no sum.
    const sum = data.events === 1 ? `, ${formatPercent(found.weight, total, 1)}` : '';
    matched.textContent = `${plural(found.count, 'row')}${sum}`;
  };
  const runSearch = (): void => {
    found = search.value === '' ? undefined : findRows(shown.rows, data, search.value);
    describeFound();
    draw();
  };
  /** Goes to the next row that matches, or the one before, around the ends. */
  const goToMatch = (step: 1 | -1): void => {
    if (found === undefined || found.count === 0) return;
    const { rows, open } = shown;
    let row = shown.current;
    do row = (row + step + rows.length) % rows.length;
    while (found.rows[row] === 0);
    openAbove(rows, open, row);
    unfold(row);
  };

  const onTreeKey = (event: PageEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey || seen.length === 0) return;
    const { rows, open, current } = shown;
    const position = positionOf(current);
    const page = Math.max(1, Math.floor(tree.clientHeight / rowHeight) - 1);
    const hasMore = rows.end[current] > current + 1;
    const goTo = (to: number): void => select(seen[Math.max(0, Math.min(seen.length - 1, to))]);
    switch (event.key) {
      case 'ArrowDown':
        goTo(position + 1);
        break;
      case 'ArrowUp':
        goTo(position - 1);
        break;
      case 'PageDown':
        goTo(position + page);
        break;
      case 'PageUp':
        goTo(position - page);
        break;
      case 'Home':
        goTo(0);
        break;
      case 'End':
        goTo(seen.length - 1);
        break;
      case 'ArrowRight':
        if (hasMore && open[current] === 0) toggle(current);
        else if (hasMore) select(current + 1);
        break;
      case 'ArrowLeft':
        if (hasMore && open[current] === 1) toggle(current);
        else if (rows.parent[current] >= 0) select(rows.parent[current]);
        break;
      case 'Enter':
      case ' ':
        if (hasMore) toggle(current);
        break;
      case '*':
        openSiblings(current);
        break;
      case 'h':
        hotPath();
        break;
      case 'n':
        goToMatch(1);
        break;
      case 'N':
        goToMatch(-1);
        break;
      default:
        return;
    }
    event.preventDefault();
  };

  const onKey = (event: PageEvent): void => {
    const isTyping = document.activeElement === search;
    const isFind = event.key === 'f' && (event.ctrlKey || event.metaKey);
    if (isFind || (event.key === '/' && !isTyping)) {
      search.focus();
      search.select();
    } else if (event.key === 'Enter' && isTyping) {
      goToMatch(event.shiftKey ? -1 : 1);
    } else if (event.key === 'Escape') {
      search.value = '';
      runSearch();
      tree.focus({ preventScroll: true });
    } else {
      return;
    }
    event.preventDefault();
  };

  const setTheme = (): void => {
    const root = document.documentElement;
    const isDark =
      root.dataset['theme'] === undefined
        ? window.matchMedia('(prefers-color-scheme: dark)').matches
        : root.dataset['theme'] === 'dark';
    root.dataset['theme'] = isDark ? 'light' : 'dark';
  };

  tree.addEventListener('keydown', onTreeKey);
  document.addEventListener('keydown', onKey);
  tree.addEventListener('click', (event) => {
    const row = event.target.closest('.row')?.dataset['row'];
    if (row === undefined) return;
    // Rows are made anew when one is chosen, so that a second click is on another element than the first.
    if (event.detail === 2 || event.target.closest('.twist') !== null) toggle(Number(row));
    else select(Number(row));
  });
  search.addEventListener('input', runSearch);
  part('previous').addEventListener('click', () => goToMatch(-1));
  part('next').addEventListener('click', () => goToMatch(1));
  part('hot').addEventListener('click', hotPath);
  part('open').addEventListener('click', () => openAll(1));
  part('close').addEventListener('click', () => openAll(0));
  part('theme').addEventListener('click', setTheme);
  whole.addEventListener('change', () => {
    shown = trees[whole.checked ? 1 : 0];
    seen = seenRows(shown.rows, shown.open);
    found = undefined;
    runSearch();
    reveal(shown.current);
    draw();
  });

  const onScroll = (): void => {
    const first = Math.floor(tree.scrollTop / rowHeight);
    const last = Math.ceil((tree.scrollTop + tree.clientHeight) / rowHeight);
    if (first < drawnFrom || Math.min(last, seen.length) > drawnTo) draw();
  };
  tree.addEventListener('scroll', oncePerFrame(window, onScroll), { passive: true });
  window.addEventListener('resize', draw);
  // Paper has no window to scroll in.
  window.addEventListener('beforeprint', () => drawRange(0, Math.min(seen.length, mostPrinted)));
  window.addEventListener('afterprint', draw);

  part('static').remove();
  tools.hidden = false;
  part('head').hidden = false;
  tree.hidden = false;
  draw();
}
