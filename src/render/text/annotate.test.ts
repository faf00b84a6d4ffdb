import assert from 'node:assert/strict';
import { test } from 'node:test';

import { annotatedSymbols, annotateFile, annotateSymbol } from '../../profile/annotate/annotate.js';
import type { Profile } from '../../profile/profile.js';
import { SourceText } from '../../symbolize/source-text.js';
import { drawProfile } from '../../testing/drawn.js';
import { writeAnnotateCsv, writeAnnotateJson } from '../annotate/annotate-data.js';
import { annotatedSource, type SourceChoice } from '../annotate/annotated-source.js';
import { writeAnnotate, type AnnotatedEvent, type AnnotateTextOptions } from './annotate.js';
import { ANSI, PLAIN } from './style.js';

const CHOICE: SourceChoice = { context: 1, minPercent: 0, full: false };

function sources(text: string) {
  return { find: (file: string) => new SourceText(file, 0, Buffer.from(text)) };
}

/** What is shown of the only file, or of a symbol. */
function events(
  profile: Profile,
  source: string,
  name = 'app.py',
  choice: Partial<SourceChoice> = {},
): AnnotatedEvent[] {
  const symbol = annotatedSymbols(profile, 0).find((one) => one.name === name);
  const annotation =
    symbol === undefined ? annotateFile(profile, 0, name) : annotateSymbol(profile, 0, symbol);
  const { weight, samples } = annotation;
  const files = annotatedSource(annotation, sources(source), { ...CHOICE, ...choice });
  return [{ event: 0, weight, samples, remarks: [], annotated: [{ annotation, files }] }];
}

function text(
  profile: Profile,
  shown: readonly AnnotatedEvent[],
  options: Partial<AnnotateTextOptions> = {},
): string {
  let out = '';
  const all = { style: PLAIN, samples: false, lines: false, ...options };
  writeAnnotate(profile, shown, all, (part) => (out += part));
  return out;
}

const PYTHON = drawProfile(`
  weight:10               weight:70               weight:20
  <module>[python=app.py]  <module>[python=app.py]  <module>[python=app.py]
  f[python=app.py]        f[python=app.py]        gone[python=app.py]
  -                       memcpy[libc]            -
`);
const SOURCE = 'import x\n\n@deco\ndef f():\n\treturn (\n        1)\n\nf()\n';

test('brackets the body of a Python function and puts its cost at its definition', () => {
  assert.equal(
    text(PYTHON, events(PYTHON, SOURCE), { samples: true }),
    `cpu-clock: 3 samples, 100

app.py: 100.00% of everything, 30.00% itself, 3 samples
  66.67%  20.00%  20.00%       1 │ gone (not found in the source)
   of it    self   total samples │
                 100.00%         │ 1    import x  ← <module>
                                 │ 2
                                 │ 3 ╭  @deco
  33.33%  10.00%  80.00%       1 │ 4 │  def f():
                                 │ 5 │          return (
                                 │ 6 ╰          1)
                                 ⋯ 2 lines
`,
  );
});

test('lines below the limit are context, gaps are told, whole files are whole', () => {
  const lines = drawProfile(`
    weight:98          weight:1           weight:1
    f[app=/a.c]:3      f[app=/a.c]:9      f[app=/a.c]:4
  `);
  const source = Array.from({ length: 12 }, (_, i) => `line ${i + 1}`).join('\n');
  const shown = text(lines, events(lines, source, '/a.c', { minPercent: 2 }));
  assert.equal(
    shown.slice(shown.indexOf('   of it')),
    `   of it    self   total │
                         ⋯ 1 line
                         │ 2  line 2
  98.00%  98.00%  98.00% │ 3  line 3
   1.00%   1.00%   1.00% │ 4  line 4
                         ⋯ 8 lines
`,
  );
  const whole = text(lines, events(lines, source, '/a.c', { full: true }));
  assert.match(whole, /│ {2}1 {2}line 1\n(.*\n){10}.*│ 12 {2}line 12\n$/);
  const near = text(lines, events(lines, source, '/a.c', { line: 9 }));
  assert.match(near, /⋯ 7 lines\n.*8 {2}line 8\n.*9 {2}line 9\n.*10 {2}line 10\n/);
});

