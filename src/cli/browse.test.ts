/** The browser in a real terminal: keys in, screen out. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { stripVTControlCharacters } from 'node:util';

import { STRATA, strata } from '../testing/cli.js';
import { Terminal, type TerminalOptions } from '../testing/tmux.js';

const HOSTILE = '漢字かな_работа\u0301_שלום_\x1b[31m<script>';

/** Who, event, stack with the outermost function first, samples of 1 ms. */
const SAMPLES: readonly (readonly [string, string, string, number])[] = [
  ['app 100/100', 'cpu-clock', 'main;parse;tokens', 30],
  ['app 100/100', 'cpu-clock', 'main;parse;tokens;digits', 20],
  ['app 100/100', 'cpu-clock', 'main;write', 25],
  ['app 100/100', 'cpu-clock', 'main;write;crc32', 15],
  ['pool 100/101', 'cpu-clock', 'work;crc32', 8],
  ['pool 100/101', 'cpu-clock', `work;${HOSTILE}`, 2],
  ['app 100/100', 'page-faults', 'main;load', 5],
];

/** Only where there are rows: while the recording is read, `q` comes first. */
const LISTED = /^\? help/m;
/** Of cpu-clock. */
const ROWS = 9;

interface Place {
  readonly folder: string;
  readonly file: string;
}

