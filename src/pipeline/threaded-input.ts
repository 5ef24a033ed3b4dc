import { MessageChannel, type MessagePort, type Worker } from 'node:worker_threads';
import { argumentsOfLine, StraceArguments } from '../../parsers/arguments/strace-arguments.ts';
import { BatchReader } from '../../parsers/columns/batch-reader.ts';
import {
  type DiagnosticCount,
  emptyAccount,
  emptyFlags,
  type LineAccount,
  type TraceFlags,
  type TraceFormat,
} from '../../parsers/format.ts';
import type { LaneNumbers } from '../../parsers/lanes.ts';
import type { TraceInput } from '../sources/trace-input.ts';
import type { Call, TraceRecord } from '../trace/record.ts';
import { syscall } from '../trace/syscalls.ts';
import type { TimeOrigin } from '../trace/time.ts';
import { MemoryScarce } from './memory-watch.ts';
import type { OpenParser } from './opened-input.ts';
import type { ParserAnswer, ParserCall, ParserRequest, ParserTask } from './parser-messages.ts';
import { parserThread } from './parser-thread.ts';
import type { PeekedInput } from './peeked-input.ts';

/**
 * Chunks that are with the parser thread or being analysed here: enough for each thread to go on while the other one
 * collects garbage or is compiled. One fewer than the buffers of `readAhead`, which fills a chunk's memory anew after
 * that many further ones.
 */
const UNDER_WAY = 6;

/** Where several share the thread: one fewer than the buffers of each of several files. */
const UNDER_WAY_EACH = 2;

/** A thread that parses several inputs, and the numbers that are left to the lanes of this one. */
export interface SharedPlace {
  readonly thread: Worker;
  readonly laneNumbers: LaneNumbers;
}

/**
 * The first chunk goes in pieces: both threads run slowly until they are compiled, so let them do that at the same
 * time.
 */
const FIRST_PIECE = 131_072;

/**
 * An input that is parsed in a thread of its own, while this thread analyses the records of the chunk before. Records
 * cross as numbers in shared memory; the report is the same as without the thread.
 */
export class ThreadedInput {
  readonly input: TraceInput;
  readonly format: TraceFormat;
  readonly parser: OpenParser;
  readonly #mirror: Mirror;
  /** The thread is its own, and ends with it. */
  readonly #isAlone: boolean;
  readonly #worker: Worker;
  readonly #port: MessagePort;
  readonly #failed: (error: Error) => void;
  readonly #underWay: number;
  readonly #rest: AsyncIterator<Buffer>;
  /** What was read to recognise the format, in pieces that are still to be sent. */
  readonly #peeked: Buffer[];
  readonly #chunks: Buffer[] = [];
  #sentEnd = false;
  readonly #answers: ParserAnswer[] = [];
  #wake: (() => void) | null = null;
  #failure: Error | null = null;

