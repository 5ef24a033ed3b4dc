import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { type CodeFrame, codeFrame } from '../../../trace/code-frame.ts';

/** Code that a process made while it runs lies there: `7fb6a9fc72e6 1c8 JS:*render /srv/server.js:88:13`. */
const LINE = /^([0-9a-f]{1,16}) ([0-9a-f]{1,8}) (.{1,400})$/;
const MOST_BYTES = 64 * 1_048_576;
/** Kinds of code and tiers of V8 stand in front of the name. */
const SCRIPT = /^(?:JS|LazyCompile|Function|Eval|Script):[*~^+-]?(\S*) (?:file:\/\/)?(.+?):(\d+)(?::\d+)?$/;
/** CPython from 3.12 on, with -X perf. */
const PYTHON = /^py::(.+?):(\/.+)$/;

/**
 * Finds in the text of a perf map what lies at these addresses. The process writes that file, so nothing of it is
 * believed but names. Gives null for an address that is not in it.
 */
export function readPerfMap(text: string, addresses: readonly bigint[]): readonly (CodeFrame | null)[] {
  const found: (CodeFrame | null)[] = addresses.map(() => null);
  for (let at = 0; at < text.length; ) {
    const end = text.indexOf('\n', at);
    const [, start, size, name = ''] = LINE.exec(text.slice(at, end < 0 ? text.length : end)) ?? [];
    at = end < 0 ? text.length : end + 1;
    if (start === undefined || size === undefined) continue;
    const first = BigInt(`0x${start}`);
    const behind = first + BigInt(`0x${size}`);
    // A later line tells of code that took the place of older one.
    for (const [index, address] of addresses.entries())
      if (address >= first && address < behind) found[index] = frameOf(name);
  }
  return found;
}

function frameOf(name: string): CodeFrame {
  const [, script, file, line] = SCRIPT.exec(name) ?? [];
  if (script !== undefined && file !== undefined) return codeFrame(script, file, Number(line));
  const [, own, source] = PYTHON.exec(name) ?? [];
  return own !== undefined && source !== undefined ? codeFrame(own, source, 0) : codeFrame(name, '', 0);
}

/** The text of a file that a stranger may have put there; '' for a link, for no plain file, and for one too large. */
export function readStrangersFile(path: string): string {
  let descriptor: number;
  try {
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch {
    // There is none, as a rule.
    return '';
  }
  try {
    const status = fstatSync(descriptor);
    if (!status.isFile() || status.size > MOST_BYTES) return '';
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
