import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Turn } from '../../src/model/machine/turn.ts';

it('a wait that is left out of a turn may have begun before the first stamp of the trace', () => {
  const turn = new Turn(1);
  turn.inCalls = 30;
  turn.leaveOut(-20, 10);
  assert.deepEqual([turn.inCalls, turn.blocked.length], [20, 0]);
});
