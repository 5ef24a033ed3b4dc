import { viewOf } from './byte-words.ts';

/**
 * Where the bytes that are read at the moment stand. One object for parser, call and threads, so that a change of the
 * buffer is seen by all.
 */
export class ByteWindow {
  readonly file: string;
  #bytes: Buffer = NOTHING;
  /** The same bytes, for reading four of them at once. */
  view = viewOf(NOTHING);

  constructor(file: string) {
    this.file = file;
  }

  get bytes(): Buffer {
    return this.#bytes;
  }

  set bytes(bytes: Buffer) {
    this.#bytes = bytes;
    this.view = viewOf(bytes);
  }
}

const NOTHING = Buffer.alloc(0);
