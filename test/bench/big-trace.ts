import { createHash } from 'node:crypto';
import { closeSync, openSync, readFileSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

/** `4711  1795197672.075366 `: the digits of the seconds are what a copy changes. */
const STAMP = /^ *\d+ +(?=(\d{10})\.\d{6} )/gm;
const SECONDS_DIGITS = 10;

/** A capture that can be repeated with its times moved on. */
export interface Repeatable {
  readonly bytes: Buffer;
  /** Where the seconds of each stamped line stand. */
  readonly offsets: readonly number[];
  readonly seconds: readonly number[];
  /** Whole seconds from the first stamp to beyond the last one. */
  readonly period: number;
}

/** Finds the stamps of a `strace -f -ttt` capture, gzipped or not. Throws when it has none. */
export function readRepeatable(stored: Buffer): Repeatable {
  const bytes = stored[0] === 0x1f && stored[1] === 0x8b ? gunzipSync(stored) : stored;
  const offsets: number[] = [];
  const seconds: number[] = [];
  for (const match of bytes.toString('latin1').matchAll(STAMP)) {
    offsets.push(match.index + match[0].length);
    seconds.push(Number(match[1]));
  }
  if (seconds.length === 0) throw new Error('the capture has no epoch stamps (-f -ttt)');
  return { bytes, offsets, seconds, period: Math.max(...seconds) - Math.min(...seconds) + 2 };
}

/** The capture once more, `copy` periods later. Only digits of seconds differ. Uses the memory of `into`. */
export function writeCopy({ bytes, offsets, seconds, period }: Repeatable, copy: number, into: Buffer): void {
  bytes.copy(into);
  offsets.forEach((offset, index) => {
    into.write(
      String((seconds[index] as number) + copy * period).padStart(SECONDS_DIGITS, '0'),
      offset,
      SECONDS_DIGITS,
      'latin1',
    );
  });
}

/** A stamp of the monotonic clock, in nanoseconds, as drover's programs for bpftrace print it. */
const KERNEL_STAMP = /^((?:event=\w+ )?ts=)(\d+)/gm;

/** Makes copies of what a program for bpftrace printed; what stands in front of its first call stands there once. */
export function kernelCopies(printed: string): (copy: number) => Buffer {
  const first = printed.search(/^ts=/m);
  const head = printed.slice(0, first);
  const body = printed.slice(first).replace(/^event=end .*\n|^@.*\n/gm, '');
  const stamps = Array.from(body.matchAll(KERNEL_STAMP), ([, , stamp]) => Number(stamp));
  if (first < 0 || stamps.length === 0) throw new Error('the capture has no lines that begin with ts=');
  const period = Math.max(...stamps) - Math.min(...stamps) + 1_000_000;
  return (copy) => {
    const moved = body.replace(KERNEL_STAMP, (_, key: string, stamp: string) => key + (Number(stamp) + copy * period));
    return Buffer.from(copy === 0 ? head + moved : moved, 'latin1');
  };
}

function straceCopies(stored: Buffer): (copy: number) => Buffer {
  const repeatable = readRepeatable(stored);
  const written = Buffer.alloc(repeatable.bytes.length);
  return (copy) => {
    writeCopy(repeatable, copy, written);
    return written;
  };
}

/**
 * Builds a capture of at least `size` bytes out of copies of `sample` and gives its path; a file that is there already
 * is used again.
 */
export function bigTrace(sample: string, size: number): string {
  const stored = readFileSync(sample);
  const hash = createHash('sha256').update(stored).digest('hex').slice(0, 12);
  const path = join(tmpdir(), `drover-bench-${hash}-${size}.strace`);
  if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) >= size) return path;
  const copies = sample.includes('.bpftrace')
    ? kernelCopies(gunzipSync(stored).toString('latin1'))
    : straceCopies(stored);
  const unfinished = `${path}.${process.pid}`;
  const descriptor = openSync(unfinished, 'w', 0o600);
  try {
    for (let index = 0, written = 0; written < size; index++) written += writeSync(descriptor, copies(index));
    renameSync(unfinished, path);
  } finally {
    closeSync(descriptor);
    rmSync(unfinished, { force: true });
  }
  return path;
}
