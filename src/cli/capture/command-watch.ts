import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { show } from '../../output/show.ts';
import { Offspring } from '../../sources/live/offspring.ts';
import { UsageError } from '../options/usage-error.ts';

const EVERY_MS = 5_000;
/** A check that does not end has failed. */
const PATIENCE_MS = 10_000;

interface WatchTimes {
  readonly everyMs?: number;
  readonly patienceMs?: number;
}

/**
 * Runs a program again and again, and says when it begins to fail. No shell is between. What does not end is killed
 * with all that it started, also when drover is gone; no key pressed in the terminal reaches it.
 */
export class CommandWatch {
  readonly #words: readonly [string, ...string[]];
  readonly #tell: (reason: string) => void;
  readonly #patienceMs: number;
  #timer: NodeJS.Timeout | undefined;
  readonly #offspring = new Offspring();
  #child: ChildProcess | null = null;
  #isFailing = false;
  #isOver = false;

  private constructor(words: readonly [string, ...string[]], tell: (reason: string) => void, patienceMs: number) {
    this.#words = words;
    this.#tell = tell;
    this.#patienceMs = patienceMs;
  }

  /**
   * Starts with a run, for which nobody waits: the server may hang already. Throws `UsageError` when there is no such
   * program.
   */
  static start(
    words: readonly [string, ...string[]],
    tell: (reason: string) => void,
    { everyMs = EVERY_MS, patienceMs = PATIENCE_MS }: WatchTimes = {},
  ): CommandWatch {
    if (!isProgram(words[0]))
      throw new UsageError(`${words[0]} cannot be started: there is no such program.`, {
        hint: 'cmd: takes a program and its words. No shell reads them.',
      });
    const watch = new CommandWatch(words, tell, patienceMs);
    watch.#look();
    watch.#timer = setInterval(() => watch.#look(), everyMs);
    return watch;
  }

  end(): void {
    this.#isOver = true;
    clearInterval(this.#timer);
    if (this.#child !== null) this.#killAll(this.#child);
  }

  #look(): void {
    if (this.#child === null) void this.#run().then((failure) => this.#judge(failure));
  }

  #judge(failure: string): void {
    const begins = failure !== '' && !this.#isFailing;
    this.#isFailing = failure !== '';
    if (begins && !this.#isOver) this.#tell(`${show(this.#words[0])} failed: ${failure}`);
  }

  /** How it failed, '' when it did not. */
  #run(): Promise<string> {
    const [program, ...words] = guardedCheck(this.#words, this.#patienceMs);
    return new Promise((resolve) => {
      const child = spawn(program, words, {
        stdio: 'ignore',
        detached: true,
        env: { ...process.env, ...this.#offspring.environment },
      });
      this.#child = child;
      let isLate = false;
      const force = setTimeout(() => {
        isLate = true;
        this.#killAll(child);
      }, this.#patienceMs);
      const settle = (failure: string): void => {
        clearTimeout(force);
        this.#child = null;
        resolve(failure);
      };
      child.once('error', ({ message }) => settle(message));
      child.once('close', (code, signal) => {
        if (isLate) settle(`it had not ended after ${this.#patienceMs / 1_000} s`);
        else settle(code === 0 ? '' : (signal ?? `exit code ${code}`));
      });
    });
  }

  #killAll({ pid }: ChildProcess): void {
    if (pid !== undefined) this.#offspring.kill(pid);
  }
}

/** `timeout` ends the whole group of a check whose drover is gone or stopped. */
function guardedCheck(words: readonly string[], patienceMs: number): readonly [string, ...string[]] {
  const seconds = String(patienceMs / 1_000 + 1);
  return ['setpriv', '--pdeathsig', 'TERM', 'timeout', '--signal=TERM', '--kill-after=1', seconds, ...words];
}

/** Whether that word starts something: the guards would tell it only as an exit code. */
function isProgram(word: string): boolean {
  const folders = word.includes('/') ? [''] : (process.env.PATH ?? '').split(delimiter);
  return folders.some((folder) => {
    const path = folder === '' ? word : join(folder, word);
    try {
      accessSync(path, constants.X_OK);
      return statSync(path).isFile();
    } catch {
      // Not there, or not for this user.
      return false;
    }
  });
}