  /** Without a `place` it has a thread of its own. */
  constructor(peeked: PeekedInput, format: TraceFormat, origin: TimeOrigin, place: SharedPlace | null = null) {
    const { input, read, head, rest } = peeked;
    this.input = input;
    this.format = format;
    this.#rest = rest;
    this.#underWay = place === null ? UNDER_WAY : UNDER_WAY_EACH;
    this.#peeked = piecesOf(inSharedMemory(read));
    this.#mirror = new Mirror(input.name, origin);
    this.parser = this.#mirror;
    const task: ParserTask = {
      format: format.id,
      file: input.name,
      tid: input.tid,
      laneNumbers: place?.laneNumbers ?? { first: 0, step: 1 },
      origin,
      head: Uint8Array.from(head),
      slots: this.#underWay + 1,
      chunkBytes: read.length,
    };
    this.#isAlone = place === null;
    this.#worker = place?.thread ?? parserThread();
    const { port1: here, port2: there } = new MessageChannel();
    this.#port = here;
    here.on('message', (answer: ParserAnswer) => {
      this.#answers.push(answer);
      this.#wake?.();
    });
    this.#failed = (error) => {
      this.#failure = error;
      this.#wake?.();
    };
    this.#worker.on('error', this.#failed);
    const call: ParserCall = { task, port: there };
    this.#worker.postMessage(call, [there]);
  }

  /** Gives the thread as much as may be under way. */
  async begin(): Promise<void> {
    while (!this.#sentEnd && this.#chunks.length < this.#underWay) await this.#send();
  }

  /** Waits for the next batch of records. False when there are no more. */
  async refill(): Promise<boolean> {
    await this.begin();
    const chunk = this.#chunks.shift();
    if (chunk === undefined) return false;
    const answer = await this.#answer();
    if (answer.end !== null) await this.abandon();
    this.#mirror.load(answer, chunk);
    return true;
  }

  async abandon(): Promise<void> {
    this.#sentEnd = true;
    this.#port.close();
    this.#worker.off('error', this.#failed);
    if (this.#isAlone) await this.#worker.terminate();
    else await this.#rest.return?.();
  }

  async #send(): Promise<void> {
    let chunk = this.#peeked.shift() ?? null;
    if (chunk === null) {
      const step = await this.#rest.next();
      chunk = step.done === true ? null : step.value;
    }
    const shared = chunk === null ? null : inSharedMemory(chunk);
    this.#sentEnd = shared === null;
    this.#chunks.push(shared ?? Buffer.alloc(0));
    const request: ParserRequest = shared;
    this.#port.postMessage(request);
  }

  async #answer(): Promise<ParserAnswer> {
    for (;;) {
      if (this.#failure !== null) throw isOutOfMemory(this.#failure) ? new MemoryScarce() : this.#failure;
      const answer = this.#answers.shift();
      if (answer !== undefined) return answer;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = null;
    }
  }
}

function isOutOfMemory(error: Error & { readonly code?: string }): boolean {
  return error.code === 'ERR_WORKER_OUT_OF_MEMORY';
}

function piecesOf(chunk: Buffer): Buffer[] {
  const count = Math.ceil(chunk.length / FIRST_PIECE);
  return Array.from({ length: count }, (_, i) => chunk.subarray(i * FIRST_PIECE, (i + 1) * FIRST_PIECE));
}

function inSharedMemory(chunk: Buffer): Buffer {
  if (chunk.buffer instanceof SharedArrayBuffer) return chunk;
  const shared = Buffer.from(new SharedArrayBuffer(chunk.length));
  chunk.copy(shared);
  return shared;
}

/** What this thread knows of the parser in the other one. */
class Mirror implements OpenParser {
  readonly #reader: BatchReader;
  readonly #origin: TimeOrigin;
  #latest: ParserAnswer | null = null;

  constructor(file: string, origin: TimeOrigin) {
    this.#reader = new BatchReader(file);
    this.#origin = origin;
  }

  load(answer: ParserAnswer, chunk: Buffer): void {
    this.#latest = answer;
    Object.assign(this.#origin, answer.origin);
    this.#reader.load(answer.batch, chunk);
    for (const { lane, file, line, text } of answer.end?.lastLines ?? [])
      this.#reader.lane(lane).lastLine = { file, line, text };
  }

  next(): TraceRecord | null {
    return this.#reader.next();
  }

  get flags(): TraceFlags {
    return this.#latest?.flags ?? NO_FLAGS;
  }

  get account(): LineAccount {
    return this.#latest?.account ?? NO_LINES;
  }

  get diagnostics(): ReadonlyMap<string, DiagnosticCount> {
    return this.#latest?.diagnostics ?? new Map();
  }

  *inFlight(): Iterable<Call> {
    for (const { args, returned, ...call } of this.#latest?.end?.inFlight ?? []) {
      const called = syscall(call.syscall);
      yield {
        ...call,
        lane: this.#reader.lane(call.lane),
        syscall: called,
        arguments: new StraceArguments({ syscall: called, args, returned }),
        previousArguments: (previous) => argumentsOfLine(call.previousText, previous),
      };
    }
  }
}

const NO_FLAGS = emptyFlags();
const NO_LINES = emptyAccount();
