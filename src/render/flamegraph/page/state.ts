/** What a reader looks at, as it stands in the address: `#frame=2f&search=parse&regex=1`. */
export interface ViewState {
  /** The zoomed frame. */
  readonly frame: number;
  readonly search: string;
  readonly regex: boolean;
}

/** Reads any hash; what is no frame of `frames` many is the root. */
export function readState(hash: string, frames: number): ViewState {
  const fields = new URLSearchParams(hash.slice(1));
  const frame = parseInt(fields.get('frame') ?? '0', 36);
  return {
    frame: frame > 0 && frame < frames ? frame : 0,
    search: fields.get('search') ?? '',
    regex: fields.get('regex') === '1',
  };
}

export function writeState({ frame, search, regex }: ViewState): string {
  const fields = new URLSearchParams();
  if (frame > 0) fields.set('frame', frame.toString(36));
  if (search !== '') fields.set('search', search);
  if (search !== '' && regex) fields.set('regex', '1');
  return `#${fields.toString()}`;
}
