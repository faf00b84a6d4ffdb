import assert from 'node:assert/strict';
import { test } from 'node:test';

import { cfa, SectionBuilder, u16, u32, u64, uleb } from '../../testing/frames.js';
import { CfiIndex, type FoundRow } from './cfi.js';
import type { FrameSection } from './entries.js';

const START = 0x40000;

function cfaOffset(found: FoundRow | undefined): number | undefined {
  return found?.rows.cfaValue.data[found.row];
}

/** Three functions with a gap before the last, not in the order of their addresses. */
function threeFunctions(builder = new SectionBuilder()): SectionBuilder {
  const cie = builder.cie();
  builder.fde(cie, START + 0x200, 0x80, cfa.offset(48));
  builder.fde(cie, START, 0x20, cfa.offset(16));
  builder.fde(cie, START + 0x20, 0x10, cfa.offset(32));
  return builder;
}

function checkThree(cfi: CfiIndex, name: string): void {
  assert.equal(cfi.length, 3, name);
  const found = [-1, 0, 0x1f, 0x20, 0x2f, 0x30, 0x1ff, 0x200, 0x27f, 0x280].map((offset) => [
    cfi.find(START + offset),
    cfaOffset(cfi.rowAt(START + offset)),
  ]);
  const none = [-1, undefined];
  assert.deepEqual(
    found,
    [none, [0, 16], [0, 16], [1, 32], [1, 32], none, none, [2, 48], [2, 48], none],
    name,
  );
  assert.deepEqual(cfi.bounds(2), { start: START + 0x200, end: START + 0x280 }, name);
}

test('functions are found by address, with and without a search table', () => {
  const builder = threeFunctions();
  checkThree(CfiIndex.fromSection(builder.section()), 'by scanning');
  checkThree(CfiIndex.fromSection(builder.section(), builder.header()), 'by the table');
});

test('a search table that is cut short, unsorted or points elsewhere is not used', () => {
  const builder = threeFunctions();
  const { bytes, address } = builder.header();
  for (let length = 0; length < bytes.length; length++) {
    const header = { bytes: bytes.subarray(0, length), address };
    checkThree(CfiIndex.fromSection(builder.section(), header), `${length} bytes`);
  }
  const swapped = bytes.slice();
  swapped.copyWithin(12, 20, 28); // the second entry over the first, then a lower one after it
  swapped.set(bytes.subarray(12, 20), 20);
  checkThree(CfiIndex.fromSection(builder.section(), { bytes: swapped, address }), 'unsorted');
  const astray = bytes.slice();
  astray.set(u32(0x7fff0000), 16);
  checkThree(CfiIndex.fromSection(builder.section(), { bytes: astray, address }), 'astray');
});

test('.debug_frame of versions 1, 3 and 4 and of 64-bit DWARF', () => {
  for (const is64Bit of [false, true]) {
    for (const version of [1, 3, 4]) {
      const builder = new SectionBuilder('debug_frame', 0, is64Bit);
      const cie = builder.cie({ version, augmentation: '' });
      builder.fde(cie, START, 0x20, cfa.offset(24));
      builder.fde(cie, 0, 0x20, cfa.offset(32)); // a function that the linker discarded
      const cfi = CfiIndex.fromSection(builder.section());
      const name = `version ${version}, ${is64Bit ? 64 : 32}-bit`;
      assert.equal(cfi.length, 1, name);
      assert.equal(cfaOffset(cfi.rowAt(START + 5)), 24, name);
    }
  }
});

test('64-bit DWARF in .eh_frame keeps 4-byte CIE pointers', () => {
  checkThree(
    CfiIndex.fromSection(threeFunctions(new SectionBuilder('eh_frame', 0x10000, true)).section()),
    '',
  );
});

