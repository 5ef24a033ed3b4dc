import { readdirSync } from 'node:fs';
import { linkOrEmpty, readOrEmpty } from './process-facts.ts';

/** What the kernel says of a socket: whose end is where. */
export interface SocketFacts {
  /** `10.0.0.5:5432`, `[::1]:443`, `unix:/run/x.sock`; '' when nobody is connected to it. */
  readonly peer: string;
  /** Somebody connected to a listener of this host, and this is our end. */
  readonly isOfClient: boolean;
}

/** More descriptors of one process are not looked at. */
const MOST_DESCRIPTORS = 4_096;
/** A host with more sockets than that fill is not read to the end, for it would take longer than a moment. */
const MOST_TABLE = 8_000_000;
const ESTABLISHED = '01';
/** The client has left, and the process has not closed its end. */
const CLOSE_WAIT = '08';
export const LISTENING = '0A';
/** `__SO_ACCEPTCON` of a unix socket that listens. */
export const ACCEPTS = 0x10000;
/** Slot, local address and port, remote address and port, state; the inode is the tenth word. */
const TCP = /^\s*\d+: ([0-9A-F]+):([0-9A-F]{4}) ([0-9A-F]+):([0-9A-F]{4}) ([0-9A-F]{2}) (?:\S+\s+){5}(\d+)/gm;
/** Address of the structure, references, protocol, flags, type, state, inode, path. */
export const UNIX = /^[0-9a-f]+: \S+ \S+ ([0-9A-F]{8}) \S+ ([0-9A-F]{2})\s+(\d+)(?: (\S.*))?$/gm;
const CONNECTED = '03';
const TABLES = ['tcp', 'tcp6'] as const;
/** Where the descriptor of a ring leads. */
const RING = 'anon_inode:[io_uring]';

/** Where a listener stands. */
export interface ListenerRow {
  readonly table: 'tcp' | 'tcp6' | 'unix';
  readonly end: number;
}

/** The sockets that a process sees in its network namespace, by inode. */
export interface SocketTable {
  readonly connected: ReadonlyMap<string, SocketFacts>;
  /** Listeners by inode: in which table they are, and up to where it has to be read for them. */
  readonly listening: ReadonlyMap<string, ListenerRow>;
}

/** The sockets that a process sees in its network namespace. */
export function readSockets(pid: number, root = '/proc'): SocketTable {
  const sockets = new Map<string, SocketFacts>();
  const listening = new Map<string, ListenerRow>();
  const rows = TABLES.flatMap((name) => {
    const text = table(`${root}/${pid}/net/${name}`);
    const found = [...text.matchAll(TCP)];
    for (const { index, 5: state, 6: inode = '' } of found)
      if (state === LISTENING) listening.set(inode, { table: name, end: text.indexOf('\n', index) + 1 });
    return found;
  });
  const ports = new Set(rows.filter(([, , , , , state]) => state === LISTENING).map(([, , port]) => port));
  for (const [, , port = '', address = '', peerPort = '', state = '', inode = ''] of rows)
    if (state === ESTABLISHED || state === CLOSE_WAIT)
      sockets.set(inode, { peer: addressOf(address, peerPort), isOfClient: ports.has(port) });
  const locals = [...table(`${root}/${pid}/net/unix`).matchAll(UNIX)];
  const localListeners = locals.filter(([, flags = '']) => (Number.parseInt(flags, 16) & ACCEPTS) !== 0);
  const accepting = new Set(localListeners.map(([, , , , path]) => path));
  for (const [, flags = '', state = '', inode = '', path = ''] of locals)
    if (state === CONNECTED && path !== '' && (Number.parseInt(flags, 16) & ACCEPTS) === 0)
      sockets.set(inode, { peer: `unix:${path}`, isOfClient: accepting.has(path) });
  for (const [, , , inode = ''] of localListeners) listening.set(inode, { table: 'unix', end: 0 });
  return { connected: sockets, listening };
}

/** Inodes of the sockets that a process has open. */
export function socketsOf(pid: number, root = '/proc'): Set<string> {
  return descriptorsOf(pid, root).sockets;
}

/** Inodes of the sockets that a process has open, and whether it has a ring of io_uring. */
export function descriptorsOf(pid: number, root = '/proc'): { sockets: Set<string>; hasRing: boolean } {
  const sockets = new Set<string>();
  let hasRing = false;
  try {
    for (const fd of readdirSync(`${root}/${pid}/fd`).slice(0, MOST_DESCRIPTORS)) {
      const link = linkOrEmpty(`${root}/${pid}/fd/${fd}`);
      if (link === RING) hasRing = true;
      const inode = inodeOf(link);
      if (inode !== '') sockets.add(inode);
    }
  } catch {
    // It ended, or belongs to somebody else.
  }
  return { sockets, hasRing };
}

/** `socket:[4711]`: the number; '' for what is no socket. */
export function inodeOf(link: string): string {
  return /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? '';
}

function table(path: string): string {
  return readOrEmpty(path).slice(0, MOST_TABLE);
}

/** The kernel prints each word of four bytes in the order of the machine. */
function addressOf(hex: string, port: string): string {
  const bytes = Buffer.from(hex, 'hex');
  bytes.swap32();
  const number = Number.parseInt(port, 16);
  const isMapped = bytes.length === 16 && bytes.subarray(0, 12).toString('hex') === '00000000000000000000ffff';
  if (bytes.length === 4 || isMapped) return `${[...bytes.subarray(-4)].join('.')}:${number}`;
  const words = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(index * 2).toString(16));
  return `[${words.join(':').replace(/(?:^|:)0(?::0)+(?::|$)/, '::')}]:${number}`;
}
