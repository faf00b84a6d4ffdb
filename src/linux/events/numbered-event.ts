/** Events that are a number of the kernel's or the processor's own: `cycles`, `LLC-loads`, `r1a8`, `1:2`. */
import { PerfType } from '../../formats/perfdata/spec.js';
import { usage } from './errors.js';
import { cacheEvent, namedEvent } from './names.js';
import type { Pmus } from './pmu.js';
import type { EventKind, Unmodified } from './spec.js';
import { parseWord, wholeTerm, type EventTerms } from './terms.js';

/** Since Linux 5.13 the upper half of a hardware or cache event's config names the PMU. */
const PERF_PMU_TYPE_SHIFT = 32n;

type EventNumber = Pick<Unmodified['attr'], 'type' | 'config'>;

function numberOf(word: string): EventNumber | undefined {
  const symbol = namedEvent(word);
  if (symbol !== undefined) return { type: symbol.type, config: symbol.config };
  const cache = cacheEvent(word);
  if (cache !== undefined) return { type: PerfType.HW_CACHE, config: cache };
  const raw = /^r([0-9a-fA-F]{1,16})$/.exec(word);
  return raw === null ? undefined : { type: PerfType.RAW, config: BigInt(`0x${raw[1]}`) };
}

/** Whether a word is such an event by itself. */
export function isNumbered(word: string): boolean {
  return numberOf(word) !== undefined;
}

/**
 * A hardware, software, cache or raw event. On machines with several kinds of cores one for each of them,
 * where it is the cores that count.
 * @param own its modifiers, for the name
 * @param text the whole event
 * @throws StrataError with exit code 2 for terms that are none
 */
export function numberedEvents(
  word: string,
  own: string,
  terms: EventTerms,
  text: string,
  pmus: Pmus,
): Unmodified[] {
  const event = numbered(numberOf(word)!, terms, text);
  const ofCores = event.kind === 'hardware' || event.kind === 'cache';
  const kinds = ofCores ? pmus.hybrid : [];
  if (kinds.length === 0) return [event];
  return kinds.map((pmu) => ({
    ...event,
    name: terms.name ?? `${pmu.name}/${word}/${own}`,
    attr: {
      ...event.attr,
      config: event.attr.config | (BigInt(pmu.type) << PERF_PMU_TYPE_SHIFT),
    },
    ...(pmu.cores === undefined ? {} : { coreCpus: pmu.cores }),
  }));
}

/** `TYPE:CONFIG`, both numbers; `undefined` where they are none. @throws StrataError with exit code 2 */
export function typedEvent(
  typeText: string,
  configText: string,
  terms: EventTerms,
  text: string,
): Unmodified | undefined {
  const type = parseWord(typeText);
  const config = parseWord(configText);
  if (type === undefined || config === undefined) return undefined;
  if (type >> 32n !== 0n) throw usage(`the type of event '${text}' is no number of 32 bits`);
  return numbered({ type: Number(type), config }, terms, text);
}

const KINDS: ReadonlyMap<number, EventKind> = new Map([
  [PerfType.HARDWARE, 'hardware'],
  [PerfType.SOFTWARE, 'software'],
  [PerfType.TRACEPOINT, 'tracepoint'],
  [PerfType.HW_CACHE, 'cache'],
  [PerfType.RAW, 'raw'],
  [PerfType.BREAKPOINT, 'breakpoint'],
]);

/** Without a PMU that would give others a meaning, terms are whole words: `config1=`. */
function numbered(number: EventNumber, terms: EventTerms, text: string): Unmodified {
  let attr: Unmodified['attr'] = number;
  for (const term of terms.rest) {
    if (!/^config[123]?$/.test(term.name)) {
      throw usage(
        `event '${text}' has an unknown term '${term.name}'`,
        'its terms are period, freq, name, call-graph, stack-size, max-stack, time, inherit, config to config3',
      );
    }
    attr = { ...attr, [term.name]: wholeTerm(term, text) };
  }
  const kind = KINDS.get(number.type) ?? 'pmu';
  return { name: terms.name ?? text, kind, attr, sampling: terms.sampling };
}
