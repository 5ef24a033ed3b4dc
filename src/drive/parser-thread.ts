import { statSync } from 'node:fs';
import { Worker } from 'node:worker_threads';

/** Starting a thread takes about 30 ms: smaller inputs are read faster without. */
export const WORTH_A_THREAD = 16_000_000;

let prepared: Worker | null = null;

/** Starts the thread that will parse these files, if they are one large file, while this thread still loads its own modules. */
export function prepareParserThread(files: readonly string[]): void {
  const [path] = files;
  if (path === undefined || files.length > 1) return;
  const status = statSync(path, { throwIfNoEntry: false });
  if (status?.isFile() && status.size >= WORTH_A_THREAD) prepared ??= start();
}

/** A thread that waits for its `ParserTask`: the prepared one, once, or a new one. */
export function parserThread(): Worker {
  const thread = prepared ?? start();
  prepared = null;
  thread.ref();
  return thread;
}

function start(): Worker {
  const thread = new Worker(new URL('./parser-worker.js', import.meta.url));
  // A thread that nobody asks for does not keep the process alive.
  thread.unref();
  return thread;
}
