import type { Framing } from './framing.ts';
import { type Header, Messages, numberAt, type Shape } from './messages.ts';

const CHANGE_CIPHER = 20;
const HANDSHAKE = 22;
const DATA = 23;
/**
 * An encrypted alert has 19 bytes in TLS 1.3, where it looks like data. The shortest request of HTTP/1, of 18 bytes,
 * has 34 or more; acknowledgements of HTTP/2 have fewer.
 */
const SHORTEST_REQUEST = 34;
/** The encrypted end of a TLS 1.2 handshake is shorter than any other message of a handshake. */
const LONGEST_FINISHED = 64;

const RECORDS: Shape = {
  headerLength: 5,
  headerAt(bytes, at) {
    const type = bytes.charCodeAt(at);
    const isRecord = type >= CHANGE_CIPHER && type <= 24 && bytes.charCodeAt(at + 1) === 3;
    return isRecord ? { type, length: numberAt(bytes, at + 3, 2) } : null;
  },
};

/**
 * TLS. Its records are no requests: those of the handshake, alerts, and the first record that looks like data, which
 * ends the handshake of TLS 1.3. A record of data that may hold a request is taken for one, an estimate.
 */
export class Tls implements Framing {
  readonly isEncrypted = true;
  readonly isMultiplexed = false;
  readonly #records = new Messages(RECORDS);
  #hasChangedCipher = false;
  #isEstablished = false;

  static isSpokenIn(bytes: string): boolean {
    return bytes.charCodeAt(0) === HANDSHAKE && bytes.charCodeAt(1) === 3;
  }

  begun(bytes: string, size: number): number {
    return this.#records.in(bytes, size).filter((record) => this.#mayBeRequest(record)).length > 0 ? 1 : 0;
  }

  #mayBeRequest({ type, length }: Header): boolean {
    if (type === CHANGE_CIPHER) this.#hasChangedCipher = true;
    if (type === HANDSHAKE && this.#hasChangedCipher && length < LONGEST_FINISHED) this.#isEstablished = true;
    if (type !== DATA) return false;
    if (this.#isEstablished) return length >= SHORTEST_REQUEST;
    this.#isEstablished = true;
    return false;
  }
}
