import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import test from 'node:test';
import { leaderOf } from '../../../src/sources/live/process-facts.ts';

test('each thread of a process leads to it, and a number that nobody has to itself', () => {
  const tids = readdirSync('/proc/self/task').map(Number);
  assert.ok(tids.length > 1);
  assert.deepEqual(new Set(tids.map(leaderOf)), new Set([process.pid]));
  assert.equal(leaderOf(2 ** 22 + 7), 2 ** 22 + 7);
});
