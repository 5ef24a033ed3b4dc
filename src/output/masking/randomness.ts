/** Shorter text can be told from a word only with its surroundings. */
const SHORTEST = 16;
/** The shortest that is taken as random when its end is cut off. */
const SHORTEST_CUT = 8;
/** One piece of this length is enough. Names that Kubernetes gives to pods end in pieces of 10 and 5. */
const LONG_PIECE = 12;

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4,12}/i;
const HEXADECIMAL = /^(?=(?:[0-9]*[a-f]){2})(?=(?:[a-f]*[0-9]){2})[0-9a-f]+$/i;
/** Digits, also of a date; letters with a number at one end; an address. */
const NATURAL =
  /^(?:\d+|[A-Za-z]{1,2}\d{1,8}|\d{1,4}[A-Za-z]{1,3}|\d{8}T\d{4,6}Z?|0x[0-9a-f]{1,16}|[a-z]{1,12}\d{1,4}[a-z]{4,16}\d{0,3}|([A-Za-z]+)\d{0,8})$/;

/**
 * Whether text of letters, digits and `-_.+=~` is a key rather than words: hexadecimal digits, a UUID, mixed digits and
 * letters, letters that change their case all the time. `isCut` takes less of it, because the rest is missing.
 */
export function isRandom(text: string, isCut = false): boolean {
  const least = isCut ? SHORTEST_CUT : SHORTEST;
  if (text.length < least) return false;
  if (UUID.test(text)) return true;
  let odd = 0;
  let longest = 0;
  for (const piece of text.split(/[-_.+=~]/)) {
    if (isNatural(piece, least)) continue;
    odd += piece.length;
    longest = Math.max(longest, piece.length);
  }
  return odd >= least || longest >= LONG_PIECE;
}

function isNatural(piece: string, least: number): boolean {
  if (piece.length >= least && HEXADECIMAL.test(piece)) return false;
  const match = NATURAL.exec(piece);
  return piece === '' || (match !== null && (match[1] === undefined || isCamelCase(match[1])));
}

/** Words of one case, or several that each begin with a capital and are three letters long on average. */
function isCamelCase(letters: string): boolean {
  const runs = letters.match(/[a-z]+/g);
  if (runs === null || runs.length < 3) return true;
  return runs.reduce((sum, run) => sum + run.length, 0) / runs.length >= 3.2;
}

/** Whether text is fifteen or sixteen digits, apart or together, with a right check digit (Luhn). */
export function isCardNumber(word: string): boolean {
  const digits = word.replace(/[-_ ]/g, '');
  if (!/^\d{15,16}$/.test(digits)) return false;
  let sum = 0;
  [...digits].reverse().forEach((digit, index) => {
    const value = Number(digit) * (index % 2 === 1 ? 2 : 1);
    sum += value > 9 ? value - 9 : value;
  });
  return sum % 10 === 0;
}
