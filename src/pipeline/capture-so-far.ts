import { closeSync, fstatSync, openSync, read } from 'node:fs';
import { promisify } from 'node:util';
import type { TraceInput } from '../sources/trace-input.ts';
import type { AnalysisSights } from './analysis-messages.ts';

const readInto = promisify(read);
const CHUNK_BYTES = 1_048_576;
/** A line that is not at its end is looked for in as much of the end of the file. */
const TAIL_BYTES = 65_536;
const UNFINISHED = ' <unfinished ...>\n';

export interface CaptureEnds extends Pick<AnalysisSights, 'lines' | 'lastIsOpen'> {
  /** Where it begins in the file, and the lines that stand in front of that; all of the file unless given. */
  readonly begin?: { readonly offset: number; readonly opening: string };
}

export interface CaptureSoFar extends TraceInput {
  /** All of it was given. */
  readonly isOver: boolean;
}

/**
 * A capture that still grows, as it would be if it ended now: the whole lines that are there, and behind them what was
 * seen of the processes.
 */
export function captureSoFar(
  name: string,
  path: string,
  { lines, lastIsOpen, begin = { offset: 0, opening: '' } }: CaptureEnds,
): CaptureSoFar {
  let bytesRead = 0;
  let isOver = false;
  return {
    name,
    sizeBytes: null,
    get bytesRead() {
      return bytesRead;
    },
    get isOver() {
      return isOver;
    },
    rereadable: false,
    diagnostics: [],
    async *chunks() {
      const descriptor = openSync(path, 'r');
      try {
        const { size } = fstatSync(descriptor);
        const tail = await readAt(descriptor, Math.max(0, size - TAIL_BYTES), size);
        const partial = tail.subarray(tail.lastIndexOf(10) + 1);
        const whole = size - partial.length;
        if (begin.opening !== '') yield Buffer.from(begin.opening, 'latin1');
        for (let at = begin.offset; at < whole; ) {
          const chunk = await readAt(descriptor, at, Math.min(whole, at + CHUNK_BYTES));
          if (chunk.length === 0) break;
          at += chunk.length;
          bytesRead += chunk.length;
          yield chunk;
        }
        const isOpen = lastIsOpen && partial.length > 0;
        yield Buffer.from(`${isOpen ? partial.toString('latin1') + UNFINISHED : ''}${lines}`, 'latin1');
        isOver = true;
      } finally {
        closeSync(descriptor);
      }
    },
  };
}

async function readAt(descriptor: number, from: number, to: number): Promise<Buffer> {
  const buffer = Buffer.alloc(to - from);
  const { bytesRead } = await readInto(descriptor, buffer, 0, buffer.length, from);
  return buffer.subarray(0, bytesRead);
}
