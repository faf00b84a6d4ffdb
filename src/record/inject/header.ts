/**
 * What stands before and behind the records of an injected recording: the original's own, but for what the
 * new call chains and names change.
 */
import type { ByteSource } from '../../base/source.js';
import type { PerfDataFile } from '../../formats/perfdata/reader.js';
import { HeaderFeature, PerfSample, STRATA_FEATURE } from '../../formats/perfdata/spec.js';
import {
  encodeBuildIds,
  encodeEventDescription,
  type FileBuildId,
  type FileEvent,
} from '../../formats/perfdata/writer.js';
import type { CodeModule } from '../../session/modules.js';
import { moduleBuildIds } from '../output/features.js';

/** Registers and stack: with both, there is a call chain to be unwound. */
const DUMP = PerfSample.REGS_USER | PerfSample.STACK_USER;

/** Made anew, or of a file's form that the new one has not. */
const NOT_COPIED: ReadonlySet<number> = new Set([
  HeaderFeature.BUILD_ID,
  HeaderFeature.EVENT_DESC,
  HeaderFeature.AUXTRACE,
  HeaderFeature.DIR_FORMAT,
  HeaderFeature.COMPRESSED,
  STRATA_FEATURE,
]);

/** Events whose samples carry registers and stack, by their place in the file. */
export function dumpEvents({ events }: PerfDataFile): number[] {
  return events.events.flatMap(({ attr }, event) =>
    (attr.sample_type & DUMP) === DUMP ? [event] : [],
  );
}

/** The events as their samples are written: with a call chain instead of registers and stack. */
export function injectedEvents({ header, events }: PerfDataFile): FileEvent[] {
  return events.events.map(({ name, attr }, event) => ({
    name,
    ids: Array.from(header.attrs[event].ids, BigInt),
    attr:
      (attr.sample_type & DUMP) === DUMP
        ? {
            ...attr,
            sample_type: (attr.sample_type & ~DUMP) | PerfSample.CALLCHAIN,
            sample_regs_user: 0n,
            sample_stack_user: 0,
            flags: { ...attr.flags, exclude_callchain_user: false },
          }
        : attr,
  }));
}

/** The original's feature sections, in their bytes. */
export class CopiedFeatures {
  private readonly sections = new Map<number, Uint8Array>();
  private left: number;

  /** Takes those of a file; those of pipe mode come as records: {@link add}. */
  constructor(source: ByteSource, { header, info }: PerfDataFile) {
    // Sections do not overlap, unless someone means harm.
    this.left = source.byteLength;
    for (const [feature, { offset, size }] of header.features) {
      if (size <= this.left) this.add(feature, source.read(offset, size));
    }
    const { tracingData } = info;
    if (header.isPipe && tracingData !== undefined) {
      this.add(HeaderFeature.TRACING_DATA, tracingData);
    }
  }

  add(feature: number, bytes: Uint8Array): void {
    if (NOT_COPIED.has(feature) || bytes.byteLength > this.left) return;
    this.left -= bytes.byteLength;
    this.sections.set(feature, bytes.slice());
  }

  /**
   * All sections of the new file but Strata's own.
   * @param modules files that were looked into: their build IDs are told where the recording did not
   * @param names the file of names, if there is one
   */
  complete(
    { info }: PerfDataFile,
    events: readonly FileEvent[],
    modules: Iterable<CodeModule>,
    names: { readonly path: string; readonly buildId: Uint8Array } | undefined,
  ): Map<number, Uint8Array> {
    const told: FileBuildId[] = info.buildIds.map((one) => ({
      ...one,
      buildId: Buffer.from(one.buildId, 'hex'),
    }));
    const paths = new Set(told.map(({ path }) => path));
    const found = moduleBuildIds(modules).filter(({ path }) => !paths.has(path));
    const own = names === undefined ? [] : [{ ...names, kernel: false }];
    return new Map([
      ...this.sections,
      [HeaderFeature.EVENT_DESC, encodeEventDescription(events)],
      [HeaderFeature.BUILD_ID, encodeBuildIds([...told, ...found, ...own])],
    ]);
  }
}
