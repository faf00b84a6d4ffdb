/**
 * Network and hardware addresses and UUIDs behind `%p`: `%pI4`, `%pI6c`, `%pISpc`, `%pM`, `%pU`
 * (Documentation/core-api/printk-formats.rst, as far as libtraceevent knows them).
 */

/** Bytes of `struct sockaddr_in` and `sockaddr_in6`, and their families. */
const SOCKADDR_IN = { family: 2, size: 16 };
const SOCKADDR_IN6 = { family: 10, size: 28 };

/** @param letters what follows `%p`: `I4`, `i6`, `I6c`, `ISpc` */
export function formatIp(letters: string, bytes: Uint8Array, littleEndian: boolean): string {
  const [style, version] = letters;
  if (version === '4') {
    return bytes.length === 4
      ? ip4(style, bytes, isReversed(letters[2], littleEndian))
      : 'INVALIDIPv4';
  }
  if (version === '6') {
    return bytes.length === 16 ? ip6(style, bytes, letters.endsWith('c')) : 'INVALIDIPv6';
  }
  return socketAddress(letters, bytes, littleEndian);
}

function socketAddress(letters: string, bytes: Uint8Array, littleEndian: boolean): string {
  const style = letters[0];
  const options = style === 'I' ? (/^p?c?/.exec(letters.slice(2))?.[0] ?? '') : '';
  const withPort = options.includes('p');
  const family = bytes.length >= 2 ? (littleEndian ? bytes[0] : bytes[1]) : 0;
  const port = bytes.length >= 4 ? (bytes[2] << 8) | bytes[3] : 0;
  if (family === SOCKADDR_IN.family) {
    if (bytes.length < SOCKADDR_IN.size) return 'INVALIDIPv4';
    const reversed = isReversed(letters[2 + options.length], littleEndian);
    return ip4(style, bytes.subarray(4, 8), reversed) + (withPort ? `:${port}` : '');
  }
  if (family === SOCKADDR_IN6.family) {
    if (bytes.length < SOCKADDR_IN6.size) return 'INVALIDIPv6';
    const address = ip6(style, bytes.subarray(8, 24), options.includes('c'));
    return withPort ? `[${address}]:${port}` : address;
  }
  return '';
}

/** Host or little-endian order, rather than the network's. */
function isReversed(letter: string | undefined, littleEndian: boolean): boolean {
  return letter === 'l' || (letter === 'h' && littleEndian);
}

function ip4(style: string, bytes: Uint8Array, reversed: boolean): string {
  const parts = Array.from(bytes, (byte) => `${byte}`.padStart(style === 'i' ? 3 : 1, '0'));
  return (reversed ? parts.reverse() : parts).join('.');
}

function ip6(style: string, bytes: Uint8Array, compressed: boolean): string {
  const groups: number[] = [];
  for (let i = 0; i < 16; i += 2) groups.push((bytes[i] << 8) | bytes[i + 1]);
  if (compressed) return compressIp6(groups, bytes);
  return groups.map((group) => group.toString(16).padStart(4, '0')).join(style === 'I' ? ':' : '');
}

/** The longest run of zeros becomes `::`; addresses that hold one of IPv4 end in it. */
function compressIp6(groups: readonly number[], bytes: Uint8Array): string {
  const mapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
  const isatap = (groups[4] | 0x0200) === 0x0200 && groups[5] === 0x5efe;
  const range = mapped || isatap ? 6 : 8;
  let longest = 1;
  let zeros = -1;
  for (let i = 0; i < range; i++) {
    let length = 0;
    while (i + length < range && groups[i + length] === 0) length++;
    if (length > longest) {
      longest = length;
      zeros = i;
    }
  }
  const hex = (from: number, to: number): string =>
    groups
      .slice(from, to)
      .map((group) => group.toString(16))
      .join(':');
  const text = zeros < 0 ? hex(0, range) : `${hex(0, zeros)}::${hex(zeros + longest, range)}`;
  if (range === 8) return text;
  return `${text}${text.endsWith(':') ? '' : ':'}${ip4('I', bytes.subarray(12), false)}`;
}

export function formatMac(letters: string, bytes: Uint8Array): string {
  if (bytes.length !== 6) return 'INVALIDMAC';
  const separator = letters[0] === 'm' ? '' : letters[1] === 'F' ? '-' : ':';
  const parts = Array.from(bytes, hexByte);
  return (letters[1] === 'R' ? parts.reverse() : parts).join(separator);
}

/** Where a GUID's bytes lie that is printed in order: its first three numbers are little-endian. */
const GUID_ORDER = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15];

export function formatUuid(letters: string, bytes: Uint8Array): string {
  if (bytes.length !== 16) return 'INVALIDUUID';
  const guid = /[Ll]/.test(letters[1] ?? '');
  const digits = GUID_ORDER.map((place, i) => hexByte(bytes[guid ? place : i])).join('');
  const text = digits.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
  return /[LB]/.test(letters[1] ?? '') ? text.toUpperCase() : text;
}

function hexByte(byte: number): string {
  return byte.toString(16).padStart(2, '0');
}
