import { type ForeignColumns, withStamp } from '../text/foreign-columns.ts';

/** The columns of no log are more words than that. */
const MOST_WORDS = 10;
/** Lines that a column must stand on, of those that read behind it, and how many ways of writing it are told apart. */
const LEAST_SHARE = 0.02;
const MOST_WAYS = 12;
/** This share of the lines may be shorter. */
const SHORTER = 0.2;

/** All of them stand for one another. */
const LEVELS =
  '(?:[A-Z]{4,8}|(?:[Tt]race|[Dd]ebug|[Ii]nfo|[Nn]otice|[Ww]arn(?:ing)?|[Ee]rr(?:or)?|[Ff]atal))(?![A-Za-z0-9])';
const LEVEL = /\b(?:TRACE|DEBUG|DEBG|INFO|NOTICE|WARN|WARNING|ERROR|CRITICAL|FATAL|SEVERE)\b/i;
const WORD = /\S+[ \t]*/y;

/** The columns of a log that nobody knows: so many words before each line, 0 for none, in the ways of these lines. */
export function firstWords(lines: readonly string[], count: number): ForeignColumns | null {
  const rows = lines.map((line) => wordsOf(line, count));
  const blanks = Math.min(...rows.map((words) => /[ \t]*$/.exec(words?.at(-1) ?? '')?.[0].length ?? 0));
  const columns = Array.from({ length: count }, (_, index) => rows.flatMap((words) => words?.[index]?.trimEnd() ?? []));
  const [first, ...others] = columns.map(waysOf);
  if (first === undefined) return null;
  const before = new RegExp(`^[ \\t]{0,16}${[first, ...others].join('[ \\t]{1,16}')}`);
  // Behind numbers to the left more blanks may stand; stacks and dumps begin with one of their own.
  const end = new RegExp(`^(?:[ \\t]+(?=[\\w[<])|[ \\t]{0,${blanks}})`);
  const strip = (line: string): string => {
    const found = before.exec(line)?.[0];
    return found === undefined ? line : line.slice(found.length).replace(end, '');
  };
  return {
    strip,
    dated: {
      strip: (line) => {
        const body = strip(line);
        return body === line ? line : withStamp(line.slice(0, line.length - body.length), body);
      },
    },
  };
}

/** How many words may be columns of these lines: nearly all have more. */
export function mostWords(lines: readonly string[]): number {
  const counts = lines.map((line) => line.trim().split(/[ \t]+/, MOST_WORDS + 1).length - 1).sort((a, b) => a - b);
  return counts[Math.floor(counts.length * SHORTER)] ?? 0;
}

/** The line without so many words. */
export function behindWords(line: string, count: number): string {
  const words = wordsOf(line, count);
  return words === null ? '' : line.trimStart().slice(words.join('').length);
}

function wordsOf(line: string, count: number): string[] | null {
  const text = line.trimStart();
  const words: string[] = [];
  WORD.lastIndex = 0;
  while (words.length < count) {
    const word = WORD.exec(text)?.[0];
    if (word === undefined) return null;
    words.push(word);
  }
  return words;
}

/** One column: letters and digits may be others, what stands between them may not. */
function waysOf(words: readonly string[]): string {
  const [first = ''] = words;
  if (!/\d/.test(first) && !LEVEL.test(first) && words.every((word) => word === first)) return literal(first);
  const counts = new Map<string, number>();
  for (const word of words) counts.set(wayOf(word), (counts.get(wayOf(word)) ?? 0) + 1);
  const ways = [...counts].filter(([, count]) => count >= words.length * LEAST_SHARE).map(([way]) => way);
  return ways.length > MOST_WAYS ? '\\S{1,200}' : `(?:${ways.join('|')})`;
}

function wayOf(word: string): string {
  return word.replace(/[A-Za-z0-9]+|[^A-Za-z0-9]/g, (piece) => {
    if (/^\d+$/.test(piece)) return '\\d+';
    if (LEVEL.test(piece)) return LEVELS;
    if (/^[A-Za-z0-9]/.test(piece)) return '[A-Za-z0-9]+';
    return literal(piece);
  });
}

function literal(text: string): string {
  return text.replace(/[^A-Za-z0-9]/g, (sign) => `\\x${sign.charCodeAt(0).toString(16).padStart(2, '0')}`);
}
