import type { PageElement, PageWindow } from '../../page/dom.js';

/** Light or dark: as the system has it until a reader chooses, and then in every picture. */
export interface Theme {
  isDark(): boolean;
  toggle(): void;
}

/** @param sheet the dark style sheet */
export function pageTheme(window: PageWindow, sheet: PageElement | null): Theme {
  const key = 'strata-flamegraph-theme';
  let chosen: string | null = null;
  try {
    chosen = window.localStorage.getItem(key);
  } catch {
    // Not every place that shows a picture lets it keep something.
  }
  const apply = (): void => {
    if (chosen !== null) sheet?.setAttribute('media', chosen === 'dark' ? 'screen' : 'not all');
  };
  const isDark = (): boolean =>
    chosen === null ? window.matchMedia('(prefers-color-scheme: dark)').matches : chosen === 'dark';
  apply();
  return {
    isDark,
    toggle: () => {
      chosen = isDark() ? 'light' : 'dark';
      try {
        window.localStorage.setItem(key, chosen);
      } catch {
        // As above.
      }
      apply();
    },
  };
}
