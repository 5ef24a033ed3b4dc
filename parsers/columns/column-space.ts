/** Where columns and their bytes lie: in shared memory, so that they reach another thread without being copied. */
export interface ColumnSpace {
  /** Room for so many bytes, aligned to sixteen. */
  allocate(bytes: number): { readonly buffer: SharedArrayBuffer; readonly at: number };
}

/** Each piece in memory of its own. */
export const SEPARATE_SPACE: ColumnSpace = {
  allocate: (bytes) => ({ buffer: new SharedArrayBuffer(bytes), at: 0 }),
};
