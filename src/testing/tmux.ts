/** A real terminal: a program in tmux, keys in, screen out. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { skipOrFail } from './pythons.js';

export interface TerminalOptions {
  readonly width?: number;
  readonly height?: number;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** How long a screen is waited for: the machine may be busy. */
const PATIENCE_MS = 30_000;
const POLL_MS = 50;

/** A shell in a terminal of its own, on a tmux server of its own. */
export class Terminal {
  /** Of the server's socket, which it leaves behind. */
  private readonly folder = mkdtempSync(join(tmpdir(), 'strata-tmux-'));

  /** @returns `undefined` where there is no tmux: the test is skipped; else it is closed after the test */
  static open(t: TestContext, options: TerminalOptions = {}): Terminal | undefined {
    if (spawnSync('tmux', ['-V']).error !== undefined) {
      skipOrFail(t, 'tmux', 'not installed');
      return undefined;
    }
    const terminal = new Terminal(options);
    t.after(() => terminal.close());
    return terminal;
  }

  private constructor({
    width = 100,
    height = 24,
    cwd = process.cwd(),
    env = {},
  }: TerminalOptions) {
    const environment = { ...process.env, LC_ALL: 'C.UTF-8', PS1: '$ ', ENV: '', ...env };
    const size = ['-x', String(width), '-y', String(height)];
    execFileSync(
      'tmux',
      ['-u', '-S', this.socket, '-f', '/dev/null', 'new-session', '-d', ...size, '-c', cwd, 'sh'],
      { env: environment },
    );
  }

  /** Types a command, each of its words quoted, and Enter. */
  run(words: readonly string[]): void {
    this.line(words.map((word) => `'${word}'`).join(' '));
  }

  /** Types a line and Enter. */
  line(text: string): void {
    this.type(text);
    this.press('Enter');
  }

  /** Text as it is, also what a terminal would send for the mouse. */
  type(text: string): void {
    this.tmux('send-keys', '-l', '--', text);
  }

  /** Keys by tmux's names: `Enter`, `Down`, `C-c`, `x`. */
  press(...keys: string[]): void {
    this.tmux('send-keys', ...keys);
  }

  resize(width: number, height: number): void {
    this.tmux('resize-window', '-x', String(width), '-y', String(height));
  }

  /** @param escapes with the sequences that colour it */
  screen(escapes = false): string {
    return this.tmux('capture-pane', '-p', ...(escapes ? ['-e'] : []));
  }

  /** What tmux knows of the pane: `pane_dead`, `alternate_on`, `cursor_flag`. */
  ask(format: string): string {
    return this.tmux('display-message', '-p', `#{${format}}`).trim();
  }

  /** Waits until the screen is as wanted; returns it. */
  async until(wanted: RegExp | ((screen: string) => boolean)): Promise<string> {
    const end = Date.now() + PATIENCE_MS;
    for (;;) {
      const screen = this.screen();
      if (wanted instanceof RegExp ? wanted.test(screen) : wanted(screen)) return screen;
      if (Date.now() > end) throw new Error(`never ${String(wanted)}:\n${screen}`);
      await sleep(POLL_MS);
    }
  }

  private close(): void {
    spawnSync('tmux', ['-S', this.socket, 'kill-server']);
    rmSync(this.folder, { recursive: true });
  }

  private get socket(): string {
    return join(this.folder, 'socket');
  }

  private tmux(...argv: string[]): string {
    return execFileSync('tmux', ['-S', this.socket, ...argv], { encoding: 'utf8' });
  }
}
