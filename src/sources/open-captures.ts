import { statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { openInputs, withoutRepeats } from './open-inputs.ts';
import { setInName } from './trace-directory.ts';
import type { InputSet } from './trace-input.ts';

/** What was recorded of one server on one host. */
export interface Capture {
  /** What to call the host: the name of the file, or that of its folder where files of several are called alike. */
  readonly host: string;
  readonly set: InputSet;
}

const ENDINGS = /(?:\.(?:gz|zst|xz|bz2|strace|bpftrace|trace|perf|txt|log|out))+$/i;

/**
 * The captures that a user named, one for each host. Files of one `strace -ff` (NAME.PID) and all that a directory
 * holds are one capture; every other file is one of its own, since equal pids on two hosts are two processes. Reads
 * nothing yet. Throws `InputError` like `openInputs`.
 */
export function openCaptures(operands: readonly string[]): readonly Capture[] {
  const notices: string[] = [];
  const named = withoutRepeats(
    operands.map((path) => ({ path })),
    notices,
  );
  const groups = new Map<string, string[]>();
  for (const { path } of named) {
    const key = keyOf(path);
    groups.set(key, [...(groups.get(key) ?? []), path]);
  }
  const hosts = hostNames([...groups.keys()]);
  return [...groups.values()].map((paths, index) => {
    const set = openInputs(paths);
    const own = index === 0 ? { ...set, notices: [...notices, ...set.notices] } : set;
    return { host: hosts[index] ?? '', set: own };
  });
}

/** Files with the same key are of one capture: the directory, the set of `strace -ff`, or the file itself. */
function keyOf(path: string): string {
  const set = isDirectory(path) ? undefined : setInName(basename(path));
  return set === undefined ? path : join(dirname(path), set);
}

function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    // Whoever opens it says what is wrong with it.
    return false;
  }
}

function hostNames(keys: readonly string[]): readonly string[] {
  const short = keys.map((key) => basename(key).replace(ENDINGS, '') || basename(key));
  if (isUnique(short)) return short;
  const folders = keys.map((key) => basename(dirname(resolve(key))));
  if (isUnique(folders)) return folders;
  const both = short.map((name, index) => `${folders[index]}/${name}`);
  return isUnique(both) ? both : keys;
}

function isUnique(names: readonly string[]): boolean {
  return new Set(names).size === names.length;
}
