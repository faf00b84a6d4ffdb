/** `strata stat`: counts events. */
import { closeSync, fstatSync } from 'node:fs';
import { isatty } from 'node:tty';

import { StrataError } from '../base/errors.js';
import { writeIntervalCsv, writeStatCsv } from '../render/text/stat-csv.js';
import { writeIntervalJson, writeStatJson } from '../render/text/stat-json.js';
import { intervalPrinter, writeNotes, writeStat } from '../render/text/stat.js';
import type { Sink } from '../render/text/text.js';
import { runStat, type Interval, type StatResult } from '../stat/run.js';
import type { StatChoice, StatFormat } from './options/stat.js';
import { openOutput, STDERR, writeAll } from './output.js';
import { describeTerminal } from './terminal.js';

/** @returns the command's own exit code, or 128 + the signal that ended it */
export async function stat(options: StatChoice): Promise<number> {
  const { output, format, append, summary } = options;
  const fd = typeof output === 'string' ? openOutput(output, append) : checkFd(output ?? STDERR);
  const sink: Sink = (text) => writeAll(fd, text, 'the counts');
  try {
    if (typeof output === 'string' && format.kind !== 'json')
      sink(`# started on ${startTime()}\n\n`);
    const printer = makePrinter(format, titleOf(options), fd, sink);
    const result = await runStat(options, printer.interval);
    if (options.intervalMs === undefined || summary) printer.whole(result);
    else if (format.kind === 'text') writeNotes(result.notes, sink);
    return result.exitCode;
  } finally {
    if (typeof output === 'string') closeSync(fd);
  }
}

interface Printer {
  readonly interval: (interval: Interval) => void;
  readonly whole: (result: StatResult) => void;
}

function makePrinter(format: StatFormat, title: string, fd: number, sink: Sink): Printer {
  switch (format.kind) {
    case 'csv':
      return {
        interval: (interval) => writeIntervalCsv(interval, format.separator, sink),
        whole: (result) => writeStatCsv(result, format.separator, sink),
      };
    case 'json':
      return {
        interval: (interval) => writeIntervalJson(interval, sink),
        whole: (result) => writeStatJson(result, sink),
      };
    case 'text': {
      // `process.stderr` would make a pipe that the command writes to, too, non-blocking.
      const columns =
        fd === STDERR && isatty(fd) ? describeTerminal(process.stderr).columns : undefined;
      const style = { grouped: format.grouped, columns };
      return {
        interval: intervalPrinter(style, sink),
        whole: (result) => writeStat(result, title, style, sink),
      };
    }
  }
}

/** What is counted, in perf's words. */
function titleOf({ target, command }: StatChoice): string {
  switch (target.kind) {
    case 'command':
      return `'${command.join(' ')}'`;
    case 'processes':
      return `process id '${target.pids.join()}'`;
    case 'threads':
      return `thread id '${target.tids.join()}'`;
    case 'user':
      return `user '${target.user}'`;
    case 'system':
      return target.cpus === undefined ? "'system wide'" : `'CPU(s) ${target.cpus.join()}'`;
  }
}

/** A descriptor is looked at early, too. */
function checkFd(fd: number): number {
  try {
    if (fd !== STDERR) fstatSync(fd);
    return fd;
  } catch {
    throw new StrataError(
      `cannot write to descriptor ${fd}: it is not open`,
      `a shell opens it by: strata stat --log-fd ${fd} … ${fd}>FILE`,
    );
  }
}

/** As `ctime` has it: `Sat Nov 21 21:45:27 2026`. */
function startTime(): string {
  const [weekday, month, day, year, time] = new Date().toString().split(' ');
  return `${weekday} ${month} ${day} ${time} ${year}`;
}
