import type { PageWindow } from '../../page/dom.js';

/**
 * The way that a reader took, as hashes of the address, so that the browser's own Back and Forward walk it,
 * too.
 */
export interface Trail {
  readonly undoable: boolean;
  readonly redoable: boolean;
  /** Goes to a hash: as a step of its own, or in place of the present one. @returns whether it differs */
  readonly go: (hash: string, replace: boolean) => boolean;
  readonly undo: () => void;
  readonly redo: () => void;
  /** To be called when the address changed. @returns whether it was not {@link go} that changed it */
  readonly follow: () => boolean;
}

export function startTrail(window: PageWindow): Trail {
  const present = (): string => window.location.hash || '#';
  const hashes = [present()];
  let at = 0;
  let forward = false;
  return {
    get undoable() {
      return at > 0;
    },
    get redoable() {
      return at + 1 < hashes.length;
    },
    go: (hash, replace) => {
      if (hash === present()) return false;
      if (replace) window.location.replace(hash);
      else window.location.hash = hash;
      if (!replace) hashes.length = ++at;
      hashes[at] = present();
      return true;
    },
    undo: () => {
      if (at > 0) window.history.back();
    },
    redo: () => {
      if (at + 1 >= hashes.length) return;
      forward = true;
      window.history.forward();
    },
    follow: () => {
      const hash = present();
      if (hash === hashes[at]) return false;
      if (hash === hashes[at - 1] && !forward) at--;
      else if (hash === hashes[at + 1]) at++;
      else {
        hashes.length = ++at;
        hashes[at] = hash;
      }
      forward = false;
      return true;
    },
  };
}
