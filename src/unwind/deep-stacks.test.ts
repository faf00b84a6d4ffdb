import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Truncation } from '../profile/profile.js';
import { DeepStacks, type CallChain } from './deep-stacks.js';

const THREAD = 7;
const MAX_FRAMES = 64;

/**
 * A chain drawn innermost first: a letter per frame, each frame 2 KiB of stack, the outermost at `top`. A
 * bar at the end says that the copy ended there.
 */
function chain(picture: string, top: number): CallChain {
  const letters = picture.replace('|', '');
  const frames = new Float64Array(MAX_FRAMES);
  const levels = new Float64Array(MAX_FRAMES);
  [...letters].forEach((letter, i) => {
    frames[i] = letter.charCodeAt(0);
    levels[i] = top - (letters.length - 1 - i) * 2048;
  });
  const end = picture.endsWith('|') ? Truncation.DumpTooSmall : Truncation.None;
  return { frames, levels, count: letters.length, end };
}

function picture({ frames, count, end }: CallChain): string {
  const letters = String.fromCharCode(...frames.subarray(0, count));
  return end === Truncation.None ? letters : `${letters}|`;
}

function follow(before: CallChain, now: CallChain, copied = 16384): string {
  const stacks = new DeepStacks();
  stacks.follow(THREAD, before, copied, MAX_FRAMES);
  stacks.follow(THREAD, now, copied, MAX_FRAMES);
  assert.equal(stacks.continued, now.end === Truncation.None ? 1 : 0);
  return picture(now);
}

test('a cut chain goes on with the frames of the one before', () => {
  assert.equal(follow(chain('abCDEFGH', 0), chain('xyzCDEF|', -4096)), 'xyzCDEFGH');
});

test('a continued chain serves the next one', () => {
  const stacks = new DeepStacks();
  const deeper = chain('wCDE|', -6144);
  stacks.follow(THREAD, chain('abBCDEFG', 0), 4096, MAX_FRAMES);
  stacks.follow(THREAD, chain('xBCDEF|', -2048), 4096, MAX_FRAMES);
  stacks.follow(THREAD, deeper, 4096, MAX_FRAMES);
  assert.equal(picture(deeper), 'wCDE|', 'the levels are not those of the chain before');
  const fitting = chain('wBCDE|', -4096);
  stacks.follow(THREAD, fitting, 4096, MAX_FRAMES);
  assert.equal(picture(fitting), 'wBCDEFG');
});

test('other code at the same place is no agreement', () => {
  assert.equal(follow(chain('abCDEFGH', 0), chain('xyzCDeF|', -4096)), 'xyzCDeF|');
});

test('the same code at another place is no agreement', () => {
  assert.equal(follow(chain('abCDEFGH', 0), chain('xyzCDEF|', -4095)), 'xyzCDEF|');
});

test('too short an agreement is none', () => {
  assert.equal(follow(chain('abcDEFGH', 0), chain('xyzDEF|', -4096)), 'xyzDEF|');
  assert.equal(follow(chain('abCDEFGH', 0), chain('xyzCDEF|', -4096), 65536), 'xyzCDEF|');
});

test('threads do not share their chains, and the dead are forgotten', () => {
  const stacks = new DeepStacks();
  const other = chain('xyzCDEF|', -4096);
  stacks.follow(THREAD, chain('abCDEFGH', 0), 16384, MAX_FRAMES);
  stacks.follow(THREAD + 1, other, 16384, MAX_FRAMES);
  assert.equal(picture(other), 'xyzCDEF|');
  stacks.forget(THREAD);
  const late = chain('xyzCDEF|', -4096);
  stacks.follow(THREAD, late, 16384, MAX_FRAMES);
  assert.equal(picture(late), 'xyzCDEF|');
});

test('a chain is not continued past what a record can hold', () => {
  const stacks = new DeepStacks();
  const now = chain('xyzCDEF|', -4096);
  stacks.follow(THREAD, chain('abCDEFGH', 0), 16384, 8);
  stacks.follow(THREAD, now, 16384, 8);
  assert.equal(picture(now), 'xyzCDEF|');
});
