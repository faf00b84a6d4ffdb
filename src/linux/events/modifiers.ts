/**
 * What follows an event's colon: `u`, `kpp`. After `get_event_modifier` of tools/perf/util/parse-events.c,
 * whose rules of what is left out follow from history more than from sense.
 */
import type { AttrFlag } from '../../formats/perfdata/attr.js';
import { usage } from './errors.js';
import type { EventSpec } from './spec.js';

const HINT =
  'modifiers are u, k, h (levels), G, H (guest, host), p to ppp and P (precision), S, D, e, I, W: ' +
  'cycles:u, {cycles,page-faults}:S';

/** @throws StrataError with exit code 2 where the text is no modifiers of `event` */
export function checkModifiers(text: string, event: string): void {
  if (!/^[ukhGHpPSDeIWb]+$/.test(text)) {
    const wrong =
      text === '' ? 'has no modifier after its colon' : `has unknown modifiers '${text}'`;
    throw usage(`event '${event}' ${wrong}`, HINT);
  }
  const once = text.replaceAll('p', '');
  if (new Set(once).size < once.length) {
    throw usage(`event '${event}' repeats a modifier: '${text}'`, HINT);
  }
  checkPrecision(text, event);
}

function checkPrecision(text: string, event: string): void {
  if (text.split('p').length - 1 > 3) throw usage(`event '${event}' asks for more than ppp`, HINT);
}

const LEVELS: Readonly<Record<string, AttrFlag>> = {
  u: 'exclude_user',
  k: 'exclude_kernel',
  h: 'exclude_hv',
};
const MACHINES: Readonly<Record<string, AttrFlag>> = { H: 'exclude_host', G: 'exclude_guest' };

/** What modifiers make of an event. */
export type Modified = Pick<EventSpec['attr'], 'precise_ip' | 'flags'> &
  Pick<EventSpec, 'highestPrecision'>;

/**
 * Levels, machines and precision from an event's modifiers and those of its group, which go on where the
 * event's end. The first `u`, `k` or `h` leaves the other levels out, the first `G` or `H` the other
 * machine. Without `G` and `H` the guest is out where there are no modifiers or one is `u` or `p`.
 * @param leads whether the event leads its group or is alone: `D` and `e` are for the leader
 * @throws StrataError with exit code 2 where they are another's, or ask for more than `ppp`
 */
export function modify(own: string, group: string, leads: boolean, event: string): Modified {
  const text = own + group;
  checkPrecision(text, event);
  if (!leads && /[De]/.test(own)) {
    // The kernel refuses it of the others (EINVAL).
    throw usage(`'${event}' does not lead its group: D and e are for the leader`, '{a,b}:D');
  }
  const has = (letters: string): boolean => [...text].some((letter) => letters.includes(letter));
  const flags: Partial<Record<AttrFlag, boolean>> = {};
  const levels = has('ukh');
  for (const [letter, flag] of Object.entries(LEVELS)) flags[flag] = levels && !has(letter);
  const machines = has('GH');
  for (const [letter, flag] of Object.entries(MACHINES)) flags[flag] = machines && !has(letter);
  if (!machines) flags.exclude_guest = own === '' || has('up');
  if (has('I')) flags.exclude_idle = true;
  if (has('D') && leads) flags.pinned = true;
  if (has('e') && leads) flags.exclusive = true;
  // S and W are the group's. b lets programs share one counter: the counts are the same.
  const highest = has('P');
  return {
    precise_ip: highest ? 3 : text.split('p').length - 1,
    flags,
    ...(highest ? { highestPrecision: true } : {}),
  };
}
