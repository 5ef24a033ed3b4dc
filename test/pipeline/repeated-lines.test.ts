import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Report } from '../../src/analysis/report.ts';
import { analyzeCaptures } from '../../src/pipeline/analyze-captures.ts';
import { memoryInput } from '../support/memory-input.ts';

const START = 1_795_200_000.000213;
const PIDS = [7, 11, 13];
/** 101 lines of three threads, a call each 10 ms; those of a second capture are as regular and later. */
const linesFrom = (start: number, stamp = (at: number): string => at.toFixed(6)): string[] =>
  Array.from({ length: 101 }, (_, n) => {
    const result = n % 7 === 3 ? '-1 EAGAIN (Resource temporarily unavailable)' : '5';
    return `${PIDS[n % 3]} ${stamp(start + n * 0.01)} accept4(3<socket:[17]>, NULL, NULL, 0) = ${result} <0.000017>`;
  });
const LINES = linesFrom(START);

async function reportOn(lines: readonly string[], { isPipe = false, end = '\n' } = {}): Promise<Report> {
  const input = memoryInput('trace', `${lines.join('\n')}${end}`);
  const inputs = [isPipe ? { ...input, rereadable: false } : input];
  const kind = isPipe ? 'stdin' : 'file';
  return analyzeCaptures([{ host: '', set: { kind, paths: ['trace'], inputs, leftOut: [], notices: [] } }], {});
}

const repeats = ({ quality }: Report): readonly string[] =>
  quality.diagnostics
    .filter(({ code }) => code === 'repeated-lines')
    .flatMap(({ samples }) => samples.map((s) => s.text));
const codes = ({ quality }: Report): readonly string[] => quality.diagnostics.map(({ code }) => code);
const calls = ({ calls: rows }: Report): unknown => rows.map(({ call, count, errors }) => [call, count, errors]);

describe('lines that stand in a capture twice are read once', () => {
  const PASTED: Readonly<Record<string, readonly [lines: readonly string[], told: readonly string[]]>> = {
    'the end again': [[...LINES, ...LINES.slice(-29)], ['lines 102 to 130 are lines 73 to 101 once more']],
    'two pieces that overlap': [
      [...LINES.slice(0, 71), ...LINES.slice(30)],
      ['lines 72 to 112 are lines 31 to 71 once more'],
    ],
    'a piece of the middle, at the end': [
      [...LINES, ...LINES.slice(41, 60)],
      ['lines 102 to 120 are lines 42 to 60 once more'],
    ],
    'all of it': [[...LINES, ...LINES], ['lines 102 to 202 are lines 1 to 101 once more']],
    'all of it, three times': [[...LINES, ...LINES, ...LINES], ['lines 102 to 303 are lines 1 to 202 once more']],
    'two pieces, each where it was copied from': [
      [...LINES.slice(0, 50), ...LINES.slice(20, 50), ...LINES.slice(50), ...LINES.slice(-13)],
      ['lines 51 to 80 are lines 21 to 50 once more', 'lines 132 to 144 are lines 119 to 131 once more'],
    ],
    'three lines, the fewest that tell': [
      [...LINES, ...LINES.slice(41, 44)],
      ['lines 102 to 104 are lines 42 to 44 once more'],
    ],
  };
  for (const [name, [lines, told]] of Object.entries(PASTED)) {
    it(name, async () => {
      const once = await reportOn(LINES);
      for (const options of [{}, { isPipe: true }, { end: '' }]) {
        const report = await reportOn(lines, options);
        assert.deepEqual(calls(report), calls(once));
        assert.deepEqual(repeats(report), told);
        assert.ok(!codes(report).includes('clock-step'));
        assert.equal(report.quality.lines, lines.length);
        assert.equal(report.window.durationMs, once.window.durationMs);
      }
    });
  }

  it('in the lines of any format', async () => {
    const sentence = (n: number): string =>
      `10:00:0${Math.floor(n / 20)}.${String((n % 20) * 50_000).padStart(6, '0')} gunicorn[14${n % 3}] ` +
      `accept4(fd=${3 + (n % 2)}) = ${n % 5} after ${n + 3} us`;
    const printed = Array.from({ length: 101 }, (_, n) => sentence(n));
    const report = await reportOn([...printed, ...printed.slice(-50)]);
    assert.deepEqual(repeats(report), ['lines 102 to 151 are lines 52 to 101 once more']);
    assert.deepEqual(calls(report), calls(await reportOn(printed)));
  });

  it('and DATA says which', async () => {
    const { quality } = await reportOn([...LINES, ...LINES.slice(-29)]);
    assert.ok(
      quality.notes.includes(
        'A part of the capture stands in it twice and was read once: lines 102 to 130 are lines 73 to 101 once more.',
      ),
      quality.notes.join('\n'),
    );
  });
});

describe('nothing is left out', () => {
  it('of a capture whose clock was set back: its lines are others', async () => {
    const report = await reportOn([...LINES, ...linesFrom(START + 0.5003)]);
    assert.deepEqual(repeats(report), []);
    assert.ok(codes(report).includes('clock-step'));
    assert.equal(report.calls[0]?.count, 202);
  });

  it('of two lines that come again, which may be chance', async () => {
    const report = await reportOn([...LINES, ...LINES.slice(41, 43)]);
    assert.deepEqual(repeats(report), []);
    assert.equal(report.calls[0]?.count, 103);
  });

  it('of stacks, which are the same under each call', async () => {
    const stack = [' > /usr/lib/libc.so.6(accept4+0x13) [0x10af63]', ' > /usr/bin/python3.11(_start+0x21) [0x2abdac]'];
    const lines = [...LINES, ...linesFrom(START + 0.5003)].flatMap((line) => [line, ...stack, ...stack]);
    const report = await reportOn(lines);
    assert.deepEqual(repeats(report), []);
    assert.ok(codes(report).includes('clock-step'));
    const again = await reportOn([...lines.slice(0, 505), ...lines.slice(255, 485), ...lines.slice(505)]);
    assert.equal(again.calls[0]?.count, 202);
    assert.deepEqual(repeats(again), ['lines 506 to 735 are lines 256 to 485 once more']);
  });

  it('of equal lines one behind the other', async () => {
    const [line = ''] = LINES;
    const report = await reportOn([...Array.from({ length: 37 }, () => line), ...LINES.slice(1)]);
    assert.deepEqual(repeats(report), []);
    assert.equal(report.calls[0]?.count, 137);
  });

  it('of fewer than 20 lines with whole seconds, which an idle loop may write once more', async () => {
    const seconds = linesFrom(START, (at) => String(1_795_200_000 + Math.round((at - START) * 10)));
    const idle = (count: number): Promise<Report> => reportOn([...seconds, ...seconds.slice(20, 20 + count)]);
    assert.deepEqual(repeats(await idle(19)), []);
    assert.deepEqual(repeats(await idle(20)), ['lines 102 to 121 are lines 21 to 40 once more']);
  });
});
