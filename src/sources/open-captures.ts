import { statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { OWN_NAME, readHostDirectory } from './host-directory.ts';
import { openInputs, withoutRepeats } from './open-inputs.ts';
import { setInName } from './trace-directory.ts';
import type { InputSet } from './trace-input.ts';

/** What was recorded of one server on one host. */
export interface Capture {
  /** What to call the host: its name where that was noted, else that of the file, or of its folder. */
  readonly host: string;
  readonly set: InputSet;
}

/** What a recipe noted of the host beside the trace. */
const NOTED_HOST = /^== host\n\t([\w.-]{1,64})$/m;
/** Names of files that say nothing of a host. */
const ANY_NAME = /^(?:s?trace|capture|bpftrace|perf|log|out|output)$/i;
/** Folders that are called alike on every host. */
const ANY_FOLDER = /^(?:|\.|\.\.|tmp|root|home)$/;
const ENDINGS = /(?:\.(?:gz|zst|xz|bz2|strace|bpftrace|trace|perf|txt|log|out|json))+$/i;

/**
 * The captures that a user named, one for each host. Files of one `strace -ff` (NAME.PID) are one capture. So is a
 * directory of them, or one that a recipe made; another directory holds the captures of several hosts. Every other file
 * is one of its own, since equal pids on two hosts are two processes. Reads nothing yet. Throws `InputError` like
 * `openInputs`.
 */
export function openCaptures(operands: readonly string[]): readonly Capture[] {
  const notices: string[] = [];
  const found = operands.flatMap((path) => {
    if (!isDirectory(path)) return [{ path, folder: undefined }];
    const directory = readHostDirectory(path);
    notices.push(...directory.notices);
    return directory.captures;
  });
  const groups = new Map<string, string[]>();
  const folders = new Map<string, string | undefined>();
  for (const { path, folder } of withoutRepeats(found, notices)) {
    const key = keyOf(path);
    groups.set(key, [...(groups.get(key) ?? []), path]);
    folders.set(key, folder);
  }
  const sets = [...groups.values()].map((paths) => openInputs(paths));
  const noted = sets.map(({ facts }) => NOTED_HOST.exec(facts?.before ?? '')?.[1]);
  const hosts = hostNames([...groups.keys()], noted, [...folders.values()]);
  return sets.map((set, index) => ({
    host: hosts[index] ?? '',
    set: index === 0 ? { ...set, notices: [...notices, ...set.notices] } : set,
  }));
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

/** What the name of a capture says of its host, whether or not it is still there. */
export function hostInName(path: string): string {
  return hostNames([path], [], [])[0] ?? '';
}

/**
 * What was noted, or stands in a name that drover gave; else the file name, or its folder's where it says nothing, or
 * what tells such names apart.
 */
function hostNames(
  keys: readonly string[],
  noted: readonly (string | undefined)[],
  below: readonly (string | undefined)[],
): readonly string[] {
  const short = keys.map((key) => basename(key).replace(ENDINGS, '') || basename(key));
  const told = short.map(
    (name, index) =>
      noted[index] ??
      OWN_NAME.exec(name)?.[1] ??
      OWN_NAME.exec(below[index] ?? '')?.[1] ??
      below[index] ??
      orFolder(name, keys[index]),
  );
  if (isUnique(told)) return told;
  if (isUnique(short)) return short;
  const folders = keys.map((key) => basename(dirname(resolve(key))));
  if (isUnique(folders)) return folders;
  const both = short.map((name, index) => `${folders[index]}/${name}`);
  return isUnique(both) ? both : keys;
}

function orFolder(name: string, path = ''): string {
  const folder = basename(dirname(path));
  return ANY_NAME.test(name) && !ANY_FOLDER.test(folder) ? folder : name;
}

function isUnique(names: readonly string[]): boolean {
  return new Set(names).size === names.length;
}
