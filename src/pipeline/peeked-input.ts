import { setTimeout as pause } from 'node:timers/promises';
import { beginOfTrace, describeUnknown } from '../../parsers/not-a-trace.ts';
import { packingOf, Unpacking } from '../../parsers/packed-lines.ts';
import { detectFormat } from '../../parsers/registry.ts';
import { InputError } from '../sources/input-error.ts';
import { isTar, onlyFileOf } from '../sources/tar-member.ts';
import type { TraceInput } from '../sources/trace-input.ts';

/** What a format is recognised by: some hundred lines. */
const HEAD_BYTES = 65_536;
const SMALLEST_HEAD_BYTES = 4_096;
const LINE_END = 10;
/** What the heads of all inputs of a large set may take together: all of them may be open at once. */
const ALL_HEADS_BYTES = 16_777_216;

/** So much of a text is searched for a trace, of one that was named: of a folder of logs that would take long. */
const MOST_TEXT_BEFORE = 16_777_216;
const MOST_SEARCHED = 8;

/** An input whose beginning was read. */
export interface PeekedInput {
  readonly input: TraceInput;
  /**
   * Everything read so far; empty for an empty input. Its memory stays as it is until two chunks of `rest` were asked
   * for.
   */
  readonly read: Buffer;
  /** The part of `read` that formats are recognised by: its beginning, or that of the trace in it. */
  readonly head: Buffer;
  readonly rest: AsyncIterableIterator<Buffer>;
  /** Codes of diagnostics: what was done to the lines before they are read. */
  readonly told: readonly string[];
}

/**
 * Reads the beginning of one of `count` inputs; lines that are packed in others are taken out, unless the user names
 * the columns of the lines as they are. Throws `InputError` when nothing can be read.
 */
export async function peek(input: TraceInput, count: number, columns?: readonly string[]): Promise<PeekedInput> {
  const headBytes =
    input.headBytes ?? Math.max(SMALLEST_HEAD_BYTES, Math.min(HEAD_BYTES, Math.floor(ALL_HEADS_BYTES / count)));
  let { read, rest } = await beginOf(input, input.chunks(), headBytes);
  if (isTar(read)) {
    const archive = read.subarray(0, headBytes);
    const several = (): InputError => {
      const what = describeUnknown(archive, input.name);
      return new InputError(`${input.name} holds several files: ${what}`, { reason: `it is ${what}` });
    };
    ({ read, rest } = await beginOf(input, onlyFileOf(joined(read, rest), several), headBytes));
  }
  const head = read.subarray(0, headBytes);
  const packing = columns === undefined ? packingOf(head) : null;
  if (packing === null) {
    const plain: PeekedInput = { input, read, head, rest, told: [] };
    const mayBeBehind = columns === undefined && count <= MOST_SEARCHED && input.headWithinMs === undefined;
    return mayBeBehind && detectFormat(head) === null ? behindText(plain, headBytes) : plain;
  }
  const unpacking = new Unpacking(packing);
  const unpacked = unpacking.push(read);
  return {
    input,
    read: unpacked,
    head: unpacked.subarray(0, headBytes),
    rest: unpackedRest(rest, unpacking),
    told: packing.told ?? [],
  };
}

/** Reads until there is enough to recognise a format by. */
async function beginOf(
  input: TraceInput,
  chunks: AsyncIterableIterator<Buffer>,
  headBytes: number,
): Promise<{ read: Buffer; rest: AsyncIterableIterator<Buffer> }> {
  let rest = chunks;
  let read: Buffer = Buffer.alloc(0);
  let until: number | null = null;
  while (read.length < headBytes) {
    const next = rest.next();
    // In all, and not from one chunk to the next: bpftrace prints a blank line four times a second.
    if (until === null && isKnown(read, input)) until = performance.now() + (input.headWithinMs ?? 0);
    const step = until === null ? await next : await within(Math.max(0, until - performance.now()), next);
    if (step === null) {
      rest = resumed(next, rest);
      break;
    }
    if (step.done === true) break;
    // A whole first chunk is used where it lies; short ones (pipes) are gathered.
    read = read.length === 0 && step.value.length >= headBytes ? step.value : Buffer.concat([read, step.value]);
  }
  return { read, rest };
}

async function* joined(read: Buffer, rest: AsyncIterableIterator<Buffer>): AsyncGenerator<Buffer> {
  yield read;
  yield* rest;
}

/** A trace below other text, as below the log of an application: that text is left out, in empty lines. */
async function behindText(peeked: PeekedInput, headBytes: number): Promise<PeekedInput> {
  const parts = [Buffer.from(peeked.read)];
  let length = peeked.read.length;
  for (; length < MOST_TEXT_BEFORE; length += parts.at(-1)?.length ?? 0) {
    const step = await peeked.rest.next();
    if (step.done === true) break;
    // Its memory is filled anew.
    parts.push(Buffer.from(step.value));
  }
  const gathered = Buffer.concat(parts);
  const begin = beginOfTrace(gathered);
  if (begin < 0) return { ...peeked, read: gathered };
  const trace = gathered.subarray(begin);
  const lines = linesIn(gathered.subarray(0, begin));
  return {
    ...peeked,
    read: Buffer.concat([Buffer.alloc(lines, LINE_END), trace]),
    head: trace.subarray(0, headBytes),
    told: ['text-before'],
  };
}

function linesIn(bytes: Buffer): number {
  let lines = 0;
  for (let at = bytes.indexOf(LINE_END); at >= 0; at = bytes.indexOf(LINE_END, at + 1)) lines++;
  return lines;
}

/** Whether what there is of an input that grows slowly tells its format: whole lines, without the one being written. */
function isKnown(read: Buffer, { headWithinMs }: TraceInput): boolean {
  if (headWithinMs === undefined) return false;
  const whole = read.subarray(0, read.lastIndexOf(LINE_END) + 1);
  return whole.length > 0 && detectFormat(whole) !== null;
}

/** What comes within that time, or null. */
async function within<Value>(ms: number, promised: Promise<Value>): Promise<Value | null> {
  const waiting = new AbortController();
  const late = pause(ms, null, { signal: waiting.signal }).catch(() => null);
  try {
    return await Promise.race([promised, late]);
  } finally {
    waiting.abort();
  }
}

/** The same chunks, the first of which was asked for already. */
async function* resumed(
  next: Promise<IteratorResult<Buffer>>,
  rest: AsyncIterableIterator<Buffer>,
): AsyncGenerator<Buffer> {
  const first = await next;
  if (first.done === true) return;
  yield first.value;
  yield* rest;
}

async function* unpackedRest(rest: AsyncIterableIterator<Buffer>, unpacking: Unpacking): AsyncGenerator<Buffer> {
  for await (const chunk of rest) {
    const lines = unpacking.push(chunk);
    if (lines.length > 0) yield lines;
  }
  yield unpacking.end();
}

/** Gives up an input that was only looked at. */
export async function leave(peeked: PeekedInput): Promise<void> {
  await peeked.rest.return?.();
}
