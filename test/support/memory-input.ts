import type { TraceInput } from '../../src/sources/trace-input.ts';

/** An input from memory, in chunks of the given size. */
export function memoryInput(
  name: string,
  text: string,
  { tid, chunkBytes = 97 }: { readonly tid?: number; readonly chunkBytes?: number } = {},
): TraceInput {
  const bytes = Buffer.from(text);
  return {
    name,
    ...(tid === undefined ? {} : { tid }),
    sizeBytes: bytes.length,
    bytesRead: bytes.length,
    rereadable: true,
    diagnostics: [],
    async *chunks() {
      for (let from = 0; from < bytes.length; from += chunkBytes)
        yield Buffer.from(bytes.subarray(from, from + chunkBytes));
    },
  };
}
