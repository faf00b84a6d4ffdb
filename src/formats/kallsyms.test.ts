import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { formatAddress, parseAddress, type Address } from '../base/units.js';
import { openKallsyms } from './kallsyms-parts.js';
import { KernelSymbolTable, parseKallsyms, type KernelFunctions } from './kallsyms.js';

function address(hex: string): Address {
  return parseAddress(hex) ?? assert.fail(hex);
}

const TEXT = [
  'ffffffff81000000 T _text',
  'ffffffff81000000 T _stext',
  'ffffffff81000100 t do_one',
  'ffffffff81000100 W weak_one',
  'ffffffff81000200 D some_data',
  'ffffffff81000300 T do_two',
  'ffffffffc0001000 t nft_do_chain\t[nf_tables]',
  'ffffffffc0001800 t nft_last\t[nf_tables]',
  'ffffffffc0500000 t other\t[other]',
  '',
].join('\n');

test('finds functions by signed addresses, keeps module names, prefers names as perf does', () => {
  const table = parseKallsyms(Buffer.from(TEXT));
  const nameAt = (hex: string): string | undefined => {
    const i = table.find(address(hex));
    return i < 0 ? undefined : table.name(i);
  };
  assert.equal(table.restricted, false);
  assert.equal(table.skipped, 0);
  assert.equal(nameAt('ffffffff80ffffff'), undefined);
  assert.equal(nameAt('ffffffff81000050'), '_stext');
  assert.equal(nameAt('ffffffff81000101'), 'weak_one'); // the last of its names
  assert.equal(nameAt('ffffffff81000250'), 'weak_one'); // data ends no function
  assert.equal(nameAt('ffffffffc00017ff'), 'nft_do_chain');
  assert.equal(table.module(table.find(address('ffffffffc00017ff'))), '[nf_tables]');
  assert.equal(table.module(table.find(address('ffffffff81000101'))), undefined);
  // The last function of a module does not reach over the gap to the next module.
  assert.equal(nameAt('ffffffffc0001900'), 'nft_last');
  assert.equal(nameAt('ffffffffc0400000'), undefined);
  assert.equal(table.start(table.find(address('ffffffff81000350'))), address('ffffffff81000300'));
  assert.equal(table.size(table.find(address('ffffffff81000101'))), 0x200);
  assert.equal(table.addressOf('_text'), address('ffffffff81000000'));
  assert.equal(table.addressOf('text'), undefined);
});

test('says that addresses were withheld', () => {
  const table = parseKallsyms(Buffer.from('0000000000000000 T _text\n0000000000000000 t do_one\n'));
  assert.equal(table.restricted, true);
  assert.equal(table.length, 0);
  assert.equal(parseKallsyms(new Uint8Array(0)).restricted, false);
});

test('passes over lines that it cannot read, at every truncation', () => {
  const bytes = Buffer.from(TEXT);
  for (let length = 0; length <= bytes.length; length++) {
    const table = parseKallsyms(bytes.subarray(0, length));
    assert.ok(table.length <= 6);
    assert.ok(table.skipped <= 1);
  }
  const odd = parseKallsyms(
    Buffer.from('zz T a\n12345678123456781 T b\n12 Tc d\n12\n12 T\n12 T e\n'),
  );
  assert.equal(odd.skipped, 5);
  assert.equal(odd.name(0), 'e');
});

test("reads the running kernel's own table whole", () => {
  const bytes = readFileSync('/proc/kallsyms');
  const table = parseKallsyms(bytes);
  assert.equal(table.skipped, 0);
  if (table.restricted) return;
  assert.ok(table.length > 10_000);
  // Every text line's address is found again, under one of the names that the text gives it.
  const namesAt = new Map<string, Set<string>>();
  for (const line of bytes.toString().split('\n')) {
    const [hex, type, name] = line.split(/[ \t]/);
    if (name === undefined || !/^[tTwW]$/.test(type) || /^0+$/.test(hex)) continue;
    const key = formatAddress(address(hex));
    namesAt.set(key, (namesAt.get(key) ?? new Set()).add(name));
  }
  assert.equal(table.length, namesAt.size);
  for (let i = 0; i < table.length; i++) {
    const start = table.start(i);
    assert.equal(table.find(start), i);
    assert.ok(namesAt.get(formatAddress(start))?.has(table.name(i)));
  }
});

/** A kernel's worth of text: own functions, data between them, and modules behind. */
function largeText(): string {
  const lines = ['0000000000000000 A fixed_percpu_data', '0000000000001000 A cpu_debug_store'];
  for (let i = 0; i < 20_000; i++) {
    const at = (0xffffffff81000000n + BigInt(i) * 0x40n).toString(16);
    lines.push(`${at} ${i % 7 === 0 ? 'D' : 't'} symbol_${i}`);
    if (i % 11 === 0) lines.push(`${at} T alias_${i}`);
  }
  for (let i = 0; i < 500; i++) {
    lines.push(`${(0xffffffffc0000000n + BigInt(i) * 0x100n).toString(16)} t mod_${i}\t[mod]`);
  }
  return `${lines.join('\n')}\n`;
}

test('a large text gives the same functions part by part as parsed whole', () => {
  const texts = [Buffer.from(largeText())];
  // Without the right to see them the kernel writes zeros.
  const own = readFileSync('/proc/kallsyms');
  if (!parseKallsyms(own).restricted) texts.push(own);
  for (const bytes of texts) {
    const whole = parseKallsyms(bytes);
    const parts = openKallsyms(bytes);
    assert.ok(!(parts instanceof KernelSymbolTable));
    const describe = (table: KernelFunctions, address: Address): string => {
      const i = table.find(address);
      if (i < 0) return 'nothing';
      return `${table.name(i)} ${table.start(i)} ${table.size(i)} ${table.module(i) ?? ''}`;
    };
    for (let i = 0; i < whole.length; i += Math.ceil(whole.length / 4000)) {
      for (const address of [whole.start(i) - 1, whole.start(i), whole.start(i) + 5]) {
        assert.equal(describe(parts, address), describe(whole, address));
      }
    }
    assert.equal(parts.addressOf('_text'), whole.addressOf('_text'));
  }
});

test('text that is small, out of order or withheld is parsed whole', () => {
  const large = largeText();
  const swapped = large.split('\n').reverse().join('\n');
  const withheld = large.replace(/^\w{16}/gm, '0'.repeat(16));
  for (const text of [TEXT, swapped, withheld]) {
    assert.ok(openKallsyms(Buffer.from(text)) instanceof KernelSymbolTable);
  }
  assert.equal(openKallsyms(Buffer.from(withheld)).restricted, true);
});
