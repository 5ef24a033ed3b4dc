/** A header that says what follows it, and how much. */
export interface Header {
  readonly type: number;
  /** Bytes behind the header. */
  readonly length: number;
}

/** What one protocol says of its messages. */
export interface Shape {
  readonly headerLength: number;
  /** The header that begins at this place, all of it in the bytes; null when there can be none. */
  headerAt(bytes: string, at: number): Header | null;
}

/**
 * Finds the headers of messages in what is read piece by piece, of which a trace shows the first bytes only. Where a
 * header is not in them the next piece is taken to begin with one, if it looks like that.
 */
export class Messages {
  readonly #shape: Shape;
  /** Bytes of the message in progress that are still to come. */
  #remaining = 0;

  constructor(shape: Shape) {
    this.#shape = shape;
  }

  /** The headers that stand in these bytes, of `size` that were read. */
  in(bytes: string, size: number): readonly Header[] {
    const { headerLength } = this.#shape;
    const found: Header[] = [];
    let at = Math.min(this.#remaining, size);
    this.#remaining -= at;
    while (at < size) {
      if (at + headerLength > bytes.length) break;
      const header = this.#shape.headerAt(bytes, at);
      if (header === null) break;
      found.push(header);
      const end = at + headerLength + header.length;
      this.#remaining = Math.max(0, end - size);
      at = Math.min(end, size);
    }
    return found;
  }
}

/** The number that stands in so many bytes, the highest first. */
export function numberAt(bytes: string, at: number, length: number): number {
  let number = 0;
  for (let i = at; i < at + length; i++) number = number * 256 + bytes.charCodeAt(i);
  return number;
}
