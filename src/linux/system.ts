/**
 * Facts of the running machine, from /proc and /sys.
 */
import { closeSync, openSync, readFileSync, readSync, readlinkSync } from 'node:fs';

/** A small file of /proc or /sys as trimmed text; `undefined` where it cannot be read. */
export function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return undefined;
  }
}

/** The beginning of a long file of /proc as text; empty where it cannot be read. */
export function readStart(path: string, size: number): string {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch {
    return '';
  }
  try {
    const bytes = Buffer.alloc(size);
    let filled = 0;
    // /proc hands out a page at a time.
    for (let got = -1; got !== 0 && filled < size; filled += got) {
      got = readSync(fd, bytes, filled, size - filled, filled);
    }
    return bytes.toString('latin1', 0, filled);
  } catch {
    return '';
  } finally {
    closeSync(fd);
  }
}

/** A number in a small file. */
export function readNumber(path: string): number | undefined {
  const text = readText(path);
  return text !== undefined && /^-?\d+$/.test(text) ? Number(text) : undefined;
}

/** The kernel's CPU lists: `0-3,8` is 0 1 2 3 8. Anything else in the text is passed over. */
export function parseCpuList(text: string): number[] {
  const cpus: number[] = [];
  for (const part of text.split(',')) {
    const range = /^(\d+)(?:-(\d+))?$/.exec(part.trim());
    if (range === null) continue;
    const last = Number(range[2] ?? range[1]);
    for (let cpu = Number(range[1]); cpu <= last && cpus.length < 8192; cpu++) cpus.push(cpu);
  }
  return cpus;
}

/** The reverse: 0 1 2 3 8 is `0-3,8`. @param cpus in rising order */
export function formatCpuList(cpus: readonly number[]): string {
  const ranges: [first: number, last: number][] = [];
  for (const cpu of cpus) {
    const range = ranges.at(-1);
    if (range !== undefined && cpu === range[1] + 1) range[1] = cpu;
    else ranges.push([cpu, cpu]);
  }
  return ranges.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join();
}

export function onlineCpus(): number[] {
  return cpusOf('online');
}

/** All that the machine has, those that are switched off, too. */
export function presentCpus(): number[] {
  return cpusOf('present');
}

function cpusOf(kind: 'online' | 'present'): number[] {
  const cpus = parseCpuList(readText(`/sys/devices/system/cpu/${kind}`) ?? '');
  return cpus.length > 0 ? cpus : [0];
}

/** `AT_PAGESZ` of getauxval(3). */
const PAGE_SIZE_ENTRY = 6n;

/** Bytes of a memory page, as the kernel tells each program at its start. */
export function pageSize(): number {
  const { buffer, byteOffset, byteLength } = readFileSync('/proc/self/auxv');
  const entries = new BigUint64Array(buffer.slice(byteOffset, byteOffset + byteLength));
  for (let at = 0; at + 1 < entries.length; at += 2) {
    if (entries[at] === PAGE_SIZE_ENTRY) return Number(entries[at + 1]);
  }
  return 4096;
}

/** Numbers of capabilities (include/uapi/linux/capability.h). */
export const Capability = {
  IPC_LOCK: 14,
  SYS_PTRACE: 19,
  SYS_ADMIN: 21,
  SYSLOG: 34,
  PERFMON: 38,
} as const;

/** The capabilities that this process holds now, a bit each. */
export function effectiveCapabilities(): bigint {
  const effective = /^CapEff:\s+([0-9a-f]+)$/m.exec(readText('/proc/self/status') ?? '');
  return effective === null ? 0n : BigInt(`0x${effective[1]}`);
}

/** Whether this process holds a capability now; or whether it is among others. */
export function hasCapability(capability: number, among = effectiveCapabilities()): boolean {
  return ((among >> BigInt(capability)) & 1n) === 1n;
}

/** Whether this process is in a user namespace, whose capabilities count for nothing outside of it. */
export function inUserNamespace(): boolean {
  // user_namespaces(7): the first one maps all users to themselves.
  const map = readText('/proc/self/uid_map');
  return map !== undefined && map.split(/\s+/).join(' ') !== '0 0 4294967295';
}

/** Whether system calls of this process go through a filter, as in most containers (seccomp(2)). */
export function hasSeccompFilter(): boolean {
  return /^Seccomp:\s+2$/m.test(readText('/proc/self/status') ?? '');
}

/** `kernel.perf_event_paranoid`; `undefined` where the kernel has no perf events. */
export function perfEventParanoid(): number | undefined {
  return readNumber('/proc/sys/kernel/perf_event_paranoid');
}

/** The highest sampling rate that the kernel grants, per second. */
export function maxSampleRate(): number {
  return readNumber('/proc/sys/kernel/perf_event_max_sample_rate') ?? 100_000;
}

/** Whether this process is of the job that its terminal's keys (Ctrl-C) speak to. */
export function inForeground(): boolean {
  // proc_pid_stat(5): the name in parentheses may hold anything; then state ppid pgrp session tty_nr tpgid
  const stat = readText('/proc/self/stat') ?? '';
  const [, , group, , , foreground] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return group !== undefined && group === foreground;
}

/** Whether a process is there and has not ended (a zombie has). */
export function isRunning(pid: number): boolean {
  const stat = readText(`/proc/${pid}/stat`);
  return stat !== undefined && !/^ [ZX]/.test(stat.slice(stat.lastIndexOf(')') + 1));
}

/** Where a symbolic link leads; `undefined` where it cannot be read. */
export function readLink(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

/** The name of a process's namespace, such as `mnt:[4026531841]`. */
export function namespaceOf(pid: number | 'self', kind: 'mnt' | 'pid'): string | undefined {
  return readLink(`/proc/${pid}/ns/${kind}`);
}

/** A process's ID in its own, innermost PID namespace; its outer one where that is all there is. */
export function innermostPid(pid: number): number {
  const ids = /^NSpid:\s+([\d\s]+)$/m.exec(readText(`/proc/${pid}/status`) ?? '');
  const last = ids?.[1].trim().split(/\s+/).at(-1);
  return last === undefined ? pid : Number(last);
}
