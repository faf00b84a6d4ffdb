/** What reading debug information may cost. */
import type { Bytes } from '../../base/units.js';

/**
 * Bytes of debug information that may be parsed in all, shared by the modules of a session. Parsing is
 * linear, so bytes stand for time: some 10 ms per MiB at worst.
 */
export class ParseBudget {
  private used: Bytes = 0;
  private refusals = 0;

  constructor(readonly limit: Bytes) {}

  /** Bytes parsed so far. */
  get spent(): Bytes {
    return this.used;
  }

  /** How often something was left out as it would have cost too much. */
  get refused(): number {
    return this.refusals;
  }

  /** Whether `cost` more may be spent; if not, that is counted. */
  allows(cost: Bytes): boolean {
    if (this.used + cost <= this.limit) return true;
    this.refusals++;
    return false;
  }

  charge(cost: Bytes): void {
    this.used += cost;
  }
}
