import type { Call } from '../../../trace/record.ts';
import { MILLISECOND, type Nanoseconds } from '../../../trace/time.ts';
import type { Descriptor } from '../../machine/descriptors.ts';
import { PerDescriptor, PerProcess } from '../../machine/owned-state.ts';
import { type Process, standsFor } from '../../machine/process.ts';
import type { Thread } from '../../machine/thread.ts';

/** Pipes that are known by what `-y` prints of them. */
const MOST_PIPES = 4_096;

/** Without a name a pipe is known by what goes through it: so many bytes of the last few messages. */
const COMPARED_BYTES = 32;
const MOST_SENT = 16;
const LEAST_BYTES = 4;
/** A message that was written earlier is another one of the same bytes. */
const LATEST: Nanoseconds = 50 * MILLISECOND;

/** What a parent wrote to something that has no name, or a child of it read. */
interface Message {
  /** The parent. */
  readonly by: Process;
  readonly descriptor: Descriptor;
  readonly size: number;
  readonly bytes: string;
  readonly start: Nanoseconds;
  readonly end: Nanoseconds;
}

/** A pipe, and who writes to it. */
export class Pipe {
  #writer: Process | null = null;
  /** Another one that wrote, which may turn out to be the same process. */
  #second: Process | null = null;
  #hasMore = false;

  wrote(process: Process): void {
    if (this.#writer === null) this.#writer = process;
    else if (this.writer !== process) {
      if (!this.isShared) this.#second = process;
      else if (this.#second !== null && standsFor(this.#second) !== process) this.#hasMore = true;
    }
  }

  /** Several processes write to it: they report something, or pass a token on. */
  get isShared(): boolean {
    return this.#hasMore || (this.#second !== null && standsFor(this.#second) !== this.writer);
  }

  /** The first process that was seen to write to it; null where nobody was. */
  get writer(): Process | null {
    return this.#writer === null ? null : standsFor(this.#writer);
  }
}

const pipes = new PerDescriptor<Pipe>();
/** The last messages of a process that has children, and what those read of which nobody knows who wrote it. */
const sent = new PerProcess<readonly Message[]>();
const heard = new PerProcess<readonly Message[]>();

/** Whether nothing tells what a descriptor is that was open before the capture. */
export function isNameless({ kind, label, seenOpening }: Descriptor): boolean {
  return kind === 'unknown' && label === '' && !seenOpening;
}

/**
 * A parent wrote to something that has no name. Files of one thread each (`-ff`) have the read that this ended first.
 */
export function notesMessage(call: Call, { process }: Thread, to: Descriptor): void {
  const message = process.forks === 0 ? null : messageOf(call, process, to);
  if (message === null) return;
  sent.set(process, [...(sent.of(process) ?? []).slice(1 - MOST_SENT), message]);
  const reader = heard.of(process)?.findLast((each) => isOne(message, each));
  if (reader !== undefined) join(message, reader);
}

/** A child read what its parent had just written: what both use is one pipe. */
export function notesRead(call: Call, { process }: Thread, from: Descriptor): void {
  const { parent } = process;
  const message = parent === null || parent.forks === 0 ? null : messageOf(call, parent, from);
  if (parent === null || message === null) return;
  const writer = sent.of(parent)?.findLast((each) => isOne(each, message));
  if (writer !== undefined) join(writer, message);
  else heard.set(parent, [...(heard.of(parent) ?? []).slice(1 - MOST_SENT), message]);
}

function messageOf(
  { result: size, arguments: told, start, end }: Call,
  by: Process,
  descriptor: Descriptor,
): Message | null {
  const bytes = size < LEAST_BYTES ? '' : (told.payload(COMPARED_BYTES) ?? '');
  return bytes === '' ? null : { by, descriptor, size, bytes, start, end };
}

function isOne(written: Message, read: Message): boolean {
  const { end } = read;
  return (
    written.size === read.size &&
    written.bytes === read.bytes &&
    isNameless(read.descriptor) &&
    written.start <= end &&
    end - written.start < LATEST
  );
}

function join(written: Message, read: Message): void {
  const pipe = pipes.of(written.descriptor) ?? pipes.set(written.descriptor, new Pipe());
  written.descriptor.kind = 'pipe';
  read.descriptor.kind = 'pipe';
  pipes.set(read.descriptor, pipe);
  pipe.wrote(standsFor(written.by));
}

/** The pipes of a capture: both ends of one are found by its inode, or by the call that made it. */
export class Pipes {
  readonly #byLabel = new Map<string, Pipe>();

  /** Null for what is no pipe, and for one of which the capture does not tell the other end. */
  of(descriptor: Descriptor): Pipe | null {
    const known = pipes.of(descriptor);
    if (known !== undefined) return known;
    const { kind, label, otherEnd } = descriptor;
    if (kind !== 'pipe') return null;
    const made = label !== '' ? this.#labelled(label) : otherEnd === null ? null : (pipes.of(otherEnd) ?? new Pipe());
    if (made === null) return null;
    return pipes.set(descriptor, made);
  }

  #labelled(label: string): Pipe | null {
    const known = this.#byLabel.get(label);
    if (known !== undefined) return known;
    if (this.#byLabel.size >= MOST_PIPES) return null;
    const made = new Pipe();
    this.#byLabel.set(label, made);
    return made;
  }
}
