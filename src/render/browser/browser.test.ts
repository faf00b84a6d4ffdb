/** The browser without a terminal or threads: keys in, lines out, questions answered at once or later. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { totalsOf } from '../../profile/report/report.js';
import { fieldNamed } from '../../profile/report/sort-keys.js';
import { select } from '../../profile/selection/selection.js';
import { drawProfile } from '../../testing/drawn.js';
import { columns } from '../text/text.js';
import { Browser } from './browser.js';
import { Desk } from './desk.js';
import { KeyDecoder } from './keys.js';
import { span } from './line.js';
import type { Question } from './protocol.js';
import type { Size } from './size.js';
import type { TableChoice } from './table.js';

const PROFILE = drawProfile(
  `
    comm:app        comm:app           comm:app           comm:pool
    weight:40       weight:30          weight:20          weight:10
    main[python]    main[python]       main[python]       start[libc.so.6]
    parse[python]   parse[python]      write[python]      poll[kernel]
    -               tokens[lex.so]     puts[libc.so.6]    -
  `,
  { notes: [{ text: 'nothing is known of x', samples: 3 }] },
);

class Session {
  readonly questions: Question[] = [];
  readonly browser: Browser;
  private readonly desk: Desk;
  private readonly keys = new KeyDecoder();

  constructor(
    size: Size = { width: 80, height: 12 },
    profile = PROFILE,
    choice: TableChoice = { percentLimit: 0, graph: {} },
  ) {
    this.desk = new Desk({
      choice,
      view: undefined,
      load: () => profile,
      choose: (read, view) => {
        const chosen = select(read, { view }).profile;
        return { profile: chosen, whole: totalsOf(chosen) };
      },
      annotate: (_, _event, { name }) => [[span(`lines of ${name}`)]],
      isWanted: (number) => number === this.questions.at(-1)?.number,
    });
    this.browser = new Browser(
      {
        query: { zooms: [], filter: '', relative: false },
        parseSort: (text) => {
          const field = fieldNamed(text);
          return field === undefined ? `no key ${text}` : { fields: [field], more: false };
        },
        ask: (question) => this.questions.push(question),
      },
      size,
    );
  }

  /** Answers all questions, as a thread that is behind would; overtaken ones are dropped. */
  answer(): number {
    let answered = 0;
    for (let at = 0; at < this.questions.length; at++) {
      const answer = this.desk.answer(this.questions[at]);
      if (answer === undefined) continue;
      answered++;
      this.browser.answer(answer);
    }
    this.questions.length = 0;
    return answered;
  }

  type(text: string): this {
    for (const event of this.keys.push(text)) this.browser.handle(event);
    for (const event of this.keys.flush()) this.browser.handle(event);
    return this;
  }

  /** Answers the last question of what was read so far. */
  answerEarly(): void {
    const answer = this.desk.answer(this.questions[this.questions.length - 1]);
    if (answer?.kind === 'page') this.browser.answer({ ...answer, kind: 'early' });
  }

  /** Types, waits for the answers, and gives what is seen. */
  after(text: string): string[] {
    this.type(text);
    while (this.questions.length > 0) this.answer();
    return this.lines();
  }

  lines(): string[] {
    return this.browser.lines().map((line) =>
      line
        .map((part) => part.text)
        .join('')
        .trimEnd(),
    );
  }
}

const names = (lines: readonly string[]): string[] =>
  lines.flatMap((line) => /\[[.k]\] (\S+)/.exec(line)?.[1] ?? []);

test('rows and their call graphs', () => {
  const session = new Session();
  const lines = session.after('');
  assert.deepEqual(names(lines), ['main', 'parse', 'tokens', 'puts', 'write', 'poll', 'start']);
  assert.equal(lines[1], '  Children      Self  Command  Shared Object  Symbol');
  assert.equal(lines[2], '+   90.00%     0.00%  app      [python]       [.] main');
  assert.equal(lines[10], '! nothing is known of x (3 samples)');
  const open = session.after('\r');
  assert.deepEqual(open.slice(2, 6), [
    '-   90.00%     0.00%  app      [python]       [.] main',
    '   - main',
    '     + 70.00% parse',
    '     + 20.00% write',
  ]);
  assert.deepEqual(session.after('jj+').slice(3, 6), [
    '   - main',
    '     - 70.00% parse',
    '         30.00% tokens',
  ]);
  // Closed from within: the cursor is on the row again.
  assert.match(session.after('c')[11], / 1\/7$/);
});

