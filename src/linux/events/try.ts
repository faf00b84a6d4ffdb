/** Whether the kernel counts an event here: found by opening it. */
import { encodeAttr } from '../../formats/perfdata/attr.js';
import {
  ANY_CPU,
  EVERY_TASK,
  SystemCallError,
  THIS_TASK,
  closeEvent,
  openEvent,
} from '../perf-event.js';
import type { EventSpec } from './spec.js';

/**
 * Opens an event, disabled, on this process, or on a CPU of its PMU where it counts no single task.
 * @returns its descriptor
 * @throws SystemCallError
 */
export function openToCount(spec: EventSpec): number {
  // Precision is for sampling: x86 refuses it otherwise.
  const attr = { ...spec.attr, precise_ip: 0, flags: { ...spec.attr.flags, disabled: true } };
  const [cpu] = spec.cpus ?? [];
  return cpu === undefined
    ? openEvent(encodeAttr(attr), THIS_TASK, ANY_CPU)
    : openEvent(encodeAttr(attr), EVERY_TASK, cpu);
}

/** @returns the kernel's error, by name (`ENOENT`); `undefined` where it counts the event */
export function tryToCount(spec: EventSpec): string | undefined {
  try {
    closeEvent(openToCount(spec));
    return undefined;
  } catch (error) {
    if (error instanceof SystemCallError) return error.code;
    throw error;
  }
}
