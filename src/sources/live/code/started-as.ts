import { statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { CodeFrame } from '../../../trace/code-frame.ts';
import { linkOrEmpty, readOrEmpty } from '../process-facts.ts';

/**
 * Frames of the program of a process under the name by which it was started. One file may have several, of which the
 * kernel shows one: `redis-server` of Debian is a link to `redis-check-rdb`, and both names say what it does.
 */
export function underOwnName(frames: readonly CodeFrame[], pid: number, root = '/proc'): readonly CodeFrame[] {
  const program = linkOrEmpty(`${root}/${pid}/exe`);
  if (!frames.some(({ file }) => file === program)) return frames;
  const own = startedAs(pid, program, root);
  return own === '' ? frames : frames.map((frame) => (frame.file === program ? { ...frame, file: own } : frame));
}

/** The other path of the program; '' where it has none that leads to the same file. */
function startedAs(pid: number, program: string, root: string): string {
  const folder = `${root}/${pid}`;
  // A server may write a title of its own in place of its words: "redis-server *:6379".
  const [first = ''] = readOrEmpty(`${folder}/cmdline`).split('\0');
  const [word = ''] = first.split(' ');
  const names = [word.slice(word.lastIndexOf('/') + 1), readOrEmpty(`${folder}/comm`).trim()];
  for (const name of names) {
    const path = join(dirname(program), name);
    if (/^[\w.+-]+$/.test(name) && path !== program && isSame(`${folder}/root${path}`, `${folder}/exe`)) return path;
  }
  return '';
}

function isSame(one: string, other: string): boolean {
  try {
    const [a, b] = [statSync(one), statSync(other)];
    return a.dev === b.dev && a.ino === b.ino;
  } catch {
    // There is none, or nobody may look.
    return false;
  }
}
