import { clockStep, hostileNumber, moved } from './hostile-numbers.ts';
import type { Random } from './random.ts';

const NOISE: readonly string[] = [
  '<',
  '>',
  '"',
  '\\',
  '(',
  ')',
  ' = ',
  ' <unfinished ...>',
  '<... accept4 resumed>',
  '\0',
  '\x1b[31m',
  '\xff',
  ', ',
  '[pid ',
  '/* 7 entries */',
  '...',
  '+++ exited with 0 +++',
  ' (',
];

type Blow = (lines: string[], random: Random) => void;

/** What may happen to the lines of a capture between the tracer and drover. */
const BLOWS: readonly Blow[] = [
  // A line is missing, doubled at once or later, or in another place.
  (lines, random) => void lines.splice(random.below(lines.length), 1 + random.below(3)),
  (lines, random) => {
    const at = random.below(lines.length);
    lines.splice(at, 0, lines[at] ?? '');
  },
  (lines, random) => void lines.splice(random.below(lines.length), 0, random.pick(lines)),
  (lines, random) => void lines.splice(random.below(lines.length), 0, ...lines.splice(random.below(lines.length), 1)),
  (lines, random) => {
    const at = random.below(lines.length - 1);
    lines.splice(at, 2, lines[at + 1] ?? '', lines[at] ?? '');
  },
  // A number is another one.
  changeNumber,
  changeNumber,
  changeNumber,
  // The clock is set for one line, or from one line on, or for a while.
  (lines, random) => change(lines, random, (line) => moved(line, clockStep(random))),
  (lines, random) => moveAll(lines, random.below(lines.length), lines.length, clockStep(random)),
  (lines, random) => {
    const from = random.below(lines.length);
    moveAll(lines, from, from + random.below(30), clockStep(random));
  },
  // A line is cut, joined with the next, or holds noise.
  (lines, random) => change(lines, random, (line) => line.slice(0, random.below(line.length + 1))),
  (lines, random) => change(lines, random, (line) => line.slice(random.below(line.length + 1))),
  (lines, random) => {
    const at = random.below(lines.length);
    lines.splice(at, 2, `${lines[at] ?? ''}${lines[at + 1] ?? ''}`);
  },
  (lines, random) =>
    change(lines, random, (line) => {
      const at = random.below(line.length + 1);
      return `${line.slice(0, at)}${random.pick(NOISE)}${line.slice(at + random.below(9))}`;
    }),
  (lines, random) => {
    const from = random.below(lines.length);
    lines.splice(from, 0, ...lines.slice(from, from + random.below(40)));
  },
  // All lines of one stretch by one thread, or the same word for another.
  (lines, random) => {
    const [pid] = /^\d+/.exec(random.pick(lines)) ?? [];
    if (pid === undefined) return;
    const other = hostileNumber(random);
    for (let at = random.below(lines.length), end = at + random.below(60); at < end && at < lines.length; at++)
      lines[at] = (lines[at] ?? '').replace(pid, other);
  },
];

/** The lines after some blows. */
export function damaged(lines: readonly string[], random: Random): string[] {
  const changed = [...lines];
  for (let blows = random.below(16); blows > 0 && changed.length > 1; blows--) random.pick(BLOWS)(changed, random);
  return changed;
}

function change(lines: string[], random: Random, by: (line: string) => string): void {
  const at = random.below(lines.length);
  lines[at] = by(lines[at] ?? '');
}

function changeNumber(lines: string[], random: Random): void {
  change(lines, random, (line) => {
    const numbers = [...line.matchAll(/-?\d+(?:\.\d+)?/g)];
    if (numbers.length === 0) return line;
    const { 0: text, index } = random.pick(numbers);
    return `${line.slice(0, index)}${hostileNumber(random)}${line.slice(index + text.length)}`;
  });
}

function moveAll(lines: string[], from: number, to: number, seconds: number): void {
  for (let at = from; at < to && at < lines.length; at++) lines[at] = moved(lines[at] ?? '', seconds);
}
