/**
 * Events by the terms and names of a PMU: `cpu/event=0x3c,umask=1/`, `power/energy-psys/`, `energy-psys`.
 * After tools/perf/util/pmu.c: what an event's name stands for takes its place among the terms, and terms
 * of the same bits are or-ed.
 */
import { PerfType } from '../../formats/perfdata/spec.js';
import { didYouMean, usage } from './errors.js';
import { cacheEvent, namedEvent } from './names.js';
import {
  formatWidth,
  placeBits,
  type ConfigWord,
  type Pmu,
  type PmuEvent,
  type Pmus,
} from './pmu.js';
import type { Unmodified } from './spec.js';
import {
  parseWord,
  readEventTerms,
  splitTerms,
  wholeTerm,
  type EventTerms,
  type Term,
} from './terms.js';

/**
 * `NAME/terms/`: one event for each PMU of the name.
 * @param text the whole event, for errors
 * @throws StrataError with exit code 2
 */
export function pmuEvents(
  pmuName: string,
  terms: EventTerms,
  text: string,
  pmus: Pmus,
): Unmodified[] {
  const found = pmus.matching(pmuName);
  // Machines with several kinds of cores have no `cpu`: perf takes it as each of them.
  const meant = found.length === 0 || pmuName !== 'cpu' ? found : found.filter((pmu) => pmu.isCore);
  if (meant.length === 0) {
    throw usage(
      `event '${text}': this machine has no PMU '${pmuName}'`,
      `${didYouMean(pmuName, pmus.names)}its PMUs are ${pmus.names.join(', ')}`,
    );
  }
  return meant.map((pmu) => pmuEvent(pmu, terms, text));
}

/** A name that PMUs give to an event of theirs, as each of them counts it; `undefined` where none does. */
export function bareEvents(name: string, text: string, pmus: Pmus): Unmodified[] | undefined {
  const found = pmus.all.filter((pmu) => pmu.event(name) !== undefined);
  if (found.length === 0) return undefined;
  return found.map((pmu) => pmuEvent(pmu, { sampling: {}, rest: [{ name }] }, text));
}

function pmuEvent(pmu: Pmu, terms: EventTerms, text: string): Unmodified {
  const words: Partial<Record<ConfigWord, bigint>> = {};
  const { cpumask, cores } = pmu;
  let type = pmu.type;
  let named: PmuEvent | undefined;
  let sampling = terms.sampling;
  const asked = new Map(terms.rest.map((term) => [term.name, term]));

  const put = (word: ConfigWord, bits: bigint): void => {
    words[word] = (words[word] ?? 0n) | bits;
  };
  const apply = (term: Term): void => {
    const raw = /^r([0-9a-fA-F]{1,16})$/.exec(term.name);
    if (/^config[123]?$/.test(term.name)) {
      put(term.name as ConfigWord, wholeTerm(term, text));
    } else if (raw !== null && term.value === undefined) {
      put('config', BigInt(`0x${raw[1]}`));
    } else {
      applyFormat(term);
    }
  };
  const applyFormat = (term: Term): void => {
    const format = pmu.format(term.name);
    if (format === undefined) throw unknownTerm(term, pmu, text);
    if (term.value === '?') {
      throw usage(`event '${text}' needs a value for '${term.name}'`, `…,${term.name}=1/`);
    }
    const most = (1n << BigInt(formatWidth(format))) - 1n;
    const value = parseWord(term.value ?? '1');
    if (value === undefined || value > most) {
      throw usage(
        `${term.name}=${term.value ?? ''} of event '${text}' is no number from 0 to ${most}`,
        `the term has the bits ${format.text}`,
      );
    }
    put(format.word, placeBits(format, value));
  };

  for (const term of terms.rest) {
    const event = eventOf(pmu, term);
    if (event !== undefined) {
      named ??= event;
      const own = readEventTerms(splitTerms(event.terms, text), text);
      sampling = { ...own.sampling, ...sampling };
      // `core=?` is for the user to say.
      for (const part of own.rest) if (part.value !== '?' || !asked.has(part.name)) apply(part);
      continue;
    }
    const general = term.value === undefined ? generalEvent(term.name, pmu) : undefined;
    if (general !== undefined && pmu.format(term.name) === undefined) {
      type = general.type;
      put('config', general.config | (BigInt(pmu.type) << 32n));
      continue;
    }
    apply(term);
  }
  return {
    name: terms.name ?? text,
    kind: 'pmu',
    attr: { type, config: 0n, ...words },
    sampling,
    ...(pmu.isCore ? {} : { countsAll: true }),
    ...(cpumask === undefined ? {} : { cpus: cpumask }),
    ...(cores === undefined ? {} : { coreCpus: cores }),
    ...(named?.scale === undefined ? {} : { scale: named.scale }),
    ...(named?.unit === undefined ? {} : { unit: named.unit }),
  };
}

/** The named event that a term is: `cpu-cycles`, `event=cpu-cycles`, or perf's other name for it, `cycles`. */
function eventOf(pmu: Pmu, term: Term): PmuEvent | undefined {
  const name =
    term.value === undefined ? term.name : term.name === 'event' ? term.value : undefined;
  if (name === undefined) return undefined;
  return pmu.event(name) ?? pmu.event(namedEvent(name)?.name ?? '');
}

/** A hardware or cache event on the PMU of one kind of cores: `cpu_core/LLC-loads/`. */
function generalEvent(name: string, pmu: Pmu): { type: number; config: bigint } | undefined {
  if (!pmu.isCore) return undefined;
  const symbol = namedEvent(name);
  if (symbol?.type === PerfType.HARDWARE) return symbol;
  const config = cacheEvent(name);
  return config === undefined ? undefined : { type: PerfType.HW_CACHE, config };
}

function unknownTerm(term: Term, pmu: Pmu, text: string): Error {
  const terms = pmu.terms;
  const events = term.value === undefined ? pmu.eventNames : [];
  return usage(
    `event '${text}': the PMU ${pmu.name} has no ${term.value === undefined ? 'event or term' : 'term'} '${term.name}'`,
    `${didYouMean(term.name, [...events, ...terms])}its terms are ${[...terms, 'config', 'config1', 'config2'].join(', ')}`,
  );
}
