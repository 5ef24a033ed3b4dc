import type { Framing } from './framing.ts';
import { type Header, Messages, numberAt, type Shape } from './messages.ts';

const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
const HEADERS = 1;
/** CONTINUATION; the types of extensions do not occur in what servers read. */
const LAST_TYPE = 9;
const STREAM_BITS = 0x7fff_ffff;

interface Frame extends Header {
  readonly stream: number;
}

const FRAMES: Shape = {
  headerLength: 9,
  headerAt(bytes, at): Frame | null {
    const type = bytes.charCodeAt(at + 3);
    if (type > LAST_TYPE) return null;
    return { type, length: numberAt(bytes, at, 3), stream: numberAt(bytes, at + 5, 4) & STREAM_BITS };
  },
};

/** HTTP/2 in clear, as gRPC speaks it: a request is a frame of headers on a stream that is new. */
export class Http2 implements Framing {
  readonly isEncrypted = false;
  readonly isMultiplexed = true;
  readonly #frames = new Messages(FRAMES);
  #isPrefaceRead = false;
  #lastStream = 0;

  static isSpokenIn(bytes: string): boolean {
    return bytes.length > 0 && (bytes.startsWith(PREFACE) || (bytes.length >= 14 && PREFACE.startsWith(bytes)));
  }

  begun(bytes: string, size: number): number {
    const rest = this.#isPrefaceRead ? bytes : bytes.slice(PREFACE.length);
    const length = this.#isPrefaceRead ? size : Math.max(0, size - PREFACE.length);
    this.#isPrefaceRead = true;
    return this.#frames.in(rest, length).filter((frame) => this.#isRequest(frame as Frame)).length;
  }

  /** Trailers are headers, too. */
  #isRequest({ type, stream }: Frame): boolean {
    if (type !== HEADERS || stream <= this.#lastStream) return false;
    this.#lastStream = stream;
    return true;
  }
}
