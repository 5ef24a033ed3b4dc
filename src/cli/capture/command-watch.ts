import { type ChildProcess, spawn } from 'node:child_process';
import { show } from '../../output/show.ts';
import { UsageError } from '../options/usage-error.ts';

const EVERY_MS = 5_000;
/** A check that does not end has failed. */
const PATIENCE_MS = 10_000;

/** Runs a program again and again, and says when it begins to fail. No shell is between. */
export class CommandWatch {
  readonly #words: readonly [string, ...string[]];
  readonly #tell: (reason: string) => void;
  #timer: NodeJS.Timeout | undefined;
  #child: ChildProcess | null = null;
  #isFailing = false;
  #isOver = false;

  private constructor(words: readonly [string, ...string[]], tell: (reason: string) => void) {
    this.#words = words;
    this.#tell = tell;
  }

  /** Starts with one run. Throws `UsageError` when there is no such program. */
  static async start(
    words: readonly [string, ...string[]],
    tell: (reason: string) => void,
    everyMs = EVERY_MS,
  ): Promise<CommandWatch> {
    const watch = new CommandWatch(words, tell);
    const { isMissing, failure } = await watch.#run();
    if (isMissing)
      throw new UsageError(`${words[0]} cannot be started: ${failure}.`, {
        hint: 'cmd: takes a program and its words. No shell reads them.',
      });
    watch.#judge(failure);
    watch.#timer = setInterval(() => {
      if (watch.#child === null) void watch.#run().then((result) => watch.#judge(result.failure));
    }, everyMs);
    return watch;
  }

  end(): void {
    this.#isOver = true;
    clearInterval(this.#timer);
    this.#child?.kill('SIGKILL');
  }

  #judge(failure: string): void {
    const begins = failure !== '' && !this.#isFailing;
    this.#isFailing = failure !== '';
    if (begins && !this.#isOver) this.#tell(`${show(this.#words[0])} failed: ${failure}`);
  }

  /** How it failed, '' when it did not. */
  #run(): Promise<{ readonly failure: string; readonly isMissing: boolean }> {
    const [program, ...words] = this.#words;
    return new Promise((resolve) => {
      const child = spawn(program, words, { stdio: 'ignore' });
      this.#child = child;
      let isLate = false;
      const force = setTimeout(() => {
        isLate = true;
        child.kill('SIGKILL');
      }, PATIENCE_MS);
      const settle = (failure: string, isMissing: boolean): void => {
        clearTimeout(force);
        this.#child = null;
        resolve({ failure, isMissing });
      };
      child.once('error', ({ message }) => settle(message, child.pid === undefined));
      child.once('close', (code, signal) => {
        if (isLate) settle(`no end within ${PATIENCE_MS / 1_000} s`, false);
        else settle(code === 0 ? '' : (signal ?? `exit code ${code}`), false);
      });
    });
  }
}
