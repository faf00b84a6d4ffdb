/** What counts are added up over, by name: `CPU0`, `S0-D0-C1`, `python-4711`. */
import { readNumber, readText } from '../linux/system.js';
import type { Aggregation } from './options.js';
import { ANY_TASK, type Place } from './places.js';

/** Whose counts a row gives. */
export interface Label {
  readonly kind: Exclude<Aggregation, 'all'>;
  readonly text: string;
}

/** Says whose a place's counts are; always the same object for the same. */
export type Labelling = (place: Place) => Label | undefined;

export function labelling(aggregation: Aggregation): Labelling {
  if (aggregation === 'all') return () => undefined;
  const ofPlaces = new Map<string, Label>();
  const ofTexts = new Map<string, Label>();
  return (place) => {
    const key = `${place.pid} ${place.cpu}`;
    let label = ofPlaces.get(key);
    if (label === undefined) {
      const text = textOf(aggregation, place);
      label = ofTexts.get(text) ?? { kind: aggregation, text };
      ofPlaces.set(key, label);
      ofTexts.set(text, label);
    }
    return label;
  };
}

function textOf(aggregation: Label['kind'], { pid, cpu }: Place): string {
  switch (aggregation) {
    case 'thread':
      return pid === ANY_TASK ? 'system' : `${readText(`/proc/${pid}/comm`) ?? ''}-${pid}`;
    case 'cpu':
      return `CPU${cpu}`;
    case 'core':
      return `${socketOf(cpu)}-D${topology(cpu, 'die_id')}-C${topology(cpu, 'core_id')}`;
    case 'socket':
      return socketOf(cpu);
  }
}

function socketOf(cpu: number): string {
  return `S${topology(cpu, 'physical_package_id')}`;
}

/** Machines without sockets or dies say -1, or nothing. */
function topology(cpu: number, name: string): number {
  return Math.max(0, readNumber(`/sys/devices/system/cpu/cpu${cpu}/topology/${name}`) ?? 0);
}
