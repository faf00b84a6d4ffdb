/** What `strata record python app.py` asks for: all flags at their defaults. */
import type { RecordOptions } from '../record/options.js';

export const RECORD_OPTIONS: RecordOptions = {
  target: { kind: 'command' },
  command: ['python', 'app.py'],
  output: 'perf.data',
  events: [],
  filters: [],
  callGraph: { kind: 'dwarf' },
  data: false,
  physicalData: false,
  weight: false,
  offCpu: false,
  inherit: true,
  overwrite: false,
  python: 'auto',
  keepStacks: false,
  buildIdCache: true,
  verbosity: 0,
};
