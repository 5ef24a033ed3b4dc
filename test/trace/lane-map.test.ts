import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LaneMap } from '../../src/trace/lane-map.ts';

describe('values by lane', () => {
  it('hold no room for lanes that ended, however many there were', () => {
    const lanes = new LaneMap<number>();
    lanes.set(3, -3);
    for (let index = 10; index < 100_003; index++) {
      lanes.set(index, index);
      lanes.delete(index - 5);
    }
    assert.equal(lanes.get(3), -3);
    assert.deepEqual([...lanes.values()], [-3, 99_998, 99_999, 100_000, 100_001, 100_002]);
    // The one that lives from the beginning, and those at the end.
    assert.equal(lanes.pages, 2);
  });

  it('count a lane once, however often it is set or deleted', () => {
    const lanes = new LaneMap<string>();
    lanes.set(7, 'a');
    lanes.set(7, 'b');
    lanes.delete(8);
    lanes.delete(7);
    lanes.delete(7);
    lanes.set(9, 'c');
    assert.deepEqual([lanes.get(7), lanes.get(9), lanes.get(-1), lanes.pages], [undefined, 'c', undefined, 1]);
    lanes.delete(9);
    assert.equal(lanes.pages, 0);
  });
});
