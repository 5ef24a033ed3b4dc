import { packingOf, Unpacking } from '../../parsers/packed-lines.ts';
import type { TraceInput } from '../sources/trace-input.ts';

/** What a format is recognised by: some hundred lines. */
const HEAD_BYTES = 65_536;
const SMALLEST_HEAD_BYTES = 4_096;
/** What the heads of all inputs of a large set may take together: all of them may be open at once. */
const ALL_HEADS_BYTES = 16_777_216;

/** An input whose beginning was read. */
export interface PeekedInput {
  readonly input: TraceInput;
  /**
   * Everything read so far; empty for an empty input. Its memory stays as it is until two chunks of `rest` were asked
   * for.
   */
  readonly read: Buffer;
  /** The part of `read` that formats are recognised by. */
  readonly head: Buffer;
  readonly rest: AsyncIterableIterator<Buffer>;
}

/**
 * Reads the beginning of one of `count` inputs; lines that are packed in others are taken out, unless the user names
 * the columns of the lines as they are. Throws `InputError` when nothing can be read.
 */
export async function peek(input: TraceInput, count: number, columns?: readonly string[]): Promise<PeekedInput> {
  const headBytes =
    input.headBytes ?? Math.max(SMALLEST_HEAD_BYTES, Math.min(HEAD_BYTES, Math.floor(ALL_HEADS_BYTES / count)));
  const rest = input.chunks();
  let read: Buffer = Buffer.alloc(0);
  while (read.length < headBytes) {
    const step = await rest.next();
    if (step.done === true) break;
    // A whole first chunk is used where it lies; short ones (pipes) are gathered.
    read = read.length === 0 && step.value.length >= headBytes ? step.value : Buffer.concat([read, step.value]);
  }
  const head = read.subarray(0, headBytes);
  const packing = columns === undefined ? packingOf(head) : null;
  if (packing === null) return { input, read, head, rest };
  const unpacking = new Unpacking(packing);
  const unpacked = unpacking.push(read);
  return { input, read: unpacked, head: unpacked.subarray(0, headBytes), rest: unpackedRest(rest, unpacking) };
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
