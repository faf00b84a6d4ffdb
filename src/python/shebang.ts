/** The first line of a script, by which the kernel starts its interpreter (`fs/binfmt_script.c`). */

/** What the kernel reads of a file to find out what it is (`BINPRM_BUF_SIZE`). */
const BUFFER = 256;

export interface Shebang {
  readonly interpreter: string;
  /** All that follows, as one argument: the kernel does not divide it. */
  readonly argument?: string;
}

/** @param head the beginning of the file, 256 bytes or more */
export function parseShebang(head: string): Shebang | undefined {
  if (!head.startsWith('#!')) return undefined;
  const line = head.slice(2, BUFFER).split('\n', 1)[0];
  const match = /^[ \t]*([^ \t\0]+)(?:[ \t]+([^\0]*?))?[ \t]*(?:\0|$)/.exec(line);
  if (match === null) return undefined;
  const [, interpreter, argument] = match;
  return argument ? { interpreter, argument } : { interpreter };
}

/**
 * The interpreter behind the shell's line that pip, distlib and uv write where a path is too long for the
 * kernel, or holds spaces:
 *
 *     #!/bin/sh
 *     '''exec' "/long path/bin/python3" -I "$0" "$@"
 *     ' '''
 *
 * @returns program and options
 */
export function parseExecTrick(head: string): string[] | undefined {
  const match = /^#![^\n]*\bsh\n'''exec' (?:"([^"\n]+)"|([^\s"]+))((?: -\S+)*) "\$0" "\$@"/.exec(
    head,
  );
  if (match === null) return undefined;
  const options = match[3].trim();
  return [match[1] ?? match[2], ...(options === '' ? [] : options.split(' '))];
}
