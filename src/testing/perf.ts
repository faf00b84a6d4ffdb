/**
 * The machine's `perf`, which tests compare with, and what it prints.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import type { TestContext } from 'node:test';

import { skipOrFail } from './pythons.js';

/** Without an ear for BPF programs, which takes `perf record` a second to take down. */
export const PERF_RECORD: readonly string[] = ['record', '-q', '--no-bpf-event'];

/** Whether `perf` is here and may record; else skips the test (fails it in CI). */
export function needsPerf(t: TestContext): boolean {
  const perf = spawnSync('perf', [...PERF_RECORD, '-o', '/dev/null', 'true']);
  if (perf.error === undefined && perf.status === 0) return true;
  skipOrFail(t, 'perf', 'not installed, or not allowed to record');
  return false;
}

/** Runs `perf record`, quietly, into `file`. */
export function perfRecord(file: string, args: readonly string[]): void {
  execFileSync('perf', [...PERF_RECORD, '-o', file, ...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
}

/** The fields that {@link readPerfScript} reads. */
export const SCRIPT_FIELDS = 'comm,pid,tid,time,period,event,ip';

export function perfScript(file: string, args: readonly string[] = []): string {
  return execFileSync(
    'perf',
    ['script', '-i', file, '--ns', '--no-inline', '-F', SCRIPT_FIELDS, ...args],
    { encoding: 'utf-8', stdio: ['ignore', 'pipe', 'ignore'], maxBuffer: 1 << 28 },
  );
}

/** A sample as `perf script` prints it. */
export interface ScriptSample {
  readonly comm: string;
  /** `123/124`: process and thread. */
  readonly ids: string;
  /** `2787.544140768`. */
  readonly time: string;
  readonly period: number;
  readonly event: string;
  /** Hexadecimal addresses, innermost first: the sample's own, or its call chain. */
  readonly ips: readonly string[];
}

/** Reads `perf script --ns -F comm,pid,tid,time,period,event,ip`. */
export function readPerfScript(text: string): ScriptSample[] {
  const samples: (Omit<ScriptSample, 'ips'> & { ips: string[] })[] = [];
  for (const line of text.split('\n')) {
    const head =
      /^\s*(.+?)\s+(-?\d+\/-?\d+)\s+(\d+\.\d{9}):\s+(\d+)\s+(\S+):(?:\s+([0-9a-f]+))?\s*$/;
    const match = head.exec(line);
    if (match !== null) {
      const [, comm, ids, time, period, event, ip] = match;
      const ips = ip === undefined ? [] : [ip];
      samples.push({ comm, ids, time, period: Number(period), event, ips });
    } else if (/^\s+[0-9a-f]+\s*$/.test(line)) {
      samples.at(-1)?.ips.push(line.trim());
    } else if (line.trim() !== '') {
      throw new Error(`perf script: a line that was not expected: ${line}`);
    }
  }
  return samples;
}