test('addresses in every encoding that compilers use', () => {
  const encodings: [number, (start: number, field: number) => number[]][] = [
    [0x00, (start) => [...u64(start), ...u64(16)]],
    [0x01, (start) => [...uleb(start), ...uleb(16)]],
    [0x02, (start) => [...u16(start), ...u16(16)]],
    [0x03, (start) => [...u32(start), ...u32(16)]],
    [0x04, (start) => [...u64(start), ...u64(16)]],
    [0x0b, (start) => [...u32(start), ...u32(16)]],
    [0x1a, (start, field) => [...u16(start - field), ...u16(16)]],
    [0x1b, (start, field) => [...u32(start - field), ...u32(16)]],
    [0x1c, (start, field) => [...signed64(start - field), ...u64(16)]],
    [0x3b, (start) => [...u32(start - 0x9000), ...u32(16)]],
  ];
  for (const [encoding, encode] of encodings) {
    const start = 0x4000;
    const builder = new SectionBuilder('eh_frame', 0x5000);
    const cie = builder.cie({ augmentationData: [encoding] });
    builder.fde(cie, start, 16, cfa.offset(64), (field) => encode(start, field));
    const section: FrameSection = { ...builder.section(), dataAddress: 0x9000 };
    const cfi = CfiIndex.fromSection(section);
    assert.deepEqual(cfi.bounds(0), { start, end: start + 16 }, `0x${encoding.toString(16)}`);
    assert.equal(cfaOffset(cfi.rowAt(start)), 64);
  }
});

function signed64(value: number): number[] {
  return [...u32(value >>> 0), ...u32(value < 0 ? 0xffffffff : 0)];
}

test('augmentations: personality, language data, signal frames, pointer authentication', () => {
  const builder = new SectionBuilder();
  const personality = [0x9b, ...u32(0x1234), 0x1b, 0x1b]; // P: indirect pcrel sdata4; L; R
  const cie = builder.cie({ augmentation: 'zPLRSB', augmentationData: personality });
  builder.fde(cie, START, 16, cfa.offset(64));
  const found = CfiIndex.fromSection(builder.section()).rowAt(START);
  assert.equal(found?.fde.cie.isSignalFrame, true);
  assert.equal(cfaOffset(found), 64);
});

test('the terminator ends a section', () => {
  const builder = threeFunctions();
  builder.raw(u32(0));
  threeFunctions(builder);
  assert.equal(CfiIndex.fromSection(builder.section()).length, 3);
});

test('a section cut short at any byte, or with any byte changed, is read without failing', () => {
  const builder = threeFunctions();
  const { bytes, ...section } = builder.section();
  const header = builder.header();
  const visit = (changed: Uint8Array): void => {
    for (const cfi of [
      CfiIndex.fromSection({ ...section, bytes: changed }),
      CfiIndex.fromSection({ ...section, bytes: changed }, header),
    ]) {
      for (let offset = -1; offset < 0x300; offset += 0x10) cfi.rowAt(START + offset);
      for (let i = 0; i < cfi.length; i++) cfi.bounds(i);
    }
  };
  for (let length = 0; length < bytes.length; length++) visit(bytes.subarray(0, length));
  for (let at = 0; at < bytes.length; at++) {
    for (const value of [0, 0x7f, 0x80, 0xff]) {
      const changed = bytes.slice();
      changed[at] = value;
      visit(changed);
    }
  }
});

test('CIE pointers that lead to themselves, to FDEs or out of the section name no function', () => {
  const builder = new SectionBuilder();
  const cie = builder.cie();
  const fde = builder.fde(cie, START, 16);
  const { bytes, ...section } = builder.section();
  const pointerAt = fde + 4;
  for (const target of [fde, fde + 8, pointerAt, -100, bytes.length + 100]) {
    const changed = bytes.slice();
    changed.set(u32(pointerAt - target), pointerAt);
    const cfi = CfiIndex.fromSection({ ...section, bytes: changed });
    assert.equal(cfi.rowAt(START), undefined, `to ${target}`);
  }
});
