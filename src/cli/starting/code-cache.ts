import { createHash } from 'node:crypto';
import { closeSync, fstatSync, openSync, readFileSync, renameSync, rmSync, type Stats, writeFileSync } from 'node:fs';

/** What compiled code was made of. */
export interface CodeOrigin {
  /**
   * The program that compiled. V8 refuses code of other flags, and not always that of another Node: 20.11 takes what
   * 20.20 compiled, in which the built-in functions have other numbers.
   */
  readonly node: string;
  /** Of the text of all scripts. */
  readonly hash: string;
  /** When the program was last written, in milliseconds: who changes it by hand does not change its hash. */
  readonly changedMs: number;
  /** What ran while its functions were compiled, as `keepCode` was told. */
  readonly kinds: readonly string[];
}

/** Compiled code by the name of its script. */
export interface KeptCode {
  readonly origin: CodeOrigin;
  readonly scripts: ReadonlyMap<string, Buffer>;
}

/** A hash of all that follows: one wrong bit in it, which V8 does not see, and the program runs for ever. */
const HASH_BYTES = 32;
/** The length of the heading. Behind that the heading as JSON, and the code of each script. */
const LENGTH_BYTES = 8;
/** V8 copies code that does not begin at a multiple. */
const ALIGNED = 8;
/** Others may write: what lies there may be anybody's. */
const WRITABLE_BY_OTHERS = 0o022;

type Heading = readonly [origin: CodeOrigin, scripts: readonly (readonly [name: string, bytes: number])[]];

/** The code kept of just this program, by the owner of the program; null where there is none. */
export function readCode(path: string, wanted: CodeOrigin, owner: number): KeptCode | null {
  try {
    const { bytes, status } = readOpened(path);
    if (!status.isFile() || status.uid !== owner || (status.mode & WRITABLE_BY_OTHERS) !== 0) return null;
    if (!sha256(bytes.subarray(HASH_BYTES)).equals(bytes.subarray(0, HASH_BYTES))) return null;
    const from = HASH_BYTES + LENGTH_BYTES;
    let at = from + bytes.readUInt32LE(HASH_BYTES);
    const [origin, lengths] = JSON.parse(bytes.toString('latin1', from, at)) as Heading;
    if (origin.node !== wanted.node || origin.hash !== wanted.hash || origin.changedMs !== wanted.changedMs)
      return null;
    const scripts = new Map<string, Buffer>();
    for (const [name, length] of lengths) {
      scripts.set(name, bytes.subarray(at, at + length));
      at += padded(length);
    }
    return { origin, scripts };
  } catch {
    // None was kept, or half of one: the program is compiled anew.
    return null;
  }
}

/** The owner is that of the file that was read, whatever its name stands for a moment later. */
function readOpened(path: string): { readonly bytes: Buffer; readonly status: Stats } {
  const file = openSync(path, 'r');
  try {
    return { status: fstatSync(file), bytes: readFileSync(file) };
  } finally {
    closeSync(file);
  }
}

/** Writes compiled code, or leaves what was there. */
export function writeCode(path: string, { origin, scripts }: KeptCode): void {
  const lengths = [...scripts].map(([name, code]) => [name, code.length] as const);
  const heading = JSON.stringify([origin, lengths] satisfies Heading);
  const told = Buffer.from(heading.padEnd(padded(heading.length)), 'latin1');
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt32LE(told.length);
  const codes = [...scripts.values()].flatMap((code) => [code, Buffer.alloc(padded(code.length) - code.length)]);
  const unfinished = `${path}.${process.pid}`;
  try {
    // No link is followed, and whoever starts meanwhile reads all of it or nothing.
    const hashed = Buffer.concat([length, told, ...codes]);
    writeFileSync(unfinished, Buffer.concat([sha256(hashed), hashed]), { flag: 'wx', mode: 0o644 });
    renameSync(unfinished, path);
  } catch {
    // A full disk, a folder that is read only: the next start is as slow as this one.
    rmSync(unfinished, { force: true });
  }
}

function sha256(bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes).digest();
}

function padded(bytes: number): number {
  return Math.ceil(bytes / ALIGNED) * ALIGNED;
}
