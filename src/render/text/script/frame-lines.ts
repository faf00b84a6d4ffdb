/**
 * Lines of call chains: `<tab>ADDRESS NAME+0xOFFSET (FILE)`, each put together once per address
 * (tools/perf/util/evsel_fprintf.c, `sample__fprintf_callchain`).
 */
import { formatAddress, type Address } from '../../../base/units.js';
import { PerfContext } from '../../../formats/perfdata/spec.js';
import type { Mapping } from '../../../session/address-space.js';
import { isUserContext } from '../../../session/call-chains.js';
import type { Location, Locations } from '../../../session/locations.js';
import type { Process } from '../../../session/processes.js';
import { isAnonymous } from '../../../session/address-space.js';
import { Demangler } from '../../../symbolize/demangle.js';
import { shortName } from '../../../symbolize/short-name.js';
import type { FieldSet } from './fields.js';

/** What of a frame is printed. */
export interface FrameForm {
  readonly ip: boolean;
  readonly sym: boolean;
  readonly symoff: boolean;
  readonly dso: boolean;
  readonly dsoff: boolean;
  readonly srcline: boolean;
  /** Whether inlined functions have lines of their own. */
  readonly inline: boolean;
  /** Whether source files are printed with their folders. */
  readonly fullPaths: boolean;
  /** Whether chains give places in files for addresses in memory. */
  readonly fileOffsets: boolean;
}

export function frameForm(
  fields: FieldSet,
  options: Pick<FrameForm, 'inline' | 'fullPaths' | 'fileOffsets'>,
): FrameForm {
  return {
    ip: fields.has('ip'),
    sym: fields.has('sym'),
    symoff: fields.has('symoff'),
    dso: fields.has('dso') || fields.has('dsoff'),
    dsoff: fields.has('dsoff'),
    srcline: fields.has('srcline'),
    ...options,
  };
}

/** A place in a process or the kernel, as perf names it. */
export interface Place {
  /** `undefined` where nothing names it. */
  readonly name: string | undefined;
  /** Where the function starts, in memory. */
  readonly start: Address;
  /** As perf prints it: a path, `[kernel.kallsyms]`, `/tmp/perf-PID.map`. */
  readonly file: string;
  /** The mapped file's byte; of what is no file the address in memory. */
  readonly fileAddress: Address;
  readonly location: Location | undefined;
}

/** What perf prints of an address in no mapping. */
export const UNKNOWN = '[unknown]';
const KERNEL = '[kernel.kallsyms]';

