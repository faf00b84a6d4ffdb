import type { Step } from './steps.js';

/** What a reader looks at, as it stands in the address: `#frame=2f&search=parse&hide=%3Dmain&order=size`. */
export interface ViewState {
  /** The zoomed frame. */
  readonly frame: number;
  readonly search: string;
  readonly regex: boolean;
  /** In the order in which they were taken. */
  readonly steps: readonly Step[];
  /** Innermost functions first, merged; below them their callers. */
  readonly bottomUp: boolean;
  readonly order: 'name' | 'size';
  readonly root: 'top' | 'bottom';
  /** Of a comparison: frames as wide as in the other profile. */
  readonly swapped: boolean;
}

/** Reads any hash; what it does not say is as in `initial`. */
export function readState(hash: string, initial: ViewState): ViewState {
  const fields = new URLSearchParams(hash.slice(1));
  const frame = parseInt(fields.get('frame') ?? '0', 36);
  const order = fields.get('order');
  const root = fields.get('root');
  const steps: Step[] = [];
  fields.forEach((match, kind) => {
    const isStep = kind === 'keep' || kind === 'remove' || kind === 'hide' || kind === 'focus';
    if (isStep && /^[=~/]./s.test(match)) steps.push({ kind, match });
  });
  return {
    frame: frame > 0 && Number.isSafeInteger(frame) ? frame : 0,
    search: fields.get('search') ?? '',
    regex: fields.get('regex') === '1',
    steps,
    bottomUp: fields.get('bottomup') === '1',
    order: order === 'name' || order === 'size' ? order : initial.order,
    root: root === 'top' || root === 'bottom' ? root : initial.root,
    swapped: fields.get('widths') === 'other',
  };
}

export function writeState(state: ViewState, initial: ViewState): string {
  const fields = new URLSearchParams();
  if (state.frame > 0) fields.set('frame', state.frame.toString(36));
  if (state.search !== '') fields.set('search', state.search);
  if (state.search !== '' && state.regex) fields.set('regex', '1');
  for (const { kind, match } of state.steps) fields.append(kind, match);
  if (state.bottomUp) fields.set('bottomup', '1');
  if (state.order !== initial.order) fields.set('order', state.order);
  if (state.root !== initial.root) fields.set('root', state.root);
  if (state.swapped) fields.set('widths', 'other');
  return `#${fields.toString()}`;
}
