import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { gunzipSync } from 'node:zlib';
import { detectFormat } from '../../parsers/registry.ts';
import { CLASSES } from './growth/classes.ts';
import { bestOf, isWorseThanLinear, type Run, troubleWith } from './growth/growth-rule.ts';
import { writeCapture } from './growth/write-capture.ts';

const START_MS = 170;

/** Runs that take what `work` says of each size, in milliseconds beyond the start. */
function runsOf(work: (times: number) => number, over: Partial<Run> = {}): Run[] {
  return [1, 2, 4, 8].map((times) => ({
    cpuMs: START_MS + work(times),
    peakMegabytes: 71,
    reportBytes: 5_003,
    ...over,
  }));
}

function trouble(work: (times: number) => number): string {
  return troubleWith(runsOf(work), START_MS).join();
}

test('growth that is linear, or that of sorting, is within the limits; a share of quadratic work is not', () => {
  const entries = 12_503;
  const linear = 100;
  const sorting = (times: number): number => (linear * times * Math.log2(entries * times)) / Math.log2(entries);
  const mixed = (share: number) => (times: number) => linear * times * (1 - share) + (share * linear * times ** 2) / 8;
  assert.equal(
    trouble((times) => linear * times),
    '',
  );
  assert.equal(trouble(sorting), '');
  assert.equal(trouble(mixed(0.25)), '');
  assert.equal(trouble(mixed(0.45)), 'worse than linear');
  assert.equal(
    trouble((times) => 7 * times ** 2),
    'worse than linear',
  );
});

test('one step is not growth, and a run of a few milliseconds is not judged', () => {
  const withStep = (from: number, height: number) => (times: number) => 60 + 40 * times + (times >= from ? height : 0);
  assert.equal(trouble(withStep(4, 200)), '');
  // As where a parser thread is started from some size on: 2.7 times as long, and 4.9 times in all.
  assert.equal(trouble(withStep(8, 110)), '');
  assert.equal(trouble(withStep(8, 400)), 'worse than linear');
  assert.equal(
    trouble((times) => 6 * times ** 2),
    '',
  );
  assert.equal(
    trouble((times) => 7 * times ** 2),
    'worse than linear',
  );
});

test('of two sizes alone a step looks like growth, so that the class is run at all sizes', () => {
  const step = runsOf((times) => 150 + 20 * times + (times === 8 ? 300 : 0));
  assert.equal(isWorseThanLinear(step.slice(2), START_MS), true);
  assert.equal(isWorseThanLinear(step, START_MS), false);
  const linear = runsOf((times) => 100 * times);
  assert.equal(isWorseThanLinear(linear.slice(2), START_MS), false);
});

test('a run that did not get through, too much memory and too long a report are told', () => {
  assert.deepEqual(troubleWith([...runsOf(() => 100).slice(0, 3), null], START_MS), ['did not get through']);
  const limits = { peakMegabytes: 300, reportBytes: 5_000_000 };
  assert.deepEqual(
    troubleWith(
      runsOf(() => 100, limits),
      START_MS,
    ),
    [],
  );
  const over = { peakMegabytes: 300.1, reportBytes: 5_000_001 };
  assert.deepEqual(
    troubleWith(
      runsOf(() => 100, over),
      START_MS,
    ),
    ['more than 300 MB', 'report over 5 MB'],
  );
});

test('what made one run slow is gone when the class is run again', () => {
  const linear = runsOf((times) => 100 * times);
  const disturbed = runsOf((times) => 100 * times + (times === 8 ? 700 : 0));
  assert.equal(isWorseThanLinear(disturbed, START_MS), true);
  assert.equal(isWorseThanLinear(bestOf(disturbed, linear), START_MS), false);
});

test('every class has its own name and writes captures that drover knows, each time the same, longer for more', () => {
  const folder = mkdtempSync(join(tmpdir(), 'drover-test-growth-'));
  try {
    assert.ok(CLASSES.length >= 40);
    assert.equal(new Set(CLASSES.map(({ name }) => name)).size, CLASSES.length);
    for (const growthClass of CLASSES) {
      const [few, more, again] = [13, 113, 13].map((count, index) => {
        const { operands, bytes } = writeCapture(growthClass, count, join(folder, `${growthClass.name}-${index}`));
        const [operand = ''] = operands;
        const [file] = growthClass.files(count);
        const path = operand.endsWith(file?.name ?? '') ? operand : join(operand, file?.name ?? '');
        return { bytes, stored: readFileSync(path) };
      });
      assert.ok(few !== undefined && more !== undefined && again !== undefined);
      assert.deepEqual(again.stored, few.stored, growthClass.name);
      const text = growthClass.name === 'packed-calls' ? gunzipSync(more.stored) : more.stored;
      assert.ok(text.length > 100 && more.bytes > few.bytes, growthClass.name);
      assert.notEqual(detectFormat(text), null, growthClass.name);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