/** What `perf script` would print of the samples; `work` is a Python function of a file that is there. */
function recorded(t: TestContext): Place {
  const folder = mkdtempSync(join(tmpdir(), 'strata-browse-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const python = join(folder, 'pool.py');
  writeFileSync(python, 'import zlib\n\ndef work(data):\n    return zlib.crc32(data)\n');
  const modules: Readonly<Record<string, string>> = {
    crc32: '/usr/lib/libz.so.1',
    work: '/tmp/perf-100.map',
    [HOSTILE]: '/opt/図書館.so',
  };
  let text = '';
  let time = 0;
  for (const [who, event, stack, count] of SAMPLES) {
    const frames = stack.split(';').map((name, at) => {
      const symbol = name === 'work' ? `py::work:${python}` : name;
      return `\t${(4096 * (at + 1)).toString(16)} ${symbol}+0x10 (${modules[name] ?? '/usr/bin/app'})\n`;
    });
    for (let sample = 0; sample < count; sample++) {
      time++;
      text += `${who} [000] 1.${String(time).padStart(3, '0')}000: 1000000 ${event}: \n`;
      text += `${frames.toReversed().join('')}\n`;
    }
  }
  const file = join(folder, 'recorded.txt');
  writeFileSync(file, text);
  return { folder, file };
}

interface Browsing extends Place {
  readonly terminal: Terminal;
}

/** A shell in which `strata report` has been started. */
function browse(
  t: TestContext,
  options: TerminalOptions & { readonly flags?: readonly string[] } = {},
): Browsing | undefined {
  const place = recorded(t);
  const terminal = Terminal.open(t, { ...options, cwd: place.folder });
  if (terminal === undefined) return undefined;
  terminal.run([process.execPath, STRATA, 'report', '-i', place.file, ...(options.flags ?? [])]);
  return { ...place, terminal };
}

/** The rows of a screen or of the report as text: percentages and symbol. */
function rowsOf(text: string): string[] {
  return text.split('\n').flatMap((line) => {
    const match = /^[+\- ] +(\d+\.\d\d%) +(\d+\.\d\d%) .*\[.\] (.*?) *$/.exec(line);
    return match === null ? [] : [match.slice(1).join(' ')];
  });
}

/** The line of the cursor, which is drawn in reverse. */
function chosen(terminal: Terminal): string {
  const lines = terminal.screen(true).split('\n');
  const line = lines.find((one) => /^[+\-> ]/.test(one.split('\x1b[7m', 2)[1] ?? ''));
  return stripVTControlCharacters(line ?? '');
}

test('the rows are those of --stdio, and q gives the screen back', async (t) => {
  const browsing = browse(t);
  if (browsing === undefined) return;
  const { terminal, file } = browsing;
  const screen = await terminal.until(LISTED);
  const report = await strata(['report', '--stdio', '-g', 'none', '-i', file]);
  const [first] = report.stdout.split("of event 'page-faults'");
  const rows = rowsOf(first);
  assert.equal(rows.length, ROWS);
  assert.deepEqual(rowsOf(screen), rows);
  assert.match(screen, /^100 samples of cpu-clock, 100 ms · event 1 of 2 · view full · callers/);
  assert.ok(screen.includes('\\x1b[31m<script>'), screen);

  terminal.press('q');
  await terminal.until((text) => !LISTED.test(text));
  assert.equal(terminal.ask('alternate_on'), '0');
  assert.equal(terminal.ask('cursor_flag'), '1');
  assert.equal(terminal.ask('mouse_any_flag'), '0');
  terminal.run(['stty', '-a']);
  assert.match(await terminal.until(/isig/), /(?<!-)icanon/);
});

test('branches open and close, by keys and by the mouse', async (t) => {
  const browsing = browse(t);
  if (browsing === undefined) return;
  const { terminal } = browsing;
  // Typed ahead of the rows.
  terminal.press('Down', 'e');
  const open = await terminal.until(/^- +50\.00% +30\.00% .* tokens\n {3}\+ 30\.00% main\n/m);
  assert.match(open, /^ {3}\+ 20\.00% tokens$/m);
  assert.match(chosen(terminal), /^- +50\.00% +30\.00% .* tokens/);
  terminal.press('c');
  await terminal.until((screen) => !/20\.00% tokens$/m.test(screen));
  terminal.press('E');
  await terminal.until(/^- .* main\n(?: .*\n)+- .* tokens\n(?: .*\n)+- /m);
  terminal.press('C');
  await terminal.until((screen) => !/^- /m.test(screen));
  // A click chooses, a second one opens: the third row is in the fifth line.
  terminal.type('\x1b[<0;10;5M\x1b[<0;10;5m');
  await terminal.until(() => chosen(terminal).includes('parse'));
  terminal.type('\x1b[<0;10;5M\x1b[<0;10;5m');
  await terminal.until(/^- +50\.00% +0\.00% .* parse/m);
  terminal.press('i');
  await terminal.until(/callees/);
});

test('a filter as one types, zooms, and the way back', async (t) => {
  const browsing = browse(t);
  if (browsing === undefined) return;
  const { terminal } = browsing;
  await terminal.until(LISTED);
  terminal.type('/CRC');
  await terminal.until((screen) => rowsOf(screen).length === 2);
  assert.deepEqual(rowsOf(terminal.screen()), ['15.00% 15.00% crc32', '8.00% 8.00% crc32']);
  terminal.press('Escape');
  await terminal.until((screen) => rowsOf(screen).length === ROWS);

  terminal.type('/crc');
  terminal.press('Enter', 't');
  const ofApp = await terminal.until(/› app › \/crc/);
  assert.deepEqual(rowsOf(ofApp), ['15.00% 15.00% crc32']);
  terminal.press('F');
  await terminal.until(/100\.00% +100\.00% .*crc32/);
  terminal.press('F', 'd');
  await terminal.until(/› libz\.so\.1/);
  // One step at a time.
  terminal.press('BSpace');
  await terminal.until((screen) => !screen.includes('› libz'));
  terminal.press('Left');
  await terminal.until((screen) => rowsOf(screen).length === 2);
  terminal.press('Escape');
  await terminal.until((screen) => rowsOf(screen).length === ROWS);
});

test('events, views, sort keys, notes, help and lines of the source', async (t) => {
  const browsing = browse(t);
  if (browsing === undefined) return;
  const { terminal } = browsing;
  terminal.press('Tab');
  await terminal.until(/^5 samples of page-faults.* event 2 of 2/);
  terminal.press('BTab', 's');
  await terminal.until(/Sort by/);
  terminal.press('Down', 'Down', 'Down', 'Enter');
  const byFile = await terminal.until(/Children +Self +Shared Object *\n/);
  assert.match(byFile, /23\.00% +23\.00% +libz\.so\.1/);
  terminal.press('s', 'End', 'Enter');
  await terminal.until(/Sort by:/);
  terminal.type('nonsense\rs');
  await terminal.until(/Sort by[^]*other keys/);
  terminal.press('Home', 'Enter', 'v');
  await terminal.until(/> .*full/);
  terminal.press('Down', 'Down', 'Enter');
  const python = await terminal.until(/view python/);
  assert.match(python, /^ +10\.00% .*\[\.\] work$/m);
  terminal.press('End', 'a');
  const source = await terminal.until(/def work/);
  assert.match(source, /^work/);
  assert.match(source, /10\.00%/);
  // Escape and a character at once would be Alt and the character.
  terminal.press('q', '?');
  await terminal.until(/^Keys\n/);
  terminal.press('q', 'n');
  await terminal.until(/What this profile cannot tell/);
});

test('a hierarchy has the levels and the numbers of --stdio', async (t) => {
  const browsing = browse(t, { flags: ['--hierarchy'] });
  if (browsing === undefined) return;
  const { terminal, file } = browsing;
  /** Percentage and name, whatever stands around them. */
  const levels = (text: string): string[] =>
    text.split('\n').flatMap((line) => {
      const match = /^ +(\d+\.\d\d%) +(?:[+-] )?(\S.*?) *$/.exec(line);
      return match === null ? [] : [match.slice(1).join(' ')];
    });
  const top = await terminal.until(/Command \/ Shared Object \/ Symbol/);
  assert.deepEqual(levels(top), ['90.00% app', '10.00% pool']);
  terminal.press('E');
  const all = await terminal.until(/\[\.\] crc32/);
  const report = await strata(['report', '--stdio', '--hierarchy', '-g', 'none', '-i', file]);
  const [first] = report.stdout.split("of event 'page-faults'");
  assert.deepEqual(levels(all), levels(first));
  terminal.press('H');
  await terminal.until((screen) => rowsOf(screen).length === ROWS);
  terminal.press('H', 'Down', 'e');
  await terminal.until(/^ +10\.00% {2}- pool\n +\S+% {4}\+ /m);
  terminal.press('C-c');
});

test('small, smaller, large again', async (t) => {
  const browsing = browse(t, { width: 20, height: 5 });
  if (browsing === undefined) return;
  const { terminal } = browsing;
  const small = await terminal.until(LISTED);
  assert.match(small, /^\+ +90\.00% {2}\S/m);
  terminal.resize(19, 5);
  await terminal.until(/20x5 at least/);
  terminal.resize(120, 30);
  await terminal.until((screen) => rowsOf(screen).length === ROWS);
});

test('suspended and brought back', async (t) => {
  const browsing = browse(t);
  if (browsing === undefined) return;
  const { terminal } = browsing;
  await terminal.until(LISTED);
  terminal.press('Down', 'C-z');
  await terminal.until(/Stopped/);
  assert.equal(terminal.ask('alternate_on'), '0');
  terminal.run(['fg']);
  await terminal.until(LISTED);
  assert.match(chosen(terminal), / tokens/);
  terminal.press('Down');
  await terminal.until(() => chosen(terminal).includes('parse'));
});

test('the terminal is given back, however it ends', async (t) => {
  const browsing = browse(t);
  if (browsing === undefined) return;
  const { terminal, file } = browsing;
  const words = [process.execPath, STRATA, 'report', '-i', file].join(' ');
  const pid = (): string =>
    execFileSync('pgrep', ['-n', '-f', `report -i ${file}$`], { encoding: 'utf8' }).trim();
  const ends: readonly (readonly [string, () => void, number])[] = [
    ['Ctrl-C', () => terminal.press('C-c'), 0],
    ['SIGTERM', () => process.kill(Number(pid()), 'SIGTERM'), 143],
    ['SIGHUP', () => process.kill(Number(pid()), 'SIGHUP'), 129],
  ];
  await terminal.until(LISTED);
  terminal.press('q');
  await terminal.until((screen) => !LISTED.test(screen));
  for (const [what, end, code] of ends) {
    terminal.line(`clear; ${words}; echo code $?`);
    await terminal.until(LISTED);
    end();
    await terminal.until(new RegExp(`^code ${code}$`, 'm'));
    assert.equal(terminal.ask('alternate_on'), '0', what);
    assert.equal(terminal.ask('cursor_flag'), '1', what);
  }
});

test('what cannot be browsed is said on the screen that was there', async (t) => {
  const browsing = browse(t);
  if (browsing === undefined) return;
  const { terminal, folder } = browsing;
  await terminal.until(LISTED);
  terminal.press('q');
  terminal.run([process.execPath, STRATA, 'report', '-i', join(folder, 'nothing')]);
  await terminal.until(/cannot open .*nothing: no such file/i);
  assert.equal(terminal.ask('alternate_on'), '0');
  terminal.type('clear; NO_COLOR=1 TERM=dumb ');
  terminal.run([process.execPath, STRATA, 'report', '-i', browsing.file]);
  await terminal.until(/# Children/);
  const refused = await strata(['report', '--tui', '-i', browsing.file]);
  assert.equal(refused.code, 2);
  assert.match(refused.stderr, /no terminal to browse in/);
});
