import { type RequestStart, sqlRequest } from '../payload.ts';
import type { Framing } from './framing.ts';
import { Tls } from './tls.ts';

/** Three bytes of length, the lowest first, and the number of the packet in its exchange. */
const HEADER = 4;
/** A session begins with the second packet, whose body has so many bytes at least; a longer one is none of a client. */
const SHORTEST_LOGIN = 32;
const LONGEST_LOGIN = 16_384;
const LAST_COMMAND = 0x1f;
const QUIT = 0x01;
const QUERY = 0x03;
const PREPARE = 0x16;
/** They have no answer: QUIT, and what a prepared statement needs before and after it runs, with their lengths. */
const CLOSE = 0x19;
const LONG_DATA = 0x18;

/** MySQL and MariaDB from the side of the server, which reads the head of a packet first and its body then. */
export class MySql implements Framing {
  readonly isMultiplexed = false;
  start: RequestStart | null = null;
  /** What is to come of the body of a packet, and whether its first byte is a command. */
  #left = 0;
  #isCommand = false;
  #length = 0;
  #isForeign = false;
  /** The session goes on in TLS. */
  #tls: Tls | null = null;

  /** So many bytes are the head of a packet. */
  static readonly HEADER = HEADER;

  /** Whether a read of `size` bytes is a statement, the whole body of the packet with that head. */
  static asks(head: string, body: string, size: number): boolean {
    const command = body.charCodeAt(0);
    if (head.charCodeAt(3) !== 0 || lengthAt(head, 0) !== size || (command !== QUERY && command !== PREPARE))
      return false;
    return sqlRequest(body.slice(1), 'MySQL') !== null;
  }

  /** The answer to the greeting of the server, or the head of a command alone. */
  static isSpokenIn(bytes: string): boolean {
    if (bytes.length < HEADER) return false;
    const length = lengthAt(bytes, 0);
    const number = bytes.charCodeAt(3);
    if (number === 1) return length >= SHORTEST_LOGIN && length < LONGEST_LOGIN;
    return number === 0 && bytes.length === HEADER && length > 0 && length < 65_536;
  }

  get isEncrypted(): boolean {
    return this.#tls !== null;
  }

  begun(bytes: string, size: number): number {
    this.start = null;
    if (this.#isForeign) return 1;
    if (this.#left === 0 && this.#tls === null && Tls.isSpokenIn(bytes)) this.#tls = new Tls();
    if (this.#tls !== null) return this.#tls.begun(bytes, size);
    let count = 0;
    for (let at = 0; at < size; ) {
      if (this.#left > 0) {
        if (this.#isCommand) count += this.#asked(bytes, at);
        this.#isCommand = false;
        const part = Math.min(this.#left, size - at);
        this.#left -= part;
        at += part;
        continue;
      }
      // The trace does not show where this packet ends: the next read begins one.
      if (at + HEADER > bytes.length) break;
      this.#length = lengthAt(bytes, at);
      this.#left = this.#length;
      this.#isCommand = bytes.charCodeAt(at + 3) === 0;
      at += HEADER;
    }
    return count;
  }

  /** How many requests the command at this place is: none where the server says nothing to it. */
  #asked(bytes: string, at: number): number {
    if (at >= bytes.length) return 1;
    const command = bytes.charCodeAt(at);
    if (command > LAST_COMMAND) this.#isForeign = true;
    if ((command === QUIT && this.#length === 1) || (command === CLOSE && this.#length === 5) || command === LONG_DATA)
      return 0;
    if (command === QUERY || command === PREPARE)
      this.start = sqlRequest(bytes.slice(at + 1, at + this.#length), 'MySQL');
    return 1;
  }
}

function lengthAt(bytes: string, at: number): number {
  return bytes.charCodeAt(at) | (bytes.charCodeAt(at + 1) << 8) | (bytes.charCodeAt(at + 2) << 16);
}
