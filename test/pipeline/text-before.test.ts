import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Report } from '../../src/analysis/report.ts';
import { analyzeInputs } from '../../src/pipeline/analyze-inputs.ts';
import { InputError } from '../../src/sources/input-error.ts';
import { memoryInput } from '../support/memory-input.ts';

const LOG = [
  '127.0.0.1 - - [28/Nov/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 12 "-" "curl/8.5"',
  '[2026-11-28 10:00:00 +0000] [4711] [INFO] Booting worker with pid: 4711',
  'Traceback (most recent call last):',
  '  File "/srv/app.py", line 12, in view',
];
const log = (count: number): string[] => Array.from({ length: count }, (_, n) => LOG[n % LOG.length] ?? '');
const TRACE = Array.from(
  { length: 101 },
  (_, n) => `${7 + (n % 3)} ${(1_795_200_000.000213 + n * 0.01).toFixed(6)} read(${n % 5}, "", 64) = 0 <0.000017>`,
);
const PERF = Array.from(
  { length: 101 },
  (_, n) => `${String(n).padStart(6)}.032 ( 0.011 ms): herd/4679 close(fd: 5)                                   = 0`,
);

async function reportOn(lines: readonly string[], chunkBytes = 4_096): Promise<Report> {
  const inputs = [memoryInput('trace', `${lines.join('\n')}\n`, { chunkBytes })];
  return analyzeInputs({ kind: 'file', paths: ['trace'], inputs, leftOut: [], notices: [] }, {});
}

const codes = ({ quality }: Report): readonly string[] => quality.diagnostics.map(({ code }) => code);

describe('a trace below other text is read', () => {
  for (const [name, trace] of Object.entries({ strace: TRACE, perf: PERF })) {
    for (const before of [307, 4_001]) {
      it(`of ${name}, below ${before} lines of a log`, async () => {
        for (const chunkBytes of [997, 65_536, 1 << 20]) {
          const report = await reportOn([...log(before), ...trace], chunkBytes);
          assert.equal(report.calls[0]?.count, 101);
          assert.equal(report.quality.lines, before + 101, 'numbers of lines are those of the file');
          assert.deepEqual(codes(report), ['text-before']);
        }
      });
    }
  }

  it('and lines of a log behind it are counted, as always', async () => {
    const report = await reportOn([...log(307), ...TRACE, ...log(13)]);
    assert.equal(report.calls[0]?.count, 101);
    assert.deepEqual(codes(report).toSorted(), ['foreign-line', 'text-before']);
  });

  it('and nothing is said where none is above it', async () => {
    assert.deepEqual(codes(await reportOn(TRACE)), []);
  });
});

describe('a log is no trace', () => {
  it('with four calls at its end, an example', async () => {
    await assert.rejects(reportOn([...log(4_001), ...TRACE.slice(0, 4)]), InputError);
  });

  it('without any', async () => {
    await assert.rejects(reportOn(log(4_001)), /a log: its first lines have no system calls/);
  });
});
