/**
 * What hardware adds to samples: their weight, and the branches that were taken before them. Branches repeat:
 * each distinct one, by its frames and how it went, is stored once, and samples name it by its index.
 */
import { Float64Column, Int32Column } from '../base/growable.js';
import { addressFrom } from '../base/units.js';
import type { RecordedEvent } from '../formats/perfdata/events.js';
import { BRANCH_ENTRY_WORDS, type SampleView } from '../formats/perfdata/sample.js';
import { PerfSample } from '../formats/perfdata/spec.js';
import { InternedPairs } from '../profile/interned.js';
import type { Profile } from '../profile/profile.js';
import type { FrameResolver } from './frames.js';
import type { Process } from './processes.js';

const WEIGHT = PerfSample.WEIGHT | PerfSample.WEIGHT_STRUCT;
const { BRANCH_STACK } = PerfSample;

/** Whether any event's samples carry one of these `PERF_SAMPLE_*` bits. */
function carry(events: readonly RecordedEvent[], bits: number): boolean {
  return events.some(({ attr }) => (attr.sample_type & bits) !== 0);
}

/** Whether any event's samples have a weight or branches. */
export function haveHardwareDetails(events: readonly RecordedEvent[]): boolean {
  return carry(events, WEIGHT | BRANCH_STACK);
}

export class HardwareDetails {
  /** By sample; absent where no event has any. */
  private readonly weights: Float64Column | undefined;
  private readonly stacks: BranchStacks | undefined;

  /** `undefined` where no event's samples carry any of it. */
  static of(events: readonly RecordedEvent[], frames: FrameResolver): HardwareDetails | undefined {
    if (!haveHardwareDetails(events)) return undefined;
    return new HardwareDetails(carry(events, WEIGHT), carry(events, BRANCH_STACK) && frames);
  }

  private constructor(weights: boolean, frames: FrameResolver | false) {
    this.weights = weights ? new Float64Column() : undefined;
    this.stacks = frames === false ? undefined : new BranchStacks(frames);
  }

  /** What the sample carries that is added to the profile next. */
  add(view: SampleView, process: Process): void {
    if (this.weights !== undefined) {
      view.rest();
      this.weights.push(view.hardwareWeight);
    }
    this.stacks?.add(view, process);
  }

  /** The profile of the samples so far with what they carry, sharing memory. */
  addTo(profile: Profile): Profile {
    const { weights, stacks } = this;
    const weighed =
      weights === undefined
        ? profile
        : { ...profile, samples: { ...profile.samples, hardwareWeight: weights.view() } };
    return stacks?.addTo(weighed) ?? weighed;
  }
}

class BranchStacks {
  /** (from, to), and (that, flags). */
  private readonly pairs = new InternedPairs();
  private readonly branches = new InternedPairs();
  private readonly taken = new Int32Column();
  private readonly first = new Int32Column();
  /** By sample. */
  private readonly stackOf = new Int32Column();

  constructor(private readonly frames: FrameResolver) {}

  add(view: SampleView, process: Process): void {
    if (view.branches === 0 || view.layout.branchesAreCalls) {
      this.stackOf.push(-1);
      return;
    }
    this.stackOf.push(this.first.push(this.taken.length));
    for (let branch = 0; branch < view.branchCount; branch++) {
      const at = view.branches + branch * BRANCH_ENTRY_WORDS;
      const pair = this.pairs.intern(
        this.frameAt(view.words, at, process),
        this.frameAt(view.words, at + 2, process),
      );
      this.taken.push(this.branches.intern(pair, view.branchFlags(branch)));
    }
  }

  addTo(profile: Profile): Profile {
    const { pairs, branches, taken, stackOf } = this;
    const first = new Int32Array(this.first.length + 1);
    first.set(this.first.view());
    first[this.first.length] = taken.length;
    const pairOf = branches.a.view();
    return {
      ...profile,
      samples: { ...profile.samples, branches: stackOf.view() },
      branches: {
        length: branches.length,
        from: pairOf.map((pair) => pairs.a.data[pair]),
        to: pairOf.map((pair) => pairs.b.data[pair]),
        flags: branches.b.view(),
        taken: taken.view(),
        first,
      },
    };
  }

  /** The kernel's half of the address space is negative. */
  private frameAt(words: Int32Array, at: number, process: Process): number {
    const address = addressFrom(words[at], words[at + 1]);
    return address < 0 ? this.frames.kernel(address) : this.frames.user(process, address);
  }
}
