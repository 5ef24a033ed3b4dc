import { type Dirent, readdirSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { isCaptureDirectory, isNameOfCapture } from './capture-directory.ts';
import { InputError } from './input-error.ts';
import { setInName, someOf } from './trace-directory.ts';

/** A capture that a directory holds. */
interface HostCapture {
  /** The file, or the directory, that `openInputs` reads as one trace. */
  readonly path: string;
  /** The folder of the host below the directory, `web-1`; undefined for what lies in the directory itself. */
  readonly folder: string | undefined;
}

interface HostDirectory {
  /** In the order of their names. */
  readonly captures: readonly HostCapture[];
  /** Sentences for the user about what is not read. */
  readonly notices: readonly string[];
}

/** The names that drover gives: `drover-web-1-20261120T021337-0815.trace`, `drover-capture-web-1-20261120T…-3f0c`. */
export const OWN_NAME = /^drover-(?:capture-)?(.+)-\d{8}T\d{6}-[0-9a-f]+$/;
/** The name of a file that is a trace and nothing else: a text or a log may be anything. */
const WHOLE_CAPTURE = /\.(?:strace|bpftrace|trace|perf)(?:\.(?:gz|zst|xz|bz2))?$/i;
const TAR = /\.(?:tar(?:\.(?:gz|zst|xz|bz2))?|tgz)$/i;
/** `ansible fetch` puts a folder for the host around the path on the host: `web-1/opt/captures/…/trace.strace`. */
const MOST_LEVELS = 6;
/** A directory of captures is no file system. */
const MOST_ENTRIES = 20_000;

/**
 * The captures that a directory holds: one for each host, as files or in a folder for each. The directory itself where
 * it is one capture (of a recipe, or of `strace -ff`), and where no name in it tells one. Throws `InputError` for a
 * directory with too much in it.
 */
export function readHostDirectory(directory: string): HostDirectory {
  const search = new Search();
  const entries = entriesOf(directory);
  const itself = { path: directory, folder: undefined };
  // Who opens it names what else is there.
  if (holdsThreadFiles(entries)) return { captures: [itself], notices: [] };
  const isOne = isCaptureDirectory(directory);
  search.look(directory, isOne ? entries.filter(({ name }) => !isNameOfCapture(name)) : entries);
  const { captures, others } = search;
  if (!isOne && captures.length === 0) return { captures: [itself], notices: [] };
  // What was typed is not always the beginning of a path in it: the names below `.` and `./traces` have no dot.
  const inside = (path: string): string => relative(directory, path);
  if (isOne) {
    const beside = captures.map(({ path }) => inside(path));
    const notice = `${directory} is one capture. Not read in it: ${someOf(beside)}. To read them, name them.`;
    return { captures: [itself], notices: beside.length === 0 ? [] : [notice] };
  }
  const unread = others.filter((path) => !captures.some((capture) => path.replace(TAR, '') === capture.path));
  const names = someOf(unread.map(inside));
  const notice = `Not read in ${directory}, because their names are not those of captures: ${names}.`;
  return { captures, notices: unread.length === 0 ? [] : [notice] };
}

class Search {
  readonly captures: HostCapture[] = [];
  /** Files that are no capture by their names. */
  readonly others: string[] = [];
  #entries = 0;

  look(directory: string, entries: readonly Dirent[], folder?: string, level = 0): void {
    this.#entries += entries.length;
    if (this.#entries > MOST_ENTRIES)
      throw new InputError(`More than ${MOST_ENTRIES} files and folders are in ${directory} and those before it.`, {
        hint: 'Name the captures, or a directory that holds nothing else.',
      });
    for (const entry of [...entries].sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const path = join(directory, entry.name);
      // A capture that is still growing, or was left by a drover that was killed, lies in such a folder.
      if (entry.name.startsWith('.')) continue;
      if (!isDirectory(entry, path)) {
        const isWhole = WHOLE_CAPTURE.test(entry.name) || OWN_NAME.test(entry.name);
        if (isWhole) this.captures.push({ path, folder });
        else this.others.push(path);
        continue;
      }
      const below = entriesOf(path);
      if (isCaptureDirectory(path) || holdsThreadFiles(below))
        this.captures.push({ path, folder: folder ?? entry.name });
      else if (level < MOST_LEVELS) this.look(path, below, folder ?? entry.name, level + 1);
    }
  }
}

function holdsThreadFiles(entries: readonly Dirent[]): boolean {
  return entries.some((entry) => !entry.isDirectory() && setInName(entry.name) !== undefined);
}

/** Folders that are linked to are read, as deep as others. */
function isDirectory(entry: Dirent, path: string): boolean {
  if (!entry.isSymbolicLink()) return entry.isDirectory();
  try {
    return statSync(path).isDirectory();
  } catch {
    // Whoever opens it says where it leads.
    return false;
  }
}

/** Of what cannot be listed nothing is known: whoever opens it says why. */
function entriesOf(directory: string): readonly Dirent[] {
  try {
    return readdirSync(directory, { withFileTypes: true });
  } catch {
    return [];
  }
}
