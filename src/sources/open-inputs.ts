import { realpathSync, statSync } from 'node:fs';
import { readCaptureDirectory } from './capture-directory.ts';
import { fileInput } from './file-input.ts';
import { cannotRead, InputError } from './input-error.ts';
import { leftOutNotices, nothingReadable } from './left-out.ts';
import { stdinInput } from './stdin-input.ts';
import { listTraceDirectory, rotated, rotatedParts, tidInName } from './trace-directory.ts';
import type { InputSet, LeftOutFile, TraceInput } from './trace-input.ts';

/** Measured: below 512 KiB the reading falls behind the parser, above 1 MiB nothing is gained. */
const CHUNK_BYTES = 1_048_576;
const SMALLEST_CHUNK_BYTES = 4_096;
/** What the chunks of all inputs together may take, three a file. */
const ALL_CHUNKS_BYTES = 25_165_824;
/** More files than this are not held open between chunks. */
const MOST_HELD_OPEN = 128;

/**
 * Makes the inputs of one trace from what the user named: files, directories of `strace -ff` files, or `-` for stdin.
 * Reads nothing yet.
 */
export function openInputs(operands: readonly string[]): InputSet {
  if (operands.length === 1 && operands[0] === '-')
    return { kind: 'stdin', paths: ['-'], inputs: [stdinInput(CHUNK_BYTES)], leftOut: [], notices: [] };
  const leftOut: LeftOutFile[] = [];
  const notices: string[] = [];
  const [only = ''] = operands;
  const captured = operands.length === 1 && isDirectory(only) ? readCaptureDirectory(only) : null;
  if (captured !== null) {
    const { trace, facts, leftOut } = captured;
    return {
      kind: 'file',
      paths: operands,
      inputs: [fileInput(trace, { chunkBytes: CHUNK_BYTES, reopen: false, isOneOfSeveral: false, tid: undefined })],
      leftOut,
      notices: leftOutNotices(leftOut),
      facts,
    };
  }
  const parts = operands.length > 1 ? rotatedParts(operands) : null;
  if (parts !== null) throw rotated(parts);
  const named = operands.flatMap((operand) => filesOf(operand, leftOut, notices));
  const files = withoutRepeats(named, notices);
  const reopen = files.length > MOST_HELD_OPEN;
  const share =
    Math.floor(ALL_CHUNKS_BYTES / 3 / Math.max(files.length, 1) / SMALLEST_CHUNK_BYTES) * SMALLEST_CHUNK_BYTES;
  const chunkBytes = Math.min(CHUNK_BYTES, Math.max(SMALLEST_CHUNK_BYTES, share));
  const inputs: TraceInput[] = [];
  for (const { path, tid, isMember } of files) {
    try {
      inputs.push(fileInput(path, { chunkBytes, reopen, isOneOfSeveral: files.length > 1, tid }));
    } catch (error) {
      // What the user named must be there; what lies in a directory may come and go.
      if (!isMember || !(error instanceof InputError)) throw error;
      leftOut.push({ code: 'read-error', path, reason: error.reason });
    }
  }
  if (inputs.length === 0) throw nothingReadable(operands, leftOut);
  notices.push(...leftOutNotices(leftOut));
  return { kind: 'file', paths: operands, inputs, leftOut, notices };
}

interface NamedFile {
  readonly path: string;
  readonly tid: number | undefined;
  /** Found in a directory that the user named. */
  readonly isMember: boolean;
}

function filesOf(operand: string, leftOut: LeftOutFile[], notices: string[]): readonly NamedFile[] {
  if (!isDirectory(operand)) return [{ path: operand, tid: tidInName(operand), isMember: false }];
  const directory = listTraceDirectory(operand);
  leftOut.push(...directory.leftOut);
  notices.push(...directory.notices);
  return directory.files.map((file) => ({ ...file, isMember: true }));
}

function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch (error) {
    throw cannotRead(path, error);
  }
}

/** A file that is named twice would count every call twice. */
export function withoutRepeats<File extends { readonly path: string }>(
  named: readonly File[],
  notices: string[],
): File[] {
  const files: File[] = [];
  const seen = new Set<string>();
  for (const file of named) {
    const real = realPath(file.path);
    if (seen.has(real)) notices.push(`${file.path} was named twice and is read once.`);
    else files.push(file);
    seen.add(real);
  }
  return files;
}

/** A file that is gone meanwhile is told of when it is opened. */
function realPath(path: string): string {
  try {
    return realpathSync.native(path);
  } catch {
    // Whoever opens it reports why.
    return path;
  }
}
