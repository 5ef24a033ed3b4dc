import { createHash } from 'node:crypto';

const DIGITS = 12;

/** The same twelve hexadecimal digits for the same parts, in every version of drover. */
export function shortHash(parts: readonly (string | number)[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, DIGITS);
}
