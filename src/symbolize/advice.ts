/** What a person can do about missing symbols, on the distribution that the files are of. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

import { isSeparateTree } from './files.js';
import type { SymbolOptions } from './options.js';
import type { SymbolGap } from './symbolizer.js';

/** By `ID` of os-release(5); each serves the packages of its distribution. */
const SERVERS = new Map([
  ['arch', 'https://debuginfod.archlinux.org'],
  ['centos', 'https://debuginfod.centos.org'],
  ['debian', 'https://debuginfod.debian.net'],
  ['fedora', 'https://debuginfod.fedoraproject.org'],
  ['opensuse', 'https://debuginfod.opensuse.org'],
  ['ubuntu', 'https://debuginfod.ubuntu.com'],
]);

/** Archives of Debian's and Ubuntu's `-dbgsym` packages, as apt names their lists. */
const DEBUG_ARCHIVE = /debian-debug|ddebs\.ubuntu/;

/** Reads what the distribution says when it is first needed. */
export class SymbolAdvice {
  private readonly root: string;
  private serverTold = false;
  private distributionIds: readonly string[] | undefined;

  constructor(private readonly options: SymbolOptions) {
    this.root = isSeparateTree(options.symfs) ? options.symfs : '/';
  }

  /** The end of a sentence, or `undefined` where nothing is known to help. */
  about({ reason, path }: SymbolGap): string | undefined {
    if (reason !== 'stripped' && reason !== 'no such file') return undefined;
    const { debuginfod } = this.options;
    if (!isOfDistribution(path)) {
      return reason === 'stripped' ? undefined : 'name a folder that has it with --symbol-dir';
    }
    if (debuginfod !== undefined) return 'the debuginfod servers have no symbols of it';
    const name = reason === 'stripped' ? this.debugPackage(path) : undefined;
    if (name !== undefined) return `apt install ${name}`;
    return this.server();
  }

  /** Said once: it would stand behind every library. */
  private server(): string | undefined {
    if (this.serverTold) return undefined;
    this.serverTold = true;
    const known = debuginfodServer(this.ids());
    if (known === undefined) return 'install its debug symbols';
    return `install its debug symbols, or set DEBUGINFOD_URLS=${known}`;
  }

  /**
   * Debian's package of a library's debug symbols, if this machine's `apt` can install it. A library's
   * package is named after its soname (Debian policy 8.1), so that none but its own list need be read.
   */
  private debugPackage(path: string): string | undefined {
    if (this.root !== '/' || !this.ids().includes('debian')) return undefined;
    if (isListed('libc6', path)) return 'libc6-dbg';
    const soname = /^(lib.*?)\.so\.(\d+)/.exec(basename(path));
    if (soname === null || !hasDebugArchive()) return undefined;
    const stem = soname[1].toLowerCase().replaceAll('_', '-');
    const owner = `${stem}${/\d$/.test(stem) ? '-' : ''}${soname[2]}`;
    return isListed(owner, path) ? `${owner}-dbgsym` : undefined;
  }

  private ids(): readonly string[] {
    this.distributionIds ??= distributionIds(this.root);
    return this.distributionIds;
  }
}

/** The server of a distribution's debug information. @param ids of {@link distributionIds} */
export function debuginfodServer(ids: readonly string[]): string | undefined {
  const urls = ids.map((id) => SERVERS.get(id.replace(/^opensuse-.*/, 'opensuse')));
  return urls.find((candidate) => candidate !== undefined);
}

/** Whether the distribution's packages put files there. */
export function isOfDistribution(path: string): boolean {
  return /^\/(?:usr\/(?!local\/)|lib|bin\/|sbin\/)/.test(path);
}

/** Whether an installed Debian package has the file, with or without the `/usr` that links lead to. */
export function isListed(name: string, path: string): boolean {
  const info = '/var/lib/dpkg/info';
  const short = path.replace(/^\/usr\//, '/');
  const architecture = process.arch === 'arm64' ? 'arm64' : 'amd64';
  return [`${name}:${architecture}.list`, `${name}.list`].some((list) => {
    const files = textOf(join(info, list)).split('\n');
    return files.includes(short) || files.includes(`/usr${short}`);
  });
}

function hasDebugArchive(): boolean {
  const lists = '/var/lib/apt/lists';
  return existsSync(lists) && readdirSync(lists).some((name) => DEBUG_ARCHIVE.test(name));
}

/** `ID` of os-release(5), then `ID_LIKE`: `ubuntu`, `debian`. */
export function distributionIds(root = '/'): string[] {
  const text = textOf(join(root, 'etc/os-release')) || textOf(join(root, 'usr/lib/os-release'));
  const valueOf = (key: string): string =>
    new RegExp(`^${key}=["']?([^"'\\n]*)`, 'm').exec(text)?.[1] ?? '';
  return `${valueOf('ID')} ${valueOf('ID_LIKE')}`.split(' ').filter((id) => id !== '');
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // not there: advice is the less exact
  }
}
