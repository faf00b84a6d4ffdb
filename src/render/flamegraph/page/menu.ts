import type { MenuEntry } from './popups.js';
import type { Step } from './steps.js';

/** What can be done with a frame; what is `undefined` cannot. */
export interface FrameActions {
  readonly zoom: () => void;
  readonly step: ((kind: Step['kind']) => void) | undefined;
  readonly search: () => void;
  readonly copy: (() => void) | undefined;
}

export function menuEntries({ zoom, step, search, copy }: FrameActions): MenuEntry[] {
  const steps: [Step['kind'], string, string][] = [
    ['focus', 'Focus: begin stacks here', 'F'],
    ['keep', 'Keep only stacks through it', 'K'],
    ['remove', 'Remove stacks through it', 'X'],
    ['hide', 'Hide its frames', 'H'],
  ];
  const entries: MenuEntry[] = [{ text: 'Zoom', key: 'Enter', act: zoom }];
  if (step !== undefined) {
    for (const [kind, text, key] of steps) entries.push({ text, key, act: () => step(kind) });
  }
  entries.push({ text: 'Search for it', key: '', act: search });
  if (copy !== undefined) entries.push({ text: 'Copy its name', key: '', act: copy });
  return entries;
}
