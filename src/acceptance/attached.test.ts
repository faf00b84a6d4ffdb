/** What flags do to a recording of what runs already: when it samples, whom, and what it says. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { openSync, readdirSync, readSync, writeSync, closeSync, constants } from 'node:fs';
import { basename, dirname } from 'node:path';
import { after, test, type TestContext } from 'node:test';

import { isOffCpu } from '../profile/waits.js';
import type { Profile } from '../profile/profile.js';
import { loadProfile } from '../session/open.js';
import { steadyTest } from '../testing/again.js';
import { Attached, RunningProgram, startPython } from '../testing/attached.js';
import { until } from '../testing/live.js';
import { asUser, needsRoot, ORDINARY_USER } from '../testing/privileges.js';
import { requirePython } from '../testing/pythons.js';
import { hasPerf, pythonShares, readByPerf, Recording, Workplace } from '../testing/recordings.js';

const workplace = new Workplace();
after(() => workplace.close());

const attach = (name: string, ...flags: string[]): Promise<Attached> =>
  Attached.to(workplace, name, flags);

/** Goes from one function to the next with each line that it reads, and says which it is in. */
const PHASES = `
import select
def phase(name):
    tell(name)
    while not select.select([0], [], [], 0)[0]: spin(0.002)
    os.read(0, 1)
def first(): phase('first')
def second(): phase('second')
def third(): phase('third')
def fourth(): phase('fourth')
tell('ready'); first(); second(); third(); fourth()
`;

async function startPhases(t: TestContext): Promise<RunningProgram | undefined> {
  const python = requirePython(t, [3, 12]);
  if (!python) return undefined;
  const program = await startPython(t, python, PHASES);
  assert.equal(await program.line(), 'first');
  return program;
}

/** Lets the program go on, and waits until it has. */
async function next(program: RunningProgram, phase: string): Promise<void> {
  program.go();
  assert.equal(await program.line(), phase);
}

/** The files of a recording, oldest first. */
function filesOf({ file }: Attached): Recording[] {
  const names = readdirSync(dirname(file)).filter((name) =>
    name.startsWith(`${basename(file)}.20`),
  );
  return names.sort().map((name) => new Recording(workplace, workplace.path(name)));
}

/** Which of its functions a recording has. */
async function phasesOf(recording: Recording): Promise<string[]> {
  const shares = await pythonShares(recording);
  return ['first', 'second', 'third', 'fourth'].filter((name) => shares.has(name));
}

steadyTest('--delay and --duration bound what is sampled of a process', async (t) => {
  const program = await startPhases(t);
  if (program === undefined) return;
  const flags = ['-p', `${program.pid}`, '-D', '2000', '--duration', '0.4'];
  const attached = await attach('delayed.data', ...flags);
  await next(program, 'second'); // within the delay
  const recording = await attached.finished();
  assert.equal(program.child.exitCode, null, 'the program goes on');
  assert.deepEqual(await phasesOf(recording), ['second']);
  const { start, end } = loadProfile(recording.file).meta;
  assert.ok(end - start > 0.1e9 && end - start < 0.45e9, `${(end - start) / 1e9} s`);
});

/** The other end of a recorder's FIFOs. */
class Commander {
  readonly flag: string;
  private readonly commands: number;
  private readonly answers: number;

  constructor(t: TestContext, name: string) {
    const paths = [workplace.path(`${name}.commands`), workplace.path(`${name}.answers`)];
    execFileSync('mkfifo', paths);
    this.flag = `fifo:${paths.join(',')}`;
    [this.commands, this.answers] = paths.map((path) =>
      openSync(path, constants.O_RDWR | constants.O_NONBLOCK),
    );
    t.after(() => [this.commands, this.answers].forEach(closeSync));
  }

  /** Sends a command, and waits for its answer. */
  async send(command: string): Promise<void> {
    writeSync(this.commands, `${command}\n`);
    const answer = Buffer.alloc(16);
    await until(() => {
      try {
        return readSync(this.answers, answer) > 0;
      } catch {
        return false; // It is empty.
      }
    }, command);
    assert.equal(answer.toString('latin1').replaceAll('\0', ''), 'ack\n');
  }
}

test('--control switches sampling of a process, and a snapshot begins another file', async (t) => {
  const program = await startPhases(t);
  if (program === undefined) return;
  const commander = new Commander(t, 'phases');
  const flags = ['-p', `${program.pid}`, '-D', '-1', '--control', commander.flag];
  const attached = await attach('controlled.data', ...flags);
  const sampled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 300));
  await next(program, 'second');
  await commander.send('enable');
  await sampled();
  await commander.send('disable');
  await next(program, 'third');
  await commander.send('snapshot');
  await next(program, 'fourth');
  await commander.send('enable');
  await sampled();
  await commander.send('ping');
  await commander.send('stop');
  assert.equal(await attached.run.ended, 0, attached.run.stderr());
  assert.equal(program.child.exitCode, null, 'the program goes on');
  const recordings = filesOf(attached);
  assert.deepEqual(await Promise.all(recordings.map(phasesOf)), [['second'], ['fourth']]);
  if (!hasPerf()) return;
  for (const recording of recordings) await readByPerf(recording);
});

