import assert from 'node:assert/strict';
import test from 'node:test';
import { leastFree } from '../../src/files/least-free.ts';

const GIGA = 2 ** 30;

test('a tenth of a disk stays free, and on a large disk as much as two files take', () => {
  const disk = (gigabytes: number) => ({ blocks: (gigabytes * GIGA) / 4_096, bsize: 4_096 });
  assert.equal(leastFree(disk(5), GIGA / 2), GIGA / 2);
  assert.equal(leastFree(disk(11), GIGA / 2), GIGA);
  assert.equal(leastFree(disk(4_000), GIGA / 2), GIGA);
});
