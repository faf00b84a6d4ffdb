/** What is in a perf.data file, whoever wrote it: counted by one reader, so that the counts mean the same. */
import { FileSource } from '../base/source.js';
import type { Bytes } from '../base/units.js';
import { readPerfData } from '../formats/perfdata/reader.js';
import { readLost } from '../formats/perfdata/sideband.js';
import { PerfRecord } from '../formats/perfdata/spec.js';

export interface Recorded {
  readonly samples: number;
  /** Records or samples that the kernel dropped. */
  readonly lost: number;
  readonly bytes: Bytes;
}

export function countRecords(file: string): Recorded {
  const source = new FileSource(file);
  try {
    const records = readPerfData(source).records();
    let samples = 0;
    let lost = 0;
    let lostSamples = 0;
    while (records.next()) {
      if (records.type === PerfRecord.SAMPLE) samples++;
      else if (records.type === PerfRecord.LOST) lost += readLost(records.body(), records.type);
      else if (records.type === PerfRecord.LOST_SAMPLES) {
        lostSamples += readLost(records.body(), records.type);
      }
    }
    // The same losses, told as they happened and as the kernel's own count at the end.
    return { samples, lost: Math.max(lost, lostSamples), bytes: source.byteLength };
  } finally {
    source.close();
  }
}
