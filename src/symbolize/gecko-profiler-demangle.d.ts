/** wasm-bindgen's glue, which the package's own entry point wraps for bundlers. */
declare module 'gecko-profiler-demangle/index_bg.js' {
  export function __wbg_set_wasm(exports: WebAssembly.Exports): void;
  export function demangle_any(name: string): string;
}

/** The part of Node.js's WebAssembly that is used here; its types come with the DOM's otherwise. */
declare namespace WebAssembly {
  type Exports = Record<string, unknown>;
  class Module {
    constructor(bytes: Uint8Array);
  }
  class Instance {
    readonly exports: Exports;
    constructor(module: Module, imports: Record<string, object>);
  }
}
