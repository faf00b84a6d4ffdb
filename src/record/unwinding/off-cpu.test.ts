import assert from 'node:assert/strict';
import { test } from 'node:test';

import { EMPTY_ATTR } from '../../formats/perfdata/attr.js';
import { SampleLayout } from '../../formats/perfdata/sample-layout.js';
import { SampleView } from '../../formats/perfdata/sample.js';
import { PerfSample } from '../../formats/perfdata/spec.js';
import { COMMON_SAMPLE_TYPE } from '../events/sample-layout.js';
import { OffCpu, type WaitFile } from './off-cpu.js';

const IN = 0;
const OUT = 1 << 13;
const PREEMPTED_OUT = OUT | (1 << 14);

const { PERIOD, CALLCHAIN } = PerfSample;
const LAYOUT = new SampleLayout(
  { ...EMPTY_ATTR, sample_type: COMMON_SAMPLE_TYPE | PERIOD | CALLCHAIN },
  true,
);

/** The records of some threads, and what comes of them: `tid time period chain`. */
class Play {
  readonly offCpu = new OffCpu([7, 8]);
  readonly written: string[] = [];
  private readonly view = new SampleView();
  private nextIsPreempted = false;

  readonly file: WaitFile = {
    seeKernel: () => undefined,
    copy: (bytes, start, size) => {
      const words = new Int32Array(bytes.slice(start, start + size).buffer);
      assert.ok(LAYOUT.decode(words, 0, size, this.view));
      const { tid, time, period, callchain, callchainLength } = this.view;
      const chain = words.subarray(callchain, callchain + callchainLength * 2);
      const places = [...chain].filter((_, i) => i % 2 === 0).join(' ');
      this.written.push(`${tid} ${time} ${period} [${places}]`);
    },
    unwound: () => undefined,
    preempted: () => (this.nextIsPreempted = true),
    sampleAdded: () => {
      if (this.nextIsPreempted) this.written.push(`${this.written.pop()} preempted`);
      this.nextIsPreempted = false;
    },
  };

  /** A sample of a thread that leaves, and the record that it left. */
  leaves(tid: number, time: number, chain: readonly number[], misc = OUT): void {
    this.sample(tid, time, chain);
    this.switched(tid, time, misc);
  }

  sample(tid: number, time: number, chain: readonly number[]): void {
    const head = [9, 0, 1, 0, chain[0] ?? 0, 0, 1, tid, time, 0, 0, 0, 1, 0, chain.length, 0];
    const words = Int32Array.from([...head, ...chain.flatMap((place) => [place, 0])]);
    const size = words.byteLength;
    words[1] = size << 16;
    const view = new SampleView();
    assert.ok(LAYOUT.decode(words, 0, size, view));
    this.offCpu.leaves(view)?.copy(new Uint8Array(words.buffer), 0, size);
  }

  switched(tid: number, time: number, misc: number): void {
    this.offCpu.switched(tid, misc, time, this.file);
  }
}

test('a wait is the time between leaving and coming back, under the stack that was left', () => {
  const play = new Play();
  play.leaves(7, 1000, [21, 22]);
  play.leaves(8, 1500, [31], PREEMPTED_OUT);
  play.switched(7, 4000, IN);
  play.switched(8, 4100, IN);
  play.leaves(7, 5000, [23]);
  play.switched(7, 5010, IN);
  assert.deepEqual(play.written, [
    '7 4000 3000 [21 22]',
    '8 4100 2600 [31] preempted',
    '7 5010 10 [23]',
  ]);
  assert.deepEqual(play.offCpu.takeNotes(), []);
});

test('a thread that was not seen leaving has not waited', () => {
  const play = new Play();
  play.switched(7, 4000, IN);
  play.leaves(7, 5000, [1]);
  play.offCpu.ran(7); // A sample on the CPU: its coming back was lost.
  play.switched(7, 9000, IN);
  play.leaves(8, 5000, [1]);
  play.offCpu.ended(8);
  play.leaves(8, 6000, [1]); // For the last time.
  play.offCpu.cut(7000, play.file, true);
  play.offCpu.began(8); // The number is given anew.
  play.switched(8, 9000, IN);
  assert.deepEqual(play.written, []);
});

test('a chain of any length is kept', () => {
  const play = new Play();
  const deep = Array.from({ length: 8000 }, (_, i) => i + 1);
  play.leaves(7, 1000, deep);
  play.switched(7, 2000, IN);
  play.leaves(7, 3000, [5]);
  play.switched(7, 4000, IN);
  assert.deepEqual(play.written, [`7 2000 1000 [${deep.join(' ')}]`, '7 4000 1000 [5]']);
});

test('what the kernel dropped invents no time, and is told', () => {
  const play = new Play();
  play.offCpu.saw(0, 1000);
  play.leaves(7, 1000, [1]);
  play.leaves(8, 1100, [2]);
  play.offCpu.saw(0, 1100);
  play.offCpu.lost(0, 1500); // 400 ns of CPU 0 are unknown.
  play.offCpu.saw(0, 1500);
  play.switched(7, 3000, IN);
  play.switched(8, 1450, IN); // Comes late: cannot have been away for longer than the gap.
  play.switched(9, 2000, OUT); // Its sample was dropped.
  play.switched(9, 2500, IN);
  assert.deepEqual(play.written, ['7 3000 1600 [1]']);
  const [stackless, shortened, ...none] = play.offCpu.takeNotes();
  assert.match(stackless, /^500 ns of waiting, in 1 wait, left out/);
  assert.match(shortened, /^2 waits counted shorter, by 750 ns in all/);
  assert.deepEqual(none, []);
  assert.deepEqual(play.offCpu.takeNotes(), []);
});

test('waits that are not over are cut where a file ends, and go on in the next', () => {
  const play = new Play();
  play.leaves(7, 1000, [1]);
  play.sample(8, 1100, [2]);
  play.switched(8, 1200, IN);
  play.offCpu.cut(3000, play.file, true);
  play.switched(7, 3500, IN);
  play.leaves(7, 4000, [3]);
  play.offCpu.cut(5000, play.file, false);
  play.switched(7, 6000, IN);
  assert.deepEqual(play.written, [
    '8 1200 100 [2]',
    '7 3000 2000 [1]',
    '7 3500 500 [1]',
    '7 5000 1000 [3]',
  ]);
});

test('threads that waited before the recording are counted', () => {
  const play = new Play();
  play.switched(7, 1000, IN);
  play.offCpu.began(9);
  play.switched(9, 1200, IN);
  play.leaves(10, 1300, [1]);
  const [note] = play.offCpu.takeNotes();
  assert.match(note, /^2 threads waited already/, '7, and 8, which never ran');
  assert.deepEqual(play.offCpu.takeNotes(), []);
});
