/** `mkfifo(3)`, which Node.js does not offer. */
import { errnoName, libc } from './libc.js';
import { SystemCallError } from './perf-event.js';

/** Makes a FIFO that only this user may open. @throws SystemCallError */
export function makeFifo(path: string): void {
  const name = new TextEncoder().encode(`${path}\0`);
  if (libc().mkfifo(name, 0o600) < 0) throw new SystemCallError('mkfifo', errnoName());
}
