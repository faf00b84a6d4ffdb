/**
 * What a terminal sends, as keys, pasted text and the mouse.
 *
 * Terminals write a key as its character, as a control character, or as an escape sequence (ECMA-48 5.4;
 * xterm's ctlseqs: "PC-Style Function Keys", "Bracketed Paste Mode", "Extended coordinates" for mode 1006).
 * Bytes of a sequence may come in several reads. The Escape key is the start of every sequence: only silence
 * after it tells them apart, so whoever reads calls {@link KeyDecoder.flush} when nothing has followed.
 */

export type InputEvent =
  /** A character, or a name: `up`, `page-down`, `enter`, `escape`, `ctrl-c`, `f1`. */
  | { readonly kind: 'key'; readonly key: string }
  | { readonly kind: 'paste'; readonly text: string }
  /** Column and line, from 0. */
  | { readonly kind: 'mouse'; readonly what: MouseAction; readonly x: number; readonly y: number };

export type MouseAction = 'press' | 'wheel-up' | 'wheel-down';

/** How long after Escape nothing must come for it to be the key: slow lines need more than 25 ms. */
export const ESCAPE_SILENCE_MS = 50;

/** A sequence without an end is no sequence. */
const LONGEST_SEQUENCE = 64;
/** Of a paste, what is kept of a whole book. */
const LONGEST_PASTE = 4096;

const ESC = '\x1b';
const PASTE_END = `${ESC}[201~`;

/** Final letters of `CSI … x` and `SS3 x`. */
const BY_LETTER: Readonly<Record<string, string>> = {
  A: 'up',
  B: 'down',
  C: 'right',
  D: 'left',
  E: 'center',
  F: 'end',
  H: 'home',
  M: 'enter', // the keypad's, in application mode
  P: 'f1',
  Z: 'shift-tab',
};
/** Numbers of `CSI n ~`. */
const BY_NUMBER: Readonly<Record<string, string>> = {
  1: 'home',
  2: 'insert',
  3: 'delete',
  4: 'end',
  5: 'page-up',
  6: 'page-down',
  7: 'home',
  8: 'end',
  11: 'f1',
};

export class KeyDecoder {
  private pending = '';
  private paste: string | undefined;

  /** Whether what came last may be the Escape key, the start of what is still to come, or an unended paste. */
  get isWaiting(): boolean {
    return this.pending !== '' || this.paste !== undefined;
  }

  push(text: string): InputEvent[] {
    this.pending += text;
    const events: InputEvent[] = [];
    while (this.pending !== '' && this.step(events));
    return events;
  }

  /** Nothing followed: what waits is as much as there is. */
  flush(): InputEvent[] {
    if (this.paste !== undefined) return this.endPaste(this.paste);
    if (!this.isWaiting) return [];
    const rest = this.pending.slice(1);
    this.pending = '';
    return rest === '' ? [{ kind: 'key', key: 'escape' }] : [];
  }

  /** Takes one event from what is pending; false where it is not complete. */
  private step(events: InputEvent[]): boolean {
    if (this.paste !== undefined) return this.readPaste(events);
    if (this.pending.startsWith(ESC)) return this.readSequence(events);
    const character = String.fromCodePoint(this.pending.codePointAt(0) ?? 0);
    this.pending = this.pending.slice(character.length);
    const key = keyOf(character);
    if (key !== undefined) events.push({ kind: 'key', key });
    return true;
  }

  private readSequence(events: InputEvent[]): boolean {
    const { pending } = this;
    if (pending.length === 1) return false;
    if (pending[1] === ESC) return this.take(1, events, { kind: 'key', key: 'escape' });
    if (pending[1] !== '[' && pending[1] !== 'O') {
      // Alt and a character: of no use here.
      return this.take(1 + String.fromCodePoint(pending.codePointAt(1) ?? 0).length, events);
    }
    // The Linux console's function keys: ESC [ [ A.
    const isConsole = pending.startsWith(`${ESC}[[`);
    const match = isConsole
      ? /^.{3}()(.)/s.exec(pending)
      : // eslint-disable-next-line no-control-regex
        /^\x1b[[O]([0-?]*[ -/]*)([@-~])/.exec(pending);
    if (match === null) return this.readUnfinished(events);
    const [whole, parameters, final] = match;
    if (whole === `${ESC}[200~`) this.paste = '';
    const key = isConsole ? (final === 'A' ? 'f1' : undefined) : sequenceKey(parameters, final);
    const event: InputEvent | undefined =
      key === undefined ? mouseEvent(parameters, final) : { kind: 'key', key };
    return this.take(whole.length, events, event);
  }

  /** A sequence that is not whole, or that a control character breaks off. */
  private readUnfinished(events: InputEvent[]): boolean {
    // eslint-disable-next-line no-control-regex
    const isBroken = !/^\x1b[[O][ -?]*$|^\x1b\[\[$/.test(this.pending);
    if (!isBroken && this.pending.length <= LONGEST_SEQUENCE) return false;
    // eslint-disable-next-line no-control-regex
    const [rubbish] = /^\x1b[[O][ -?]*/.exec(this.pending) ?? [ESC];
    return this.take(rubbish.length, events);
  }

  private readPaste(events: InputEvent[]): boolean {
    const text = (this.paste ?? '') + this.pending;
    const end = text.indexOf(PASTE_END);
    if (end < 0) {
      // The end may come in two pieces, so that the last of what came is kept whatever it is.
      const isLong = text.length > LONGEST_PASTE + PASTE_END.length;
      this.paste = isLong ? text.slice(0, LONGEST_PASTE) + text.slice(-PASTE_END.length) : text;
      this.pending = '';
      return false;
    }
    this.pending = text.slice(end + PASTE_END.length);
    events.push(...this.endPaste(text.slice(0, end)));
    return true;
  }

  private endPaste(text: string): InputEvent[] {
    this.paste = undefined;
    return [{ kind: 'paste', text: text.slice(0, LONGEST_PASTE) }];
  }

  private take(length: number, events: InputEvent[], event?: InputEvent): true {
    this.pending = this.pending.slice(length);
    if (event !== undefined) events.push(event);
    return true;
  }
}

/** A key that is one character; `undefined` for controls that no key of ours is. */
function keyOf(character: string): string | undefined {
  const code = character.codePointAt(0) ?? 0;
  if (character === '\r' || character === '\n') return 'enter';
  if (character === '\t') return 'tab';
  if (code === 0x7f || code === 0x08) return 'backspace';
  if (code >= 1 && code <= 26) return `ctrl-${String.fromCharCode(0x60 + code)}`;
  return code < 0x20 || (code > 0x7f && code < 0xa0) ? undefined : character;
}

/** Modifiers (`CSI 1 ; 5 A`) are left out: no key of ours has one. */
function sequenceKey(parameters: string, final: string): string | undefined {
  if (parameters.startsWith('<')) return undefined;
  if (final === '~') return BY_NUMBER[parameters.split(';', 1)[0]];
  return BY_LETTER[final];
}

/** `CSI < buttons ; column ; line M`; `m` tells of a release. */
function mouseEvent(parameters: string, final: string): InputEvent | undefined {
  const match = /^<(\d{1,4});(\d{1,5});(\d{1,5})$/.exec(parameters);
  if (match === null || final !== 'M') return undefined;
  const [buttons, x, y] = match.slice(1).map(Number);
  // Bits 2 to 4 are Shift, Alt and Control.
  const what = ({ 0: 'press', 64: 'wheel-up', 65: 'wheel-down' } as const)[buttons & ~0x1c];
  return what && { kind: 'mouse', what, x: x - 1, y: y - 1 };
}
