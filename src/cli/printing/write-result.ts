import { fstatSync, readFileSync } from 'node:fs';
import type { DestinationOptions } from '../../files/destination.ts';
import { errorCode, failureReason } from '../../files/failure-reason.ts';
import { OutputError, wayOut } from '../../files/output-error.ts';
import { oneLine } from './one-line.ts';

/** Where a report goes. */
export interface Output {
  /** Writes all of it, once. Throws `OutputError`; of a reader that went away, the error itself (EPIPE). */
  write(text: string): Promise<void>;
}

interface OutputFlags {
  /** `-o`; standard output unless given. */
  readonly output?: string;
  readonly force?: boolean;
  /** No notice of a standard output that leads nowhere. */
  readonly quiet?: boolean;
}

const STDOUT = 1;
/** What programs call standard output where they want a name. */
const STDOUT_NAME = '-';
/** Linux: major 1, minor 3. */
const NULL_DEVICE = 0x103;
const ACCESS_MODE = 0o3;
const READ_AND_WRITE = 0o2;

/**
 * Finds out, before hours of trace are read, that the report can be kept, and that it replaces none of the inputs.
 * Throws `OutputError`.
 */
export async function openOutput({ output, force, quiet }: OutputFlags, inputs: readonly string[]): Promise<Output> {
  if (output === undefined || output === STDOUT_NAME) {
    await checkOtherStdout(inputs);
    if (quiet !== true) noticeWhenClosed();
    return { write: toStdout };
  }
  return openFile(output, { option: '-o', force: force === true, inputs });
}

/** The same for a name: a new file, or something that takes bytes, as `/dev/fd/3`. Throws `OutputError`. */
export async function openFile(path: string, options: DestinationOptions): Promise<Output> {
  const { StreamOutput } = await import('../../files/stream-output.ts');
  const stream = await StreamOutput.open(path, options.inputs);
  if (stream !== null) return stream;
  const { Destination } = await import('../../files/destination.ts');
  const destination = Destination.find(path, options);
  return { write: async (text) => destination.write(text) };
}

/** Writes the whole text to standard output. Throws as `Output` does. */
export async function writeStdout(text: string): Promise<void> {
  noticeWhenClosed();
  await toStdout(text);
}

/** Says a sentence on stderr, unless nobody wants notices. */
export function notices({ quiet }: { readonly quiet?: boolean | undefined }): (sentence: string) => void {
  return (sentence) => {
    if (quiet !== true) process.stderr.write(`drover: ${sentence.split('\n').map(oneLine).join('\n')}\n`);
  };
}

/** What to say about an error of stdout; a reader that went away (EPIPE) stays what it is. */
export function cannotWriteStdout(error: Error): Error {
  if (errorCode(error) === 'EPIPE' || error instanceof OutputError) return error;
  return new OutputError(`Cannot write the report: ${failureReason(error)}.`, {
    fault: 'place',
    hint: wayOut(error),
    cause: error,
  });
}

/** `drover trace >> trace` would grow while it is read. */
async function checkOtherStdout(inputs: readonly string[]): Promise<void> {
  if (inputs.length === 0 || !fstatSync(STDOUT).isFile()) return;
  const { demandNoInput } = await import('../../files/stream-output.ts');
  demandNoInput('standard output', STDOUT, inputs);
}

async function toStdout(text: string): Promise<void> {
  await new Promise<void>((resolve, reject) =>
    process.stdout.write(text, (error) => (error ? reject(cannotWriteStdout(error)) : resolve())),
  );
}

function noticeWhenClosed(): void {
  if (isStdoutClosed())
    process.stderr.write(
      'drover: Standard output is closed, or leads to /dev/null: nobody receives what drover prints.\n',
    );
}

/**
 * Whether standard output seems to be closed. Node puts `/dev/null`, opened for reading and writing, in the place of a
 * closed one (`>&-`). Programs that start others do the same for an output that they do not want, so this is no error;
 * `> /dev/null` of a shell is opened for writing only.
 */
function isStdoutClosed(): boolean {
  try {
    if (fstatSync(STDOUT).rdev !== NULL_DEVICE) return false;
    const flags = Number.parseInt(
      /^flags:\s*([0-7]+)/m.exec(readFileSync(`/proc/self/fdinfo/${STDOUT}`, 'latin1'))?.[1] ?? '0',
      8,
    );
    return (flags & ACCESS_MODE) === READ_AND_WRITE;
  } catch {
    // What cannot be looked at is found out by writing to it.
    return false;
  }
}
