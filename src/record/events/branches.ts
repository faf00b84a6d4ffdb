/** `-b` and `-j`: which branches a sample takes along, by perf's names (perf-record(1), `--branch-filter`). */
import { usageError } from '../../base/errors.js';

/** `enum perf_branch_sample_type_shift` of include/uapi/linux/perf_event.h. */
const BRANCH_BITS: Readonly<Record<string, number>> = {
  u: 1 << 0,
  k: 1 << 1,
  hv: 1 << 2,
  any: 1 << 3,
  any_call: 1 << 4,
  any_ret: 1 << 5,
  ind_call: 1 << 6,
  abort_tx: 1 << 7,
  in_tx: 1 << 8,
  no_tx: 1 << 9,
  cond: 1 << 10,
  stack: 1 << 11,
  ind_jmp: 1 << 12,
  call: 1 << 13,
  no_flags: 1 << 14,
  no_cycles: 1 << 15,
  save_type: 1 << 16,
};

const PRIVILEGES = BRANCH_BITS.u | BRANCH_BITS.k | BRANCH_BITS.hv;
/** Bits that say how branches are recorded, not which. */
const MANNERS = BRANCH_BITS.no_flags | BRANCH_BITS.no_cycles | BRANCH_BITS.save_type;

/** What `call-graph lbr` asks for: the calls that are still open, in user space. */
export const BRANCH_CALL_STACK = BigInt(
  BRANCH_BITS.u | BRANCH_BITS.stack | BRANCH_BITS.no_flags | BRANCH_BITS.no_cycles,
);

/**
 * `branch_sample_type` of a list of names; with none but privileges and manners, `any` is meant.
 * @throws StrataError with exit code 2 where a name is unknown
 */
export function branchSampleType(names: readonly string[]): bigint {
  let bits = 0;
  for (const name of names) {
    if (!Object.hasOwn(BRANCH_BITS, name)) {
      throw usageError(
        `unknown kind of branch '${name}'`,
        `there are: ${Object.keys(BRANCH_BITS).join(', ')}`,
      );
    }
    bits |= BRANCH_BITS[name];
  }
  return BigInt((bits & ~(PRIVILEGES | MANNERS)) === 0 ? bits | BRANCH_BITS.any : bits);
}