/** Code without a file: perf looks its names up in a map that its process leaves in /tmp. */
function isGenerated(path: string): boolean {
  return /^(?:\/\/anon|\/dev\/zero|\/anon_hugepage|\[stack|\/SYSV|\[heap\])/.test(path);
}

/** Names places. */
export class Places {
  private readonly demangler = new Demangler();

  constructor(private readonly locations: Locations) {}

  /**
   * @param context `PerfContext` of the address
   * @param address in memory
   * @param named where in the function to look: a caller's address lies behind its call
   */
  at(process: Process, context: number, address: Address, named = address): Place {
    if (context === PerfContext.KERNEL) return this.kernel(address, named);
    const location = isUserContext(context) ? this.locations.user(process, named) : undefined;
    return location === undefined ? nowhere(address) : this.user(location, address);
  }

  /** The same without looking for names. */
  unnamed(process: Process, context: number, address: Address, named = address): Place {
    const mapping = isUserContext(context) ? process.space.find(named) : undefined;
    const place = nowhere(address);
    return mapping === undefined ? place : { ...place, fileAddress: fileAddress(mapping, address) };
  }

  private kernel(address: Address, named: Address): Place {
    const found = this.locations.kernel(named);
    // The kernel's half of the address space.
    if (found === undefined && address >= 0) return nowhere(address);
    return {
      name: found?.name,
      start: found?.start ?? address,
      file: found?.module ?? KERNEL,
      fileAddress: address,
      location: undefined,
    };
  }

  private user(location: Location, address: Address): Place {
    const { mapping, linkName, start } = location;
    return {
      name: linkName && this.plainName(linkName),
      start,
      file: isGenerated(mapping.path) ? mapFile(mapping) : mapping.path,
      fileAddress: fileAddress(mapping, address),
      location,
    };
  }

  private plainName(linkName: string): string {
    if (!/^_{1,3}[ZR]/.test(linkName)) return linkName;
    return shortName(this.demangler.demangle(linkName.replace(/@.*$/, '')));
  }

  /** Source lines and inlined functions at a place of user space, innermost first. */
  source(process: Process, { location }: Place, named: Address) {
    if (location === undefined) return [];
    const { symbols, bias } = this.locations.code(location.mapping, process);
    return symbols?.sourceAt(named - bias) ?? [];
  }
}

function fileAddress({ path, start, pgoff }: Mapping, address: Address): Address {
  return isGenerated(path) ? address : address - start + pgoff;
}

function mapFile({ pid }: Mapping): string {
  return `/tmp/perf-${pid ?? 0}.map`;
}

function nowhere(address: Address): Place {
  return {
    name: undefined,
    start: address,
    file: UNKNOWN,
    fileAddress: address,
    location: undefined,
  };
}

/** ` NAME+0xOFFSET (FILE)` as far as asked for; begins with a blank. */
export function placeText(place: Place, address: Address, form: FrameForm): string {
  let text = '';
  if (form.sym) {
    text += ` ${place.name ?? UNKNOWN}`;
    if (form.symoff && place.name !== undefined) text += offset(address - place.start);
  }
  if (form.dso) text += ` (${place.file}${form.dsoff ? offset(place.fileAddress) : ''})`;
  return text;
}

function offset(bytes: number): string {
  return `+0x${formatAddress(bytes)}`;
}

/** The lines of all frames of one form, each put together once. */
export class FrameLines {
  private readonly needsNames: boolean;
  private readonly kernel = new Map<Address, Uint8Array>();
  private readonly byMapping = new Map<Mapping, Map<Address, Uint8Array>>();
  /** Code made at run time: what lies at an address is a process's own matter. */
  private readonly byProcess = new WeakMap<Process, Map<Address, Uint8Array>>();

  /**
   * @param before what stands before each address
   * @param after what ends each line
   */
  constructor(
    private readonly places: Places,
    private readonly form: FrameForm,
    private readonly before: string,
    private readonly after: string,
  ) {
    this.needsNames = form.sym || form.dso || form.srcline || form.inline;
  }

  /**
   * The line of a frame; several where functions were inlined there.
   * @param address as printed; @param named see {@link Places.at}
   */
  line(process: Process, context: number, address: Address, named: Address): Uint8Array {
    const lines = this.linesOf(process, context, named);
    // A caller's address may be another sample's own: then it is named by another place.
    const key = address === named ? address : address + 0.5;
    let line = lines?.get(key);
    if (line === undefined) {
      line = Buffer.from(this.render(process, context, address, named), 'utf8');
      lines?.set(key, line);
    }
    return line;
  }

  /** The line of a u64 in two halves that can be no address: what chains hold where they went astray. */
  noAddress(low: number, high: number): Uint8Array {
    const { form, before, after } = this;
    const number = (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
    const ip = form.ip ? before + number.toString(16).padStart(16) : '';
    return Buffer.from(ip + placeText(nowhere(0), 0, form) + after);
  }

  private linesOf(
    process: Process,
    context: number,
    named: Address,
  ): Map<Address, Uint8Array> | undefined {
    if (context === PerfContext.KERNEL) return this.kernel;
    const mapping = isUserContext(context) ? process.space.find(named) : undefined;
    if (mapping === undefined) return undefined;
    const owner = isAnonymous(mapping.path) ? undefined : mapping;
    let lines = owner === undefined ? this.byProcess.get(process) : this.byMapping.get(owner);
    if (lines === undefined) {
      lines = new Map();
      if (owner === undefined) this.byProcess.set(process, lines);
      else this.byMapping.set(owner, lines);
    }
    return lines;
  }

  private render(process: Process, context: number, address: Address, named: Address): string {
    const { form, places } = this;
    const place = this.needsNames
      ? places.at(process, context, address, named)
      : places.unnamed(process, context, address, named);
    const printed = form.fileOffsets ? place.fileAddress : address;
    const ip = form.ip ? this.before + formatAddress(printed).padStart(16) : '';
    const source = form.inline || form.srcline ? places.source(process, place, named) : [];
    let text = '';
    for (const { name, file, line } of form.inline ? source.slice(0, -1) : []) {
      text += ip;
      if (form.sym) text += ` ${name ?? UNKNOWN}`;
      if (form.sym && form.symoff && name !== undefined) text += offset(address - place.start);
      if (form.srcline) text += srcline(file, line, place, form);
      text += ` (inlined)${this.after}`;
    }
    const own = source.at(form.inline ? -1 : 0);
    text += ip + placeText(place, address, form);
    if (form.srcline) text += srcline(own?.file, own?.line ?? -1, place, form);
    return text + this.after;
  }
}

/** `\n  file.c:12`; where no line is known perf gives the file's own name and the address in it. */
export function srcline(
  file: string | undefined,
  line: number,
  place: Place,
  { fullPaths }: FrameForm,
): string {
  if (file !== undefined) {
    const name = fullPaths ? file : file.slice(file.lastIndexOf('/') + 1);
    return `\n  ${name}:${line < 0 ? '?' : line}`;
  }
  if (place.file === UNKNOWN) return '';
  const name = place.file.slice(place.file.lastIndexOf('/') + 1);
  return `\n  ${name}[${formatAddress(place.fileAddress)}]`;
}
