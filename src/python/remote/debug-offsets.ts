/**
 * `_Py_DebugOffsets`, the block at the start of `_PyRuntime` in which CPython says where the fields of its
 * structures lie (Include/internal/pycore_debug_offsets.h): what PEP 768 needs of it.
 *
 * The block has no table of contents: where its own fields lie changes with the minor version, and is frozen
 * within one from its release on. Versions that are not known are not guessed at.
 */
import { Cursor } from '../../base/cursor.js';
import { StrataError } from '../../base/errors.js';
import type { Bytes } from '../../base/units.js';

const COOKIE = 'xdebugpy';

/** Positions of groups of fields in the block, by minor version of CPython 3. */
const LAYOUTS: Readonly<Record<number, { readonly size: Bytes } & Readonly<Record<Group, Bytes>>>> =
  {
    14: { size: 760, interpreter: 56, thread: 184, threadIds: 224, support: 712 },
    15: { size: 888, interpreter: 56, thread: 184, threadIds: 248, support: 840 },
  };
type Group = 'interpreter' | 'thread' | 'threadIds' | 'support';

/** What is read of the block: enough for every version. */
export const BLOCK_SIZE: Bytes = 888;

/** No structure that the offsets lead into is larger by far. */
const MAX_OFFSET: Bytes = 1 << 20;
const MAX_PATH_SIZE: Bytes = 4096;

/** Offsets of fields in their structures. */
export interface DebugOffsets {
  readonly version: PythonVersion;
  readonly runtime: { readonly interpretersHead: Bytes };
  readonly interpreter: {
    readonly id: Bytes;
    readonly next: Bytes;
    readonly threadsHead: Bytes;
    readonly threadsMain: Bytes;
    readonly remoteDebuggingEnabled: Bytes;
  };
  readonly thread: {
    readonly next: Bytes;
    readonly interpreter: Bytes;
    readonly nativeThreadId: Bytes;
    readonly evalBreaker: Bytes;
    readonly pendingCall: Bytes;
    readonly scriptPath: Bytes;
  };
  /** Of the buffer, with its NUL. */
  readonly scriptPathSize: Bytes;
}

export interface PythonVersion {
  readonly minor: number;
  /** `3.14.10`, `3.15.0b2`. */
  readonly text: string;
}

/** Whether bytes begin with the block: CPython 3.13 and later. */
export function isDebugOffsets(block: Uint8Array): boolean {
  return Buffer.from(block.subarray(0, COOKIE.length)).toString('latin1') === COOKIE;
}

/** `PY_VERSION_HEX` of the block. */
export function versionOf(block: Uint8Array): PythonVersion {
  const hex = new Cursor(block, 'CPython', true, 0, 8).u64();
  const [major, minor, micro] = [24, 16, 8].map((shift) => (hex / 2 ** shift) & 0xff);
  const level = { 0xa: 'a', 0xb: 'b', 0xc: 'rc' }[(hex >> 4) & 0xf];
  const suffix = level === undefined ? '' : `${level}${hex & 0xf}`;
  return { minor: major === 3 ? minor : -1, text: `${major}.${minor}.${micro}${suffix}` };
}

/**
 * Understands the block.
 * @param block {@link BLOCK_SIZE} bytes from `_PyRuntime` on
 * @throws StrataError for a version that is not known, FormatError where it cannot be what it says
 */
export function readDebugOffsets(block: Uint8Array): DebugOffsets {
  const version = versionOf(block);
  const layout = LAYOUTS[version.minor] as (typeof LAYOUTS)[number] | undefined;
  if (layout === undefined || /[abc]/.test(version.text)) {
    throw new StrataError(
      `CPython ${version.text} is not known to Strata: perf support is switched on in running ones of ` +
        `${Object.keys(LAYOUTS)
          .map((minor) => `3.${minor}`)
          .join(' and ')}, from their releases on`,
      'start it with python -X perf instead',
    );
  }
  const cursor = new Cursor(block, 'CPython', true);
  cursor.structure = '_Py_DebugOffsets';
  const field = (position: Bytes, least = 0, most = MAX_OFFSET): Bytes => {
    cursor.seek(position);
    const value = cursor.u64();
    if (value >= least && value <= most) return value;
    throw cursor.fault(`an offset from ${least} to ${most}`, `${value}`, 8);
  };
  const { interpreter, thread, threadIds, support } = layout;
  // struct _debugger_support: eval_breaker, remote_debugger_support, remote_debugging_enabled,
  // debugger_pending_call, debugger_script_path, debugger_script_path_size
  const inThread = field(support + 8);
  return {
    version,
    runtime: { interpretersHead: field(40) },
    interpreter: {
      id: field(interpreter),
      next: field(interpreter + 8),
      threadsHead: field(interpreter + 16),
      threadsMain: field(interpreter + 24),
      remoteDebuggingEnabled: field(support + 16),
    },
    thread: {
      next: field(thread + 8),
      interpreter: field(thread + 16),
      nativeThreadId: field(threadIds),
      evalBreaker: field(support),
      pendingCall: inThread + field(support + 24),
      scriptPath: inThread + field(support + 32),
    },
    scriptPathSize: field(support + 40, 64, MAX_PATH_SIZE),
  };
}
