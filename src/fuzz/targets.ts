/** The formats that are fuzzed: what `--format` takes. */
import { BINARY_TARGETS } from './binary-targets.js';
import type { Target } from './target.js';
import { TEXT_TARGETS } from './text-targets.js';
import { ZSTD_TARGET } from './zstd-target.js';

export const TARGETS: readonly Target[] = [...BINARY_TARGETS, ZSTD_TARGET, ...TEXT_TARGETS];
