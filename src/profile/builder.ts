/**
 * Builds a {@link Profile} row by row. The paths that run per sample (`frame`, `stack`, `addSample`)
 * work on typed arrays and allocate nothing but the arrays' growth.
 */
import { Float64Column, Int32Column, Uint8Column } from '../base/growable.js';
import { StringTable } from '../base/strings.js';
import type { Address, Nanoseconds } from '../base/units.js';
import { InternedFrames, InternedPairs, InternedStacks } from './interned.js';
import type { EventInfo, Layer, Note, Profile, ProfileMeta, Truncation } from './profile.js';

/** What {@link ProfileBuilder.finish} can find out by itself may be left out. */
export type BuilderMeta = Omit<ProfileMeta, 'start' | 'end'> &
  Partial<Pick<ProfileMeta, 'start' | 'end'>>;

/** What is known of a recording without metadata. */
export const EMPTY_META: BuilderMeta = {
  command: '',
  hostname: '',
  lost: 0,
  lostChunks: 0,
  throttled: 0,
};

/** Added to the layer of inlined functions where the two are one number. */
const INLINED = 8;

export class ProfileBuilder {
  readonly strings = new StringTable();

  private readonly moduleKeys = new InternedPairs();
  private readonly moduleBuildId = new Int32Column();

  /** (name, module) and (file, layer + INLINED), and the pair of both. */
  private readonly functionNames = new InternedPairs();
  private readonly functionPlaces = new InternedPairs();
  private readonly functionKeys = new InternedPairs();

  private readonly frames = new InternedFrames();
  private readonly stacks = new InternedStacks();

  private readonly threadKeys = new InternedPairs();
  private readonly threadName = new Int32Column();

  private readonly events: EventInfo[] = [];

  private readonly sampleThread = new Int32Column();
  private readonly sampleComm = new Int32Column();
  private readonly sampleTime = new Float64Column();
  private readonly sampleStack = new Int32Column();
  private readonly sampleCpu = new Int32Column();
  private readonly sampleEvent = new Int32Column();
  private readonly sampleWeight = new Float64Column();
  private readonly sampleTruncation = new Uint8Column();

  /** A string's index, for `comm` of samples. */
  string(text: string): number {
    return this.strings.intern(text);
  }

  /**
   * A module's index: one per (name, path). The first build ID given stays.
   * @param buildId hexadecimal
   */
  module(name: string, path: string, buildId?: string): number {
    const row = this.moduleKeys.intern(this.string(name), this.string(path));
    const id = buildId === undefined ? -1 : this.string(buildId);
    if (row === this.moduleBuildId.length) this.moduleBuildId.push(id);
    else if (this.moduleBuildId.data[row] < 0) this.moduleBuildId.data[row] = id;
    return row;
  }

  /**
   * A function's index: one per combination of all five.
   * @param file its source file, or -1 where unknown
   * @param inlined whether it stands inlined in another
   */
  function(name: string, module: number, file: string | -1, layer: Layer, inlined = false): number {
    const kind = layer + (inlined ? INLINED : 0);
    const place = this.functionPlaces.intern(file === -1 ? -1 : this.string(file), kind);
    return this.functionKeys.intern(this.functionNames.intern(this.string(name), module), place);
  }

  /**
   * A frame's index: one per combination of all five.
   * @param line source line, or -1
   * @param inlineDepth 0 for a real frame, n for the nth function inlined into it
   * @param file of the line, from {@link string}; -1 where unknown, or it is the function's own
   */
  frame(func: number, address: Address, line: number, inlineDepth: number, file = -1): number {
    return this.frames.intern(func, address, line, inlineDepth, file);
  }

  /** A stack's index: the stack `parent` (-1 for none) plus one frame inside it. */
  stack(parent: number, frame: number): number {
    return this.stacks.intern(parent, frame);
  }

  /** A thread's index: one per (pid, tid); a later name replaces an earlier one. */
  thread(pid: number, tid: number, name: string): number {
    const row = this.threadKeys.intern(pid, tid);
    const text = this.string(name);
    if (row === this.threadName.length) this.threadName.push(text);
    else this.threadName.data[row] = text;
    return row;
  }

  /** A new event's index; equal names are kept apart (hybrid machines count one event on two PMUs). */
  event(name: string, unit: EventInfo['unit']): number {
    return this.events.push({ name, unit }) - 1;
  }

  /**
   * One sample.
   * @param thread from {@link thread}
   * @param comm from {@link string}
   * @param stack from {@link stack}, or -1 where there are no frames
   * @param cpu -1 where not recorded
   * @param weight what the sample stands for, in its event's unit
   */
  addSample(
    thread: number,
    comm: number,
    time: Nanoseconds,
    stack: number,
    cpu: number,
    event: number,
    weight: number,
    truncation: Truncation,
  ): number {
    this.sampleThread.push(thread);
    this.sampleComm.push(comm);
    this.sampleTime.push(time);
    this.sampleStack.push(stack);
    this.sampleCpu.push(cpu);
    this.sampleEvent.push(event);
    this.sampleWeight.push(weight);
    return this.sampleTruncation.push(truncation);
  }

  /** The profile of what was added so far, sharing memory with the builder: more may be added to that alone. */
  finish(meta: BuilderMeta, notes: readonly Note[] = []): Profile {
    return {
      meta: { ...this.timeRange(), ...meta },
      strings: this.strings.all,
      modules: {
        length: this.moduleKeys.length,
        name: this.moduleKeys.a.view(),
        path: this.moduleKeys.b.view(),
        buildId: this.moduleBuildId.view(),
      },
      functions: this.functionTable(),
      frames: this.frames.table(),
      stacks: this.stacks.table(),
      threads: {
        length: this.threadKeys.length,
        pid: this.threadKeys.a.view(),
        tid: this.threadKeys.b.view(),
        name: this.threadName.view(),
      },
      samples: {
        length: this.sampleThread.length,
        thread: this.sampleThread.view(),
        comm: this.sampleComm.view(),
        time: this.sampleTime.view(),
        stack: this.sampleStack.view(),
        cpu: this.sampleCpu.view(),
        event: this.sampleEvent.view(),
        weight: this.sampleWeight.view(),
        truncation: this.sampleTruncation.view(),
        wait: new Uint8Array(this.sampleThread.length),
      },
      events: this.events,
      notes,
    };
  }

  private functionTable(): Profile['functions'] {
    const length = this.functionKeys.length;
    const name = new Int32Array(length);
    const module = new Int32Array(length);
    const file = new Int32Array(length);
    const layer = new Uint8Array(length);
    const inlined = new Uint8Array(length);
    for (let row = 0; row < length; row++) {
      const names = this.functionKeys.a.data[row];
      const place = this.functionKeys.b.data[row];
      name[row] = this.functionNames.a.data[names];
      module[row] = this.functionNames.b.data[names];
      file[row] = this.functionPlaces.a.data[place];
      const kind = this.functionPlaces.b.data[place];
      layer[row] = kind % INLINED;
      inlined[row] = kind >= INLINED ? 1 : 0;
    }
    return { length, name, module, file, layer, inlined };
  }

  private timeRange(): { start: Nanoseconds; end: Nanoseconds } {
    const times = this.sampleTime.view();
    if (times.length === 0) return { start: 0, end: 0 };
    let start = Infinity;
    let end = -Infinity;
    for (const time of times) {
      if (time < start) start = time;
      if (time > end) end = time;
    }
    return { start, end };
  }
}
