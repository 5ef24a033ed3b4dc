import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { cannotRead, InputError } from './input-error.ts';

/** A file of a `strace -ff` set: `trace.4711`, or packed since then: `trace.4711.gz`. */
export interface ThreadFile {
  readonly path: string;
  readonly tid: number;
}

/** The files of a directory that `strace -ff` wrote, and what to tell about the others. */
export interface TraceDirectory {
  readonly files: readonly ThreadFile[];
  /** Paths of the other files. */
  readonly others: readonly string[];
  readonly notices: readonly string[];
}

const THREAD_FILE = /^(?<set>.+)\.(?<tid>[1-9]\d{0,9})(?:\.(?:gz|zst|xz|bz2))?$/;
const NAMES_SHOWN = 3;

/** The thread that the name of a `-ff` file tells, or undefined. */
export function tidInName(path: string): number | undefined {
  const tid = THREAD_FILE.exec(path)?.groups?.tid;
  return tid === undefined ? undefined : Number(tid);
}

/** Lists the `-ff` files of a directory, in the order of their thread numbers. Throws `InputError` when there are none. */
export function listTraceDirectory(directory: string): TraceDirectory {
  const files: ThreadFile[] = [];
  const sets = new Map<string, number>();
  const others: string[] = [];
  for (const entry of entriesOf(directory)) {
    const match = entry.isDirectory() ? null : THREAD_FILE.exec(entry.name);
    if (match === null) {
      others.push(join(directory, entry.name));
      continue;
    }
    const { set = '', tid = '' } = match.groups ?? {};
    sets.set(set, (sets.get(set) ?? 0) + 1);
    files.push({ path: join(directory, entry.name), tid: Number(tid) });
  }
  if (files.length === 0) throw noThreadFiles(directory, others);
  files.sort((a, b) => a.tid - b.tid || (a.path < b.path ? -1 : 1));
  const notices: string[] = [];
  if (sets.size > 1) {
    const list = [...sets].map(([set, count]) => `${set}.* (${count})`).join(', ');
    notices.push(`${directory} holds ${sets.size} sets of files, read as one trace: ${list}. To read one of them, name its files.`);
  }
  if (others.length > 0)
    notices.push(`Not read in ${directory}, for they are not named NAME.PID: ${someOf(others.map((path) => basename(path)))}.`);
  return { files, others, notices };
}

function entriesOf(directory: string) {
  try {
    return readdirSync(directory, { withFileTypes: true });
  } catch (error) {
    throw cannotRead(directory, error);
  }
}

function noThreadFiles(directory: string, others: readonly string[]): InputError {
  const message = `${directory} holds no files named NAME.PID, as strace -ff writes them.`;
  const hint = others.length > 0 ? `Name the trace itself: ${someOf(others)}.` : 'The directory is empty.';
  return new InputError(message, { hint });
}

function someOf(names: readonly string[]): string {
  const shown = names.slice(0, NAMES_SHOWN).join(', ');
  return names.length > NAMES_SHOWN ? `${shown} and ${names.length - NAMES_SHOWN} more` : shown;
}
