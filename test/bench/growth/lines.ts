import { type GrowthClass, oneFile } from './growth-class.ts';
import { each, Pen } from './pen.ts';

const PID = 101;
/** A long line is written in pieces of so many characters. */
const PIECE = 'x'.repeat(997);

/** Captures whose lines are odd: foreign, torn, endless, out of order. */
export const LINES: readonly GrowthClass[] = [
  oneFile(
    'calls-of-one-thread',
    'ordinary calls: what all others are compared with',
    { most: 400_009, quick: 100_003 },
    (count) => {
      const pen = new Pen();
      return each(count, () => pen.call(PID, 'read(9<pipe:[5]>, "x", 4096) = 1'));
    },
  ),
  oneFile('lines-of-others', 'lines of other programs, each another one', { most: 200_003, quick: 50_021 }, (count) => {
    const pen = new Pen();
    return each(count, (index) => [pen.call(PID, 'getpid() = 101'), `[worker] job ${index} finished, 17 of 19 rows\n`]);
  }),
  oneFile(
    'lines-that-cannot-be-read',
    'lines with a pid and a time and no call',
    { most: 200_003, quick: 50_021 },
    (count) => {
      const pen = new Pen();
      return each(count, (index) => [pen.call(PID, 'getpid() = 101'), pen.line(PID, `read(${index}, "x`)]);
    },
  ),
  oneFile('calls-resumed-twice', 'calls that return again and again', { most: 200_003, quick: 50_021 }, (count) => {
    const pen = new Pen();
    return each(count, () => pen.call(PID, '<... read resumed>"x", 4096) = 1'));
  }),
  oneFile('calls-never-resumed', 'unfinished calls of one thread', { most: 200_003, quick: 50_021 }, (count) => {
    const pen = new Pen();
    return each(count, () => pen.line(PID, 'read(9<pipe:[5]>,  <unfinished ...>'));
  }),
  oneFile('one-long-line', 'thousands of characters in one line', { most: 40_009, quick: 10_007 }, (count) => {
    const pen = new Pen();
    function* text(): Generator<string> {
      yield pen.call(PID, 'getpid() = 101');
      yield pen.line(PID, 'write(9<pipe:[5]>, "').trimEnd();
      yield* each(count, () => PIECE);
      yield `", ${count * PIECE.length}) = ${count * PIECE.length} <0.000020>\n`;
    }
    return text();
  }),
  oneFile(
    'one-line-without-end',
    'thousands of characters without a newline',
    { most: 40_009, quick: 10_007 },
    (count) => {
      const pen = new Pen();
      function* text(): Generator<string> {
        yield pen.call(PID, 'getpid() = 101');
        yield* each(count, () => PIECE);
      }
      return text();
    },
  ),
  oneFile('long-lines', 'lines of 30,000 characters', { most: 2_003, quick: 499 }, (count) => {
    const pen = new Pen();
    return each(count, () => pen.call(PID, `write(9<pipe:[5]>, "${PIECE.repeat(30)}", 29910) = 29910`));
  }),
  oneFile(
    'brackets-in-a-line',
    'brackets that are opened and never closed, in one line',
    { most: 400_009, quick: 100_003 },
    (count) => odd(count, 'ioctl(9<pipe:[5]>, ', '[{(', ') = 0'),
  ),
  oneFile('quotes-in-a-line', 'quotes and escapes in one line', { most: 400_009, quick: 100_003 }, (count) =>
    odd(count, 'write(9<pipe:[5]>, ', '"\\""...', ') = 0'),
  ),
  oneFile('resumptions-in-a-line', 'beginnings of other lines in one line', { most: 100_003, quick: 25_013 }, (count) =>
    odd(count, 'write(9<pipe:[5]>, ', '101 1795140800.000007 <... read resumed> = 0 ', ') = 0'),
  ),
  oneFile('blanks-in-a-line', 'blanks in one line', { most: 2_000_003, quick: 500_009 }, (count) =>
    odd(count, 'read(9<pipe:[5]>', ' ', '= 0'),
  ),
  oneFile('lines-with-brackets', 'lines with 300 brackets', { most: 20_011, quick: 5_003 }, (count) => {
    const pen = new Pen();
    return each(count, () => pen.call(PID, `ioctl(9<pipe:[5]>, ${'[{('.repeat(101)}) = 0`));
  }),
  oneFile('clock-steps', 'steps of the clock back and forth', { most: 200_003, quick: 50_021 }, (count) => {
    const pen = new Pen();
    return each(count, (index) => {
      pen.pass(index % 2 === 0 ? 3_600_000_000 : -3_599_000_000);
      return pen.call(PID + (index % 3), 'read(9<pipe:[5]>, "x", 4096) = 1');
    });
  }),
  oneFile('hours', 'hours that the capture lasts', { most: 200_003, quick: 50_021 }, (count) => {
    const pen = new Pen();
    return each(count, () => {
      pen.pass(3_600_000_000);
      return pen.call(PID, 'read(9<pipe:[5]>, "x", 4096) = 1', 1_000_000);
    });
  }),
  {
    ...oneFile('packed-calls', 'ordinary calls in a gzipped file', { most: 400_009, quick: 100_003 }, () => []),
    files: (count) => {
      const pen = new Pen();
      return [
        {
          name: 'capture.trace.gz',
          packed: true,
          text: each(count, () => pen.call(PID, 'read(9<pipe:[5]>, "x", 4096) = 1')),
        },
      ];
    },
  },
];

/** A line that repeats a piece so often, between two others. */
function* odd(count: number, start: string, piece: string, end: string): Generator<string> {
  const pen = new Pen();
  yield pen.call(PID, 'getpid() = 101');
  yield pen.line(PID, start).replace(/\n$/, '');
  yield* each(count, () => piece);
  yield `${end} <0.000003>\n`;
  yield pen.call(PID, 'getpid() = 101');
}
