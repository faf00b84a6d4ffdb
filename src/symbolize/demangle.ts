/**
 * Names as programmers wrote them, of C++ (`_Z…`, Itanium ABI) and Rust (`_R…`, RFC 2603; before it
 * `_ZN…17h…E`), by the Firefox Profiler's demangler.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

// The package's entry point imports WebAssembly as a module, which Node.js cannot do without a flag; this
// glue beneath it is told its instance.
import * as glue from 'gecko-profiler-demangle/index_bg.js';

/** Longer names would only be cut by every printer; what demangling makes of them can be far longer. */
const MAX_NAME = 1 << 16;

/** Demangles, and remembers what it demangled. */
export class Demangler {
  private readonly known = new Map<string, string>();

  /** Of a symbol as linkers write it: versioned libraries have `fclose@@GLIBC_2.2.5`; `f@plt` is a stub. */
  nameOf(symbol: string): string {
    return this.demangle(symbol.replace(/^(\w+)@@?(?!plt$)\w[\w.]*$/, '$1'));
  }

  /** The name itself where it is not mangled, or the demangler cannot read it. */
  demangle(name: string): string {
    if (!looksMangled(name)) return name;
    let plain = this.known.get(name);
    if (plain === undefined) {
      plain = demangleAny(name);
      this.known.set(name, plain);
    }
    return plain;
  }
}

function looksMangled(name: string): boolean {
  return /^_{1,3}[ZR]/.test(name) && name.length <= MAX_NAME;
}

function demangleAny(name: string): string {
  load();
  try {
    const plain = glue.demangle_any(name);
    // Of a name that it cannot read it returns all but macOS's leading underscore.
    return plain === '' || plain === name.slice(1) ? name : plain;
  } catch {
    return name; // A trap in the demangler: some names made to break one do.
  }
}

/**
 * Half a megabyte of WebAssembly, compiled when the first mangled name appears (about 10 ms) and once per
 * process, since the glue keeps one instance.
 */
function load(): void {
  if (loaded) return;
  const path = createRequire(import.meta.url).resolve('gecko-profiler-demangle/index_bg.wasm');
  const instance = new WebAssembly.Instance(new WebAssembly.Module(readFileSync(path)), {
    './index_bg.js': glue,
  });
  glue.__wbg_set_wasm(instance.exports);
  const start = instance.exports['__wbindgen_start'] as (() => void) | undefined;
  start?.();
  loaded = true;
}
let loaded = false;
