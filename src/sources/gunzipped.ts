import { createGunzip, type Gunzip } from 'node:zlib';
import { errorCode } from './input-error.ts';

const OUTPUT_BYTES = 262_144;

/**
 * Unpacks gzip data of one or many members. Calls `broken` with the reason and ends when the data are cut off or
 * damaged.
 */
export async function* gunzipped(
  packed: AsyncIterable<Buffer>,
  broken: (reason: string) => void,
): AsyncGenerator<Buffer> {
  const gunzip = createGunzip({ chunkSize: OUTPUT_BYTES });
  const taken = new Taken();
  gunzip.once('close', () => taken.tell());
  const feeding = feed(gunzip, packed, taken);
  try {
    for await (const chunk of gunzip) {
      taken.tell();
      yield chunk as Buffer;
    }
  } catch (error) {
    if (!errorCode(error).startsWith('Z_')) throw error;
    broken(error instanceof Error ? error.message : String(error));
  } finally {
    gunzip.destroy();
    await feeding;
  }
}

/** Says when what was unpacked has been taken. */
class Taken {
  #wake: (() => void) | null = null;

  tell(): void {
    this.#wake?.();
    this.#wake = null;
  }

  next(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}

/** Writes one chunk after the other and waits for each, since the memory of a chunk is used again. */
async function feed(gunzip: Gunzip, packed: AsyncIterable<Buffer>, taken: Taken): Promise<void> {
  try {
    for await (const chunk of packed) {
      await new Promise<void>((done) => {
        gunzip.once('close', done);
        gunzip.write(chunk, () => {
          gunzip.off('close', done);
          done();
        });
      });
      if (gunzip.destroyed) return;
    }
    // That the data break off shows at the end only, and what was unpacked and not taken yet is lost with it.
    while (gunzip.readableLength > 0 && !gunzip.destroyed) await taken.next();
    if (!gunzip.destroyed) gunzip.end();
  } catch (error) {
    // Reading failed: let the side that consumes the output throw it.
    gunzip.destroy(error instanceof Error ? error : new Error(String(error)));
  }
}
