import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test, type TestContext } from 'node:test';

import { skipOrFail } from '../testing/pythons.js';
import { disassemble, type DisassemblyOptions } from './disassembly.js';

const folder = mkdtempSync(join(tmpdir(), 'strata-objdump-'));
after(() => {
  rmSync(folder, { recursive: true });
});

/** A program in objdump's place. */
function pretender(name: string, script: string): string {
  const path = join(folder, name);
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}

const RANGE = { start: 0x1000, size: 0x20, file: '/bin/true' };

function problem(options: DisassemblyOptions): string {
  const found = disassemble(RANGE, options);
  assert.ok('problem' in found, JSON.stringify(found));
  return found.problem;
}

function needsObjdump(t: TestContext): boolean {
  const found = disassemble({ ...RANGE, file: undefined, bytes: new Uint8Array([0xc3]) });
  if (!('problem' in found && found.problem.includes('not installed'))) return true;
  skipOrFail(t, 'objdump', 'not installed');
  return false;
}

test('reads generated code at its address, with its jumps', (t) => {
  if (!needsObjdump(t)) return;
  const before = process.env['TMPDIR'];
  const temporary = mkdtempSync(join(folder, 'tmp-'));
  process.env['TMPDIR'] = temporary;
  t.after(() => {
    if (before === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = before;
  });
  // 31 c0 xor eax,eax; ff c0 inc eax; 75 fc jne -4; eb 10 jmp out; c3 ret
  const bytes = new Uint8Array([0x31, 0xc0, 0xff, 0xc0, 0x75, 0xfc, 0xeb, 0x10, 0xc3]);
  const range = { start: 0x7f0000001000, size: bytes.length, file: undefined, bytes };
  const read = (options: DisassemblyOptions) => {
    const found = disassemble(range, { machine: 'i386:x86-64', ...options });
    assert.ok(!('problem' in found), JSON.stringify(found));
    return found.instructions;
  };
  const instructions = read({ style: 'intel' });
  assert.deepEqual(
    instructions.map(({ address }) => address - range.start),
    [0, 2, 4, 6, 8],
  );
  assert.match(instructions[0].text, /^xor +eax,eax$/);
  assert.deepEqual(
    instructions.map(({ target }) => target),
    [undefined, undefined, range.start + 2, undefined, undefined],
  );
  const raw = read({ raw: true });
  assert.match(raw[2].text, /^75 fc\s+jne /);
  assert.equal(raw[2].target, range.start + 2);
  assert.deepEqual(readdirSync(temporary), [], 'nothing is left');
});

test('objdump is not trusted', () => {
  assert.equal(
    problem({ objdump: join(folder, 'none') }),
    `${join(folder, 'none')} is not installed`,
  );
  writeFileSync(join(folder, 'plain'), 'x');
  assert.match(problem({ objdump: join(folder, 'plain') }), /may not be run/);
  assert.match(
    problem({ objdump: pretender('hangs', 'exec sleep 60'), timeoutMs: 300 }),
    /took more than 0\.3 s and was ended/,
  );
  assert.match(problem({ objdump: pretender('talks', 'exec yes') }), /printed too much/);
  assert.match(
    problem({ objdump: pretender('fails', 'echo "objdump: $#: broken" >&2; exit 3') }),
    /failed: .*broken/,
  );
  assert.match(
    problem({ objdump: pretender('silent', ':') }),
    /finds no code at 1000 in \/bin\/true/,
  );
  const lies = pretender(
    'lies',
    String.raw`printf ' 1000:\tnop\n ffffffffffffffffff:\tnop\n 2000:\tnop\n 1004:\tjmp 1000 <x>\nrubbish\n'`,
  );
  const found = disassemble(RANGE, { objdump: lies });
  assert.deepEqual(found, {
    instructions: [
      { address: 0x1000, text: 'nop' },
      { address: 0x1004, text: 'jmp 1000 <x>', target: 0x1000 },
    ],
  });
});

test('names of any length take a time that grows with it', () => {
  const long = `"$(yes ' <a' | head -100000 | tr -d '\\n')"`;
  const found = disassemble(RANGE, {
    objdump: pretender('long', `printf ' 1000:\\tjmp 1000%s\\n' ${long}`),
  });
  assert.ok(!('problem' in found));
  assert.equal(found.instructions[0].target, 0x1000);
});

test('names of files are no options, and no shell reads them', () => {
  const shows = pretender('shows', `for a; do :; done; printf ' 1000:\\t%s\\n' "$a"`);
  const evil = `-o$(touch ${join(folder, 'touched')})`;
  const found = disassemble({ ...RANGE, file: evil }, { objdump: shows });
  assert.deepEqual(found, { instructions: [{ address: 0x1000, text: `./${evil}` }] });
  assert.equal(existsSync(join(folder, 'touched')), false);
});

test('does not begin with what is too large', () => {
  const found = disassemble({ ...RANGE, size: 2 ** 40 });
  assert.ok('problem' in found && /bytes: too many/.test(found.problem));
});
