/** So many pairs tell, and all but a few lines must be one of a pair. */
const LEAST_PAIRS = 5;
const NEARLY_ALL = 0.9;

/**
 * Each of these lines stands there twice, one behind the other, as two collectors write it. Lines without times may be
 * the same for long: then those of neighbouring pairs are, too.
 */
export function areTwice(lines: readonly string[]): boolean {
  const pairs = Math.floor(lines.length / 2);
  if (pairs < LEAST_PAIRS) return false;
  let same = 0;
  let apart = 0;
  for (let at = 1; at < pairs * 2; at += 2) {
    if (lines[at] === lines[at - 1]) same++;
    if (lines[at] !== lines[at + 1]) apart++;
  }
  return same >= pairs * NEARLY_ALL && apart >= pairs * NEARLY_ALL;
}

/** Makes the second of two lines that are the same an empty one. */
export function once(): (line: string) => string {
  let last = '';
  return (line) => {
    if (line === '') return line;
    const isAgain = line === last;
    last = isAgain ? '' : line;
    return isAgain ? '' : line;
  };
}
