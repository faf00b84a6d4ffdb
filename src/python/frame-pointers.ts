/**
 * Whether compiled code keeps frame pointers: from the code itself, as flags do not tell of it all
 * (distributions' defaults, objects built otherwise).
 */
import type { Bytes } from '../base/units.js';
import { CfiIndex, type CodeBounds, type FoundRow } from '../formats/dwarf/cfi.js';
import { architectureOfMachine, REGISTERS, type Architecture } from '../formats/dwarf/registers.js';
import type { ElfImage } from '../formats/elf/image.js';
import { symbolNamed } from '../formats/elf/symbols.js';

export interface FramePointers {
  /** Functions that set up a stack frame at all. */
  readonly functions: number;
  /** Those of them that keep a frame pointer in it. */
  readonly keeping: number;
  /** Whether the eval loop is among them; `undefined` where no symbol says where it is. */
  readonly evalLoop: boolean | undefined;
}

/** Of functions: code built with frame pointers has all but a few in assembly. */
const MOST = 0.9;

/** Whether stacks can be followed by frame pointers through such code. */
export function keepsFramePointers({ functions, keeping, evalLoop }: FramePointers): boolean {
  return evalLoop !== false && keeping >= MOST * functions;
}

/** CFA at a function's first instruction: above the return address, which a call on x86-64 pushes. */
const ENTRY_CFA: Record<Architecture, Bytes> = { x86_64: 8, aarch64: 0 };
/** Of a frame that begins with the caller's frame pointer and the return address. */
const FRAME_CFA: Bytes = 16;
/** Where arm64 code sets up its frame, by the latest. */
const PROLOGUE: Bytes = 64;

/**
 * Looks at every function that call frame information describes.
 * @returns `undefined` where there is none, or of an architecture that is not unwound
 * @throws FormatError where the file is damaged
 */
export function findFramePointers(image: ElfImage): FramePointers | undefined {
  const architecture = architectureOfMachine(image.machine);
  if (architecture === undefined) return undefined;
  const cfi = CfiIndex.fromElf(image);
  const keeps = architecture === 'x86_64' ? keepsByRows : keepsByCode(image);
  let functions = 0;
  let keeping = 0;
  const look = (bounds: CodeBounds | undefined): boolean | undefined => {
    const found = bounds && cfi.rowAt(bounds.start);
    if (bounds === undefined || found === undefined) return undefined;
    return hasFrame(found, architecture) ? keeps(found, bounds) : undefined;
  };
  for (let i = 0; i < cfi.length; i++) {
    const kept = look(cfi.bounds(i));
    if (kept !== undefined) functions++;
    if (kept === true) keeping++;
  }
  if (functions === 0) return undefined;
  const evalAt = symbolNamed(image, '_PyEval_EvalFrameDefault')?.address;
  const evalEntry = evalAt === undefined ? -1 : cfi.find(evalAt);
  return { functions, keeping, evalLoop: evalEntry < 0 ? undefined : look(cfi.bounds(evalEntry)) };
}

/**
 * Whether an entry's rows are a function's that moves the stack pointer. A part of a function that the
 * compiler put elsewhere (`.cold`) begins with a frame, the PLT with another one.
 */
function hasFrame({ rows, row }: FoundRow, architecture: Architecture): boolean {
  const isEntry =
    rows.cfaRegister.data[row] === REGISTERS[architecture].stackPointer &&
    rows.cfaValue.data[row] === ENTRY_CFA[architecture];
  return isEntry && row + 1 < rows.length && rows.offset.data[row + 1] > 0;
}

/**
 * On x86-64 a function with a frame pointer has a row that counts from it. Compilers move other instructions
 * between `push rbp` and `mov rbp, rsp`, or both behind an early return: hence no comparing of bytes.
 */
function keepsByRows({ rows, row }: FoundRow): boolean {
  const { framePointer } = REGISTERS.x86_64;
  for (let i = row; i === row || (i < rows.length && rows.offset.data[i] > 0); i++) {
    const counts = rows.cfaRegister.data[i] === framePointer;
    if (counts && rows.cfaValue.data[i] === FRAME_CFA) return true;
  }
  return false;
}

/** On arm64 rows count from the stack pointer anyway: the code is searched for `add x29, sp, #N`. */
function keepsByCode(image: ElfImage): (found: FoundRow, bounds: CodeBounds) => boolean {
  return (_, { start, end }) => {
    const offset = image.offsetOfVaddr(start);
    if (offset === undefined) return false;
    const code = image.source.read(offset, Math.min(PROLOGUE, end - start));
    const view = new DataView(code.buffer, code.byteOffset, code.byteLength);
    for (let at = 0; at + 4 <= code.byteLength; at += 4) {
      const instruction = view.getUint32(at, true); // Instructions are little-endian always.
      if ((instruction & 0xffc003ff) >>> 0 === 0x910003fd) return true;
    }
    return false;
  };
}
