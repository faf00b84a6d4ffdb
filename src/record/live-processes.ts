/**
 * What the recorder learns from running processes, or keeps of those that have ended: where their files
 * lie, and their memory. Each may have a mount and a PID namespace of its own.
 */
import { closeSync, constants, openSync, readSync } from 'node:fs';

import { FileSource, type ByteSource } from '../base/source.js';
import { StrataError } from '../base/errors.js';
import type { Address } from '../base/units.js';
import { innermostPid, isRunning, namespaceOf, readLink } from '../linux/system.js';
import type { CodeFiles } from '../session/modules.js';
import { readVdso } from '../symbolize/vdso.js';

export interface LiveProcess {
  readonly pid: number;
  /** Its number in its own PID namespace: what it calls its files in /tmp by. */
  readonly innerPid: number;
  /** What to put before its paths; empty where it sees the files that the recorder sees. */
  readonly root: string;
}

/** `O_PATH` of fcntl.h: a place in the file system, held but not opened. */
const O_PATH = 0o10000000;

export class LiveProcesses implements CodeFiles {
  private readonly processes = new Map<number, LiveProcess>();
  /** Those of which no end was told. */
  private readonly running = new Set<number>();
  /** The process that was seen first. */
  private command = -1;
  /** Descriptors that keep other mount namespaces' roots reachable, by namespace. */
  private readonly roots = new Map<string, number>();
  private readonly ownMounts = namespaceOf('self', 'mnt');
  private readonly ownPids = namespaceOf('self', 'pid');

  /** All processes that were seen. */
  get all(): Iterable<LiveProcess> {
    return this.processes.values();
  }

  /** Looks at a process while it lives; one that has ended is taken to be as its parent. */
  see(pid: number, parentPid?: number): LiveProcess {
    let process = this.processes.get(pid);
    if (process === undefined || parentPid !== undefined) this.running.add(pid);
    if (process === undefined) {
      if (this.processes.size === 0) this.command = pid;
      process = this.look(pid) ?? {
        pid,
        innerPid: pid,
        root: (parentPid === undefined ? undefined : this.processes.get(parentPid)?.root) ?? '',
      };
      this.processes.set(pid, process);
    }
    return process;
  }

  /** A process has ended; its number may be given to another. */
  ended(pid: number): void {
    this.running.delete(pid);
  }

  /** How many run on although the first one, the command, has ended. */
  survivors(): number {
    const alive = [...this.running].filter(isRunning);
    return alive.includes(this.command) ? 0 : alive.length;
  }

  /** Looks anew: a process may enter namespaces after its fork. */
  seeAgain(pid: number): void {
    const process = this.look(pid);
    if (process !== undefined) this.processes.set(pid, process);
  }

  open(path: string, pid: number, _buildId: string | undefined): ByteSource | undefined {
    if (path === '[vdso]') return readVdso()?.source;
    if (!path.startsWith('/')) return undefined;
    try {
      return new FileSource(this.see(pid).root + path);
    } catch (error) {
      if (error instanceof StrataError) return undefined;
      throw error;
    }
  }

  readMemory(pid: number, address: Address, length: number): Uint8Array | undefined {
    let fd: number;
    try {
      fd = openSync(`/proc/${pid}/mem`, 'r');
    } catch {
      return undefined;
    }
    try {
      const bytes = new Uint8Array(length);
      const got = readSync(fd, bytes, 0, length, address);
      return got > 0 ? bytes.subarray(0, got) : undefined;
    } catch {
      return undefined;
    } finally {
      closeSync(fd);
    }
  }

  close(): void {
    for (const fd of this.roots.values()) closeSync(fd);
    this.roots.clear();
  }

  private look(pid: number): LiveProcess | undefined {
    const mounts = namespaceOf(pid, 'mnt');
    const pids = namespaceOf(pid, 'pid');
    if (mounts === undefined || pids === undefined) return undefined;
    return {
      pid,
      innerPid: pids === this.ownPids ? pid : innermostPid(pid),
      root: this.rootOf(pid, mounts),
    };
  }

  /** A process sees other files than we do in another mount namespace, or in a chroot. */
  private rootOf(pid: number, mounts: string): string {
    const folder = readLink(`/proc/${pid}/root`) ?? '/';
    if (mounts === this.ownMounts) return folder === '/' ? '' : folder;
    const key = `${mounts} ${folder}`;
    let fd = this.roots.get(key);
    if (fd === undefined) {
      try {
        fd = openSync(`/proc/${pid}/root`, constants.O_DIRECTORY | O_PATH);
      } catch {
        return '';
      }
      this.roots.set(key, fd);
    }
    return `/proc/self/fd/${fd}`;
  }
}
