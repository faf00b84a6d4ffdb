/** `strata doctor --fix`: offers mends one by one, and runs none without a yes. */
import { spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline/promises';

import { StrataError } from '../base/errors.js';
import type { Check, Mend } from '../checks/check.js';
import { writeCheck, type DoctorLayout } from '../render/text/doctor.js';

/** A person at a terminal. */
export interface Helper {
  /** Asks for a yes; `undefined` where nobody answers any more. */
  ask(question: string): Promise<boolean | undefined>;
  say(text: string): void;
  /** Runs a shell's command, whose output the person sees; returns how it ended where it failed. */
  run(command: string): string | undefined;
}

/** @throws StrataError where there is no terminal to ask on */
export function helperAtTerminal(checks: readonly Check[]): Helper {
  if (!process.stdin.isTTY || !process.stdout.isTTY) {
    const commands = offered(checks).map(({ mend }) => `\n  ${commandOf(mend)}`);
    throw new StrataError(
      'doctor --fix asks before each mend, and here is no terminal to ask on',
      commands.length === 0 ? undefined : `to be run by hand:${commands.join('')}`,
    );
  }
  return {
    ask: askYes,
    say: (text) => process.stdout.write(text),
    run: (command) => {
      const { status, signal } = spawnSync('/bin/sh', ['-c', command], { stdio: 'inherit' });
      return status === 0 ? undefined : signal === null ? `code ${status}` : signal;
    },
  };
}

/**
 * Offers each mend that does no harm, runs those that are wanted, and looks again.
 * @param look makes all checks anew
 * @returns the checks as they are now
 */
export async function offerMends(
  checks: readonly Check[],
  look: () => readonly Check[],
  helper: Helper,
  layout: DoctorLayout,
): Promise<readonly Check[]> {
  let now = checks;
  const seen = new Set<string>();
  const next = (): OfferedCheck | undefined =>
    offered(now).find(({ mend }) => !seen.has(mend.command));
  let check = next();
  if (check === undefined) {
    helper.say('\nThere is nothing that could be mended from here without harm.\n');
  }
  for (; check !== undefined; check = next()) {
    const { id, title, text, mend } = check;
    seen.add(mend.command);
    const command = commandOf(mend);
    helper.say(`\n${layout.style.strong(title)}: ${text}\n  $ ${command}\n`);
    const wanted = await helper.ask('Run it? [y/n] ');
    if (wanted === undefined) break;
    if (!wanted) continue;
    const failure = helper.run(command);
    if (failure !== undefined) helper.say(`It failed (${failure}).\n`);
    now = look();
    const again = now.find((one) => one.id === id);
    if (again !== undefined) writeCheck(again, (line) => helper.say(line), layout);
  }
  return now;
}

type OfferedCheck = Check & { readonly mend: Mend };

/** What is amiss and can be mended from here. */
function offered(checks: readonly Check[]): OfferedCheck[] {
  return checks.filter(
    (check): check is OfferedCheck => check.status !== 'ok' && check.mend?.safe === true,
  );
}

/** Root needs no sudo, and often has none. */
function commandOf({ command, needsRoot }: Mend): string {
  return needsRoot && process.geteuid?.() === 0 ? command.replace(/^sudo /, '') : command;
}

/** Opened for each question anew, so that a command may read from the terminal, too (sudo does). */
async function askYes(question: string): Promise<boolean | undefined> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  const closed = new Promise<undefined>((resolve) =>
    terminal.once('close', () => resolve(undefined)),
  );
  try {
    for (;;) {
      const answer = await Promise.race([terminal.question(question), closed]);
      const letter = answer?.trim().toLowerCase();
      if (letter === undefined) {
        process.stdout.write('\n');
        return undefined;
      }
      if (['y', 'yes'].includes(letter)) return true;
      if (['n', 'no'].includes(letter)) return false;
    }
  } finally {
    terminal.close();
  }
}
