/**
 * What stands between an event's slashes: `event=0x3c,umask=1,period=1000,name=mine`.
 */
import { usage } from './errors.js';
import type { CallGraph, EventSampling } from './spec.js';

export interface Term {
  readonly name: string;
  /** Absent where a term stands alone: `percore`, or the name of an event. */
  readonly value?: string;
}

/** Terms that any event takes, told apart from those that are its PMU's. */
export interface EventTerms {
  /** What the event is to be called. */
  readonly name?: string;
  readonly sampling: EventSampling;
  readonly rest: readonly Term[];
}

/** Terms of perf that are not for every event's attribute, and are refused instead of being passed over. */
const UNSUPPORTED = new Set([
  'branch_type',
  'nr',
  'overwrite',
  'no-overwrite',
  'driver-config',
  'percore',
  'aux-output',
  'aux-action',
  'aux-sample-size',
  'metric-id',
  'ratio-to-prev',
  'cpu',
]);

const CALL_GRAPHS = ['fp', 'dwarf', 'lbr', 'no'];

/** @throws StrataError with exit code 2 where a term is empty */
export function splitTerms(text: string, event: string): Term[] {
  if (text.trim() === '') return [];
  // A comma within quotes belongs to the value: name='a,b'.
  const parts = text.match(/(?:'[^']*'|[^,'])+|'|(?<=^|,)(?=,|$)/g) ?? [];
  return parts.map((part) => {
    const equals = part.indexOf('=');
    const name = (equals < 0 ? part : part.slice(0, equals)).trim();
    if (name === '') throw usage(`event '${event}' has an empty term`, 'terms are name=value');
    if (equals < 0) return { name };
    const value = part.slice(equals + 1).trim();
    if (value === '') throw usage(`term '${name}' of event '${event}' has no value`);
    return { name, value: value.replace(/^'(.*)'$/, '$1') };
  });
}

/**
 * Takes out the terms that any event may have.
 * @throws StrataError with exit code 2 where a value is none, or a term of perf's is not supported here
 */
export function readEventTerms(terms: readonly Term[], event: string): EventTerms {
  const sampling: { -readonly [Key in keyof EventSampling]: EventSampling[Key] } = {};
  const rest: Term[] = [];
  let name: string | undefined;
  let stackSize: number | undefined;
  for (const term of terms) {
    const whole = (most: number): number => Number(wholeTerm(term, event, 1n, BigInt(most)));
    switch (term.name) {
      case 'name':
        if (term.value === undefined) throw usage(`term 'name' of event '${event}' has no value`);
        name = term.value;
        break;
      case 'period':
        sampling.period = whole(Number.MAX_SAFE_INTEGER);
        break;
      case 'freq':
        sampling.frequency = whole(1_000_000);
        break;
      case 'call-graph':
        sampling.callGraph = callGraph(term.value, event);
        break;
      case 'stack-size':
        // As perf's parser: a multiple of 8 of at most 65,528 bytes.
        stackSize = Math.min(Math.ceil(whole(65_535) / 8) * 8, 65_528);
        break;
      case 'max-stack':
        sampling.maxStack = whole(65_535);
        break;
      case 'time':
        if (wholeTerm(term, event, 0n, 1n) === 0n) {
          throw usage(`time=0 of event '${event}': samples are put in order by their time`);
        }
        break;
      case 'inherit':
      case 'no-inherit':
        sampling.inherit = term.name === 'inherit';
        break;
      default:
        if (UNSUPPORTED.has(term.name)) {
          throw usage(`term '${term.name}' of event '${event}' is perf's, and not known to Strata`);
        }
        rest.push(term);
    }
  }
  if (sampling.period !== undefined && sampling.frequency !== undefined) {
    throw usage(`event '${event}' has both period= and freq=`, 'one of them says when to sample');
  }
  if (stackSize !== undefined) {
    if (sampling.callGraph !== undefined && sampling.callGraph.kind !== 'dwarf') {
      throw usage(`event '${event}': stack-size= is for call-graph=dwarf`);
    }
    sampling.callGraph = { kind: 'dwarf', size: stackSize };
  }
  return { ...(name === undefined ? {} : { name }), sampling, rest };
}

function callGraph(value: string | undefined, event: string): CallGraph {
  if (value === undefined || !CALL_GRAPHS.includes(value)) {
    throw usage(
      `call-graph=${value ?? ''} of event '${event}' is no way of finding stacks`,
      'call-graph=fp, dwarf (with stack-size=), lbr or no',
    );
  }
  return { kind: value === 'no' ? 'none' : value } as CallGraph;
}

/** A number in decimal, or in hexadecimal after 0x, of 64 bits at most; `undefined` for what is none. */
export function parseWord(text: string): bigint | undefined {
  if (!/^(?:0x[0-9a-fA-F]+|[0-9]+)$/.test(text)) return undefined;
  const value = BigInt(text);
  return value >> 64n === 0n ? value : undefined;
}

/** A term's value as a number; 1 where it stands alone. @throws StrataError with exit code 2 */
export function wholeTerm(term: Term, event: string, least = 0n, most = (1n << 64n) - 1n): bigint {
  const value = parseWord(term.value ?? '1');
  if (value === undefined || value < least || value > most) {
    throw usage(
      `${term.name}=${term.value ?? ''} of event '${event}' is no number from ${least} to ${most}`,
    );
  }
  return value;
}