/** Seconds off the CPU with a function on the stack. */
function awayIn(profile: Profile, name: string): number {
  const { samples, events, stacks, frames, functions, strings } = profile;
  let seconds = 0;
  for (let sample = 0; sample < samples.length; sample++) {
    if (!isOffCpu(events[samples.event[sample]])) continue;
    for (let at = samples.stack[sample]; at >= 0; at = stacks.parent[at]) {
      if (strings[functions.name[frames.func[stacks.frame[at]]]] !== name) continue;
      seconds += samples.weight[sample] / 1e9;
      break;
    }
  }
  return seconds;
}

steadyTest('while sampling is off nobody waits: --off-cpu with pauses', async (t) => {
  const python = requirePython(t, [3, 12]);
  if (!python) return;
  const text = `
def shown(): time.sleep(0.3)
def hidden(): time.sleep(0.5)
def across(): time.sleep(1.6)
def again(): time.sleep(0.3)
tell('ready'); wait()
thread = threading.Thread(target=across); thread.start()
shown(); tell('shown'); wait()
hidden(); tell('hidden'); wait()
again(); tell('again')
thread.join(); wait()
`;
  const program = await startPython(t, python, text);
  const commander = new Commander(t, 'pauses');
  const flags = ['-p', `${program.pid}`, '--off-cpu', '--control', commander.flag];
  const attached = await attach('pauses.data', ...flags);
  await next(program, 'shown');
  await commander.send('disable');
  await next(program, 'hidden');
  await commander.send('enable');
  await next(program, 'again');
  program.go();
  const recording = await attached.finished();
  const profile = loadProfile(recording.file);
  const [shown, hidden, again, across] = ['shown', 'hidden', 'again', 'across'].map((name) =>
    awayIn(profile, name),
  );
  const told = `${shown}, ${hidden}, ${again}, ${across} s`;
  assert.ok(shown > 0.29 && again > 0.29, told);
  assert.equal(hidden, 0, told);
  // It slept on while sampling was off, of which nothing is known.
  assert.ok(across > 0.25 && across < 1.1, told);
  if (hasPerf()) assert.match(await readByPerf(recording), /^offcpu-time: /m);
});

test('-u: the processes of a user, and what they start', async (t) => {
  if (!needsRoot(t)) return;
  // Half of its time is its own, half that of children.
  const count = 'i=0; while [ $i -lt 3000 ]; do i=$((i+1)); done';
  const spin = `echo on; while :; do ${count}; (${count}); done`;
  const ofUser = RunningProgram.start(t, asUser(['sh', '-c', spin]));
  const other = RunningProgram.start(t, ['sh', '-c', spin]);
  await Promise.all([ofUser.line(), other.line()]);
  const attached = await attach('user.data', '-u', `${ORDINARY_USER}`, '--duration', '1');
  const recording = await attached.finished();
  const { threads, samples } = loadProfile(recording.file);
  const pids = new Set(Array.from(samples.thread, (thread) => threads.pid[thread]));
  assert.ok(pids.has(ofUser.pid) && pids.size > 1, `${[...pids].join()}`);
  assert.ok(!pids.has(other.pid) && !pids.has(process.pid));
  if (hasPerf()) await readByPerf(recording);
});

test('--no-inherit: of a thread not those that it starts', async (t) => {
  const python = requirePython(t, [3, 12]);
  if (!python) return;
  const text = `
def in_thread(): spin(0.3)
def main():
    tell('ready'); tell(threading.get_native_id()); wait()
    thread = threading.Thread(target=in_thread); thread.start(); thread.join()
    spin(0.3)
main()
`;
  const program = await startPython(t, python, text);
  const tid = Number(await program.line());
  const alone = await attach('alone.data', '-t', `${tid}`, '--no-inherit');
  const both = await attach('both.data', '-t', `${tid}`);
  program.go();
  const tids = async (attached: Attached): Promise<number> =>
    new Set(loadProfile((await attached.finished()).file).samples.thread).size;
  assert.deepEqual([await tids(alone), await tids(both)], [1, 2]);
});

test('of an interpreter that ran without perf support it is said what turns it on', async (t) => {
  const python = requirePython(t, [3, 12]);
  if (!python) return;
  const text = 'print("on", flush=True)\nwhile True: pass';
  const program = RunningProgram.start(t, [python.path, '-c', text]);
  await program.line();
  const attached = await attach('nameless.data', '-p', `${program.pid}`, '--duration', '0.2');
  const { run } = await attached.finished();
  assert.match(run.stderr, /^strata: Python functions in .* perf support is off in it.*-X perf/m);
});

test('--overwrite: a snapshot of a process at a command', async (t) => {
  const program = await startPhases(t);
  if (program === undefined) return;
  const commander = new Commander(t, 'flight');
  const flags = ['-p', `${program.pid}`, '--overwrite', '--control', commander.flag];
  const attached = await attach('flight.data', ...flags);
  await next(program, 'second');
  await new Promise((resolve) => setTimeout(resolve, 200));
  await commander.send('snapshot');
  await until(() => filesOf(attached).length === 1, 'the snapshot');
  await next(program, 'third');
  await new Promise((resolve) => setTimeout(resolve, 200));
  await commander.send('stop');
  assert.equal(await attached.run.ended, 0, attached.run.stderr());
  const [first, ...more] = filesOf(attached);
  assert.equal(more.length, 1);
  const phases = await phasesOf(first);
  const told = `${phases.join()}: ${attached.run.stderr()}`;
  assert.ok(phases.includes('second') && !phases.includes('third'), told);
  if (hasPerf()) await readByPerf(first);
});
