const BLOCK = 512;
/** Where a header says that it is one, how long its file is, and of which kind. */
const MAGIC_AT = 257;
const SIZE_AT = 124;
const SIZE_BYTES = 12;
const KIND_AT = 156;
const NAME_BYTES = 100;
/** A regular file, as tar writes it today and as it did. */
const REGULAR: ReadonlySet<number> = new Set([0x30, 0]);

/** Whether a file begins with the header of a tar archive. */
export function isTar(head: Buffer): boolean {
  return head.length >= BLOCK && head.toString('latin1', MAGIC_AT, MAGIC_AT + 5) === 'ustar';
}

/**
 * The bytes of the one file that an archive holds; throws what `severalFiles` makes where it holds more. Folders, long
 * names, and what macOS puts beside each file (`._a`) are none.
 */
export async function* onlyFileOf(chunks: AsyncIterable<Buffer>, severalFiles: () => Error): AsyncGenerator<Buffer> {
  let header = Buffer.alloc(0);
  let left = 0;
  let padding = 0;
  let isWanted = false;
  let hasFile = false;
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length; ) {
      const there = chunk.length - at;
      if (left > 0) {
        const taken = Math.min(left, there);
        if (isWanted) yield chunk.subarray(at, at + taken);
        left -= taken;
        at += taken;
      } else if (padding > 0) {
        const taken = Math.min(padding, there);
        padding -= taken;
        at += taken;
      } else {
        const taken = Math.min(BLOCK - header.length, there);
        header = Buffer.concat([header, chunk.subarray(at, at + taken)]);
        at += taken;
        if (header.length < BLOCK) break;
        left = sizeIn(header);
        padding = (BLOCK - (left % BLOCK)) % BLOCK;
        isWanted = left > 0 && isFile(header);
        if (isWanted && hasFile) throw severalFiles();
        hasFile ||= isWanted;
        header = Buffer.alloc(0);
      }
    }
  }
}

function isFile(header: Buffer): boolean {
  const name = header.toString('latin1', 0, NAME_BYTES).replace(/\0.*$/s, '');
  return isTar(header) && REGULAR.has(header[KIND_AT] as number) && !/(?:^|\/)\._[^/]*$/.test(name);
}

/** In octal digits, or from 8 GB on as a binary number. */
function sizeIn(header: Buffer): number {
  const field = header.subarray(SIZE_AT, SIZE_AT + SIZE_BYTES);
  if (((field[0] as number) & 0x80) !== 0) return Number(field.readBigUInt64BE(SIZE_BYTES - 8));
  const size = Number.parseInt(field.toString('latin1').replace(/\0.*$/s, '').trim(), 8);
  return Number.isNaN(size) ? 0 : size;
}
