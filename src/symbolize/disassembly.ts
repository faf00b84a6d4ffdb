/**
 * Disassembly by `objdump` of the GNU binutils (or LLVM's), where it is installed. What it prints is not
 * trusted, nor that it ends.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { formatAddress, parseAddress, type Address, type Bytes } from '../base/units.js';

const TIMEOUT_MS = 20_000;
const MAX_OUTPUT: Bytes = 64 << 20;
/** No function that a person reads is larger; tables of data may be, where a symbol has no size. */
const MAX_CODE: Bytes = 4 << 20;
const MAX_INSTRUCTIONS = 1 << 20;
/** Where the size of a function is unknown. */
const UNKNOWN_SIZE: Bytes = 4096;

export interface Instruction {
  readonly address: Address;
  /** As objdump writes it, tabs between its parts. */
  readonly text: string;
  /** Where it jumps to in the same function. */
  readonly target?: Address;
}

export interface Disassembly {
  readonly instructions: readonly Instruction[];
}

/** Why there is none, in words, and what mends it. */
export interface NoDisassembly {
  readonly problem: string;
  readonly hint?: string;
}

/** Code to disassemble. */
export interface CodeRange {
  readonly start: Address;
  /** 0 where unknown. */
  readonly size: Bytes;
  /** The ELF file; `undefined` where `bytes` are given. */
  readonly file: string | undefined;
  /** What was in memory at `start`. */
  readonly bytes?: Uint8Array | undefined;
}

export interface DisassemblyOptions {
  /** `--objdump`: the program; by default `objdump` of `PATH`. */
  readonly objdump?: string | undefined;
  /** `-M`: how it is written; `intel`. */
  readonly style?: string | undefined;
  /** Whether the bytes of instructions are shown. */
  readonly raw?: boolean | undefined;
  /** For `bytes`: BFD's name of the machine. */
  readonly machine?: string | undefined;
  /** After which it is ended. */
  readonly timeoutMs?: number | undefined;
}

/** Disassembles a function. Never fails: what keeps it from being known is the answer. */
export function disassemble(
  range: CodeRange,
  options: DisassemblyOptions = {},
): Disassembly | NoDisassembly {
  const { start, file, bytes } = range;
  const size = range.size > 0 ? range.size : (bytes?.byteLength ?? UNKNOWN_SIZE);
  if (size > MAX_CODE) return { problem: `the function has ${size} bytes: too many to show` };
  if (bytes !== undefined) return ofBytes(bytes, start, size, options);
  if (file === undefined) return { problem: 'its code is in no file' };
  return run(['-d', `--start-address=${hex(start)}`, `--stop-address=${hex(start + size)}`], file, {
    ...options,
    start,
    end: start + size,
  });
}

function ofBytes(
  bytes: Uint8Array,
  start: Address,
  size: Bytes,
  options: DisassemblyOptions,
): Disassembly | NoDisassembly {
  const { machine = machineName() } = options;
  if (machine === undefined) return { problem: `code of ${process.arch} cannot be disassembled` };
  const folder = mkdtempSync(join(tmpdir(), 'strata-code-'));
  try {
    const file = join(folder, 'code');
    writeFileSync(file, bytes, { mode: 0o600 });
    const flags = ['-D', '-b', 'binary', '-m', machine, `--adjust-vma=${hex(start)}`];
    return run(flags, file, { ...options, start, end: start + size });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function machineName(): string | undefined {
  return process.arch === 'x64' ? 'i386:x86-64' : process.arch === 'arm64' ? 'aarch64' : undefined;
}

function run(
  flags: readonly string[],
  file: string,
  options: DisassemblyOptions & { readonly start: Address; readonly end: Address },
): Disassembly | NoDisassembly {
  const { objdump = 'objdump', style, raw = false, start, end, timeoutMs = TIMEOUT_MS } = options;
  const argv = [
    ...flags,
    '-C',
    ...(raw ? [] : ['--no-show-raw-insn']),
    ...(style === undefined ? [] : ['-M', style]),
    '--',
    // A file of this name would be options to it, or a member of an archive.
    file.startsWith('/') ? file : `./${file}`,
  ];
  const { error, status, stdout, stderr } = spawnSync(objdump, argv, {
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C', DEBUGINFOD_URLS: '' },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
    maxBuffer: MAX_OUTPUT,
  });
  if (error !== undefined) return explain(objdump, error, timeoutMs);
  const instructions = readInstructions(stdout, raw, start, end);
  if (instructions.length > 0) return { instructions };
  const reason = stderr
    .trim()
    .split('\n', 1)[0]
    .replace(/^.*?: /, '');
  return {
    problem:
      status === 0
        ? `${objdump} finds no code at ${formatAddress(start)} in ${file}`
        : `${objdump} failed: ${reason === '' ? `exit code ${status}` : reason}`,
  };
}

function explain(
  objdump: string,
  { code, message }: NodeJS.ErrnoException,
  timeoutMs: number,
): NoDisassembly {
  switch (code) {
    case 'ENOENT':
      return {
        problem: `${objdump} is not installed`,
        hint: 'for example: sudo apt install binutils',
      };
    case 'EACCES':
      return { problem: `${objdump} may not be run` };
    case 'ETIMEDOUT':
      return { problem: `${objdump} took more than ${timeoutMs / 1000} s and was ended` };
    case 'ENOBUFS':
      return { problem: `${objdump} printed too much and was ended` };
    default:
      return { problem: `${objdump} failed: ${message}` };
  }
}

const LINE = /^ *([0-9a-f]{1,16}):\t(.*)$/;
/** x86's `jmp`, `je`, `loop`; AArch64's `b`, `b.eq`, `cbz`, `tbnz`; RISC-V's `j`, `beqz`. Calls are none. */
const JUMP =
  /^(?:(?:bnd |notrack )*j\w+|loop\w*|b(?:\.\w+)?|cbn?z|tbn?z|b(?:eq|ne|lt|ge|gt|le)\w*)(?:,p[nt])?\s/;

function readInstructions(text: string, raw: boolean, start: Address, end: Address): Instruction[] {
  const instructions: Instruction[] = [];
  for (const line of text.split('\n')) {
    const match = LINE.exec(line);
    if (match === null) continue;
    const address = parseAddress(match[1]);
    if (address === undefined || address < start || address >= end) continue;
    if (instructions.length >= MAX_INSTRUCTIONS) break;
    const shown = match[2].trimEnd();
    // Between address and instruction stand its bytes, where they were asked for.
    const code = raw ? shown.slice(shown.indexOf('\t') + 1) : shown;
    const target = targetOf(code, start, end);
    instructions.push({ address, text: shown, ...(target === undefined ? {} : { target }) });
  }
  return instructions;
}

function targetOf(code: string, start: Address, end: Address): Address | undefined {
  if (!JUMP.test(code)) return undefined;
  // `je 401136 <main+0x10>`: behind the address stands a name, which is anyone's and of any length.
  const [operands] = code.split(' <', 1);
  const match = /(?:^|[\s,])(?:0x)?([0-9a-f]+)\s*(?:\/\/.*|#.*)?$/.exec(operands);
  const target = match === null ? undefined : parseAddress(match[1]);
  return target !== undefined && target >= start && target < end ? target : undefined;
}

function hex(address: Address): string {
  return `0x${formatAddress(address)}`;
}
