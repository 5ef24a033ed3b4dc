import { fstatSync } from 'node:fs';

const STDIN = 0;

/**
 * Whether standard input is a trace although nobody named it: a pipe (`strace … 2>&1 | drover`) or a redirected file.
 * A terminal, /dev/null, and the socket that a program gets from another one hold none.
 */
export function isPiped(): boolean {
  try {
    const stats = fstatSync(STDIN);
    return stats.isFIFO() || stats.isFile();
  } catch {
    // A closed one holds none either.
    return false;
  }
}
