/** What the terminal at standard output can show. */

export interface Terminal {
  /** Whether to write ANSI colours: only to a terminal, and not against NO_COLOR (no-color.org). */
  readonly colour: boolean;
  /** Columns; `undefined` where the output is no terminal, and lines may be as long as they are. */
  readonly columns: number | undefined;
}

export function describeTerminal(
  stream: { readonly isTTY?: boolean; readonly columns?: number } = process.stdout,
  environment: NodeJS.ProcessEnv = process.env,
): Terminal {
  const terminal = stream.isTTY === true;
  const refused = Boolean(environment['NO_COLOR']) || environment['TERM'] === 'dumb';
  return { colour: terminal && !refused, columns: terminal ? stream.columns : undefined };
}

/** Whether there is somebody to browse: both ends are a terminal that can do more than type. */
export function canBrowse(
  { stdin, stdout }: Record<'stdin' | 'stdout', { readonly isTTY?: boolean }> = process,
  environment: NodeJS.ProcessEnv = process.env,
): boolean {
  const { TERM } = environment;
  return stdin.isTTY === true && stdout.isTTY === true && TERM !== undefined && TERM !== 'dumb';
}
