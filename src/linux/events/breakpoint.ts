/** `mem:ADDRESS[/LENGTH][:ACCESS][:MODIFIERS]`: accesses to an address, by the processor's debug registers. */
import { PerfType } from '../../formats/perfdata/spec.js';
import { usage } from './errors.js';
import type { Unmodified } from './spec.js';
import { parseWord } from './terms.js';

/** `HW_BREAKPOINT_*` of include/uapi/linux/hw_breakpoint.h. */
const ACCESS: Readonly<Record<string, number>> = { r: 1, w: 2, x: 4 };

const HINT = 'mem:ADDRESS[/LENGTH][:r, w, rw or x]: mem:0x7f0010203040/8:w';

/** @throws StrataError with exit code 2 */
export function parseBreakpoint(text: string): { event: Unmodified; modifiers?: string } {
  const match =
    /^mem:(?<address>\w+)(?:\/(?<length>\w+))?(?::(?<access>[rwx]{1,3}))?(?::(?<modifiers>.*))?$/.exec(
      text,
    );
  const { address = '', length, access = '', modifiers } = match?.groups ?? {};
  const bp_addr = parseWord(address);
  if (match === null || bp_addr === undefined) throw usage(`'${text}' is no breakpoint`, HINT);
  if (new Set(access).size < access.length) throw usage(`'${text}' repeats an access`, HINT);
  const bp_type = [...(access === '' ? 'rw' : access)].reduce((bits, way) => bits | ACCESS[way], 0);
  // The kernel wants a whole instruction's length of arm64, and a long's on x86-64.
  const instruction = process.arch === 'arm64' ? 4n : 8n;
  const bp_len =
    length === undefined ? (bp_type === ACCESS['x'] ? instruction : 4n) : parseWord(length);
  if (bp_len === undefined) throw usage(`'${text}' has a length that is no number`, HINT);
  return {
    event: {
      name: text,
      kind: 'breakpoint',
      attr: { type: PerfType.BREAKPOINT, config: 0n, bp_type, config1: bp_addr, config2: bp_len },
      sampling: { defaultPeriod: 1 },
    },
    ...(modifiers === undefined ? {} : { modifiers }),
  };
}
