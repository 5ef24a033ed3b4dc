import { closeSync, openSync, readSync } from 'node:fs';
import { readOrEmpty } from './process-facts.ts';
import { ACCEPTS, LISTENING, UNIX } from './socket-tables.ts';

const CHUNK = 16_384;
/** Listeners of one host: more of them are not looked at. */
const MOST_CHUNKS = 16;
/** A table of unix sockets that is longer takes milliseconds, and is not read every second. */
const MOST_UNIX = 262_144;
/** Slot, addresses, state, bytes to send and to read, timer, retransmissions, user, timeout, inode. */
const ROW = /^\s*\d+: \S+ \S+ ([0-9A-F]{2}) [0-9A-F]+:([0-9A-F]+) (?:\S+\s+){4}(\d+) /gm;

/**
 * How many connections wait to be accepted, by the inode of the listener, as a process sees them in its network
 * namespace. `withUnix`: those of unix sockets as well.
 */
export function readQueues(pid: number, withUnix: boolean, root = '/proc'): ReadonlyMap<string, number> {
  const queues = new Map<string, number>();
  // Of a listener the kernel prints the queue where it prints bytes of others.
  for (const name of ['tcp', 'tcp6'])
    for (const [, state, length = '0', inode = ''] of listening(`${root}/${pid}/net/${name}`).matchAll(ROW))
      if (state === LISTENING) queues.set(inode, Number.parseInt(length, 16));
  if (withUnix) addUnix(queues, readOrEmpty(`${root}/${pid}/net/unix`));
  return queues;
}

/** The kernel prints listeners first: a host with 100,000 connections costs no more than one with none. */
function listening(path: string): string {
  let text = '';
  try {
    const file = openSync(path, 'r');
    try {
      const buffer = Buffer.alloc(CHUNK);
      for (let chunk = 0; chunk < MOST_CHUNKS; chunk++) {
        const length = readSync(file, buffer, 0, CHUNK, null);
        if (length === 0) break;
        const read = buffer.toString('latin1', 0, length);
        text += read;
        if (hasOther(read)) break;
      }
    } finally {
      closeSync(file);
    }
  } catch {
    // It ended a moment ago, or IPv6 is off.
  }
  return text;
}

function hasOther(rows: string): boolean {
  for (const [, state] of rows.matchAll(ROW)) if (state !== LISTENING) return true;
  return false;
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
