/** Standard output for printers that write many small pieces. */

const PIECE = 64 * 1024;

/** Hands `print` a sink, and what it gets to standard output in large pieces. */
export function printToStdout(print: (sink: (text: string) => void) => void): void {
  let pending = '';
  print((text) => {
    pending += text;
    if (pending.length >= PIECE) {
      process.stdout.write(pending);
      pending = '';
    }
  });
  if (pending !== '') process.stdout.write(pending);
}
