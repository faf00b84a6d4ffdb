import assert from 'node:assert/strict';
import { test } from 'node:test';

import { parseCommandLine } from '../program.js';
import { parseGraph, type GraphChoice } from './call-graph.js';

test('-g takes perf’s words in any order, also cut short', () => {
  const cases: Readonly<Record<string, GraphChoice>> = {
    'graph,0.5,caller': { type: 'graph', limit: 0.5, order: 'caller' },
    'callee,fractal,2%,8': { order: 'callee', type: 'fractal', limit: 2, printLimit: 8 },
    '5,flat,count,0': { limit: 5, type: 'flat', value: 'count', printLimit: 0 },
    'folded,address,period': { type: 'folded', key: 'address', value: 'period' },
    'srcline,percent,function': { key: 'function', value: 'percent' },
    // The first of perf's words that begins so: tools/perf/util/callchain.c.
    'f,c,a,p': { type: 'flat', order: 'caller', key: 'address', value: 'percent' },
    'fr,calle,s,co': { type: 'fractal', order: 'caller', key: 'srcline', value: 'count' },
    'caller,none,0.5': { type: 'none' },
    ',,': {},
  };
  for (const [text, choice] of Object.entries(cases)) assert.deepEqual(parseGraph(text), choice);
});

test('-g refuses what is none of them', () => {
  for (const text of ['grpah', '101', '1,2,3', '1,2.5', '-1', 'caller;callee', '0x5']) {
    assert.throws(() => parseGraph(text), /none, graph, flat, fractal, folded, caller, callee/);
  }
  assert.throws(() => parseGraph('branch'), /of call chains, not of branches/);
});

function graphOf(...flags: string[]): GraphChoice {
  const parsed = parseCommandLine(['report', ...flags], '1.2.3');
  assert.ok(parsed.command === 'report');
  return parsed.options.graph;
}

test('--inverted and --invert put callers first, whatever -g says', () => {
  assert.deepEqual(graphOf('-G'), { order: 'caller' });
  assert.deepEqual(graphOf('--inverted', '-g', 'callee,2'), { order: 'caller', limit: 2 });
  assert.deepEqual(graphOf('--invert', '-g', 'fractal'), { type: 'fractal', order: 'caller' });
  assert.deepEqual(graphOf('-g'), {});
  assert.deepEqual(graphOf('--no-call-graph'), { type: 'none' });
  assert.deepEqual(graphOf('--max-stack', '20', '-g', 'flat'), { type: 'flat', maxStack: 20 });
});
