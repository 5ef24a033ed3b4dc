const VARINT = 0;
const FIXED_64 = 1;
const BYTES = 2;
const HALF = 0x1_0000_0000;

/**
 * Writes messages in the wire format of Protocol Buffers. Numbers are whole, of 0 and more, and exact in a double,
 * unless a method says otherwise.
 */
export class ProtobufWriter {
  #bytes: Uint8Array;
  #length = 0;
  readonly #text = new TextEncoder();

  constructor(size = 1_024) {
    this.#bytes = new Uint8Array(size);
  }

  get length(): number {
    return this.#length;
  }

  /** What was written; valid until the next write. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  clear(): void {
    this.#length = 0;
  }

  number(field: number, value: number): void {
    this.#tag(field, VARINT);
    this.#varint(value);
  }

  fixed64(field: number, value: number): void {
    this.#tag(field, FIXED_64);
    this.#room(8);
    let rest = value;
    for (let i = 0; i < 8; i++) {
      this.#bytes[this.#length++] = rest % 256;
      rest = Math.floor(rest / 256);
    }
  }

  /** Any whole number of 64 bits. */
  bigFixed64(field: number, value: bigint): void {
    this.#tag(field, FIXED_64);
    this.#room(8);
    this.#view.setBigUint64(this.#length, BigInt.asUintN(64, value), true);
    this.#length += 8;
  }

  /** Any whole number of 64 bits; the same as `number`, eight times slower. */
  bigNumber(field: number, value: bigint): void {
    this.#tag(field, VARINT);
    this.#room(10);
    let rest = BigInt.asUintN(64, value);
    for (; rest > 0x7fn; rest >>= 7n) this.#bytes[this.#length++] = Number(rest & 0x7fn) | 0x80;
    this.#bytes[this.#length++] = Number(rest);
  }

  double(field: number, value: number): void {
    this.#tag(field, FIXED_64);
    this.#room(8);
    this.#view.setFloat64(this.#length, value, true);
    this.#length += 8;
  }

  bytesOf(field: number, bytes: Uint8Array): void {
    this.#tag(field, BYTES);
    this.#varint(bytes.length);
    this.#room(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  text(field: number, text: string): void {
    this.#tag(field, BYTES);
    const most = text.length * 3;
    // The length stands in front of the bytes and takes as much as it needs; ours are short.
    this.#room(most + 10);
    const bytes = this.#text.encode(text);
    this.#varint(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  message(field: number, { bytes }: ProtobufWriter): void {
    this.bytesOf(field, bytes);
  }

  get #view(): DataView {
    return new DataView(this.#bytes.buffer);
  }

  #tag(field: number, type: number): void {
    this.#varint(field * 8 + type);
  }

  /** From two halves: bit operations know 32 bits, and BigInt is eight times slower. */
  #varint(value: number): void {
    this.#room(10);
    let high = Math.floor(value / HALF);
    let low = value >>> 0;
    while (high > 0 || low > 0x7f) {
      this.#bytes[this.#length++] = (low & 0x7f) | 0x80;
      low = ((low >>> 7) | (high << 25)) >>> 0;
      high >>>= 7;
    }
    this.#bytes[this.#length++] = low;
  }

  #room(more: number): void {
    if (this.#length + more <= this.#bytes.length) return;
    const larger = new Uint8Array(2 * (this.#length + more));
    larger.set(this.bytes);
    this.#bytes = larger;
  }
}
