import { fstatSync, openSync, readFileSync, type Stats } from 'node:fs';
import { isatty } from 'node:tty';
import { ByteInput } from './byte-input.ts';
import { OPEN_FLAGS, readAhead } from './file-bytes.ts';
import { chunkSizeFor, tellEnd } from './file-input.ts';
import { cannotRead } from './input-error.ts';
import type { SourceDiagnostic, TraceInput } from './trace-input.ts';

const STDIN = 0;
/** What the input is called in sentences. */
export const STDIN_NAME = 'stdin';

/** What is piped or redirected into the process. Throws `InputError` when it was started with stdin closed. */
export function stdinInput(chunkBytes: number): TraceInput {
  const status = stdinStatus();
  const sizeBytes = status.isFile() ? status.size : null;
  const read = (tell: (diagnostic: SourceDiagnostic) => void) => {
    if (status.isFile() && status.size > 0) return readRedirected(chunkBytes, status.size, tell);
    return status.isFIFO() || status.isSocket() || isatty(STDIN) ? piped() : readAhead(withoutWaiting(), chunkBytes);
  };
  return new ByteInput({ name: STDIN_NAME, tid: undefined, sizeBytes, rereadable: false, read });
}

/** Ends what is piped in where it is; nothing where nothing is. */
let endPiped = (): void => undefined;

/**
 * Whoever pipes into this process was told to end as well (Ctrl-C goes to both): what it still says within `graceMs` is
 * read, and then standard input is at its end.
 */
export function endStdin(graceMs: number): void {
  setTimeout(() => endPiped(), graceMs).unref();
}

async function* piped(): AsyncGenerator<Buffer> {
  const over = new Promise<null>((resolve) => {
    endPiped = () => resolve(null);
  });
  const chunks = process.stdin[Symbol.asyncIterator]();
  for (;;) {
    const next = chunks.next();
    // Nobody waits for it any more once the input was ended.
    next.catch(() => undefined);
    const step = await Promise.race([next, over]);
    if (step === null) process.stdin.destroy();
    if (step === null || step.done === true) return;
    yield step.value;
  }
}

function stdinStatus(): Stats {
  try {
    return fstatSync(STDIN);
  } catch (error) {
    throw cannotRead(STDIN_NAME, error);
  }
}

/** A regular file, from where whoever redirected it left off. */
async function* readRedirected(
  chunkBytes: number,
  size: number,
  tell: (diagnostic: SourceDiagnostic) => void,
): AsyncGenerator<Buffer> {
  const wanted = size - Math.min(size, offsetOfStdin());
  let done = 0;
  for await (const chunk of readAhead(STDIN, chunkSizeFor(STDIN, chunkBytes), wanted)) {
    done += chunk.length;
    yield chunk;
  }
  tellEnd(wanted, done, wanted + fstatSync(STDIN).size - size, tell);
}

function offsetOfStdin(): number {
  try {
    return Number(/^pos:\s*(\d+)/m.exec(readFileSync(`/proc/self/fdinfo/${STDIN}`, 'latin1'))?.[1] ?? 0);
  } catch {
    // Without /proc nobody tells; a shell opens a file at its beginning.
    return 0;
  }
}

/**
 * A device or a file of the kernel: opened anew, so that reading does not wait and nobody else who has it open notices.
 */
function withoutWaiting(): number {
  try {
    return openSync(`/proc/self/fd/${STDIN}`, OPEN_FLAGS);
  } catch {
    // Opened by somebody with more rights: read as it is.
    return STDIN;
  }
}
