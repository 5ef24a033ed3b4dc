/** Sums of more events are taken from the normal distribution, which is as good there. */
const MOST_SUMMED = 2_000;

/**
 * The probability, 0 to 1, of at most `few` events out of `all` where each falls into this part of the time with
 * probability `share`: the lower tail of the binomial distribution. Given how many events two captures have together,
 * this is how likely such an uneven split is when their rates are the same.
 */
export function chanceOfAtMost(few: number, all: number, share: number): number {
  if (few >= all) return 1;
  if (share <= 0) return 1;
  if (share >= 1) return 0;
  if (all > MOST_SUMMED) {
    const spread = Math.sqrt(all * share * (1 - share));
    return normalBelow((few + 0.5 - all * share) / spread);
  }
  let term = all * Math.log(1 - share);
  let sum = Math.exp(term);
  for (let count = 1; count <= few; count++) {
    term += Math.log((all - count + 1) / count) + Math.log(share / (1 - share));
    sum += Math.exp(term);
  }
  return Math.min(1, sum);
}

/** The probability of at least `many` events, as above. */
export function chanceOfAtLeast(many: number, all: number, share: number): number {
  return chanceOfAtMost(all - many, all, 1 - share);
}

/** The normal distribution function (Abramowitz and Stegun 26.2.17; error below 1e-7). */
function normalBelow(x: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(x));
  const tail =
    (Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI)) *
    t *
    (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  return x >= 0 ? 1 - tail : tail;
}