test('keys wait for the answer that they depend on, and none is lost', () => {
  const session = new Session();
  // Nothing is known yet: filter, move, zoom.
  session.type('/l').type('i').type('\r').type('jd');
  assert.equal(session.questions.length, 1);
  session.after('');
  assert.match(session.lines()[0], / › libc\.so\.6 › \/li$/);
});

test('questions that were overtaken are not answered', () => {
  const session = new Session();
  session.after('');
  session.type('/w').type('r').type('i');
  assert.equal(session.questions.length, 3);
  assert.equal(session.answer(), 1);
  assert.deepEqual(names(session.lines()), ['write']);
  assert.deepEqual(names(session.after('\x1b')).length, 7);
});

test('zooms are a stack, each step leads back to where it was', () => {
  const session = new Session();
  session.after('');
  assert.match(session.after('\x1b')[11], /no step to go back/);
  assert.deepEqual(names(session.after('Gt')), ['poll', 'start']);
  assert.deepEqual(names(session.after('d')), ['poll']);
  const relative = session.after('F');
  assert.match(relative[2], /100\.00% +100\.00% .*poll/);
  session.after('F');
  assert.deepEqual(names(session.after('\x7f')), ['poll', 'start']);
  const back = session.after('\x1b[D');
  assert.equal(names(back).length, 7);
  assert.match(back[11], / 7\/7$/);
});

test('where no row is left that is said, and keys on rows do nothing', () => {
  const session = new Session();
  session.after('');
  const none = session.after('/nowhere');
  assert.equal(none[3], '  no row has “nowhere”: Esc clears the filter');
  const before = session.after('\r');
  assert.deepEqual(session.after('eadt*cEC'), before);
  assert.equal(names(session.after('\x1b')).length, 7);
});

test('in narrow terminals keys that nothing could be read of make room', () => {
  const long = 'x'.repeat(60);
  const session = new Session(
    { width: 40, height: 9 },
    drawProfile(`comm:app\n${long}[lib${long}]`),
  );
  assert.equal(session.after('')[1], '  Overhead  Command  Symbol');
  assert.match(session.lines()[2], /^ {3}100\.00% {2}app {6}\[\.\] xxxx/);
});

test('views, sort keys and order by menus; what is wrong is said', () => {
  const session = new Session();
  session.after('');
  assert.ok(session.after('v').some((line) => /> +mixed/.test(line)));
  assert.deepEqual(names(session.after('j\r')), ['main', 'parse', 'write', '[libc.so.6]']);
  session.after('vkk\r');
  session.after('sG\r');
  assert.match(session.after('dso').at(-1) ?? '', /^Sort by: dso/);
  assert.match(session.after('\r')[1], /^ +Children +Self +Shared Object$/);
  session.after('sG\r');
  assert.match(session.after('nonsense\r').at(-1) ?? '', /no key nonsense/);
  assert.match(session.after('a').at(-1) ?? '', /not of functions/);
  session.after('sG\rsymbol\r');
  assert.ok(session.after('a').includes('lines of main'));
  assert.match(session.after('q')[1], /Children/);
  assert.match(session.after('o')[1], /^ +Overhead +Symbol$/);
});

test('a hierarchy: levels open and close, a filter shows what it found, zooms are of the level', () => {
  const session = new Session({ width: 80, height: 20 });
  session.after('');
  const rows = (lines: readonly string[]): string[] => lines.slice(2, -2).filter((line) => line);
  const closed = session.after('H');
  assert.equal(closed[1], '  Overhead  Command / Shared Object / Symbol');
  assert.deepEqual(rows(closed), ['    90.00%  + app', '    10.00%  + pool']);
  // Below pool there is one level only: it opens, too.
  assert.deepEqual(rows(session.after('G\r')), [
    '    90.00%  + app',
    '    10.00%  - pool',
    '    10.00%    - [kernel]',
    '    10.00%      + [k] poll',
  ]);
  const graph = rows(session.after('G\r'));
  assert.deepEqual(graph.slice(4), ['                  - start', '                    poll']);
  // The row's call graph, the row that it lies in, the one around that.
  assert.equal(rows(session.after('c')).length, 4);
  assert.match(session.after('c').at(-1) ?? '', / 3\/3$/);
  assert.match(session.after('cc').at(-1) ?? '', / 2\/2$/);
  const opened = rows(session.after('gE'));
  assert.deepEqual(opened.slice(0, 4), [
    '    90.00%  - app',
    '    40.00%    - [python]',
    '    40.00%      + [.] parse',
    '    30.00%    - lex.so',
  ]);
  assert.ok(rows(session.after('E')).length > opened.length, 'call graphs, too');
  assert.equal(rows(session.after('C')).length, 2);

  const found = rows(session.after('/puts\r'));
  assert.deepEqual(found, [
    '    20.00%  - app',
    '    20.00%    - libc.so.6',
    '    20.00%      + [.] puts',
  ]);
  assert.match(rows(session.after('F'))[0], /^ +100\.00% {2}- app$/);
  session.after('F');
  session.after('\x1b');
  assert.equal(rows(session.lines()).length, 2, 'closed as it was');
  // A command has neither a shared object nor lines; a symbol has all.
  assert.match(session.after('gd').at(-1) ?? '', /this has no shared object/);
  assert.match(session.after('a').at(-1) ?? '', /not of functions/);
  assert.match(session.after('o').at(-1) ?? '', /no Children/);
  assert.match(session.after('/puts\rGt')[0], /› app › \/puts$/);
  assert.match(session.after('Gd')[0], /› app › libc\.so\.6 › \/puts$/);
  assert.ok(session.after('Ga').includes('lines of puts'));
  assert.match(session.after('qH')[1], /Children +Self/);
});

