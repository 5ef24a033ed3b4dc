import { accessSync, constants, realpathSync, statSync } from 'node:fs';
import { delimiter, dirname, isAbsolute, join } from 'node:path';

/**
 * The full path of a program on the PATH, through no link: what was looked at is what will be started. null when there
 * is none, or when others than root and this user can change it.
 */
export function programOnPath(name: string): string | null {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    if (!isAbsolute(folder)) continue;
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      const real = realpathSync(path);
      if (isOwn(real)) return real;
    } catch {
      // Not there, or not for this user.
    }
  }
  return null;
}

const OTHERS_WRITE = 0o022;
const STICKY = 0o1000;

/** Only root and this user can change the file, and what stands in its folders. */
function isOwn(path: string): boolean {
  const user = process.geteuid?.() ?? 0;
  for (let at = path; ; at = dirname(at)) {
    const { uid, mode } = statSync(at);
    if (uid !== 0 && uid !== user) return false;
    if ((mode & OTHERS_WRITE) !== 0 && (at === path || (mode & STICKY) === 0)) return false;
    if (at === dirname(at)) return true;
  }
}
