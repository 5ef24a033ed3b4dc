import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { type CodeFrame, codeFrame } from '../../../trace/code-frame.ts';

/** Code that a process made while it runs lies there: `7fb6a9fc72e6 1c8 JS:*render /srv/server.js:88:13`. */
const LINE = /^([0-9a-f]{1,16}) ([0-9a-f]{1,8}) (.{1,400})$/;
const MOST_BYTES = 64 * 1_048_576;
/** Kinds of code and tiers of V8 stand in front of the name. */
const SCRIPT = /^(?:JS|LazyCompile|Function|Eval|Script):[*~^+-]?(\S*) (?:file:\/\/)?(.+?):(\d+)(?::\d+)?$/;
/** CPython from 3.12 on, with -X perf. */
const PYTHON = /^py::(.+?):(\/.+)$/;

/** Whoever looks must not be held up: the latest lines are read first. */
const PATIENCE_MS = 250;
const LINES_A_LOOK = 1_024;

/**
 * Finds in the text of a perf map what lies at these addresses. The process writes that file, so nothing of it is
 * believed but names. Gives null for an address that is not in it, or stands further in front than there is time for.
 */
export function readPerfMap(text: string, addresses: readonly bigint[]): readonly (CodeFrame | null)[] {
  const found = new Map<bigint, CodeFrame>();
  const wanted = [...new Set(addresses)].sort((a, b) => (a < b ? -1 : 1));
  const deadline = performance.now() + PATIENCE_MS;
  let lines = 0;
  // A later line tells of code that took the place of older one: the last one that names an address is right.
  for (let end = text.length; end > 0 && wanted.length > 0; ) {
    if (++lines % LINES_A_LOOK === 0 && performance.now() > deadline) break;
    const begin = text.lastIndexOf('\n', end - 1) + 1;
    const [, start, size, name = ''] = LINE.exec(text.slice(begin, end)) ?? [];
    end = begin - 1;
    if (start === undefined || size === undefined) continue;
    const first = BigInt(`0x${start}`);
    const from = indexFrom(wanted, first);
    const to = indexFrom(wanted, first + BigInt(`0x${size}`));
    if (to <= from) continue;
    const frame = frameOf(name);
    for (const address of wanted.splice(from, to - from)) found.set(address, frame);
  }
  return addresses.map((address) => found.get(address) ?? null);
}

/** Where the first of these sorted addresses stands that is not below that one. */
function indexFrom(sorted: readonly bigint[], address: bigint): number {
  let low = 0;
  for (let high = sorted.length; low < high; ) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] ?? 0n) < address) low = middle + 1;
    else high = middle;
  }
  return low;
}

function frameOf(name: string): CodeFrame {
  const [, script, file, line] = SCRIPT.exec(name) ?? [];
  if (script !== undefined && file !== undefined) return codeFrame(script, file, Number(line));
  const [, own, source] = PYTHON.exec(name) ?? [];
  return own !== undefined && source !== undefined ? codeFrame(own, source, 0) : codeFrame(name, '', 0);
}

/**
 * The text of a file that a stranger may have put there; '' unless it is a plain file of root or that user, under one
 * name, and not too large.
 */
export function readStrangersFile(path: string, userId: number): string {
  let descriptor: number;
  try {
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch {
    // There is none, as a rule.
    return '';
  }
  try {
    const status = fstatSync(descriptor);
    const isOwn = status.uid === 0 || status.uid === userId;
    if (!status.isFile() || !isOwn || status.nlink !== 1 || status.size > MOST_BYTES) return '';
    const bytes = Buffer.alloc(status.size);
    const read = readSync(descriptor, bytes, 0, bytes.length, 0);
    return bytes.toString('latin1', 0, read);
  } catch {
    // It went away in between.
    return '';
  } finally {
    closeSync(descriptor);
  }
}
