import assert from 'node:assert/strict';
import test from 'node:test';
import { Random } from '../fuzz/random.ts';
import { comparedOf } from './changed-reports.ts';

test('a report that somebody changed in 3,000 ways is told as broken or compared: nothing throws', () => {
  const read = comparedOf(3_000, new Random(53));
  assert.ok(read > 300, `${read}`);
});
