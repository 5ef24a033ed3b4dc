import { statSync } from 'node:fs';
import { Worker } from 'node:worker_threads';

/** Starting a thread takes about 30 ms: smaller inputs are read faster without. */
export const WORTH_A_THREAD = 16_000_000;

/** Records cross as numbers in shared memory: little is made here that dies young. */
const YOUNG_MB = 12;

let prepared: Worker | null = null;

/**
 * Starts the thread that will parse these files, if they are one large file, while this thread still loads its own
 * modules.
 */
export function prepareParserThread(files: readonly string[]): void {
  const [path] = files;
  if (path !== undefined && files.length === 1 && isWorthAThread(path)) prepared ??= start();
}

function isWorthAThread(path: string): boolean {
  try {
    const status = statSync(path);
    return status.isFile() && status.size >= WORTH_A_THREAD;
  } catch {
    // Whoever opens it says why it cannot be read.
    return false;
  }
}

/** A thread that waits for its `ParserTask`: the prepared one, once, or a new one. */
export function parserThread(): Worker {
  const thread = prepared ?? start();
  prepared = null;
  thread.ref();
  return thread;
}

function start(): Worker {
  const thread = new Worker(new URL('./parser-worker.js', import.meta.url), {
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB },
  });
  // Each of the files that it parses hears of its end.
  thread.setMaxListeners(0);
  // A thread that nobody asks for does not keep the process alive.
  thread.unref();
  return thread;
}
