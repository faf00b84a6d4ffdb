import type { PageWindow } from './dom.js';

/** A listener for events that come faster than the screen is drawn. */
export function oncePerFrame(window: PageWindow, act: () => void): () => void {
  let waiting = false;
  return () => {
    if (waiting) return;
    waiting = true;
    window.requestAnimationFrame(() => {
      waiting = false;
      act();
    });
  };
}
