/** What reading debug information may cost. */
import type { Bytes } from '../../base/units.js';

/**
 * Bytes of debug information that may be parsed in all, shared by the modules of a session. Parsing is
 * linear, so bytes stand for time: some 10 ms per MiB at worst.
 */
export class ParseBudget {
  private used: Bytes = 0;
  private refusals = 0;

  /**
   * @param limit of all together
   * @param fileLimit files with more debug information are not looked into at all, so that what is shown
   *   of one does not depend on what was asked before
   */
  constructor(
    readonly limit: Bytes,
    readonly fileLimit: Bytes = Infinity,
  ) {}

  /** Bytes parsed so far. */
  get spent(): Bytes {
    return this.used;
  }

  /** How often something was left out as it would have cost too much. */
  get refused(): number {
    return this.refusals;
  }

  /** Whether a file with so much debug information is looked into; if not, that is counted. */
  allowsFile(size: Bytes): boolean {
    if (size <= this.fileLimit) return true;
    this.refusals++;
    return false;
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
