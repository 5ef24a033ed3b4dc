import { constants } from 'node:fs';
import { access, type FileHandle, open, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errorCode, failureReason } from '../sources/input-error.ts';
import { UsageError } from './usage-error.ts';

/** Traces hold what clients sent: nobody else needs to read a report. */
const OWNER_ONLY = 0o600;

/** Finds out before hours of trace are read that the result could not be kept. Throws `UsageError`. */
export async function checkOutput(path: string, inputs: readonly string[]): Promise<void> {
  const existing = await statusOf(path);
  if (existing?.isDirectory())
    throw new UsageError(`Cannot write ${path}: it is a directory.`, {
      hint: `Name a file in it: -o ${path.replace(/\/$/, '')}/report.txt`,
    });
  for (const input of inputs) {
    const status = await statusOf(input);
    if (existing !== null && status !== null && status.ino === existing.ino && status.dev === existing.dev) {
      throw new UsageError(`Cannot write ${path}: it is the trace itself.`, { hint: 'Give -o another name.' });
    }
  }
  try {
    await access(existing === null ? dirname(path) : path, constants.W_OK);
  } catch (error) {
    throw new UsageError(`Cannot write ${path}: ${failureReason(error)}.`, { cause: error });
  }
}

/** Writes the whole text to the file, which only its owner may read, or to stdout. */
export async function writeResult(text: string, path: string | undefined): Promise<void> {
  if (path === undefined) {
    await new Promise<void>((resolve, reject) =>
      process.stdout.write(text, (error) => (error ? reject(cannotWriteStdout(error)) : resolve())),
    );
    return;
  }
  let file: FileHandle | undefined;
  try {
    file = await open(path, 'w', OWNER_ONLY);
    // A file that was there keeps its mode otherwise.
    if ((await file.stat()).isFile()) await file.chmod(OWNER_ONLY);
    await file.writeFile(text);
  } catch (error) {
    throw new UsageError(`Cannot write ${path}: ${failureReason(error)}.`, { cause: error });
  } finally {
    await file?.close();
  }
}

/** What to say about an error of stdout; a reader that went away (EPIPE) stays what it is. */
export function cannotWriteStdout(error: Error): Error {
  return errorCode(error) === 'EPIPE' ? error : new UsageError(`Cannot write the report: ${failureReason(error)}.`, { cause: error });
}

async function statusOf(path: string) {
  try {
    return await stat(path);
  } catch {
    // A name that cannot be looked at is no obstacle here: opening it tells why.
    return null;
  }
}
