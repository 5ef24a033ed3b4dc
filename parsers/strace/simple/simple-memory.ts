import type { ColumnSpace } from '../../columns/column-space.ts';

const PAGE = 65_536;
/** 256 MB, as the assembly was compiled for: so much is reserved, what is not used takes none. */
export const MOST_PAGES = 4_096;
/** Address 0 means nothing to the assembly. */
const FIRST = 1_024;

/** The memory of the assembly. What is allocated stays. */
export class SimpleMemory implements ColumnSpace {
  readonly memory = new WebAssembly.Memory({ initial: 1, maximum: MOST_PAGES, shared: true });
  #used = FIRST;

  /** Zeros. Throws a `RangeError` when there is no more. */
  allocate(bytes: number): { readonly buffer: SharedArrayBuffer; readonly at: number } {
    const at = this.#used;
    const end = (at + bytes + 15) & ~15;
    const missing = Math.ceil(end / PAGE) - this.memory.buffer.byteLength / PAGE;
    if (missing > 0) this.memory.grow(missing);
    this.#used = end;
    return { buffer: this.memory.buffer, at };
  }
}
