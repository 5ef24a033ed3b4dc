import { readdirSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { shellWord } from '../trace/shell-word.ts';
import { cannotRead, errorCode, failureReason, InputError, kindOf } from './input-error.ts';
import type { LeftOutFile } from './trace-input.ts';

/** A file of a `strace -ff` set: `trace.4711`, or packed since then: `trace.4711.gz`. */
interface ThreadFile {
  readonly path: string;
  readonly tid: number;
}

/** The files of a directory that `strace -ff` wrote, and what to tell about the others. */
interface TraceDirectory {
  readonly files: readonly ThreadFile[];
  readonly leftOut: readonly LeftOutFile[];
  readonly notices: readonly string[];
}

const THREAD_FILE = /^(?<set>.+)\.(?<tid>[1-9]\d{0,9})(?:\.(?:gz|zst|xz|bz2))?$/;
/** What `capture.sh` makes beside its directory, to be copied. */
const TAR = /\.(?:tar(?:\.(?:gz|zst|xz|bz2))?|tgz)$/i;
/** A host, no set of files: `10.0.0.17`. */
const ADDRESS = /^\d{1,3}(?:\.\d{1,3}){3}(?:\.(?:gz|zst|xz|bz2))?$/;
const NAMES_SHOWN = 3;

/** The thread that the name of a `-ff` file tells, or undefined. */
export function tidInName(path: string): number | undefined {
  const tid = partsOf(basename(path))?.tid;
  return tid === undefined ? undefined : Number(tid);
}

/** The set that a `-ff` file belongs to (`trace` of `trace.4711`), or undefined for any other name. */
export function setInName(name: string): string | undefined {
  return partsOf(name)?.set;
}

function partsOf(name: string): { readonly set: string; readonly tid: string } | undefined {
  const { set, tid } = (ADDRESS.test(name) ? null : THREAD_FILE.exec(name))?.groups ?? {};
  return set === undefined || tid === undefined ? undefined : { set, tid };
}

/**
 * Lists the `-ff` files of a directory, in the order of their thread numbers. Throws `InputError` when there are none.
 */
export function listTraceDirectory(directory: string): TraceDirectory {
  const files: ThreadFile[] = [];
  const sets = new Map<string, number>();
  const others: string[] = [];
  const unread: LeftOutFile[] = [];
  for (const entry of entriesOf(directory)) {
    const path = join(directory, entry.name);
    const parts = entry.isDirectory() ? undefined : partsOf(entry.name);
    if (parts === undefined) {
      others.push(path);
      continue;
    }
    const against = entry.isFile() ? null : reasonAgainst(path);
    if (against !== null) {
      unread.push({ path, ...against });
      continue;
    }
    const { set, tid } = parts;
    sets.set(set, (sets.get(set) ?? 0) + 1);
    files.push({ path, tid: Number(tid) });
  }
  const parts = rotatedParts([...others, ...files.map(({ path }) => path)]);
  if (parts !== null) throw rotated(parts);
  if (files.length === 0 && unread.length === 0) throw noThreadFiles(directory, others);
  files.sort((a, b) => a.tid - b.tid || (a.path < b.path ? -1 : 1));
  const notices: string[] = [];
  if (sets.size > 1) {
    const list = someOf([...sets].map(([set, count]) => `${set}.* (${count})`));
    notices.push(
      `${directory} holds ${sets.size} sets of files, read as one trace: ${list}. ` +
        'To read one set alone, name its files.',
    );
  }
  if (others.length > 0)
    notices.push(
      `Not read in ${directory}, because their names are not NAME.PID: ` +
        `${someOf(others.map((path) => basename(path)))}.`,
    );
  return { files, leftOut: [...others.map(namedOtherwise), ...unread], notices };
}

function entriesOf(directory: string) {
  try {
    return readdirSync(directory, { withFileTypes: true });
  } catch (error) {
    throw cannotRead(directory, error);
  }
}

function namedOtherwise(path: string): LeftOutFile {
  return { code: 'skipped-file', path, reason: '' };
}

/**
 * Why a file of a directory cannot be read, as far as that is known without opening it: `it is a named pipe`; null when
 * it can.
 */
export function reasonAgainst(path: string): { readonly code: LeftOutFile['code']; readonly reason: string } | null {
  try {
    const status = statSync(path);
    return status.isFile() ? null : { code: 'skipped-file', reason: `it is ${kindOf(status)}` };
  } catch (error) {
    // The directory lists it, so what is missing is what it points to.
    const isDangling = errorCode(error) === 'ENOENT';
    return {
      code: 'read-error',
      reason: isDangling ? 'it is a link to a file that is not there, or was removed' : failureReason(error),
    };
  }
}

/** More parts of one capture nobody keeps; larger numbers are of threads. */
const MOST_ROTATED = 100;

/**
 * The parts of a capture that was rotated, the oldest first: `trace.log.2`, `trace.log.1`, `trace.log`, packed or not;
 * null where these files are none. `strace -ff` writes no file without a number.
 */
export function rotatedParts(paths: readonly string[]): readonly string[] | null {
  const known = new Set(paths);
  for (const path of paths) {
    // Of forty thousand files of threads each has a number.
    if (partsOf(basename(path)) !== undefined) continue;
    const numbered = paths
      .flatMap((other) => {
        const { set, tid } = partsOf(basename(other)) ?? {};
        return set === basename(path) && dirname(other) === dirname(path) ? [{ path: other, tid: Number(tid) }] : [];
      })
      .sort((a, b) => b.tid - a.tid);
    const count = numbered.length;
    if (count > 0 && count <= MOST_ROTATED && known.has(path) && numbered.every(({ tid }, at) => tid === count - at))
      return [...numbered.map((part) => part.path), path];
  }
  return null;
}

/** The parts would be read side by side, or in part: halves of one call lie in two of them. */
export function rotated(parts: readonly string[]): InputError {
  const cat = parts.some((path) => path.endsWith('.gz')) ? 'zcat -f' : 'cat';
  const [name = ''] = parts.toReversed();
  return new InputError(`${name} and the files with numbers behind it are parts of one capture, which was rotated.`, {
    hint: `Read them one behind the other: ${cat} ${parts.map(shellWord).join(' ')} | drover analyze -`,
  });
}

function noThreadFiles(directory: string, others: readonly string[]): InputError {
  const message = `${directory} holds no files named NAME.PID, as strace -ff writes them.`;
  const packed = others.filter((path) => TAR.test(path));
  const [first] = packed;
  const folder = shellWord(directory.replace(/(?<=.)\/+$/, ''));
  if (first !== undefined) {
    const unpack =
      packed.length === 1
        ? `tar -xf ${shellWord(first)} -C ${folder}`
        : `for each in ${folder}/*.t*; do tar -xf "$each" -C ${folder}; done`;
    return new InputError(message, { hint: `Unpack: ${unpack} && drover ${folder}` });
  }
  const hint = others.length > 0 ? `Name the trace itself: ${someOf(others)}.` : 'The directory is empty.';
  return new InputError(message, { hint });
}

/** `a, b, c and 4 more`. */
export function someOf(names: readonly string[]): string {
  const shown = names.slice(0, NAMES_SHOWN).join(', ');
  return names.length > NAMES_SHOWN ? `${shown} and ${names.length - NAMES_SHOWN} more` : shown;
}
