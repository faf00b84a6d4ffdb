import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Truncation } from '../profile/profile.js';
import { DeepStacks, isDistinctive, type CallChain } from './deep-stacks.js';

const THREAD = 7;
const MAX_FRAMES = 64;
const FRAME = 2048;
/** What is copied: five of the pictures' frames must agree. */
const COPIED = 9 * FRAME;

/**
 * A chain drawn innermost frame first: a letter per frame, the outermost at `top`. A bar at the end says
 * that the copy ended there.
 */
function chain(picture: string, top: number): CallChain {
  const letters = picture.replace('|', '');
  const frames = new Float64Array(MAX_FRAMES);
  const levels = new Float64Array(MAX_FRAMES);
  [...letters].forEach((letter, i) => {
    frames[i] = letter.charCodeAt(0);
    levels[i] = top - (letters.length - 1 - i) * FRAME;
  });
  const end = picture.endsWith('|') ? Truncation.DumpTooSmall : Truncation.None;
  return { frames, levels, count: letters.length, end };
}

function picture({ frames, count, end }: CallChain): string {
  const letters = String.fromCharCode(...frames.subarray(0, count));
  return end === Truncation.None ? letters : `${letters}|`;
}

function follow(before: CallChain, now: CallChain, maxFrames = MAX_FRAMES): string {
  const stacks = new DeepStacks();
  stacks.follow(THREAD, before, COPIED, MAX_FRAMES);
  stacks.follow(THREAD, now, COPIED, maxFrames);
  assert.equal(stacks.continued, now.end === Truncation.None ? 1 : 0);
  return picture(now);
}

test('a cut chain goes on with the frames of the one before', () => {
  const now = chain('xyzBCDEF|', -2 * FRAME);
  assert.equal(follow(chain('abBCDEFGH', 0), now), 'xyzBCDEFGH');
});

test('a continued chain serves the next one', () => {
  const stacks = new DeepStacks();
  const now = [chain('abBCDEFG', 0), chain('xyBCDEF|', -FRAME), chain('wxyBCDEF|', -FRAME)];
  for (const one of now) stacks.follow(THREAD, one, COPIED, MAX_FRAMES);
  assert.deepEqual(now.map(picture), ['abBCDEFG', 'xyBCDEFG', 'wxyBCDEFG']);
});

test('other code at the same place is no agreement', () => {
  const now = chain('xyzBCDeF|', -2 * FRAME);
  assert.equal(follow(chain('abBCDEFGH', 0), now), 'xyzBCDeF|');
});

test('the same code at another place is no agreement', () => {
  const now = chain('xyzBCDEF|', -2 * FRAME - 8);
  assert.equal(follow(chain('abBCDEFGH', 0), now), 'xyzBCDEF|');
});

test('agreement on less than half of what is copied is none', () => {
  const now = chain('xyzwDEF|', -2 * FRAME);
  assert.equal(follow(chain('abcDEFGH', 0), now), 'xyzwDEF|');
});

test('a recursion may have been called from elsewhere since', () => {
  const now = chain('xyzRRRRRR|', -2 * FRAME);
  assert.equal(follow(chain('abRRRRRRRGH', 0), now), 'xyzRRRRRR|');
  const mutual = chain('xyzRSRSRS|', -2 * FRAME);
  assert.equal(follow(chain('abSRSRSRSGH', 0), mutual), 'xyzRSRSRS|');
});

test('only the outermost part of a chain makes it distinctive', () => {
  assert.equal(isDistinctive(chain('ABCDERRRRR', 0), 4 * FRAME), false);
  assert.equal(isDistinctive(chain('ABCDERRRRR', 0), 8 * FRAME), true);
  assert.equal(isDistinctive(chain('RRRRABCD', 0), 4 * FRAME), true);
});

test('threads do not share their chains, and the dead are forgotten', () => {
  const stacks = new DeepStacks();
  const other = chain('xyzBCDEF|', -2 * FRAME);
  stacks.follow(THREAD, chain('abBCDEFGH', 0), COPIED, MAX_FRAMES);
  stacks.follow(THREAD + 1, other, COPIED, MAX_FRAMES);
  assert.equal(picture(other), 'xyzBCDEF|');
  stacks.forget(THREAD);
  const late = chain('xyzBCDEF|', -2 * FRAME);
  stacks.follow(THREAD, late, COPIED, MAX_FRAMES);
  assert.equal(picture(late), 'xyzBCDEF|');
});

test('a chain is not continued past what a record can hold', () => {
  const now = chain('xyzBCDEF|', -2 * FRAME);
  assert.equal(follow(chain('abBCDEFGH', 0), now, 9), 'xyzBCDEF|');
});
