import { randomBytes } from 'node:crypto';

const BYTES = 9;

/** A name that nobody can foresee: `.drover-` and twelve characters. */
export function randomName(): string {
  return `.drover-${randomBytes(BYTES).toString('base64url')}`;
}
