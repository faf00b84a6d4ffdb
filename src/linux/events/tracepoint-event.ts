/** `sched:sched_switch`, `sched:sched_*`: tracepoints by name or pattern. */
import { StrataError } from '../../base/errors.js';
import { PerfType } from '../../formats/perfdata/spec.js';
import { didYouMean, usage } from './errors.js';
import { globPattern } from './pmu.js';
import type { Unmodified } from './spec.js';
import type { EventTerms } from './terms.js';
import type { Tracefs } from './tracepoints.js';

/**
 * @param text the whole event, for errors
 * @throws StrataError with exit code 2 where there is no such tracepoint; with 1 where tracefs cannot be read
 */
export function tracepointEvents(
  system: string,
  event: string,
  { sampling, rest, name }: EventTerms,
  text: string,
  tracefs: Tracefs,
): Unmodified[] {
  if (rest.length > 0) {
    throw usage(`tracepoint '${text}' has an unknown term '${rest[0].name}'`);
  }
  const found = search(system, event, text, tracefs);
  if (found.length === 0) throw unknownTracepoint(system, event, text, tracefs);
  return found.map(({ id, ...tracepoint }) => ({
    // perf finds the handlers of tracepoints by this name, and leaves modifiers off.
    name: name ?? `${tracepoint.system}:${tracepoint.event}`,
    kind: 'tracepoint',
    attr: { type: PerfType.TRACEPOINT, config: BigInt(id) },
    tracepoint,
    sampling: { defaultPeriod: 1, ...sampling },
  }));
}

function isPattern(name: string): boolean {
  return /[*?[]/.test(name);
}

function matches(name: string, all: readonly string[]): string[] {
  if (!isPattern(name)) return all.includes(name) ? [name] : [];
  const pattern = globPattern(name);
  return all.filter((one) => pattern.test(one));
}

function search(
  system: string,
  event: string,
  text: string,
  tracefs: Tracefs,
): { system: string; event: string; id: number }[] {
  try {
    return matches(system, tracefs.systems).flatMap((known) =>
      matches(event, isPattern(event) ? tracefs.events(known) : [event]).flatMap((one) => {
        const id = tracefs.id(known, one);
        return id === undefined ? [] : [{ system: known, event: one, id }];
      }),
    );
  } catch (error) {
    if (!(error instanceof StrataError)) throw error;
    throw new StrataError(`cannot look for the tracepoint '${text}': ${error.message}`, error.hint);
  }
}

function unknownTracepoint(system: string, event: string, text: string, tracefs: Tracefs): Error {
  const { systems } = tracefs;
  const list = 'strata list tracepoint shows all';
  if (isPattern(system) || isPattern(event)) return usage(`no tracepoint matches '${text}'`, list);
  if (!systems.includes(system)) {
    return usage(
      `unknown event '${text}': there are no tracepoints of '${system}'`,
      `${didYouMean(system, systems)}strata list shows what this machine counts`,
    );
  }
  return usage(
    `unknown tracepoint '${event}' of '${system}'`,
    `${didYouMean(event, tracefs.events(system))}strata list '${system}:*' shows them`,
  );
}