test('a hierarchy by other keys; rows below the limit are left out, their weight is not', () => {
  const session = new Session({ width: 80, height: 20 }, PROFILE, {
    percentLimit: 25,
    graph: { type: 'fractal' },
    hierarchy: true,
    sort: { fields: ['layer', 'comm', 'symbol'], more: false },
  });
  const lines = session.after('E');
  assert.deepEqual(
    lines.slice(1, 8).filter((line) => line),
    [
      '  Overhead  Layer / Command / Symbol',
      '    50.00%  - native',
      '    50.00%    - app',
      '    30.00%      + [.] tokens',
      '    40.00%  - python',
      '    40.00%    - app',
      '    40.00%      + [.] parse',
    ],
  );
});

test('a long list: only what is near the screen is asked for, and moving need not wait', () => {
  const frames = Array.from({ length: 500 }, (_, i) => `f${String(i).padStart(3, '0')}[app]`);
  const session = new Session({ width: 60, height: 13 }, drawProfile(frames.join('\n')));
  session.after('');
  const asked: Question[] = [];
  session.type('\x1b[6~');
  asked.push(...session.questions);
  session.type('\x1b[6~\x1b[6~\x1b[6~G');
  asked.push(...session.questions);
  assert.ok(asked.every((one) => one.kind === 'show' && one.window.count === 30));
  assert.match(session.lines().at(-1) ?? '', /500\/500$/);
  // What is done with a line that is not here yet waits for it.
  session.type('d');
  assert.match(session.after('')[0], /› app$/);
});

test('lines never are wider than the screen, whatever the names and the size', () => {
  const name = '漢字かな_e\u0301_שלום_🎉_'.repeat(8);
  const profile = drawProfile(`comm:${name}\n${name}[${name}]\nevil\x1b[31m\u202e[${name}]`);
  for (const width of [20, 21, 33, 55, 56, 80, 200]) {
    const session = new Session({ width, height: 9 }, profile);
    for (const keys of [
      '',
      'E',
      '\x1b[C',
      '\x1b[C\x1b[C',
      '?',
      '\x1b',
      'n',
      '\x1b',
      'v',
      '\x1b',
      '/漢',
    ]) {
      for (const line of session.after(keys)) {
        assert.ok(columns(line) <= width, `${columns(line)} of ${width}: ${line}`);
        assert.doesNotMatch(line, /[\x00-\x1f\u202e]/); // eslint-disable-line no-control-regex
      }
    }
  }
  const small = new Session({ width: 19, height: 4 });
  assert.deepEqual(small.after(''), ['20x5 at least', '', '', '']);
});

test('among rows of what was read so far one can move; what acts on them waits until all is', () => {
  const session = new Session();
  session.browser.answer({ kind: 'progress', text: 'Reading x: 200,000 samples' });
  session.answerEarly();
  const early = session
    .type('')
    .browser.lines()
    .map((line) => line.map(({ text }) => text).join(''));
  assert.match(early[2], /main/);
  assert.match(early[early.length - 1], /^Reading x: 200,000 samples/);
  session.type('j');
  session.type('\r');
  const told = session.browser.lines().at(-1) ?? [];
  assert.match(told.map(({ text }) => text).join(''), /^not before all is read/);
  assert.equal(session.questions.length, 1, 'nothing was asked');
  const done = session.after('');
  assert.doesNotMatch(done.join('\n'), /Reading|before all/);
  const opened = session.after('\r');
  assert.ok(opened.join('\n') !== done.join('\n'), 'then it opens');
});
