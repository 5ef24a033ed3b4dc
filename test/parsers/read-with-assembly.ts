import assert from 'node:assert/strict';
import { simpleLinesModule } from '../../src/pipeline/simple-lines-module.ts';
import { type ReadColumns, readColumns } from './read-columns.ts';

/** The assembly that `npm run build` compiled; null where there is none. */
export const assembly = simpleLinesModule();
export const WHOLE = [1 << 30];

/** Reads with the assembly and without, which must give the same; gives what was read with it. */
export function same(bytes: Buffer, chunks: readonly number[], what: string, tid?: number): ReadColumns {
  const { hardLines: all, ...plain } = readColumns(bytes, chunks, null, tid);
  const read = readColumns(bytes, chunks, assembly, tid);
  const { hardLines, ...fast } = read;
  assert.ok(hardLines <= all);
  try {
    assert.deepEqual(fast, plain);
  } catch (error) {
    throw new Error(`${what}: ${(error as Error).message}`);
  }
  return read;
}
