import { readdirSync } from 'node:fs';
import { linkOrEmpty, readOrEmpty } from './process-facts.ts';

/**
 * A line of /proc/net/tcp: slot, local address with its port, remote address, state 0A for listening, and the inode as
 * the tenth word.
 */
const LISTENING = /^\s*\d+: [0-9A-F]+:([0-9A-F]{4}) \S+ 0A (?:\S+\s+){5}(\d+)/gm;

/** TCP ports that these processes listen on, in their own network namespace. */
export function listeningPorts(pids: readonly number[]): number[] {
  const ports = new Set<number>();
  for (const pid of pids) {
    const own = socketsOf(pid);
    if (own.size === 0) continue;
    for (const table of ['tcp', 'tcp6']) {
      for (const [, port = '', inode = ''] of readOrEmpty(`/proc/${pid}/net/${table}`).matchAll(LISTENING))
        if (own.has(inode)) ports.add(Number.parseInt(port, 16));
    }
  }
  return [...ports].sort((a, b) => a - b);
}

function socketsOf(pid: number): Set<string> {
  const inodes = new Set<string>();
  try {
    for (const fd of readdirSync(`/proc/${pid}/fd`)) {
      const inode = /^socket:\[(\d+)\]$/.exec(linkOrEmpty(`/proc/${pid}/fd/${fd}`))?.[1];
      if (inode !== undefined) inodes.add(inode);
    }
  } catch {
    // It ended, or belongs to somebody else.
  }
  return inodes;
}
