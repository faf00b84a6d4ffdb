/** `strata diff` as a person runs it, on stacks whose change is known; acceptance/ has recordings. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { after, test } from 'node:test';

import { strata } from '../testing/cli.js';
import { Workplace } from '../testing/recordings.js';

const workplace = new Workplace();
after(() => workplace.close());

/** Folded stacks, whose numbers are exact. */
function folded(name: string, weights: Readonly<Record<string, number>>): string {
  const path = workplace.path(name);
  writeFileSync(
    path,
    Object.entries(weights)
      .map(([stack, weight]) => `${stack} ${weight}\n`)
      .join(''),
  );
  return path;
}

const before = folded('before.folded', {
  'app;main;parse': 4000,
  'app;main;render': 3000,
  'app;main;store': 2000,
  'app;main;old': 500,
});
const slower = folded('after.folded', {
  'app;main;parse': 6000,
  'app;main;render': 3010,
  'app;main;store': 1990,
  'app;main;fresh': 500,
});
const diff = (...argv: string[]) => strata(['diff', ...argv], { cwd: workplace.folder });

interface Json {
  readonly rows: readonly {
    readonly function: string;
    readonly weights: number[];
    readonly changes: {
      readonly delta: number;
      readonly ratio?: number;
      readonly significant: boolean;
    }[];
  }[];
  readonly hidden: number;
}

test('what changed is shown, what did not is counted', async () => {
  const { stdout, code } = await diff(before, slower);
  assert.equal(code, 0);
  assert.match(stdout, /4,000 +6,000 +\+2,000 +× 1\.50 \* .*parse/);
  assert.match(stdout, /new \* .*fresh/);
  assert.match(stdout, /gone \* .*old/);
  assert.doesNotMatch(stdout, /render/);
  assert.match(stdout, /2 other functions without such a change/);
  assert.match((await diff('--all', before, slower)).stdout, /× 1\.00 .*render/);
});

test('JSON and CSV hold the same rows in full', async () => {
  const json = JSON.parse((await diff('--json', '--all', before, slower)).stdout) as Json;
  const parse = json.rows.find((row) => row.function === 'parse');
  assert.deepEqual(parse?.weights, [4000, 6000]);
  assert.deepEqual(
    [parse?.changes[0].delta, parse?.changes[0].ratio, parse?.changes[0].significant],
    [2000, 1.5, true],
  );
  const csv = (await diff('--csv', '--all', before, slower)).stdout.split('\r\n');
  assert.equal(
    csv[0],
    'function,file,module,layer,before,after,samples_before,samples_after,delta,ratio,net,falseRate,significant',
  );
  assert.equal(csv.length - 2, json.rows.length);
  assert.equal(json.hidden, 0);
});

test('what is counted is said, where samples are and where they stand for something', async () => {
  const path = workplace.path('script.txt');
  const sample = (second: number) =>
    `app 10/10 ${second}.000000: 1000100 cpu-clock:u: \n\t401136 main+0x10 (/bin/app)\n\n`;
  writeFileSync(path, [1, 2, 3].map(sample).join(''));
  const counted = await diff('--normalize', 'samples', path, path);
  assert.match(counted.stdout, /^before {2}.+script\.txt {2}3 samples of cpu-clock:u$/m);
  assert.match(counted.stdout, /: numbers of samples of cpu-clock:u \(--normalize samples\)$/m);
  const weighed = await diff(path, path);
  assert.match(
    weighed.stdout,
    /^before {2}.+script\.txt {2}3\.00 ms of cpu-clock:u in 3 samples$/m,
  );
  const folds = await diff('--normalize', 'samples', before, before);
  assert.match(folds.stdout, /^before {2}.+before\.folded {2}9,500 samples$/m);
  assert.match(folds.stdout, /: numbers of samples \(--normalize samples\)$/m);
});

test('three recordings have a column each', async () => {
  const { stdout } = await diff(before, before, slower);
  assert.match(stdout, /#1 +#2 +#3 +delta #2 +ratio #2 +delta #3 +ratio #3/);
  assert.match(stdout, /4,000 +4,000 +6,000 +0 +× 1\.00 +\+2,000 +× 1\.50 \*/);
});

test('--fail-above tells who grew, and spares what did not', async () => {
  const grown = await diff('--fail-above', '5%', before, slower);
  assert.equal(grown.code, 1);
  assert.match(
    grown.stderr,
    /strata: parse grew by \d+\.\d% in .*after\.folded, and 1 more; --fail-above allows 5%/,
  );
  assert.equal((await diff('--fail-above', '5%', before, before)).code, 0);
  assert.equal((await diff('--fail-above', '5%', '--symbol', 'render', before, slower)).code, 0);
});

test('what cannot be compared is said in a sentence', async () => {
  const empty = folded('empty.folded', {});
  const cases: [string[], number, RegExp][] = [
    [[before], 2, /compares two recordings or more, and one is given/],
    [['--json', '--csv', before, slower], 2, /--json and --csv exclude each other/],
    [['--flamegraph', '-', before, slower], 2, /standard output has the table/],
    [['--widths', 'before', before, slower], 2, /--widths is of the flame graph/],
    [['--by', 'stack', '-s', 'dso', before, slower], 2, /--sort is of rows by symbol/],
    [['--fail-above', 'much', before, slower], 2, /a percentage of growth/],
    [[before, 'gone.data'], 1, /cannot open gone\.data/],
    [[before, empty], 1, /empty\.folded/],
    [['--symbol', 'nobody', before, slower], 1, /no samples of what was asked for/],
  ];
  for (const [argv, code, words] of cases) {
    const run = await diff(...argv);
    assert.equal(run.code, code, argv.join(' '));
    assert.match(run.stderr, words);
    assert.doesNotMatch(run.stderr, /defect/);
  }
});

test('a differential flame graph is one file, with the names of both', async () => {
  for (const widths of ['before', 'after']) {
    const file = workplace.path(`${widths}.svg`);
    const { code, stderr } = await diff('--flamegraph', file, '--widths', widths, before, slower);
    assert.equal(code, 0, stderr);
    assert.match(stderr, /wrote .*\.svg \([\d,]+ frames\)/);
  }
});
