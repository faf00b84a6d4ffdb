/** What a BPF program put out, in bytes and as text (`perf_sample__fprintf_bpf_output`). */

const PER_LINE = 8;

/** Lines of eight bytes in hexadecimal and as characters; then the whole as text, if it is one. */
export function binaryText(bytes: Uint8Array): string {
  let text = '\n';
  for (let at = 0; at < bytes.length; at += PER_LINE) {
    const line = bytes.subarray(at, at + PER_LINE);
    const label = at === 0 ? 'BPF output:' : '';
    const hex = Array.from(line, (byte) => ` ${byte.toString(16).padStart(2, '0')}`).join('');
    const characters = Array.from(line, character).join('');
    text +=
      `${label.padStart(17)} ${at.toString(16).padStart(4, '0')}:` +
      `${hex.padEnd(PER_LINE * 3)}  ${characters.padEnd(PER_LINE)}\n`;
  }
  const end = bytes.indexOf(0);
  const isText = end > 0 && bytes.every((byte, i) => (i < end ? isPrintable(byte) : byte === 0));
  if (isText) {
    const string = Buffer.from(bytes.subarray(0, end)).toString('latin1');
    text += `${'BPF string:'.padStart(17)} "${string}"\n`;
  }
  return text;
}

function isPrintable(byte: number): boolean {
  return byte >= 0x20 && byte < 0x7f;
}

function character(byte: number): string {
  return isPrintable(byte) ? String.fromCharCode(byte) : '.';
}
