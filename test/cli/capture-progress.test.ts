import assert from 'node:assert/strict';
import test from 'node:test';
import { progressText } from '../../src/cli/capture/progress.ts';

const ENGINE = { name: 'strace' } as Parameters<typeof progressText>[0]['engine'];

test('the line says that processes are traced, for how long still, how much there is, and what was found', () => {
  const capture = { engine: ENGINE, endsAt: 43_000, bytes: 17 * 1_048_576 };
  assert.equal(progressText(capture, { bytesRead: 17 * 1_048_576 }, '', 0), 'TRACED by strace, 43 s left, 17 MB');
  assert.equal(
    progressText(capture, { bytesRead: 17 * 1_048_576 }, 'WARNING  a herd', 50_000),
    'TRACED by strace, 0 s left, 17 MB. So far: WARNING  a herd',
  );
});

test('the line says what tracing costs, once that is known', () => {
  const capture = { engine: ENGINE, endsAt: 43_000, bytes: 1_048_576, costPercent: 0.44 };
  assert.equal(
    progressText(capture, { bytesRead: 1_048_576 }, '', 0),
    'TRACED by strace, 43 s left, 1 MB, cost 0.4 % of a CPU',
  );
});

test('the line says by how much the reading is behind, once that is more than a moment', () => {
  const behind = (megabytes: number) =>
    progressText(
      { engine: ENGINE, endsAt: 1_000, bytes: 23 * 1_048_576 },
      { bytesRead: (23 - megabytes) * 1_048_576 },
      '',
      0,
    );
  assert.equal(behind(4), 'TRACED by strace, 1 s left, 23 MB');
  assert.equal(behind(7), 'TRACED by strace, 1 s left, 23 MB, 7 MB behind');
  assert.match(progressText({ engine: ENGINE, endsAt: 1_000, bytes: 23 * 1_048_576 }, null, '', 0), /23 MB behind/);
});
