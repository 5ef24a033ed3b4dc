import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { errorCode } from './input-error.ts';
import type { FactTexts } from './trace-input.ts';

/** Names of what `drover recipe` and `drover record` write into a directory. */
const TRACE_NAMES = ['trace.strace', 'trace.bpftrace'].flatMap((name) => [name, `${name}.gz`, `${name}.zst`, `${name}.xz`]);
const FACTS = { before: 'facts-before.txt', after: 'facts-after.txt' } as const;
/** Sockets of a busy host are many, but not so many. */
const MOST_FACTS = 64_000_000;

export interface CaptureDirectory {
  readonly trace: string;
  readonly facts: FactTexts;
}

/** The trace and the facts of a directory that a recipe made; null for any other directory. */
export function readCaptureDirectory(directory: string): CaptureDirectory | null {
  const trace = TRACE_NAMES.map((name) => join(directory, name)).find((path) => existsSync(path));
  if (trace === undefined) return null;
  const [before, after] = [join(directory, FACTS.before), join(directory, FACTS.after)];
  return { trace, facts: { before: textOf(before), after: textOf(after), paths: [before, after] } };
}

/** Facts help; a trace without them is read all the same. */
function textOf(path: string): string {
  try {
    return readFileSync(path, 'latin1').slice(0, MOST_FACTS);
  } catch (error) {
    if (errorCode(error) === '') throw error;
    return '';
  }
}
