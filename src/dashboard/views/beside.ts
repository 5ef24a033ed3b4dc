import { fit, type Glyphs, type Row, row, styled } from '../row.ts';

/** Two blocks of rows next to each other, a bar between them. */
export function beside(
  left: readonly Row[],
  right: readonly Row[],
  leftWidth: number,
  width: number,
  glyphs: Glyphs,
): readonly Row[] {
  const height = Math.max(left.length, right.length);
  return Array.from({ length: height }, (_, index) => [
    ...fit(left[index] ?? [], leftWidth, glyphs.ascii),
    styled(`${glyphs.bar} `, 'quiet'),
    ...fit(right[index] ?? row(''), Math.max(0, width - leftWidth - 2), glyphs.ascii),
  ]);
}

/** Exactly that many rows. */
export function tall(rows: readonly Row[], height: number): readonly Row[] {
  return Array.from({ length: Math.max(0, height) }, (_, index) => rows[index] ?? []);
}
