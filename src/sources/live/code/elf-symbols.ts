import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';

/** Byte places of ELF files of 64 bits, as the kernel maps them. */
const HEADER_BYTES = 64;
const SEGMENT_BYTES = 56;
const SECTION_BYTES = 64;
const SYMBOL_BYTES = 24;
const LOADED = 1;
const SYMBOLS = 2;
const EXPORTED = 11;
const FUNCTION = 2;
const CHOSEN_AT_START = 10;
/** What a stranger's file says of its own size is not believed. */
const MOST_ROWS = 4_096;
const MOST_TABLE_BYTES = 64 * 1_048_576;
const CHUNK_BYTES = SYMBOL_BYTES * 32_768;
const LONGEST_NAME = 400;
/** Whoever looks must not be held up. */
const PATIENCE_MS = 250;

interface Section {
  readonly type: number;
  readonly offset: number;
  readonly size: number;
  readonly link: number;
}

/** A function that holds some of the places, and where its name stands. */
interface Holder {
  readonly name: number;
  readonly places: readonly bigint[];
}

/**
 * The names of the functions that hold these places of a program or library, each a byte of the file. A program without
 * symbols names only what it exports. Empty for a file that is none, is damaged, or takes too long; throws nothing.
 */
export function functionsAt(path: string, places: readonly bigint[]): ReadonlyMap<bigint, string> {
  let descriptor: number;
  try {
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch {
    // Its file is gone, or not for this user.
    return new Map();
  }
  try {
    return fstatSync(descriptor).isFile() ? named(descriptor, places) : new Map();
  } catch {
    // It is cut, or says of itself what cannot be.
    return new Map();
  } finally {
    closeSync(descriptor);
  }
}

function named(descriptor: number, places: readonly bigint[]): ReadonlyMap<bigint, string> {
  const header = read(descriptor, 0, HEADER_BYTES);
  // Little-endian, 64 bits.
  if (header.toString('latin1', 0, 6) !== '\x7fELF\x02\x01') return new Map();
  const loaded = rows(descriptor, number(header, 32), header.readUInt16LE(54), header.readUInt16LE(56), SEGMENT_BYTES)
    .filter((row) => row.readUInt32LE(0) === LOADED)
    .map((row) => ({
      offset: row.readBigUInt64LE(8),
      address: row.readBigUInt64LE(16),
      size: row.readBigUInt64LE(32),
    }));
  const addresses = new Map<bigint, bigint>();
  for (const place of places) {
    const segment = loaded.find(({ offset, size }) => place >= offset && place < offset + size);
    if (segment !== undefined) addresses.set(place - segment.offset + segment.address, place);
  }
  if (addresses.size === 0) return new Map();
  const sections = rows(
    descriptor,
    number(header, 40),
    header.readUInt16LE(58),
    header.readUInt16LE(60),
    SECTION_BYTES,
  ).map(
    (row): Section => ({
      type: row.readUInt32LE(4),
      offset: number(row, 24),
      size: number(row, 32),
      link: row.readUInt32LE(40),
    }),
  );
  const deadline = performance.now() + PATIENCE_MS;
  const found = new Map<bigint, string>();
  // What it exports names less, and is all there is where its symbols were stripped.
  for (const type of [SYMBOLS, EXPORTED])
    for (const table of sections.filter((section) => section.type === type)) {
      const names = sections[table.link];
      if (names === undefined) continue;
      for (const { name, places: own } of holders(descriptor, table, addresses, deadline)) {
        const text = textAt(descriptor, names, name);
        for (const place of own) if (text !== '' && !found.has(place)) found.set(place, text);
      }
    }
  return found;
}

function holders(
  descriptor: number,
  { offset, size }: Section,
  addresses: ReadonlyMap<bigint, bigint>,
  deadline: number,
): readonly Holder[] {
  const found: Holder[] = [];
  const wanted = [...addresses].map(([address, place]) => [Number(address), place] as const);
  const lowest = Math.min(...wanted.map(([address]) => address));
  const highest = Math.max(...wanted.map(([address]) => address));
  const end = offset + Math.min(size, MOST_TABLE_BYTES);
  for (let at = offset; at + SYMBOL_BYTES <= end && performance.now() < deadline; at += CHUNK_BYTES) {
    const chunk = read(descriptor, at, Math.min(CHUNK_BYTES, end - at));
    for (let row = 0; row + SYMBOL_BYTES <= chunk.length; row += SYMBOL_BYTES) {
      const kind = (chunk[row + 4] ?? 0) & 0xf;
      if (kind !== FUNCTION && kind !== CHOSEN_AT_START) continue;
      const begin = number(chunk, row + 8);
      const behind = begin + number(chunk, row + 16);
      if (begin > highest || behind <= lowest) continue;
      const places = wanted.flatMap(([address, place]) => (address >= begin && address < behind ? [place] : []));
      if (places.length > 0) found.push({ name: chunk.readUInt32LE(row), places });
    }
  }
  return found;
}

function rows(descriptor: number, offset: number, bytes: number, count: number, least: number): readonly Buffer[] {
  if (bytes < least || count > MOST_ROWS) return [];
  const all = read(descriptor, offset, bytes * count);
  return Array.from({ length: Math.floor(all.length / bytes) }, (_, row) =>
    all.subarray(row * bytes, (row + 1) * bytes),
  );
}

function textAt(descriptor: number, { offset, size }: Section, at: number): string {
  if (at >= size) return '';
  const text = read(descriptor, offset + at, LONGEST_NAME);
  const end = text.indexOf(0);
  return sourceName(text.toString('latin1', 0, end < 0 ? text.length : end));
}

function read(descriptor: number, at: number, bytes: number): Buffer {
  const buffer = Buffer.alloc(bytes);
  return buffer.subarray(0, readSync(descriptor, buffer, 0, bytes, at));
}

function number(buffer: Buffer, at: number): number {
  return buffer.readUInt32LE(at) + buffer.readUInt32LE(at + 4) * 2 ** 32;
}

/**
 * `ns::Worker::run` for `_ZN2ns6Worker3runEv`, as C++ and Rust write the names of functions: the names in it alone.
 * What is written in another way stays.
 */
export function sourceName(symbol: string): string {
  const [, isNested, words] = /^_Z(N?)[KVr]*(?=\d)(.*)$/.exec(symbol) ?? [];
  if (words === undefined) return symbol;
  const names: string[] = [];
  for (let at = 0; at === 0 || isNested === 'N'; ) {
    const digits = /^\d{1,3}/.exec(words.slice(at))?.[0];
    if (digits === undefined) break;
    const begin = at + digits.length;
    at = begin + Number(digits);
    if (at > words.length) break;
    names.push(words.slice(begin, at));
  }
  // Rust puts a hash behind the names.
  const own = names.filter((name, index) => index < names.length - 1 || !/^h[0-9a-f]{16}$/.test(name));
  return own.length === 0 ? symbol : own.join('::');
}
