import type { AnalysisOptions } from '../../src/analysis/options.ts';
import type { FactTexts } from '../../src/sources/trace-input.ts';
import type { Text } from './corpus.ts';
import { damaged } from './damage.ts';
import { inventedFacts, inventedLines } from './invented.ts';
import { type Random, randomOf } from './random.ts';

/** The inputs of one trace. */
export interface FuzzCase {
  readonly files: readonly FuzzFile[];
  readonly facts?: FactTexts;
  readonly options?: AnalysisOptions;
}

export interface FuzzFile {
  readonly name: string;
  /** Of a set of `-ff`. */
  readonly tid?: number;
  /** One byte a character. */
  readonly lines: readonly string[];
  /** The last line is whole. */
  readonly isEnded: boolean;
}

const MOST_LINES = 240;

/** The case of a seed and a number: nothing else decides what is in it. */
export function fuzzCase(corpus: readonly Text[], seed: number, number: number): FuzzCase {
  const random = randomOf(seed, number);
  const isSet = random.oneIn(5);
  const count = isSet ? 2 + random.below(4) : random.oneIn(6) ? 2 + random.below(2) : 1;
  const files = isSet ? splitByThread(piece(corpus, random), count, random) : several(corpus, count, random);
  const facts = random.oneIn(8) ? inventedFacts(random) : null;
  return { files, ...(facts === null ? {} : { facts }), ...(random.oneIn(8) ? { options: optionsOf(random) } : {}) };
}

/** A part of the trace, some processes, limits that are nearly nothing. */
function optionsOf(random: Random): AnalysisOptions {
  const at = (): number => Math.floor(random.share() * random.pick([1e6, 1e9, 1e11]));
  const from = at();
  return {
    ...(random.oneIn(2) ? { from: { kind: 'relative', nanoseconds: from } } : {}),
    ...(random.oneIn(2) ? { to: { kind: 'relative', nanoseconds: from + at() } } : {}),
    ...(random.oneIn(4) ? { pids: [101] } : {}),
    ...(random.oneIn(2)
      ? { thresholds: { 'stall-ms': 1, 'service-stall-ms': 1, 'herd-min-connections': 1, 'herd-min-wasted': 1 } }
      : {}),
  };
}

export function bytesOf({ lines, isEnded }: FuzzFile): Buffer {
  return Buffer.from(lines.join('\n') + (isEnded && lines.length > 0 ? '\n' : ''), 'latin1');
}

function several(corpus: readonly Text[], count: number, random: Random): FuzzFile[] {
  const shared = piece(corpus, random);
  return Array.from({ length: count }, (_, index) => {
    // Files of one trace, parts of one file, or strangers.
    const lines = index === 0 || random.oneIn(2) ? shared : piece(corpus, random);
    return { name: `trace-${'abcd'[index]}`, lines: damaged(lines, random), isEnded: !random.oneIn(9) };
  });
}

/** As `strace -ff` would have written the lines: without pids, in files named after them. */
function splitByThread(lines: readonly string[], count: number, random: Random): FuzzFile[] {
  const of = lines.map((line) => /^(\d{1,7}) +/.exec(line));
  const pids = [...new Set(of.flatMap((match) => (match === null ? [] : [match[1] ?? ''])))].slice(0, count);
  const names = pids.length > 0 ? pids : Array.from({ length: count }, (_, index) => String(101 + index));
  return names.map((pid, index) => {
    const own = lines.filter((_, place) => (pids.length > 0 ? of[place]?.[1] === pid : place % names.length === index));
    const stripped = own.map((line) => (pids.length > 0 ? line.replace(/^\d+ +/, '') : line));
    return { name: `t.${pid}`, tid: Number(pid), lines: damaged(stripped, random), isEnded: !random.oneIn(9) };
  });
}

/** Some lines of the corpus, two pieces of it one after the other, or invented ones. */
function piece(corpus: readonly Text[], random: Random): string[] {
  if (random.oneIn(2)) return inventedLines(random);
  const first = stretch(corpus, random);
  return random.oneIn(6) ? [...first, ...stretch(corpus, random)] : first;
}

function stretch(corpus: readonly Text[], random: Random): string[] {
  const { lines } = random.pick(corpus);
  const length = 1 + random.below(MOST_LINES);
  const from = random.oneIn(2) ? 0 : random.below(lines.length);
  return lines.slice(from, from + length);
}
