import { closeSync, createReadStream, createWriteStream, openSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import split2 from 'split2';
import type { Argv } from './launch.ts';
import { readParents, readProcess } from './process-facts.ts';

/** How a tracer ended. */
export interface TracerEnd {
  /** Exit code of the launcher: 124 when its time was over; null after a signal. */
  readonly code: number | null;
  readonly signal: string | null;
}

/** Longer than `timeout` itself waits before it kills. */
const FORCE_SLACK_MS = 1_500;
/** So long an orphan may take to end. */
const ORPHAN_PATIENCE_MS = 1_000;
/** Lines that are kept of what a tracer says. */
const LAST_WORDS = 20;
/** Longer lines are no message; split2 knows both options, its types only the first. */
const MESSAGE_LINES = { maxLength: 65_536, skipOverflow: true };

interface TracerOptions {
  readonly command: Argv;
  /** Takes what the tracer says. */
  readonly log: string;
  /**
   * Where its stdout goes: into the log as well, to the end of another file, or with stderr to ours, for a program that
   * runs under the tracer.
   */
  readonly stdout: 'log' | 'ours' | { readonly path: string };
  readonly environment?: Readonly<Record<string, string>>;
}

/** A tracer that attached is asked to leave; a program that runs under one, to end. */
export interface StopManner {
  readonly signal: 'SIGINT' | 'SIGTERM';
  readonly patienceMs: number;
  /** A SIGINT is repeated: bpftrace does not hear one that comes within 50 ms of its start. */
  readonly repeatMs: number;
  /** So long after its start it hears nothing. */
  readonly deafMs: number;
}

/**
 * A running tracer under its guards (see `guarded`), in a session of its own, so that no key pressed in the terminal
 * reaches it.
 */
export class Tracer {
  /** The outermost program; its process group holds all of them. */
  readonly pid: number;
  readonly ended: Promise<TracerEnd>;
  readonly #log: string;
  #isOver = false;
  #finalWords: Promise<readonly string[]> | null = null;

  private constructor(pid: number, ended: Promise<TracerEnd>, log: string) {
    this.pid = pid;
    this.#log = log;
    this.ended = ended.finally(() => {
      // The log is removed by whoever waits for the end.
      this.#finalWords = lastLines(log);
      this.#isOver = true;
      return this.#finalWords;
    });
  }

  /** Starts it. Throws when the outermost program cannot be started. */
  static async start({ command: [program, ...words], log, stdout, environment }: TracerOptions): Promise<Tracer> {
    // Imported here because it costs 80 ms of the start.
    const { execa } = await import('execa');
    const said = lend(log);
    const written = typeof stdout === 'object' ? lend(stdout.path) : said;
    try {
      const child = execa(program, words, {
        detached: true,
        stdin: 'ignore',
        stdout: stdout === 'ours' ? 2 : written.stream,
        stderr: stdout === 'ours' ? 2 : said.stream,
        buffer: false,
        reject: false,
        // The death signal ends it, also where Node has no time to; and a clean-up of execa would be a SIGTERM in the
        // middle of a detach.
        cleanup: false,
        ...(environment === undefined ? {} : { env: environment }),
      });
      const ended = Promise.resolve(child).then((result) => ({
        code: result.exitCode ?? null,
        signal: result.signal ?? null,
        failure: child.pid === undefined ? result.message : '',
      }));
      if (child.pid === undefined) throw new Error((await ended).failure);
      return new Tracer(child.pid, ended, log);
    } finally {
      for (const { descriptor } of new Set([said, written])) closeSync(descriptor);
    }
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** The tracing program itself, below its guards, or 0 while there is none. */
  findPid(): number {
    for (const [pid, parent] of readParents()) if (parent === this.pid) return pid;
    return 0;
  }

  /** The last lines that it said. */
  lastWords(): Promise<readonly string[]> {
    return this.#finalWords ?? lastLines(this.#log);
  }

  /** Asks it to end and waits; kills it when it does not within `patienceMs` and a little more. */
  async stop({ signal, patienceMs, repeatMs }: StopManner): Promise<void> {
    const started = performance.now();
    for (let asked = 0; !this.#isOver; asked++) {
      const isLate = performance.now() - started > patienceMs + FORCE_SLACK_MS;
      if (isLate) this.#signal('SIGKILL');
      else if (asked === 0 || signal === 'SIGINT') this.#signal(signal);
      await Promise.race([this.ended, pause(repeatMs)]);
      if (isLate) return;
    }
  }

  /** Ends it at once; the kernel detaches it. */
  kill(): void {
    this.#signal('SIGKILL');
  }

  #signal(signal: 'SIGINT' | 'SIGTERM' | 'SIGKILL'): void {
    if (this.#isOver) return;
    try {
      // The whole group: after its first SIGINT `timeout` passes on no other, and `timeout` alone may have been killed.
      process.kill(-this.pid, signal);
    } catch {
      // It ended a moment ago.
    }
  }
}

/**
 * Ends a tracing program whose guards are gone: when `timeout` was killed and strace was not, strace goes on without a
 * limit. Settles at once where none is left of that name.
 */
export async function endOrphan(pid: number, name: string): Promise<void> {
  if (readProcess(pid)?.name !== name) return;
  for (const signal of ['SIGINT', 'SIGKILL'] as const) {
    if (readProcess(pid) === null) return;
    try {
      process.kill(pid, signal);
    } catch {
      // It ended a moment ago.
    }
    await pause(ORPHAN_PATIENCE_MS);
  }
}

/**
 * A stream that lends its descriptor to a child. Nothing ever passes through it: the tracer must never wait for drover
 * to read what it says.
 */
function lend(path: string) {
  const descriptor = openSync(path, 'a');
  return { descriptor, stream: createWriteStream(path, { fd: descriptor, autoClose: false }) };
}

/** The last lines of a log, however long it has become. */
async function lastLines(log: string): Promise<readonly string[]> {
  const lines: string[] = [];
  try {
    const messages = split2(MESSAGE_LINES);
    const said = createReadStream(log).on('error', (error) => messages.destroy(error));
    for await (const line of said.pipe(messages)) {
      if (lines.push(line) > LAST_WORDS) lines.shift();
    }
  } catch {
    // Nobody can have said anything into a file that is gone.
  }
  return lines;
}
