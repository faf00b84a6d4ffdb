/**
 * What the recorder learns from running processes, or keeps of those that have ended: where their files
 * lie, and their memory. Each may have a mount and a PID namespace of its own.
 */
import { closeSync, constants, openSync } from 'node:fs';

import { FileSource, type ByteSource } from '../../base/source.js';
import { orUndefined } from '../../base/errors.js';
import type { Address } from '../../base/units.js';
import { ProcReader } from '../../linux/proc.js';
import { ProcessMemory } from '../../linux/process-memory.js';
import { innermostPid, isRunning, namespaceOf, readLink } from '../../linux/system.js';
import type { CodeFiles } from '../../session/modules.js';
import { readVdso } from '../../symbolize/vdso.js';
import { DELETED } from './mapped-build-ids.js';

export interface LiveProcess {
  readonly pid: number;
  /** Its number in its own PID namespace: what it calls its files in /tmp by. */
  readonly innerPid: number;
  /** What to put before its paths; empty where it sees the files that the recorder sees. */
  readonly root: string;
  /** Whether the recorder's command is or started it: then its perf map may be there for the recording. */
  readonly ofCommand: boolean;
}

/** `O_PATH` of fcntl.h: a place in the file system, held but not opened. */
const O_PATH = 0o10000000;

export class LiveProcesses implements CodeFiles {
  private readonly processes = new Map<number, LiveProcess>();
  /** Those of which a start, but no end was told. */
  private readonly running = new Set<number>();
  /** The command itself. */
  command = -1;
  /** Folders of other mount namespaces, by namespace and path. */
  private readonly held = new Map<string, HeldFolder>();
  /** Files that modules are read from. */
  private readonly files: FileSource[] = [];
  private readonly proc = new ProcReader();
  private readonly ownMounts = namespaceOf('self', 'mnt');
  private readonly ownPids = namespaceOf('self', 'pid');
  /** Whether all that is recorded is of the command. */
  private onlyCommand = true;

  /** All processes that were seen. */
  get all(): Iterable<LiveProcess> {
    return this.processes.values();
  }

  /** Looks at a process that ran before the recording. */
  attach(pid: number): void {
    this.onlyCommand = false;
    this.processes.set(pid, this.look(pid, false) ?? newProcess(pid, '', false));
  }

  /**
   * Looks at a process while it lives.
   * @param parentPid where a fork was told; a child that has ended already is taken to be as its parent
   */
  see(pid: number, parentPid?: number): LiveProcess {
    const known = this.processes.get(pid);
    if (known !== undefined && parentPid === undefined) return known;
    const parent = parentPid === undefined ? undefined : this.processes.get(parentPid);
    const ofCommand = this.onlyCommand || parentPid === process.pid || (parent?.ofCommand ?? false);
    if (ofCommand && this.command < 0) this.command = pid;
    this.running.add(pid);
    const seen = this.look(pid, ofCommand) ?? newProcess(pid, parent?.root ?? '', ofCommand);
    this.processes.set(pid, seen);
    return seen;
  }

  /** Looks anew: a process may enter namespaces after its fork. */
  seeAgain(pid: number): void {
    const process = this.look(pid, this.see(pid).ofCommand);
    if (process !== undefined) this.processes.set(pid, process);
  }

  /** A process has ended; its number may be given to another. */
  ended(pid: number): void {
    this.running.delete(pid);
  }

  /** Forgets a process that has ended. */
  forget(pid: number): void {
    const root = this.processes.get(pid)?.root;
    this.processes.delete(pid);
    this.running.delete(pid);
    for (const [name, folder] of this.held) {
      if (folder.path !== root) continue;
      if ([...this.processes.values()].some((process) => process.root === root)) return;
      folder.close();
      this.held.delete(name);
    }
  }

  /** Whether its end was not told. */
  runs(pid: number): boolean {
    return this.running.has(pid);
  }

  /** How many that the command started run on although it has ended. */
  survivors(): number {
    const alive = [...this.running].filter((pid) => this.see(pid).ofCommand && isRunning(pid));
    return alive.includes(this.command) ? 0 : alive.length;
  }

  open(path: string, pid: number, _buildId: string | undefined): ByteSource | undefined {
    if (path === '[vdso]') return readVdso()?.source;
    if (!path.startsWith('/')) return undefined;
    const place = path.endsWith(DELETED)
      ? this.placeOfDeleted(path, pid)
      : this.see(pid).root + path;
    if (place === undefined) return undefined;
    const file = orUndefined(() => new FileSource(place));
    if (file !== undefined) this.files.push(file);
    return file;
  }

  readMemory(pid: number, address: Address, length: number): Uint8Array | undefined {
    let memory: ProcessMemory;
    try {
      memory = ProcessMemory.open(pid, 'r');
    } catch {
      return undefined;
    }
    const bytes = memory.readUpTo(address, length);
    memory.close();
    return bytes;
  }

  /** Lets go of all; files that were opened can no longer be read. */
  close(): void {
    for (const file of this.files) file.close();
    for (const folder of this.held.values()) folder.close();
    this.held.clear();
  }

  /** @returns `undefined` where it has ended, or this user may not look */
  private look(pid: number, ofCommand: boolean): LiveProcess | undefined {
    const mounts = namespaceOf(pid, 'mnt');
    const pids = namespaceOf(pid, 'pid');
    const folder = readLink(`/proc/${pid}/root`);
    if (mounts === undefined || pids === undefined || folder === undefined) return undefined;
    return {
      pid,
      innerPid: pids === this.ownPids ? pid : innermostPid(pid),
      root: this.rootOf(pid, mounts, folder),
      ofCommand,
    };
  }

  /** A process sees other files than we do in another mount namespace, or in a chroot. */
  private rootOf(pid: number, mounts: string, folder: string): string {
    if (mounts === this.ownMounts) return folder === '/' ? '' : folder;
    const name = `${mounts} ${folder}`;
    let held = this.held.get(name);
    if (held === undefined) {
      held = holdRoot(pid);
      if (held === undefined) return `/proc/${pid}/root`; // while it lives
      this.held.set(name, held);
    }
    return held.path;
  }

  /**
   * Where a file can be read that was deleted, or replaced by a newer one, while a process has it mapped: as
   * libraries are that were upgraded since (proc_pid_map_files(5); for root only).
   */
  private placeOfDeleted(path: string, pid: number): string | undefined {
    const lines = this.proc.read(`/proc/${pid}/maps`)?.toString().split('\n') ?? [];
    const range = lines.find((line) => line.endsWith(path))?.split(' ', 1)[0];
    return range === undefined ? undefined : `/proc/${pid}/map_files/${range}`;
  }
}

/** A folder that can be reached for as long as it is held. */
interface HeldFolder {
  readonly path: string;
  close(): void;
}

/**
 * Holds the root folder of a process, and its mount namespace: else with the last process of that all that
 * is mounted below the folder would come apart.
 */
function holdRoot(pid: number): HeldFolder | undefined {
  const fds: number[] = [];
  const close = (): void => {
    for (const fd of fds) closeSync(fd);
  };
  try {
    fds.push(openSync(`/proc/${pid}/ns/mnt`, 'r'));
    fds.push(openSync(`/proc/${pid}/root`, constants.O_DIRECTORY | O_PATH));
  } catch {
    close(); // It has ended since, or too many files are open.
    return undefined;
  }
  return { path: `/proc/self/fd/${fds[1]}`, close };
}

/** A process that could not be looked at. */
function newProcess(pid: number, root: string, ofCommand: boolean): LiveProcess {
  return { pid, innerPid: pid, root, ofCommand };
}
