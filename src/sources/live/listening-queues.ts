import { closeSync, openSync, readSync } from 'node:fs';
import { readOrEmpty } from './process-facts.ts';
import { ACCEPTS, LISTENING, UNIX } from './socket-tables.ts';

/** A table of unix sockets that is longer takes milliseconds, and is not read every second. */
const MOST_UNIX = 262_144;
/** Rows of IPv6 grow by some digits with the number of those that wait. */
const SLACK = 8;
/** Slot, addresses, state, bytes to send and to read, timer, retransmissions, user, timeout, inode. */
const ROW = /^\s*\d+: \S+ \S+ ([0-9A-F]{2}) [0-9A-F]+:([0-9A-F]+) (?:\S+\s+){4}(\d+) /gm;

/** How much of each table has to be read for the listeners in question; 0 where it has none of them. */
export interface QueueTables {
  readonly tcp: number;
  readonly tcp6: number;
  readonly unix: boolean;
}

/**
 * How many connections wait to be accepted, by the inode of the listener, as a process sees them in its network
 * namespace. The kernel prints listeners first. Past them it looks through a hash table for who is connected, which
 * takes half a millisecond where nobody is: no byte more is read than was asked for.
 */
export function readQueues(pid: number, { tcp, tcp6, unix }: QueueTables, root = '/proc'): ReadonlyMap<string, number> {
  const queues = new Map<string, number>();
  const texts = [beginning(`${root}/${pid}/net/tcp`, tcp), beginning(`${root}/${pid}/net/tcp6`, tcp6 && tcp6 + SLACK)];
  // Of a listener the kernel prints the queue where it prints bytes of others.
  for (const text of texts)
    for (const [, state, length = '0', inode = ''] of text.matchAll(ROW))
      if (state === LISTENING) queues.set(inode, Number.parseInt(length, 16));
  if (unix) addUnix(queues, readOrEmpty(`${root}/${pid}/net/unix`));
  return queues;
}

function beginning(path: string, bytes: number): string {
  if (bytes === 0) return '';
  try {
    const file = openSync(path, 'r');
    try {
      const buffer = Buffer.alloc(bytes);
      let length = 0;
      for (let read = 1; read > 0 && length < bytes; length += read)
        read = readSync(file, buffer, length, bytes - length, null);
      return buffer.toString('latin1', 0, length);
    } finally {
      closeSync(file);
    }
  } catch {
    // It ended a moment ago.
    return '';
  }
}

/** Who waits to be accepted has the address of the listener and no inode yet. */
function addUnix(queues: Map<string, number>, table: string): void {
  if (table.length > MOST_UNIX) return;
  const waiting = new Map<string, number>();
  const listeners: (readonly [inode: string, path: string])[] = [];
  for (const [, flags = '', , inode = '', path = ''] of table.matchAll(UNIX)) {
    if (path === '') continue;
    if (inode === '0') waiting.set(path, (waiting.get(path) ?? 0) + 1);
    else if ((Number.parseInt(flags, 16) & ACCEPTS) !== 0) listeners.push([inode, path]);
  }
  for (const [inode, path] of listeners) queues.set(inode, waiting.get(path) ?? 0);
}
