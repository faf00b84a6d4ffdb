/** Names of functions, as programmers wrote them. */
import { Int32Column } from '../../base/growable.js';
import type { Bytes } from '../../base/units.js';
import { ANY_KIND, EntryKind } from './abbreviations.js';
import { Attributes, Slot } from './attributes.js';
import { AddressRanges, type AddressMap } from './address-map.js';
import { FLAT_LANGUAGES } from './constants.js';
import { asFarAsSound } from './damage.js';
import type { EntryRef, Unit } from './unit.js';
import { EntryWalk, type WalkPlan } from './walk.js';

/** From a concrete function over its abstract one to the declaration are two steps. */
const MAX_REFERENCES = 16;
const MAX_SCOPES = 64;

/** Everything, since a scope ends where an entry comes that is not in it. */
const SCOPES: WalkPlan = { report: ANY_KIND, enter: ANY_KIND, withNames: true };

/** The namespaces and types of a unit, by the positions of the entries in them. */
interface Scopes {
  readonly map: AddressMap;
  readonly names: readonly string[];
  readonly parents: Int32Array;
}

/** Reads names, each once. */
export class FunctionNames {
  private readonly names = new Map<Unit, Map<Bytes, string | undefined>>();
  private readonly scopes = new Map<Unit, Scopes>();
  private readonly attributes = new Attributes();

  constructor(private readonly demangle: (name: string) => string) {}

  /** The name of a function's entry; `undefined` where it has none, or is malformed. */
  nameOf(unit: Unit, at: Bytes): string | undefined {
    let names = this.names.get(unit);
    if (names === undefined) this.names.set(unit, (names = new Map<Bytes, string | undefined>()));
    if (!names.has(at)) names.set(at, this.read({ unit, at }));
    return names.get(at);
  }

  /** The linkage name wins: it has the scopes and parameters in it. */
  private read(entry: EntryRef): string | undefined {
    const { attributes } = this;
    let name: string | undefined;
    asFarAsSound(() => {
      let current = entry;
      for (let i = 0; i < MAX_REFERENCES; i++) {
        const { unit, at } = current;
        unit.entry(at, attributes);
        const linkage = unit.string(attributes, Slot.LinkageName);
        const readable = linkage && this.demangle(linkage);
        // What the demangler cannot read has a name in plain, too.
        if (readable !== undefined && (readable !== linkage || !/^_[ZR]/.test(linkage))) {
          name = readable;
          return;
        }
        const plain = unit.string(attributes, Slot.Name);
        name ??= plain;
        const next: EntryRef | undefined = unit.reference(attributes, Slot.Origin);
        if (next === undefined) {
          // The declaration: it stands in the function's scope, which a definition need not.
          if (name !== undefined) name = this.scopeOf(current) + name;
          return;
        }
        current = next;
      }
    });
    return name;
  }

  /** `outer::inner::` around an entry. @throws FormatError */
  private scopeOf({ unit, at }: EntryRef): string {
    if (FLAT_LANGUAGES.has(unit.language)) return '';
    let scopes = this.scopes.get(unit);
    if (scopes === undefined) this.scopes.set(unit, (scopes = readScopes(unit)));
    let prefix = '';
    let scope = scopes.map.find(at);
    for (let depth = 0; scope >= 0 && depth < MAX_SCOPES; depth++) {
      prefix = `${scopes.names[scope]}::${prefix}`;
      scope = scopes.parents[scope];
    }
    return prefix;
  }
}

/** One walk over the whole unit: entries do not tell what they are in. @throws FormatError */
function readScopes(unit: Unit): Scopes {
  const size = unit.header.end - unit.header.offset;
  const ranges = new AddressRanges({ start: 0, end: size });
  const names: string[] = [];
  const parents = new Int32Column();
  const starts = new Int32Column();
  const depths = new Int32Column();
  const ends: number[] = [];
  // Those around the next entry, outer first.
  const open: number[] = [];
  unit.file.info.recheck(size);
  const walk = new EntryWalk(unit, unit.firstChild, SCOPES);
  for (let entry = walk.next(); entry !== undefined; entry = walk.next()) {
    const { depth, at, attributes } = walk;
    while (open.length > 0 && depths.data[open[open.length - 1]] >= depth) {
      ends[open[open.length - 1]] = at;
      open.pop();
    }
    if (!entry.hasChildren || (entry.kind & (EntryKind.Scope | EntryKind.Type)) === 0) continue;
    const name = unit.string(attributes, Slot.Name);
    names.push(name ?? (entry.kind === EntryKind.Scope ? '(anonymous namespace)' : '(anonymous)'));
    parents.push(open.at(-1) ?? -1);
    starts.push(at);
    ends.push(size);
    open.push(depths.push(depth));
  }
  for (let scope = 0; scope < names.length; scope++) {
    ranges.add(starts.data[scope], ends[scope], scope);
  }
  return { map: ranges.build(), names, parents: parents.view().slice() };
}
