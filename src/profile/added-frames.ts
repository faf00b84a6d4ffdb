/**
 * Frames that stand for no code, added behind a profile's own: what a view leaves nothing of, what a
 * thread waits for.
 */
import { Int32Column, Uint8Column } from '../base/growable.js';
import type { Layer, Profile } from './profile.js';

export class AddedFrames {
  private readonly strings: string[] = [];
  private readonly moduleName = new Int32Column();
  private readonly name = new Int32Column();
  private readonly module = new Int32Column();
  private readonly layer = new Uint8Column();

  constructor(private readonly profile: Profile) {}

  /** A new module that is no file. @returns its index */
  addModule(name: string): number {
    return this.profile.modules.length + this.moduleName.push(this.string(name));
  }

  /** A new function with one frame. @returns the frame's index */
  add(name: string, module: number, layer: Layer): number {
    this.module.push(module);
    this.layer.push(layer);
    return this.profile.frames.length + this.name.push(this.string(name));
  }

  /** The profile's tables with what was added behind. */
  tables(): Pick<Profile, 'strings' | 'modules' | 'functions' | 'frames'> {
    const { strings, modules, functions, frames } = this.profile;
    const count = this.name.length;
    const none = new Int32Array(count).fill(-1);
    const modulesAdded = this.moduleName.view();
    return {
      strings: [...strings, ...this.strings],
      modules: {
        length: modules.length + modulesAdded.length,
        name: joined(Int32Array, modules.name, modulesAdded),
        path: joined(Int32Array, modules.path, modulesAdded),
        buildId: joined(Int32Array, modules.buildId, new Int32Array(modulesAdded.length).fill(-1)),
      },
      functions: {
        length: functions.length + count,
        name: joined(Int32Array, functions.name, this.name.view()),
        module: joined(Int32Array, functions.module, this.module.view()),
        file: joined(Int32Array, functions.file, none),
        layer: joined(Uint8Array, functions.layer, this.layer.view()),
        inlined: joined(Uint8Array, functions.inlined, new Uint8Array(count)),
      },
      frames: {
        length: frames.length + count,
        func: joined(
          Int32Array,
          frames.func,
          none.map((_, i) => functions.length + i),
        ),
        address: joined(Float64Array, frames.address, new Float64Array(count)),
        line: joined(Int32Array, frames.line, none),
        file: joined(Int32Array, frames.file, none),
        inlineDepth: joined(Uint8Array, frames.inlineDepth, new Uint8Array(count)),
      },
    };
  }

  private string(text: string): number {
    return this.profile.strings.length + this.strings.push(text) - 1;
  }
}

interface Column<T> {
  readonly length: number;
  set(from: T, at?: number): void;
}

/** One column behind the other. */
export function joined<T extends Column<T>>(make: new (length: number) => T, head: T, tail: T): T {
  if (tail.length === 0) return head;
  const all = new make(head.length + tail.length);
  all.set(head);
  all.set(tail, head.length);
  return all;
}
