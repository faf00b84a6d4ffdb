/**
 * The bodies of the records that tell of code that came to the kernel or changed while recording
 * (include/uapi/linux/perf_event.h).
 */
import type { Cursor } from '../../base/cursor.js';
import type { Address } from '../../base/units.js';

/** `PERF_RECORD_KSYMBOL_TYPE_*`: OOL is code outside of functions, such as what kprobes replaced. */
export const KsymbolType = { UNKNOWN: 0, BPF: 1, OOL: 2 } as const;

/** KSYMBOL: the kernel gave a name to code, or took it away. */
export interface KsymbolRecord {
  readonly address: Address;
  /** Bytes. */
  readonly size: number;
  readonly type: number;
  readonly unregistered: boolean;
  readonly name: string;
}

const KSYMBOL_UNREGISTER = 1;

export function readKsymbol(body: Cursor): KsymbolRecord {
  return {
    address: body.address(),
    size: body.u32(),
    type: body.u16(),
    unregistered: (body.u16() & KSYMBOL_UNREGISTER) !== 0,
    name: body.fixedString(body.remaining),
  };
}

/** `enum perf_bpf_event_type`. */
export const BpfEventType = { UNKNOWN: 0, PROG_LOAD: 1, PROG_UNLOAD: 2 } as const;

/** BPF_EVENT: a BPF program was loaded or unloaded. */
export interface BpfEventRecord {
  readonly type: number;
  readonly flags: number;
  readonly id: number;
  /** Hexadecimal: a hash of its instructions. */
  readonly tag: string;
}

export function readBpfEvent(body: Cursor): BpfEventRecord {
  return {
    type: body.u16(),
    flags: body.u16(),
    id: body.u32(),
    tag: Buffer.from(body.take(8)).toString('hex'),
  };
}

/** TEXT_POKE: the kernel changed its own instructions. */
export interface TextPokeRecord {
  readonly address: Address;
  /** Empty where the code is new, as of a trampoline. */
  readonly before: Uint8Array;
  /** Empty where it is gone. */
  readonly after: Uint8Array;
}

export function readTextPoke(body: Cursor): TextPokeRecord {
  const address = body.address();
  const before = body.u16();
  const after = body.u16();
  return { address, before: body.take(before), after: body.take(after) };
}
