/**
 * What the recorder learns from running processes, or keeps of those that have ended: where their files
 * lie, and their memory. Each may have a mount and a PID namespace of its own.
 */
import { closeSync, constants, openSync, readSync, statSync } from 'node:fs';

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
  /** Where its /tmp lies, which outlives it. */
  readonly temporary: string;
}

const TEMPORARY = '/tmp';

/** `O_PATH` of fcntl.h: a place in the file system, held but not opened. */
const O_PATH = 0o10000000;

export class LiveProcesses implements CodeFiles {
  private readonly processes = new Map<number, LiveProcess>();
  /** Those of which no end was told. */
  private readonly running = new Set<number>();
  /** The process that was seen first. */
  private command = -1;
  /** Descriptors that keep folders of other mount namespaces, by {@link hold}'s key. */
  private readonly held = new Map<string, number>();
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
      const parent = parentPid === undefined ? undefined : this.processes.get(parentPid);
      const { root = '', temporary = TEMPORARY } = parent ?? {};
      process = this.look(pid) ?? { pid, innerPid: pid, root, temporary };
      this.processes.set(pid, process);
    }
    return process;
  }

  /** A process has ended; its number may be given to another. */
  ended(pid: number): void {
    this.running.delete(pid);
  }

  /** Forgets a process that has ended. */
  forget(pid: number): void {
    this.processes.delete(pid);
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
    for (const fd of this.held.values()) closeSync(fd);
    this.held.clear();
  }

  private look(pid: number): LiveProcess | undefined {
    const mounts = namespaceOf(pid, 'mnt');
    const pids = namespaceOf(pid, 'pid');
    if (mounts === undefined || pids === undefined) return undefined;
    return {
      pid,
      innerPid: pids === this.ownPids ? pid : innermostPid(pid),
      ...this.placeOf(pid, mounts),
    };
  }

  /**
   * A process sees other files than we do in another mount namespace, or in a chroot. With its last process
   * a namespace's mounts come apart: what is mounted on /tmp must be held by itself.
   */
  private placeOf(pid: number, mounts: string): { root: string; temporary: string } {
    const folder = readLink(`/proc/${pid}/root`) ?? '/';
    if (mounts === this.ownMounts) {
      const root = folder === '/' ? '' : folder;
      return { root, temporary: root + TEMPORARY };
    }
    const inside = `/proc/${pid}/root`;
    const root = this.hold(inside, `${mounts} ${folder}`) ?? '';
    return { root, temporary: this.hold(inside + TEMPORARY) ?? TEMPORARY };
  }

  /**
   * Keeps a folder.
   * @param key the same for the same folder; its device and inode where absent
   */
  private hold(path: string, key?: string): string | undefined {
    try {
      const { dev, ino } = statSync(path, { bigint: true });
      const name = key ?? `${dev} ${ino}`;
      const fd = this.held.get(name) ?? openSync(path, constants.O_DIRECTORY | O_PATH);
      this.held.set(name, fd);
      return `/proc/self/fd/${fd}`;
    } catch {
      return undefined;
    }
  }
}
