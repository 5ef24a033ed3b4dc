import { closeSync, fstatSync, lstatSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { OPEN_FLAGS } from './file-bytes.ts';
import { errorCode, failureReason, InputError, kindOf } from './input-error.ts';
import { reasonAgainst } from './trace-directory.ts';
import type { FactTexts, LeftOutFile } from './trace-input.ts';

/** Names of what `drover recipe` and `drover record` write into a directory. */
const TRACE_NAMES = ['trace.strace', 'trace.bpftrace'].flatMap((name) => [
  name,
  `${name}.gz`,
  `${name}.zst`,
  `${name}.xz`,
]);
const FACTS = { before: 'facts-before.txt', after: 'facts-after.txt' } as const;
/** Sockets of a busy host are many, but not so many. */
const MOST_FACTS = 64_000_000;

interface CaptureDirectory {
  readonly trace: string;
  readonly facts: FactTexts;
  /** Files of the capture that cannot be read. */
  readonly leftOut: readonly LeftOutFile[];
}

/**
 * The trace and the facts of a directory that a recipe made; null for any other directory. Throws `InputError` when it
 * is one and its trace cannot be read.
 */
export function readCaptureDirectory(directory: string): CaptureDirectory | null {
  const leftOut: LeftOutFile[] = [];
  const there = TRACE_NAMES.map((name) => join(directory, name)).filter(isThere);
  for (const trace of there) {
    const against = reasonAgainst(trace);
    if (against === null) {
      const [before, after] = [join(directory, FACTS.before), join(directory, FACTS.after)];
      return {
        trace,
        facts: { before: textOf(before, leftOut), after: textOf(after, leftOut), paths: [before, after] },
        leftOut,
      };
    }
    leftOut.push({ path: trace, ...against });
  }
  const [first] = leftOut;
  if (first !== undefined)
    throw new InputError(`Cannot read ${first.path}: ${first.reason}.`, { reason: first.reason });
  return null;
}

/** Whether a recipe made it, or somebody who names a trace as recipes do. */
export function isCaptureDirectory(directory: string): boolean {
  return TRACE_NAMES.some((name) => isThere(join(directory, name)));
}

/** Whether a file of this name belongs to the capture of its directory. */
export function isNameOfCapture(name: string): boolean {
  return TRACE_NAMES.includes(name) || name === FACTS.before || name === FACTS.after;
}

function isThere(path: string): boolean {
  try {
    lstatSync(path);
    return true;
  } catch (error) {
    if (errorCode(error) === '') throw error;
    return false;
  }
}

/** Facts help; a trace without them is read all the same. */
function textOf(path: string, leftOut: LeftOutFile[]): string {
  if (!isThere(path)) return '';
  try {
    const descriptor = openSync(path, OPEN_FLAGS);
    try {
      const status = fstatSync(descriptor);
      // A named pipe would be waited for.
      if (status.isFile()) return readFileSync(descriptor, 'latin1').slice(0, MOST_FACTS);
      leftOut.push({ code: 'skipped-file', path, reason: `it is ${kindOf(status)}` });
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    if (errorCode(error) === '') throw error;
    leftOut.push({ code: 'read-error', path, reason: failureReason(error) });
  }
  return '';
}
