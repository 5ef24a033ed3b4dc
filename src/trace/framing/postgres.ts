import type { Framing } from './framing.ts';
import { type Header, Messages, numberAt, type Shape } from './messages.ts';
import { Tls } from './tls.ts';

/** Version 3.0, and what asks for TLS, for encryption by Kerberos, and to cancel. */
const FIRST_CODES: ReadonlySet<number> = new Set([0x0003_0000, 80_877_103, 80_877_104, 80_877_102]);
/** Simple query, parse, bind, execute, function call, describe. */
const QUESTIONS = 'QPBEFD';
/** Sync and flush end what was asked before; password, copy data, close, terminate. */
const OTHERS = 'SHpdcfCX';

const MESSAGES: Shape = {
  headerLength: 5,
  headerAt(bytes, at) {
    const letter = bytes.charAt(at);
    const length = numberAt(bytes, at + 1, 4);
    if (length < 4 || length > 2 ** 30 || !(QUESTIONS + OTHERS).includes(letter)) return null;
    return { type: bytes.charCodeAt(at), length: length - 4 };
  },
};

/** PostgreSQL from the side of the server: what opens and ends the session is no request. */
export class Postgres implements Framing {
  readonly isMultiplexed = false;
  readonly #messages = new Messages(MESSAGES);
  /** The session goes on in TLS. */
  #tls: Tls | null = null;

  static isSpokenIn(bytes: string): boolean {
    return bytes.length >= 8 && numberAt(bytes, 0, 4) < 65_536 && FIRST_CODES.has(numberAt(bytes, 4, 4));
  }

  get isEncrypted(): boolean {
    return this.#tls !== null;
  }

  /** Questions that come together are answered together. */
  begun(bytes: string, size: number): number {
    if (this.#tls === null && Tls.isSpokenIn(bytes)) this.#tls = new Tls();
    if (this.#tls !== null) return this.#tls.begun(bytes, size);
    return !Postgres.isSpokenIn(bytes) && this.#messages.in(bytes, size).some(isQuestion) ? 1 : 0;
  }
}

function isQuestion({ type }: Header): boolean {
  return QUESTIONS.includes(String.fromCharCode(type));
}
