import { randomInt } from 'node:crypto';
import { hostname } from 'node:os';

const SUFFIX_DIGITS = 4;

/** `drover-web-1-20261120T021337-0815.trace`, in UTC, with digits that nobody can foresee. */
export function defaultName(): string {
  const suffix = String(randomInt(10 ** SUFFIX_DIGITS)).padStart(SUFFIX_DIGITS, '0');
  return `${hostName()}-${timeInName()}-${suffix}.trace`;
}

/** `drover-web-1`. */
export function hostName(): string {
  return `drover-${hostname().replace(/[^\w.-]/g, '_')}`;
}

/** `20261120T021337`, now in UTC. */
export function timeInName(): string {
  return new Date().toISOString().replace(/[-:]|\.\d+Z$/g, '');
}
