import type { Framing } from './framing.ts';
import { Messages, numberAt, type Shape } from './messages.ts';

const BEGIN_REQUEST = 1;
const LAST_TYPE = 11;

const RECORDS: Shape = {
  headerLength: 8,
  headerAt(bytes, at) {
    const type = bytes.charCodeAt(at + 1);
    if (bytes.charCodeAt(at) !== 1 || type < BEGIN_REQUEST || type > LAST_TYPE) return null;
    // The padding comes behind the content.
    return { type, length: numberAt(bytes, at + 4, 2) + bytes.charCodeAt(at + 6) };
  },
};

/** FastCGI: one request is several records, and the last of them may be read after the reply. */
export class FastCgi implements Framing {
  readonly isEncrypted = false;
  readonly isMultiplexed = false;
  readonly #records = new Messages(RECORDS);

  static isSpokenIn(bytes: string): boolean {
    return bytes.startsWith('\x01\x01') && bytes.charCodeAt(4) === 0 && bytes.charCodeAt(5) === 8;
  }

  begun(bytes: string, size: number): number {
    return this.#records.in(bytes, size).filter(({ type }) => type === BEGIN_REQUEST).length;
  }
}
