/**
 * The kernel's tracepoints, as tracefs describes them: a folder per system, in it one per event, with its
 * number (`id`) and the layout of its data (`format`).
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { StrataError } from '../../base/errors.js';
import type { TracingFiles } from '../../formats/tracing/writer.js';
import { pageSize } from '../system.js';
import type { EventSpec } from './spec.js';

/** Where tracefs is mounted: by itself, or within debugfs as before Linux 4.1. */
const MOUNTS = ['/sys/kernel/tracing', '/sys/kernel/debug/tracing'] as const;

/** Lets a user's group read it. Newer kernels never open its files to all (kernel commit 21ccc9cd7211). */
export function openingTracefs(mount: string = MOUNTS[0]): string {
  return `mount -o remount,mode=750,gid=$(id -g) ${mount}`;
}

export class Tracefs {
  private found: string | undefined;

  constructor(private readonly mounts: readonly string[] = MOUNTS) {}

  /**
   * The mount that is there and may be read.
   * @throws StrataError that says which of the two it is not, and what mends it
   */
  get root(): string {
    this.found ??= this.find();
    return this.found;
  }

  /** The systems, such as `sched`. */
  get systems(): string[] {
    return this.folders();
  }

  /** The tracepoints of a system; none where there is no such system. */
  events(system: string): string[] {
    return isName(system) ? this.folders(system) : [];
  }

  /**
   * The number that stands for a tracepoint in `perf_event_attr.config`; `undefined` where it has none.
   * @throws StrataError where it may not be read: the folders of tracefs may be open to all, its files are not
   */
  id(system: string, event: string): number | undefined {
    if (!isName(system) || !isName(event)) return undefined;
    const { root } = this;
    try {
      const text = readFileSync(join(root, 'events', system, event, 'id'), 'latin1').trim();
      return /^\d+$/.test(text) ? Number(text) : undefined;
    } catch (error) {
      if (isForbidden(error)) throw forbidden(root);
      return undefined;
    }
  }

  /** A file of tracefs as bytes, empty where it cannot be read: `events/sched/sched_switch/format`. */
  read(path: string): Uint8Array {
    try {
      return readFileSync(join(this.root, path));
    } catch {
      return new Uint8Array();
    }
  }

  /** The fields of a tracepoint, `sched:sched_switch`, but for those that all have. */
  fields(name: string): string[] {
    const [system, event = ''] = name.split(':');
    const format = Buffer.from(this.read(`events/${system}/${event}/format`)).toString('latin1');
    const fields = format.matchAll(/^\tfield:[^;]*?(\w+)(?:\[\w*\])?;/gm);
    return [...fields].map(([, field]) => field).filter((field) => !field.startsWith('common_'));
  }

  /** What a recording of these events has to carry so that they can be read elsewhere. */
  describe(events: readonly EventSpec[]): TracingFiles {
    const systems = new Map<string, Uint8Array[]>();
    const seen = new Set<string>();
    for (const { tracepoint } of events) {
      if (tracepoint === undefined) continue;
      const { system, event } = tracepoint;
      const path = `events/${system}/${event}/format`;
      if (seen.has(path)) continue;
      seen.add(path);
      const formats = systems.get(system) ?? [];
      formats.push(this.read(path));
      systems.set(system, formats);
    }
    return {
      headerPage: this.read('events/header_page'),
      headerEvent: this.read('events/header_event'),
      systems,
      printkFormats: this.read('printk_formats'),
      savedCmdlines: this.read('saved_cmdlines'),
      pageSize: pageSize(),
    };
  }

  private folders(...path: string[]): string[] {
    const { root } = this;
    try {
      return readdirSync(join(root, 'events', ...path), { withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .map((entry) => entry.name)
        .sort();
    } catch (error) {
      if (isForbidden(error)) throw forbidden(root);
      return [];
    }
  }

  private find(): string {
    let refused: string | undefined;
    for (const mount of this.mounts) {
      try {
        // The folder stands in sysfs though nothing be mounted on it.
        if (readdirSync(join(mount, 'events')).length > 0) return mount;
      } catch (error) {
        if (isForbidden(error)) refused ??= mount;
      }
    }
    if (refused !== undefined) throw forbidden(refused);
    throw new StrataError(
      'tracefs, which describes the tracepoints, is not mounted',
      `sudo mount -t tracefs tracefs ${this.mounts[0]} mounts it`,
    );
  }
}

function isForbidden(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'EACCES';
}

function forbidden(mount: string): StrataError {
  return new StrataError(
    `this user may not read ${mount}, which describes the tracepoints`,
    `sudo ${openingTracefs(mount)} lets your group read it, until the next boot`,
  );
}

function isName(name: string): boolean {
  return /^[\w.-]+$/.test(name) && !name.startsWith('.');
}
