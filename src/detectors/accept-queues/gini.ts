/** Gini coefficient of the shares, 0 (equal) towards 1 (one has all); 0 for fewer than two or when all are zero. */
export function gini(shares: readonly number[]): number {
  const sorted = shares.toSorted((a, b) => a - b);
  const sum = sorted.reduce((total, share) => total + share, 0);
  if (sum === 0 || sorted.length < 2) return 0;
  let weighted = 0;
  for (const [index, share] of sorted.entries()) weighted += (2 * (index + 1) - sorted.length - 1) * share;
  return weighted / (sorted.length * sum);
}
