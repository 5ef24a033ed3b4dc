import { readFileSync, type Stats, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { HeldDirectory } from './held-directory.ts';
import { OutputError } from './output-error.ts';

const GROUP_WRITES = 0o020;
const OTHERS_WRITE = 0o002;
const STICKY = 0o1000;
const ROOT = 0;

/**
 * Says who else could rename or replace what is in a directory, as a sentence without its end; null when only this user
 * and root can. Whoever may write to a directory above it could put another one in its place, so all of them are looked
 * at.
 */
export function strangerIn(directory: HeldDirectory): string | null {
  const trusted = trustedUsers();
  for (let path = directory.realPath; ; path = dirname(path)) {
    const problem = problemOf(path, statSync(path, { throwIfNoEntry: false }), trusted);
    if (problem !== null) return problem;
    if (path === dirname(path)) return null;
  }
}

/** Throws `OutputError` where somebody else could rename or replace what is written. */
export function demandTrusted(directory: HeldDirectory, hint: string): void {
  const stranger = strangerIn(directory);
  if (stranger !== null)
    throw new OutputError(`Nothing is written to ${directory.path}: ${stranger}.`, { fault: 'place', hint });
}

function problemOf(path: string, status: Stats | undefined, trusted: ReadonlySet<number>): string | null {
  if (status === undefined) return `${path} is gone`;
  const { uid, gid, mode } = status;
  if (!trusted.has(uid)) return `${path} belongs to user ${uid}, who can change what is in it`;
  // In a sticky directory nobody but its owner renames the files of others.
  if ((mode & STICKY) !== 0) return null;
  if ((mode & OTHERS_WRITE) !== 0) return `every user can change what is in ${path}`;
  // A group of the same number as its user is that user alone.
  const isShared = (mode & GROUP_WRITES) !== 0 && gid !== ROOT && gid !== uid;
  return isShared ? `the members of group ${gid} can change what is in ${path}` : null;
}

/** Root, this user, and who became root with sudo: that user can do all of this anyway. */
function trustedUsers(): Set<number> {
  const own = process.geteuid?.() ?? ROOT;
  const users = new Set([ROOT, own]);
  if (own === ROOT)
    for (const name of ['SUDO_UID', 'PKEXEC_UID'])
      if (/^\d+$/.test(process.env[name] ?? '')) users.add(Number(process.env[name]));
  const unmapped = unmappedUser();
  if (unmapped !== null) users.add(unmapped);
  return users;
}

/** In a container with user numbers of its own, what belongs to root outside belongs to this one; null elsewhere. */
function unmappedUser(): number | null {
  try {
    if (/^\s*0\s+0\s+4294967295\s*$/.test(readFileSync('/proc/self/uid_map', 'utf8'))) return null;
    return Number(readFileSync('/proc/sys/kernel/overflowuid', 'utf8'));
  } catch {
    // Without /proc there are no such numbers.
    return null;
  }
}
