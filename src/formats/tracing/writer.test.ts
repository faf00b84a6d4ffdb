/** What is written of tracepoints, groups and the machine, read by perf and by our own readers. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import { test } from 'node:test';

import { MemorySource } from '../../base/source.js';
import { parseEvents } from '../../linux/events/parse.js';
import { Tracefs } from '../../linux/events/tracepoints.js';
import { cpuTopology, numaTopology, pmuMappings } from '../../linux/topology.js';
import { needsPerf, perfRecord } from '../../testing/perf.js';
import { readPerfData } from '../perfdata/reader.js';
import { HeaderFeature } from '../perfdata/spec.js';
import {
  encodeCpuCount,
  encodeCpuTopology,
  encodeEventDescription,
  encodeFileEnd,
  encodeFileStart,
  encodeGroupDesc,
  encodeNumaTopology,
  encodePmuMappings,
  encodeStringFeature,
} from '../perfdata/writer.js';
import { parseTracingData } from './tracing-data.js';
import { encodeTracingData } from './writer.js';

const EVENTS = '{sched:sched_process_exec,sched:sched_process_exit}';

test('perf reads tracepoints, groups and the machine from sections that were written here', (t) => {
  if (!needsPerf(t)) return;
  const folder = mkdtempSync(join(tmpdir(), 'strata-tracing-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const theirs = join(folder, 'theirs.data');
  perfRecord(theirs, ['-e', EVENTS, 'sh', '-c', 'true; /bin/true']);

  // The same records, under sections of ours.
  const bytes = readFileSync(theirs);
  const before = readPerfData(new MemorySource(bytes));
  const { offset, size } = before.header.data;
  const events = before.info.events.map(({ name, attr, ids }) => ({
    name,
    attr,
    ids: [...ids].map(BigInt),
  }));
  const count = cpus().length;
  const topology = cpuTopology(count)!;
  const nodes = numaTopology();
  const specs = parseEvents(EVENTS).flatMap((group) => group.events);
  const sections = new Map([
    [HeaderFeature.TRACING_DATA, encodeTracingData(new Tracefs().describe(specs))],
    [HeaderFeature.ARCH, encodeStringFeature(process.arch === 'arm64' ? 'aarch64' : 'x86_64')],
    [HeaderFeature.NRCPUS, encodeCpuCount(count, count)],
    [HeaderFeature.EVENT_DESC, encodeEventDescription(events)],
    [HeaderFeature.CPU_TOPOLOGY, encodeCpuTopology(topology)],
    [HeaderFeature.NUMA_TOPOLOGY, encodeNumaTopology(nodes)],
    [HeaderFeature.BRANCH_STACK, new Uint8Array()],
    [HeaderFeature.PMU_MAPPINGS, encodePmuMappings(pmuMappings())],
    [HeaderFeature.GROUP_DESC, encodeGroupDesc([{ name: '', leader: 0, members: 2 }])],
  ]);
  const start = encodeFileStart(events, size, [...sections.keys()]);
  const data = bytes.subarray(offset, offset + size);
  const ours = join(folder, 'ours.data');
  writeFileSync(
    ours,
    Buffer.concat([start, data, encodeFileEnd(start.byteLength + size, sections)]),
  );

  const perf = (...argv: string[]): string =>
    execFileSync('perf', argv, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  const fields = ['-F', 'comm,tid,time,event,trace'];
  const text = perf('script', '-i', ours, ...fields);
  assert.match(text, /sched:sched_process_exec: filename=\S+/);
  assert.equal(text, perf('script', '-i', theirs, ...fields));
  assert.equal(perf('evlist', '-g', '-i', ours), perf('evlist', '-g', '-i', theirs));
  // What changes by itself, and what the file is called, aside.
  const facts = (file: string): string[] =>
    perf('report', '--header-only', '-I', '-i', file)
      .split('\n')
      .filter((line) => /socket|sibling|CPU \d|node\d|pmu mappings|group/.test(line))
      // perf lists PMUs as the folder has them.
      .map((line) =>
        line
          .replace(/free = .*/, '')
          .split(/[:,] /)
          .sort()
          .join(),
      );
  assert.ok(facts(ours).length > 4);
  assert.deepEqual(facts(ours), facts(theirs));

  const { info } = readPerfData(new MemorySource(readFileSync(ours)));
  assert.deepEqual(info.damaged, []);
  assert.deepEqual(info.groups, [{ name: '', leader: 0, members: 2 }]);
  assert.deepEqual(info.cpuTopology, topology);
  assert.deepEqual(info.numaNodes, nodes);
  assert.equal(info.pmus.get(1), 'software');
  const read = parseTracingData(info.tracingData!);
  assert.deepEqual(
    [...read.ids],
    specs.map(({ attr }) => Number(attr.config)).sort((a, b) => a - b),
  );
});
