/**
 * A list of events as text, taken apart at its commas and braces: what is inside of slashes is an event's
 * own, commas and all.
 */
import { usage } from './errors.js';

/** An event's parts, not understood yet. */
export interface EventText {
  /** The whole, as written. */
  readonly text: string;
  /** What stands before its slashes, or all of it. */
  readonly word: string;
  /** What stands between its slashes; absent where it has none. */
  readonly terms?: string;
  /** What stands after its slashes. */
  readonly modifiers: string;
}

/** One event, or those within braces. */
export interface GroupText {
  readonly events: readonly EventText[];
  readonly braced: boolean;
  /** What stands after the group's colon. */
  readonly modifiers?: string;
}

/** @throws StrataError with exit code 2 where braces or slashes do not pair, or an event is empty */
export function splitEvents(text: string): GroupText[] {
  const groups: GroupText[] = [];
  let at = 0;
  const unclosed = (what: string): Error =>
    usage(`events '${text}': ${what}`, "events are separated by commas, groups are '{a,b}:S'");

  const event = (): EventText => {
    // An address and its length have a slash, too, which pairs with nothing.
    const pattern = /\s*mem:[^,{}]*/y.test(text.slice(at))
      ? /[^,{}]*/y
      : /([^,{}/]*)(?:\/((?:'[^']*'|[^/'])*)\/([^,{}/]*))?/y;
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match === null || match[0].trim() === '') {
      throw unclosed(
        at < text.length ? `an event was expected at '${text.slice(at)}'` : 'an event is missing',
      );
    }
    at += match[0].length;
    if (text[at] === '/') throw unclosed("a '/' has no other");
    const whole = match[0].trim();
    const [, word = whole, terms, modifiers = ''] = match;
    return {
      text: whole,
      word: word.trim(),
      ...(terms === undefined ? {} : { terms }),
      modifiers: modifiers.trim(),
    };
  };

  const group = (): GroupText => {
    at = text.indexOf('{', at) + 1;
    const events = [event()];
    while (text[at] === ',') {
      at++;
      events.push(event());
    }
    if (text[at] !== '}') throw unclosed("a '{' has no '}'");
    at++;
    const after = /\s*(?::([^,{}]*))?/y;
    after.lastIndex = at;
    const [matched, modifiers] = after.exec(text)!;
    at += matched.length;
    return {
      events,
      braced: true,
      ...(modifiers === undefined ? {} : { modifiers: modifiers.trim() }),
    };
  };

  for (;;) {
    // A group may have a name before its brace, which nothing prints.
    const braced = /\s*[\w-]*\s*\{/y;
    braced.lastIndex = at;
    groups.push(braced.test(text) ? group() : { events: [event()], braced: false });
    if (at === text.length) return groups;
    if (text[at] !== ',') throw unclosed(`a comma was expected at '${text.slice(at)}'`);
    at++;
  }
}
