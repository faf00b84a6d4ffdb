/** The formats that are fuzzed: what `--format` takes. */
import { BINARY_TARGETS } from './binary-targets.js';
import type { Target } from './target.js';
import { TEXT_TARGETS } from './text-targets.js';

export const TARGETS: readonly Target[] = [...BINARY_TARGETS, ...TEXT_TARGETS];
