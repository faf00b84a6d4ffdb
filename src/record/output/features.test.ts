import assert from 'node:assert/strict';
import { test } from 'node:test';

import { parseAddress, type Address } from '../../base/units.js';
import { parseKallsyms } from '../../formats/kallsyms.js';
import { readKernelSymbols } from '../../symbolize/kernel.js';
import { kernelSymbolsText } from './features.js';

function at(hex: string): Address {
  return parseAddress(hex) ?? assert.fail(hex);
}

const KALLSYMS = [
  'ffffffff81000000 T before',
  'ffffffff81000110 t never_returns',
  'ffffffff81000150 t __pfx_second',
  'ffffffff81000160 t second',
  'ffffffff81000200 t third',
].join('\n');

test('a recording names callers and who was interrupted as the whole table does', () => {
  const whole = Buffer.from(`${KALLSYMS}\n`);
  // Behind a last call; interrupted at a function's first byte; inside.
  const chain = ['ffffffff81000150', 'ffffffff81000160', 'ffffffff81000180'].map(at);
  for (const address of chain) {
    const text = kernelSymbolsText(parseKallsyms(whole), [address]) ?? assert.fail('no text');
    const [kept, all] = [readKernelSymbols({ text }), readKernelSymbols({ text: whole })];
    for (const place of [address, address - 1]) {
      assert.equal(kept.lookup(place)?.name, all.lookup(place)?.name);
      assert.equal(kept.lookup(place)?.start, all.lookup(place)?.start);
    }
  }
  const text = kernelSymbolsText(parseKallsyms(whole), [at('ffffffff81000210')]);
  assert.doesNotMatch(Buffer.from(text ?? []).toString(), /before|second/, 'nor more than that');
});
