/** `poll(2)` on many descriptors at once, without waiting. */
import { libc } from './libc.js';

const POLLHUP = 0x10;

/** Asks which descriptors have hung up: an event does when its task, and all that inherited it, have ended. */
export class HangUps {
  /** `struct pollfd`: int fd, short events, short revents. */
  private view = new DataView(new ArrayBuffer(0));
  private bytes = new Uint8Array(0);
  private count = -1;

  /** Whether all of them have; the list is the same, or longer, each time. */
  all(fds: readonly number[]): boolean {
    if (fds.length !== this.count) this.prepare(fds);
    if (libc().poll(this.bytes, this.count, 0) < 0) return false;
    for (let i = 0; i < this.count; i++) {
      if ((this.view.getInt16(i * 8 + 6, true) & POLLHUP) === 0) return false;
    }
    return true;
  }

  private prepare(fds: readonly number[]): void {
    this.view = new DataView(new ArrayBuffer(fds.length * 8));
    this.bytes = new Uint8Array(this.view.buffer);
    this.count = fds.length;
    fds.forEach((fd, i) => this.view.setInt32(i * 8, fd, true));
  }
}