test('nothing of a source or a name reaches the terminal as a command', () => {
  const evil = '\x1b]0;x\x07\u202e<script>';
  const profile = drawProfile(`f${evil}[app=/a.c]:1`);
  const shown = text(profile, events(profile, `a\tb${evil}\r\n`, '/a.c'), { style: ANSI });
  // eslint-disable-next-line no-control-regex
  assert.doesNotMatch(shown.replace(/\x1b\[\d+m/g, ''), /[\x00-\x09\x0b-\x1f\u202e]/);
  assert.match(shown, /a {7}b\\x1b\]0;x\\x07\\u202e<script>/);
  // eslint-disable-next-line no-control-regex
  assert.match(shown, /\x1b\[31m +100\.00%/, 'what is hot is red');
});

test('fits the terminal', () => {
  const profile = drawProfile('f[app=/a.c]:1');
  const shown = text(profile, events(profile, `${'x'.repeat(500)}\n`, 'f'), { width: 60 });
  const longest = Math.max(...shown.split('\n').map((line) => line.length));
  assert.ok(longest <= 60, `${longest}`);
  assert.match(shown, /xxx…/);
});

test('JSON and CSV hold the numbers', () => {
  const shown = events(PYTHON, SOURCE);
  let json = '';
  writeAnnotateJson(PYTHON, shown, (part) => (json += part));
  const data = JSON.parse(json) as {
    report: string;
    events: { annotations: { files: { lines: object[]; unplaced: object[] }[] }[] }[];
  };
  assert.equal(data.report, 'annotate');
  const [{ lines, unplaced }] = data.events[0].annotations[0].files;
  assert.deepEqual(lines[3], {
    line: 4,
    text: 'def f():',
    ...{ weight: 80, percent: 80, samples: 2, selfWeight: 10, selfPercent: 10, selfSamples: 1 },
    functions: ['f'],
  });
  assert.deepEqual(unplaced, [
    {
      name: 'gone',
      definedAt: [],
      ...{ weight: 20, percent: 20, samples: 1, selfWeight: 20, selfPercent: 20, selfSamples: 1 },
    },
  ]);
  let csv = '';
  writeAnnotateCsv(PYTHON, shown, (part) => (csv += part));
  assert.equal(
    csv,
    [
      'event,annotated,module,kind,function,file,line,address,weight,percent,samples,selfWeight,selfPercent,selfSamples,text',
      'cpu-clock,app.py,,function,gone,app.py,,,20,20,1,20,20,1,',
      'cpu-clock,app.py,,function,<module>,app.py,1,,100,100,3,0,0,0,import x',
      'cpu-clock,app.py,,function,f,app.py,4,,80,80,2,10,10,1,def f():',
      '',
    ].join('\r\n'),
  );
});

test('a narrow terminal keeps room for the source', () => {
  const shown = text(PYTHON, events(PYTHON, SOURCE), { width: 60, samples: true });
  assert.match(shown, /^ {4}self {3}total samples │$/m);
  assert.match(shown, /^ {2}10\.00% {2}80\.00% {7}1 │ 4 │ {2}def f\(\):$/m);
  assert.ok(
    shown.split('\n').every((line) => line.length <= 60),
    shown,
  );
});

test('of files whose lines are all below the limit the number is told', () => {
  const profile = drawProfile(`
    weight:99       weight:1
    f[app=/a.c]:1   f[app=/a.c]:1
    -               +g[app=/b.h]:1
  `);
  const shown = text(profile, events(profile, 'code\n', 'f', { minPercent: 5 }));
  assert.match(shown, /\/a\.c\n/);
  assert.doesNotMatch(shown, /\/b\.h/);
  assert.match(shown, /^ {2}1 more file below the limit: --min 0 shows all$/m);
  assert.match(text(profile, events(profile, 'code\n', 'f')), /\/b\.h\n/);
});

test('of many sources that are missing one is named', () => {
  const [shown] = events(PYTHON, SOURCE, 'memcpy');
  const [{ annotation }] = shown.annotated;
  const missing = (files: readonly string[]): string => {
    const code = {
      code: { ...annotation.code[0], start: 0x1000, size: 16 },
      ...{ module: 'libc', rows: [], skipped: 0, changed: [] },
      missing: new Map(files.map((file) => [file, `${file} is not there`])),
    };
    return text(PYTHON, [{ ...shown, annotated: [{ annotation, files: [], code: [code] }] }]);
  };
  assert.match(missing(['/a.c']), /! no source: \/a\.c is not there; --source-path/);
  assert.match(missing(['/a.c', '/b.h']), /\/a\.c is not there \(1 more file has none\); /);
  const three = missing(['/a.c', '/b.h', '/c.h']);
  assert.match(three, /\/a\.c is not there \(2 more files have none\); /);
  assert.doesNotMatch(three, /b\.h/);
});
