/**
 * Branch stacks (`struct perf_branch_entry`) as `perf script` prints them
 * (tools/perf/builtin-script.c, `perf_sample__fprintf_brstack` and the functions after it).
 */
import { addressFrom, formatAddress, type Address } from '../../../base/units.js';
import { BRANCH_ENTRY_WORDS, type SampleView } from '../../../formats/perfdata/sample.js';
import { PerfContext } from '../../../formats/perfdata/spec.js';
import type { Process } from '../../../session/processes.js';
import { placeText, UNKNOWN, type Place, type Places } from './frame-lines.js';

/** In what form an end of a branch is printed. */
export type BranchForm = 'address' | 'symbol' | 'offset';

/** `PERF_BR_*`. */
const TYPES = [
  ...['N/A', 'COND', 'UNCOND', 'IND', 'CALL', 'IND_CALL', 'RET', 'SYSCALL', 'SYSRET', 'COND_CALL'],
  ...['COND_RET', 'ERET', 'IRQ', 'SERROR', 'NO_TX'],
];
/** `PERF_BR_EXTEND_ABI`: the type is in a field of its own. */
const EXTENDED = 15;
/** `PERF_BR_NEW_*`; between them those of arm64's own. */
const NEW_TYPES = ['FAULT_ALGN', 'FAULT_DATA', 'FAULT_INST'];

export function branchStackText(
  view: SampleView,
  process: Process,
  places: Places,
  form: BranchForm,
  dso: boolean,
): string {
  let text = '';
  for (let i = 0; i < view.branchCount; i++) {
    const at = view.branches + i * BRANCH_ENTRY_WORDS;
    const end = (word: number): string => {
      const address = addressFrom(view.words[word], view.words[word + 1]);
      return endText(address, placeOf(address, process, places), form, dso);
    };
    const blank = form === 'symbol' ? '' : ' ';
    text += `${blank}${end(at)}/${end(at + 2)}${flagsText(view.words[at + 4], view.words[at + 5])}`;
  }
  return text;
}

/** The kernel's half of the address space is negative. */
function placeOf(address: Address, process: Process, places: Places): Place {
  return places.at(process, address < 0 ? PerfContext.KERNEL : PerfContext.USER, address);
}

const SYMBOL_ONLY = {
  ...{ ip: false, sym: true, symoff: true, dso: false, dsoff: false, srcline: false },
  ...{ inline: false, fullPaths: false, fileOffsets: false },
};

function endText(address: Address, place: Place, form: BranchForm, dso: boolean): string {
  const file = dso ? `(${place.file})` : '';
  if (form === 'symbol') return placeText(place, address, SYMBOL_ONLY).slice(1) + file;
  const isKnown = form === 'offset' && place.file !== UNKNOWN;
  return `0x${formatAddress(isKnown ? place.fileAddress : address)}${file}`;
}

/**
 * `/P/-/-/12/COND `: predicted or mispredicted, in a transaction, aborted, cycles, type. From the lowest
 * bit: mispred 1, predicted 1, in_tx 1, abort 1, cycles 16, type 4, spec 2, new_type 4, priv 3.
 */
function flagsText(low: number, _high: number): string {
  const bit = (n: number): boolean => ((low >>> n) & 1) === 1;
  const prediction = bit(1) ? 'P' : bit(0) ? 'M' : '-';
  const type = (low >>> 20) & 15;
  const name = type === EXTENDED ? (NEW_TYPES[(low >>> 26) & 15] ?? '') : (TYPES[type] ?? '');
  const cycles = (low >>> 4) & 0xffff;
  return `/${prediction}/${bit(2) ? 'X' : '-'}/${bit(3) ? 'A' : '-'}/${cycles}/${name} `;
}
