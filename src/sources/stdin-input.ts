import { fstatSync, type Stats } from 'node:fs';
import { ByteInput } from './byte-input.ts';
import { readAhead } from './file-bytes.ts';
import { chunkSizeFor } from './file-input.ts';
import { cannotRead } from './input-error.ts';
import type { TraceInput } from './trace-input.ts';

const STDIN = 0;
const NAME = 'stdin';

/** What is piped or redirected into the process. Throws `InputError` when it was started with stdin closed. */
export function stdinInput(chunkBytes: number): TraceInput {
  const status = stdinStatus();
  const isFile = status.isFile();
  const read = () => (isFile ? readAhead(STDIN, chunkSizeFor(STDIN, chunkBytes)) : process.stdin);
  return new ByteInput({ name: NAME, tid: undefined, sizeBytes: isFile ? status.size : null, rereadable: false, read });
}

function stdinStatus(): Stats {
  try {
    return fstatSync(STDIN);
  } catch (error) {
    throw cannotRead(NAME, error);
  }
}
