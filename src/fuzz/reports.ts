/** What reports make of a profile, whatever a file says. */
import { diffProfiles } from '../profile/diff/diff.js';
import type { Profile } from '../profile/profile.js';
import { parseNames } from '../profile/selection/names.js';
import { select, type Selection } from '../profile/selection/selection.js';
import { withTaskFunctions } from '../profile/tree/tasks.js';
import { renderFlameGraph } from '../render/flamegraph/flamegraph.js';
import { writeFolded } from '../render/folded.js';
import { writeReportData } from '../render/report-data.js';
import { writeTreeData } from '../render/tree/tree-data.js';

const SELECTIONS: readonly Selection[] = [
  {},
  { view: 'python', symbols: parseNames('*a*,/^.f/i'), modules: parseNames('lib*.so.1,app') },
  { view: 'native', excluded: parseNames('main'), invert: true },
  { focus: parseNames('*'), leavesWaiting: true },
];

/** Writes every kind of report of it, in one of several selections. */
export function reportAll(profile: Profile): void {
  const sink = (): void => undefined;
  const { profile: whole, tasks } = withTaskFunctions(profile);
  const { profile: chosen } = select(whole, SELECTIONS[profile.frames.length % SELECTIONS.length]);
  writeReportData(chosen, { format: 'json', graph: {} }, sink);
  writeTreeData(chosen, { format: 'csv', tasks }, sink);
  if (chosen.samples.length === 0) return;
  const event = chosen.samples.event[0];
  renderFlameGraph(chosen, { title: 'fuzz', event }, sink);
  const annotate = { kernel: true, jit: true };
  writeFolded(chosen, { event, count: 'samples', root: 'tid', annotate }, sink);
  const input = { label: 'fuzz', profile: chosen, event };
  diffProfiles([input, input], { by: 'tree' });
}
