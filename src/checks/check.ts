/**
 * One thing that was looked at, and what it means for a user of Strata.
 *
 * `fail`: recordings give no samples, or of a Python program no Python names. `warn`: they give less than
 * they could. `ok`: nothing is missing.
 */
export interface Check {
  /** Stays the same over versions, for who reads the JSON: `kernel-symbols`. */
  readonly id: string;
  readonly group: CheckGroup;
  readonly title: string;
  readonly status: Status;
  /** One sentence without a full stop. */
  readonly text: string;
  readonly mend?: Mend;
}

export type Status = 'ok' | 'warn' | 'fail';

export type CheckGroup = 'machine' | 'interpreter' | 'perf' | 'files';

/** The one command that mends it. */
export interface Mend {
  /** For a shell; with `sudo` where it needs root. */
  readonly command: string;
  /**
   * Whether it can be run here and now with no harm: it changes nothing for good that its reversal would not
   * bring back, and needs nothing filled in.
   */
  readonly safe: boolean;
  readonly needsRoot: boolean;
}

/** The worst of them. */
export function worst(checks: readonly Check[]): Status {
  const has = (status: Status): boolean => checks.some((check) => check.status === status);
  return has('fail') ? 'fail' : has('warn') ? 'warn' : 'ok';
}

/** A mend that `--fix` may offer. */
export function asRoot(command: string): Mend {
  return { command: `sudo ${command}`, safe: true, needsRoot: true };
}

/** A mend that only a person can do: in another place, or with something filled in. */
export function byHand(command: string): Mend {
  return { command, safe: false, needsRoot: false };
}

/** Makes checks of one group: `{ ok, warn, fail }`, each of (id, title, text, mend). */
export function checksOf(group: CheckGroup): Record<Status, MakeCheck> {
  const make =
    (status: Status): MakeCheck =>
    (id, title, text, mend) => ({ id, group, title, status, text, ...(mend && { mend }) });
  return { ok: make('ok'), warn: make('warn'), fail: make('fail') };
}

type MakeCheck = (id: string, title: string, text: string, mend?: Mend) => Check;
