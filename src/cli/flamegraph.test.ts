import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';

import { strata } from '../testing/cli.js';
import { fileBytes } from '../testing/perfdata.js';

const folder = mkdtempSync(join(tmpdir(), 'strata-flamegraph-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** The text of `perf script`: two threads, two events. */
function sample(
  comm: string,
  tid: number,
  time: string,
  event: string,
  ...frames: string[]
): string {
  const lines = frames.map((frame, i) => `\t${(0x1000 + i).toString(16)} ${frame}+0x4 (/srv/app)`);
  return `${comm} 7/${tid} [000] ${time}: ${event}\n${lines.reverse().join('\n')}\n\n`;
}
const input = join(folder, 'script.txt');
writeFileSync(
  input,
  sample('my app', 7, '1.000000', '2 page-faults:', 'main', 'touch') +
    sample('my app', 7, '1.001000', '1000000 cpu-clock:', 'main', 'load') +
    sample('my app', 8, '1.001000', '1000000 cpu-clock:', 'run', 'parse') +
    sample('my app', 7, '1.002000', '1000000 cpu-clock:', 'main', 'load', 'read') +
    sample('my app', 7, '1.009000', '1000000 cpu-clock:', 'main', 'parse'),
);

async function fold(
  ...flags: string[]
): Promise<{ lines: string[]; stderr: string; code: number }> {
  const { stdout, stderr, code } = await strata(['flamegraph', '-i', input, '--folded', ...flags]);
  return { lines: stdout.split('\n').slice(0, -1), stderr, code };
}

describe('folded stacks', () => {
  test('are of the first sample’s event, and say so', async () => {
    const { lines, stderr, code } = await fold();
    assert.deepEqual(lines, ['my_app;main;touch 2']);
    assert.match(stderr, /^strata: wrote 1 folded stack of page-faults, 2 periods in all\n/);
    assert.match(
      stderr,
      /\nstrata: showed page-faults, not cpu-clock; --event NAME shows another\n$/,
    );
    assert.equal(code, 0);
  });

  test('of another event, by period or by samples', async () => {
    const { lines } = await fold('--event', 'cpu-clock');
    assert.deepEqual(lines, [
      'my_app;main;load 1000000',
      'my_app;main;load;read 1000000',
      'my_app;main;parse 1000000',
      'my_app;run;parse 1000000',
    ]);
    const counted = await fold('--event', 'cpu-clock', '--count', 'samples', '--root', 'tid');
    assert.deepEqual(counted.lines, [
      'my_app-7/7;main;load 1',
      'my_app-7/7;main;load;read 1',
      'my_app-7/7;main;parse 1',
      'my_app-7/8;run;parse 1',
    ]);
  });

  test('of the stacks that a filter leaves, from a focus on', async () => {
    const filtered = await fold('--event', 'cpu-clock', '--filter', '^(read|run)$');
    assert.deepEqual(filtered.lines, ['my_app;main;load;read 1000000', 'my_app;run;parse 1000000']);
    const excluded = await fold('--event', 'cpu-clock', '--exclude', '/^l/');
    assert.deepEqual(excluded.lines, ['my_app;main;parse 1000000', 'my_app;run;parse 1000000']);
    const focused = await fold('--event', 'cpu-clock', '--focus', 'load');
    assert.deepEqual(focused.lines, ['my_app;load 1000000', 'my_app;load;read 1000000']);
  });

  test('to a file, and back as any report', async () => {
    const output = join(folder, 'out.folded');
    await fold('--event', 'cpu-clock', '-o', output);
    const report = await strata(['report', '--stdio', '-i', output]);
    assert.match(report.stdout, /Samples: 4 {2}of event 'samples'/);
    assert.match(report.stdout, /50\.00%.*load/);
    const text = readFileSync(output);
    const again = await strata(['flamegraph', '-i', output, '--folded']);
    assert.equal(again.stdout, text.toString());
  });
});

/** Names and places of the frames that are drawn with a tooltip: `name x y`. */
async function draw(
  ...flags: string[]
): Promise<{ frames: string[]; svg: string; stderr: string }> {
  const output = join(folder, 'out.svg');
  const argv = ['flamegraph', '-i', input, '-o', output, '--event', 'cpu-clock', ...flags];
  const { stderr, code } = await strata(argv);
  assert.equal(code, 0, stderr);
  const svg = readFileSync(output, 'utf8');
  const frame = /<title>([^\n<]*)\n[^<]*<\/title>\s*<rect [^>]*?x="([\d.]+)" y="([\d.]+)"/g;
  return { frames: [...svg.matchAll(frame)].map((match) => match[1]), svg, stderr };
}

describe('pictures', () => {
  test('functions beside each other stand by name, or by size', async () => {
    assert.deepEqual((await draw()).frames, [
      'all',
      'main',
      'load',
      'read',
      'parse',
      'run',
      'parse',
    ]);
    const bySize = await draw('--sort', 'size', '--invert');
    assert.deepEqual(bySize.frames.slice(0, 2), ['all', 'parse']);
  });

  test('threads apart', async () => {
    const { frames } = await draw('--threads');
    assert.deepEqual(frames.slice(0, 2), ['all', 'my app 7']);
    assert.ok(frames.includes('my app 8'));
  });

  test('a chart goes through time: main stands twice, before and after a gap', async () => {
    const { frames, svg } = await draw('--chart');
    assert.equal(frames.filter((name) => name === 'main').length, 2);
    assert.match(svg, /9\.00 ms from left to right, 4 samples of cpu-clock/);
  });

  test('a recording without samples says so', async () => {
    const empty = join(folder, 'empty.data');
    const event = { attr: { type: 1 }, ids: [] };
    writeFileSync(empty, fileBytes([event], new Uint8Array(0)));
    const { code, stderr } = await strata(['flamegraph', empty, '-o', join(folder, 'empty.svg')]);
    assert.equal(code, 0, stderr);
    assert.match(stderr, /empty\.svg \(no samples\)\n/);
  });

  test('what was left out is told', async () => {
    const narrow = await draw('--min-width', '30%');
    assert.match(
      narrow.stderr,
      /^strata: wrote .*out\.svg \(3 frames; 3 frames narrower than 30% left out\)\n/,
    );
    const chosen = await draw('--filter', 'read');
    assert.match(chosen.stderr, /\(4 frames; 75\.0% not selected\)\n/);
  });

  test('one page of HTML', async () => {
    const output = join(folder, 'page.html');
    await strata(['flamegraph', '-i', input, '-o', output, '--event', 'cpu-clock']);
    assert.match(readFileSync(output, 'utf8'), /^<!doctype html>/i);
  });

  test('folded stacks have no times for a chart', async () => {
    const file = join(folder, 'a.folded');
    writeFileSync(file, 'a;b 3\n');
    const { stderr, code } = await strata(['flamegraph', '-i', file, '--chart', '-o', '-']);
    assert.match(stderr, /^strata: a chart needs times/);
    assert.equal(code, 1);
  });
});
