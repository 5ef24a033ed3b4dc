import { readFileSync } from 'node:fs';

/** What the assembly of `parsers/strace/simple` was compiled to, beside this module, compiled and bundled. */
const FILE = new URL('./simple-lines.wasm', import.meta.url);

/**
 * The assembly; null when it is not wanted (`DROVER_WASM=0`), or this Node cannot run it. Everything is read without
 * it, only slower.
 */
export function simpleLinesModule(): WebAssembly.Module | null {
  if (process.env['DROVER_WASM'] === '0') return null;
  try {
    return new WebAssembly.Module(readFileSync(FILE));
  } catch {
    return null;
  }
}
