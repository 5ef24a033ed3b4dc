import { readdirSync } from 'node:fs';
import { linkOrEmpty, readOrEmpty } from './process-facts.ts';

/**
 * A line of /proc/net/tcp: slot, local address with its port, remote address, state 0A for listening, and the inode as
 * the tenth word.
 */
const LISTENING = /^\s*\d+: [0-9A-F]+:([0-9A-F]{4}) \S+ 0A (?:\S+\s+){5}(\d+)/gm;

/** TCP ports that these processes listen on, in their own network namespace, by the files below `root`. */
export function listeningPorts(pids: readonly number[], root = '/proc'): number[] {
  const ports = new Set<number>();
  // A table holds all sockets of a namespace: with 200 workers it took seconds to read it for each.
  const namespaces = new Map<string, ReadonlyMap<string, number>>();
  for (const pid of pids) {
    const own = socketsOf(pid, root);
    if (own.size === 0) continue;
    const name = linkOrEmpty(`${root}/${pid}/ns/net`) || String(pid);
    const listeners = namespaces.get(name) ?? listenersIn(pid, root);
    namespaces.set(name, listeners);
    for (const inode of own) {
      const port = listeners.get(inode);
      if (port !== undefined) ports.add(port);
    }
  }
  return [...ports].sort((a, b) => a - b);
}

/** Ports of all listeners that a process may know of, by inode. */
function listenersIn(pid: number, root: string): ReadonlyMap<string, number> {
  const rows = ['tcp', 'tcp6'].flatMap((table) => [...readOrEmpty(`${root}/${pid}/net/${table}`).matchAll(LISTENING)]);
  return new Map(rows.map(([, port = '', inode = '']) => [inode, Number.parseInt(port, 16)]));
}

function socketsOf(pid: number, root: string): Set<string> {
  const inodes = new Set<string>();
  try {
    for (const fd of readdirSync(`${root}/${pid}/fd`)) {
      const inode = /^socket:\[(\d+)\]$/.exec(linkOrEmpty(`${root}/${pid}/fd/${fd}`))?.[1];
      if (inode !== undefined) inodes.add(inode);
    }
  } catch {
    // It ended, or belongs to somebody else.
  }
  return inodes;
}
