import { type ChildProcess, fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Answer, Question } from './judge.ts';

/** A question that was not answered: the process took too much processor time or memory, or waited in vain. */
export const NO_ANSWER = 'no answer';

const LOOK_MS = 1_000;
/** A process that is asked something and takes no processor time for so long waits for what never comes. */
const STILL_MS = 60_000;
/** Of `/proc`, on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

/** A process that runs tests with one mutant switched on after the other. */
export class JudgeProcess {
  readonly #process: ChildProcess;

  /** For the built project in `folder`. With `mutant` that one is on from the start, while modules are loaded, too. */
  constructor(folder: string, mutant?: number) {
    const env = { ...process.env };
    if (mutant !== undefined) env['DROVER_MUTANT'] = String(mutant);
    const program = join(folder, 'dist/test/mutation/judge.js');
    const execArgv = ['--disable-warning=ExperimentalWarning', '--max-old-space-size=2048'];
    this.#process = fork(program, { cwd: folder, env, execArgv, stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
  }

  /** Within so many seconds of processor time. Whoever gave no answer is ended. */
  async ask(question: Question, seconds = Number.POSITIVE_INFINITY): Promise<Answer | typeof NO_ANSWER> {
    const judge = this.#process;
    const limit = processorTime(judge.pid) + seconds;
    let last = Date.now();
    let used = 0;
    return new Promise((resolve) => {
      const settle = (answer: Answer | typeof NO_ANSWER): void => {
        clearInterval(timer);
        judge.off('message', settle);
        judge.off('exit', gone);
        if (answer === NO_ANSWER) this.end();
        resolve(answer);
      };
      const gone = (): void => settle(NO_ANSWER);
      const timer = setInterval(() => {
        const now = processorTime(judge.pid);
        if (now > used) {
          last = Date.now();
          used = now;
        }
        if (now > limit || Date.now() - last > STILL_MS) settle(NO_ANSWER);
      }, LOOK_MS);
      judge.on('message', settle);
      judge.on('exit', gone);
      judge.send(question);
    });
  }

  end(): void {
    this.#process.kill('SIGKILL');
  }
}

/** Of a process, in seconds; 0 when it has ended. */
function processorTime(pid = 0): number {
  try {
    // After the name, which may hold anything: state, ppid, … The 12th and 13th are user and system time.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
  } catch {
    return 0;
  }
}
