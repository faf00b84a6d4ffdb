import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';

import { FileSource } from '../base/source.js';
import { ElfImage } from '../formats/elf/image.js';
import { pythons, requirePython } from '../testing/pythons.js';
import {
  detectTrampolines,
  possibleTrampolineRows,
  trampolineFromElf,
  TRAMPOLINES,
  type Trampoline,
} from './trampolines.js';

function arenaOf(template: Trampoline, stride: number, length: number): Uint8Array {
  const arena = new Uint8Array(length);
  for (let at = 0; at + stride <= length; at += stride) arena.set(template.bytes, at);
  return arena;
}

test('each template is told from its bytes, with the stride of its copies', () => {
  for (const template of TRAMPOLINES) {
    for (const stride of [template.bytes.length, 32, 96, 272, 288]) {
      const arena = arenaOf(template, stride, 1024);
      const found = detectTrampolines(arena, template.architecture);
      assert.deepEqual(found, { template, stride }, `${template.name}, ${stride} bytes`);
    }
    const alone = detectTrampolines(template.bytes, template.architecture);
    assert.deepEqual(alone, { template, stride: undefined });
    const other = template.architecture === 'x86_64' ? 'aarch64' : 'x86_64';
    assert.equal(detectTrampolines(arenaOf(template, 32, 1024), other), undefined);
  }
});

test('a template that is cut short or changed at any byte is not one', () => {
  for (const { bytes, architecture } of TRAMPOLINES) {
    for (let at = 0; at < bytes.length; at++) {
      assert.equal(detectTrampolines(bytes.subarray(0, at), architecture), undefined);
      const changed = bytes.slice();
      changed[at] ^= 0xff;
      assert.equal(detectTrampolines(changed, architecture), undefined);
    }
  }
});

test('without the stride an address has at most two rows, the right one among them', () => {
  for (const template of TRAMPOLINES) {
    const strides = template.architecture === 'aarch64' ? [32, 96, 288] : [16, 96, 272];
    if (template.unpadded) strides.push(template.bytes.length);
    for (const stride of strides) {
      for (let copy = 0; copy < 50; copy++) {
        for (const row of template.rows) {
          const possible = possibleTrampolineRows(template, copy * stride + row.offset);
          assert.ok(possible.length <= 2);
          assert.ok(possible.includes(row), `${template.name}, copy ${copy} of ${stride} bytes`);
        }
      }
    }
  }
});

test('interpreters from 3.12 on carry a known template, older ones none', (t) => {
  if (!requirePython(t, [3, 12])) return;
  for (const python of pythons()) {
    const found = templateOf(python.path);
    const has = python.version[1] >= 12;
    assert.equal(found !== undefined, has, `${python.versionText} at ${python.path}`);
  }
});

/** Of what the interpreter has mapped: itself, or the shared library that it is a stub of. */
function templateOf(python: string): Trampoline | undefined {
  const script = 'print(open("/proc/self/maps").read())';
  const maps = execFileSync(python, ['-I', '-S', '-c', script], { encoding: 'utf-8' });
  const files = new Set(maps.match(/\/\S*python\S*$/gm));
  for (const file of files) {
    const source = new FileSource(file);
    try {
      const found = trampolineFromElf(ElfImage.read(source));
      if (found !== undefined) return found;
    } finally {
      source.close();
    }
  }
  return undefined;
}
