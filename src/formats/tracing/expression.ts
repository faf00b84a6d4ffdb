/**
 * The arguments of `print fmt:`, C expressions over the record's fields as the kernel's TP_printk
 * macros left them (include/trace/stages/stage3_trace_output.h names the functions).
 */
import type { TraceField } from './fields.js';

export type Expression =
  /** A number, a string or a name; `value` is what C's strtoull makes of it. */
  | { readonly kind: 'atom'; readonly text: string; readonly value: bigint }
  | { readonly kind: 'field'; readonly field: TraceField | undefined }
  | { readonly kind: 'cast'; readonly type: string; readonly item: Expression }
  | { readonly kind: 'unary'; readonly operator: string; readonly item: Expression }
  | {
      readonly kind: 'binary';
      readonly operator: string;
      readonly left: Expression;
      readonly right: Expression;
    }
  | { readonly kind: 'index'; readonly array: Expression; readonly index: Expression }
  | {
      readonly kind: 'choice';
      readonly condition: Expression;
      readonly yes: Expression;
      readonly no: Expression;
    }
  | {
      readonly kind: 'flags';
      readonly item: Expression;
      readonly delimiter: string;
      readonly names: readonly NamedValue[];
    }
  | { readonly kind: 'symbolic'; readonly item: Expression; readonly names: readonly NamedValue[] }
  | {
      readonly kind: 'hex';
      readonly array: Expression;
      readonly size: Expression;
      readonly separator: string;
    }
  | {
      readonly kind: 'numbers';
      readonly array: Expression;
      readonly count: Expression;
      readonly elementSize: Expression;
    }
  | { readonly kind: 'text'; readonly field: TraceField | undefined }
  | { readonly kind: 'bitmask'; readonly field: TraceField | undefined }
  | { readonly kind: 'cpumask'; readonly field: TraceField | undefined }
  | { readonly kind: 'dynamic'; readonly field: TraceField }
  | { readonly kind: 'dynamicLength'; readonly field: TraceField };

/** A line of `__print_flags` or `__print_symbolic`. */
export interface NamedValue {
  /** u64; `undefined` for a name that stands for no number here, as enumerators of some kernels do. */
  readonly value: bigint | undefined;
  readonly name: string;
}

/** Thrown inside this folder where an expression is none that is understood. */
export class NotUnderstood extends Error {}
