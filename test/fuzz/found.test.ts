import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Report } from '../../src/analysis/report.ts';
import { isoTime } from '../../src/analysis/times.ts';
import { analyzeInputs } from '../../src/pipeline/analyze-inputs.ts';
import { readTrace } from '../parsers/read-trace.ts';
import { memoryInput } from '../support/memory-input.ts';
import { caseOf, FOUND, LOST_BEGINNING, TABLE } from './found.ts';
import { complaintAbout } from './oracle.ts';
import { Random } from './random.ts';

for (const [what, found] of Object.entries(FOUND)) {
  test(`numbers are claims: ${what}`, async () => {
    assert.equal(await complaintAbout(caseOf(found), new Random(1)), '');
  });
}

async function reportOn(...texts: readonly string[]): Promise<Report> {
  const inputs = texts.map((text, index) => memoryInput(`trace-${'abcd'[index]}`, `${text}\n`));
  return analyzeInputs({ kind: 'file', paths: ['trace'], inputs, leftOut: [], notices: [] }, {});
}

const WATCHED = ['event=start program=watch version=1 machine=x86-64 ts=1404330235524 clock=1795568264.330464']
  .concat(
    Array.from({ length: 3 }, (_, second) =>
      [101, 102]
        .map((tid) => `@accepts[${tid}]: ${10 + tid}\n@eagain[${tid}]: 83`)
        .concat(`event=tick ts=${1_404_330_235_524 + second * 1e9}`),
    ).flat(),
  )
  .join('\n');

test('a herd that was counted in the kernel is told by the published schema', async () => {
  assert.equal(await complaintAbout(caseOf(WATCHED), new Random(1)), '');
  const { findings } = await reportOn(WATCHED);
  const [herd] = findings;
  assert.deepEqual([herd?.kind, herd?.metrics.maxShare, herd?.metrics.gini], ['thundering-herd', 0.502, 0.002]);
});

test('a part of a trace that holds nothing of it has no length', async () => {
  const text = '101 1795189522.500000 close(3) = 0 <0.000004>\n101 1795189523.500000 close(4) = 0 <0.000004>';
  const wanted = {
    ...caseOf(text),
    options: { from: { kind: 'relative', nanoseconds: 5e9 }, to: { kind: 'relative', nanoseconds: 9e9 } },
  } as const;
  assert.equal(await complaintAbout(wanted, new Random(1)), '');
});

test('a descriptor that the trace does not tell is null', async () => {
  const { findings } = await reportOn(LOST_BEGINNING);
  assert.deepEqual(
    findings.map(({ metrics }) => (metrics.replies as readonly { readonly fd: number | null }[]).map(({ fd }) => fd)),
    [[null]],
  );
});

test('a row whose numbers contradict each other is no row, and the others are', async () => {
  const { calls, quality } = await reportOn(`${TABLE}
 34.45    1.095142      273785         2         4 mmap
 34.45    1.095142      273785         5         5 fsync`);
  assert.deepEqual(
    calls.map(({ call, count, errors }) => [call, count, errors]),
    [['fsync', 5, { '?': 5 }]],
  );
  assert.equal(quality.diagnostics[0]?.count, 1);
});

test('moments count from the first event, and the window begins with it', async () => {
  const { workers, window } = await reportOn(
    '7 1795189540.500000 <... epoll_wait resumed>[], 64, -1) = 0 <2.500000>\n7 1795189541.000000 close(3) = 0 <0.1>',
  );
  assert.deepEqual([window.startTime, window.durationMs], ['2026-11-20T15:45:38.000000Z', 3_100]);
  assert.deepEqual([workers[0]?.firstMs, workers[0]?.lastMs], [0, 3_100]);
});

test('files that begin around midnight are read in the order of time, however they are named', async () => {
  const [evening, morning] = ['101 23:59:59.000000 close(3) = 0 <0.5>', '102 00:00:01.000000 close(3) = 0 <0.5>'];
  for (const texts of [
    [evening, morning],
    [morning, evening],
  ] as const) {
    const { window } = await reportOn(...texts);
    assert.deepEqual([window.timeOfDay, window.durationMs], ['23:59:59.000000', 2_500]);
  }
});

test('most files decide which clock the trace has', async () => {
  const of = ({ source, quality }: Report): unknown => [
    source.flags.timestamps,
    quality.diagnostics.map(({ code }) => code),
  ];
  const [epoch, other, day] = [
    '101 1795189522.5 close(3) = 0',
    '102 1795189523.5 close(3) = 0',
    '103 12:00:00.5 close(3) = 0',
  ];
  assert.deepEqual(of(await reportOn(day, epoch, other)), ['epoch', ['mixed-clocks']]);
  assert.deepEqual(of(await reportOn(day, epoch)), ['epoch', ['mixed-clocks']]);
  assert.deepEqual(of(await reportOn(day, '104 12:00:01.5 close(3) = 0', epoch)), ['clock', ['mixed-clocks']]);
});

test('a split call took no longer than the time between its halves, unless the stamps are too coarse to say so', () => {
  const split = (stamp: (part: number) => string): number[] =>
    readTrace(`7 ${stamp(0)} fsync(4 <unfinished ...>\n7 ${stamp(1)} <... fsync resumed>) = 0 <0.700000>\n`).calls.map(
      ({ duration }) => duration,
    );
  assert.deepEqual(
    split((part) => `1795189540.00${part}000`),
    [1_000_000],
  );
  assert.deepEqual(
    split(() => '15:45:25'),
    [700_000_000],
  );
});

test('a stamp of a year that ISO 8601 writes with more than four digits is no time', () => {
  const at = (seconds: number): string | null => isoTime({ kind: 'epoch', seconds, nanoseconds: 0 }, 0);
  assert.deepEqual([at(-62_167_219_201), at(-62_167_219_200)], [null, '0000-01-01T00:00:00.000000Z']);
  assert.deepEqual([at(253_402_300_799), at(253_402_300_800), at(1e300)], ['9999-12-31T23:59:59.000000Z', null, null]);
});
