import { closeSync, constants, fstatSync, openSync, type Stats, write } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { kindOf } from './destination.ts';
import { errorCode } from './failure-reason.ts';
import { entryStatus, Inputs, identityOf } from './file-identity.ts';
import { cannotWrite, OutputError } from './output-error.ts';

const writeSome = promisify(write);

/** A shell starts the reader of a named pipe at about the same time. */
const READER_WITHIN_MS = 1_000;
const LOOK_EVERY_MS = 20;
/** A pipe that is full says so instead of waiting. */
const FULL = 'EAGAIN';
/** Nobody reads from a named pipe, or nobody is behind a device. */
const NOBODY = 'ENXIO';
/** `/dev/stdout`, `/dev/fd/63` of `>(command)`: descriptors that this process was started with. */
const DESCRIPTOR = /^\/(?:dev|proc\/self)\/(?:fd\/(?<number>\d{1,9})|(?<name>stdout|stderr))$/;

/** Something open that takes bytes and keeps no file: a pipe, a terminal, a device, or what the shell opened. */
export class StreamOutput {
  readonly #path: string;
  readonly #descriptor: number;
  readonly #isOwn: boolean;

  private constructor(path: string, descriptor: number, isOwn: boolean) {
    this.#path = path;
    this.#descriptor = descriptor;
    this.#isOwn = isOwn;
  }

  /** Opens what has this name; null when that is a file, or nothing. Throws `OutputError`. */
  static async open(path: string, inputs: readonly string[]): Promise<StreamOutput | null> {
    const { number, name } = DESCRIPTOR.exec(path)?.groups ?? {};
    if (number !== undefined) return StreamOutput.#inherited(path, Number(number), inputs);
    if (name !== undefined) return StreamOutput.#inherited(path, name === 'stdout' ? 1 : 2, inputs);
    try {
      const status = entryStatus(path);
      if (status === null || status.isFile() || status.isDirectory() || status.isSymbolicLink()) return null;
      if (status.isBlockDevice() || status.isSocket()) throw notAnOutput(path, kindOf(status));
      return new StreamOutput(path, await openSpecial(path), true);
    } catch (error) {
      // Whoever makes a file of this name says why it cannot be looked at.
      if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ENOTDIR') return null;
      throw cannotWrite(path, error);
    }
  }

  static #inherited(path: string, descriptor: number, inputs: readonly string[]): StreamOutput {
    demandNoInput(path, descriptor, inputs);
    return new StreamOutput(path, descriptor, false);
  }

  /**
   * Writes all of it, however slowly it is taken. Throws `OutputError`; of a reader that went away, the error itself
   * (EPIPE).
   */
  async write(data: string | Buffer): Promise<void> {
    const bytes = typeof data === 'string' ? Buffer.from(data) : data;
    try {
      for (let at = 0; at < bytes.length; ) {
        try {
          at += (await writeSome(this.#descriptor, bytes, at, bytes.length - at)).bytesWritten;
        } catch (error) {
          if (errorCode(error) !== FULL) throw error;
          await pause(LOOK_EVERY_MS);
        }
      }
    } catch (error) {
      if (errorCode(error) === 'EPIPE') throw error;
      throw cannotWrite(this.#path, error);
    } finally {
      if (this.#isOwn) closeSync(this.#descriptor);
    }
  }
}

/** Throws `OutputError` when an open descriptor is one of the files that are read, or is not open at all. */
export function demandNoInput(path: string, descriptor: number, inputs: readonly string[]): void {
  try {
    const status = fstatSync(descriptor, { bigint: true });
    if (status.isFile() && new Inputs(inputs).include(identityOf(status)))
      throw new OutputError(`Cannot write to ${path}: it is the trace itself.`, {
        fault: 'name',
        hint: 'Send the report to another file.',
      });
  } catch (error) {
    throw cannotWrite(path, error);
  }
}

/** Opens a pipe or a device without waiting in a thread, which could not be ended by Ctrl-C. */
async function openSpecial(path: string): Promise<number> {
  const flags = constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW | constants.O_NOCTTY;
  const deadline = performance.now() + READER_WITHIN_MS;
  for (;;) {
    try {
      const descriptor = openSync(path, flags);
      if (!isFileOrDisk(fstatSync(descriptor))) return descriptor;
      closeSync(descriptor);
      throw notAnOutput(path, 'another file by now');
    } catch (error) {
      if (errorCode(error) !== NOBODY) throw error;
      if (performance.now() > deadline)
        throw new OutputError(`Cannot write ${path}: nobody reads from it.`, {
          fault: 'place',
          hint: 'Start its reader first.',
          cause: error,
        });
      await pause(LOOK_EVERY_MS);
    }
  }
}

/** What was put in the place of a pipe since it was looked at. */
function isFileOrDisk(status: Stats): boolean {
  return status.isFile() || status.isBlockDevice();
}

function notAnOutput(path: string, kind: string): OutputError {
  return new OutputError(`Cannot write ${path}: it is ${kind}.`, { fault: 'name', hint: 'Name a new file.' });
}
