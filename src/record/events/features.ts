/** Sections of the file that depend on its events: what perf needs to read them. */
import { HeaderFeature, PerfSample } from '../../formats/perfdata/spec.js';
import { encodeGroupDesc, encodePmuMappings } from '../../formats/perfdata/writer.js';
import { encodeTracingData } from '../../formats/tracing/writer.js';
import { Tracefs } from '../../linux/events/tracepoints.js';
import { pmuMappings } from '../../linux/topology.js';
import type { PlannedEvent } from './plan.js';

/** By number of the feature. */
export function eventFeatures(events: readonly PlannedEvent[]): Map<number, Uint8Array> {
  const features = new Map<number, Uint8Array>([
    [HeaderFeature.PMU_MAPPINGS, encodePmuMappings(pmuMappings())],
  ]);
  const specs = events.flatMap(({ spec }) => spec ?? []);
  if (specs.some(({ kind }) => kind === 'tracepoint')) {
    features.set(HeaderFeature.TRACING_DATA, encodeTracingData(new Tracefs().describe(specs)));
  }
  const groups = groupsOf(events);
  if (groups.length > 0) features.set(HeaderFeature.GROUP_DESC, encodeGroupDesc(groups));
  if (events.some(({ attr }) => ((attr.sample_type ?? 0) & PerfSample.BRANCH_STACK) !== 0)) {
    features.set(HeaderFeature.BRANCH_STACK, new Uint8Array());
  }
  return features;
}

function groupsOf(events: readonly PlannedEvent[]): Parameters<typeof encodeGroupDesc>[0] {
  const leaders = events.map(({ leader }, i) => (leader === i ? i : -1)).filter((i) => i >= 0);
  return leaders
    .map((leader) => ({
      name: '',
      leader,
      members: events.filter((event) => event.leader === leader).length,
    }))
    .filter(({ members }) => members > 1);
}
