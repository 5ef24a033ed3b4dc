import { gunzipped } from './gunzipped.ts';
import { InputError } from './input-error.ts';
import { throughProgram } from './through-program.ts';
import type { SourceDiagnostic } from './trace-input.ts';
import { asUtf8, type WideText, wideTextOf } from './wide-text.ts';

/** `zstd`, `xz` and `bzip2` are read by the program of that name. */
type Compression = 'gzip' | 'zstd' | 'xz' | 'bzip2';

const LONGEST_MAGIC = 6;

/** What the first bytes say, whatever the name of the file is. */
export function packedAs(head: Buffer): Compression | WideText | 'none' {
  if (startsWith(head, [0x1f, 0x8b])) return 'gzip';
  if (startsWith(head, [0x28, 0xb5, 0x2f, 0xfd])) return 'zstd';
  if (startsWith(head, [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00])) return 'xz';
  // "BZh", a level, and the first digits of pi: "BZh" alone could begin a text.
  if (startsWith(head, [0x42, 0x5a, 0x68]) && startsWith(head.subarray(4), [0x31, 0x41])) return 'bzip2';
  return wideTextOf(head) ?? 'none';
}

/**
 * Passes plain text through, unpacks compressed one and puts UTF-16 into UTF-8. Ends early, with a diagnostic, where
 * the compressed data break off.
 */
export async function* decompressed(
  raw: AsyncIterator<Buffer>,
  name: string,
  report: (diagnostic: SourceDiagnostic) => void,
): AsyncGenerator<Buffer> {
  const head = await firstBytes(raw);
  const whole = resumed(head, raw);
  const packed = packedAs(head);
  if (packed === 'none' || isWide(packed)) yield* inUtf8(whole, packed);
  else {
    const text = unpacked(whole, packed, name, report);
    const begin = await firstBytes(text);
    yield* inUtf8(resumed(begin, text), wideTextOf(begin) ?? 'none');
  }
}

function isWide(packed: Compression | WideText): packed is WideText {
  return packed === 'utf-16le' || packed === 'utf-16be';
}

function inUtf8(text: AsyncGenerator<Buffer>, encoding: WideText | 'none'): AsyncGenerator<Buffer> {
  return encoding === 'none' ? text : asUtf8(text, encoding);
}

async function* unpacked(
  whole: AsyncGenerator<Buffer>,
  compression: Compression,
  name: string,
  report: (diagnostic: SourceDiagnostic) => void,
): AsyncGenerator<Buffer> {
  let yielded = false;
  const broken = (reason: string): void => {
    if (!yielded)
      throw new InputError(
        `Cannot read ${name}: it is ${compression} data, and no byte of it can be unpacked (${reason}).`,
      );
    report({ code: 'truncated-compression', text: `the ${compression} data break off: ${reason}` });
  };
  for await (const chunk of compression === 'gzip'
    ? gunzipped(whole, broken)
    : throughProgram(whole, compression, name, broken)) {
    yielded = true;
    yield chunk;
  }
}

/** Enough of the beginning to recognise a compression; a copy only when the first chunk is too short. */
async function firstBytes(raw: AsyncIterator<Buffer>): Promise<Buffer> {
  let head: Buffer = Buffer.alloc(0);
  while (head.length < LONGEST_MAGIC) {
    const step = await raw.next();
    if (step.done === true) return head;
    head = head.length === 0 && step.value.length >= LONGEST_MAGIC ? step.value : Buffer.concat([head, step.value]);
  }
  return head;
}

async function* resumed(head: Buffer, raw: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  try {
    if (head.length > 0) yield head;
    for (let step = await raw.next(); step.done !== true; step = await raw.next()) yield step.value;
  } finally {
    await raw.return?.();
  }
}

function startsWith(bytes: Buffer, magic: readonly number[]): boolean {
  return magic.every((byte, index) => bytes[index] === byte);
}
