import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LaneTable, MOST_THREADS } from '../../parsers/lanes.ts';
import { UNKNOWN } from '../../src/trace/time.ts';

const AT = { time: UNKNOWN, file: 'trace.101', line: 0 };

describe('the file of a thread that is at its end', () => {
  it('leaves the last line as text, and nothing of its parser', () => {
    const lanes = new LaneTable();
    const lane = lanes.get(101);
    lane.lastLine = {
      file: 'trace.101',
      get line() {
        return 7;
      },
      get text() {
        return 'close(5) = 0';
      },
    };
    assert.deepEqual(lanes.fileEnded(101, AT), []);
    assert.deepEqual(Object.getOwnPropertyDescriptor(lane.lastLine, 'text')?.value, 'close(5) = 0');
    assert.equal(lanes.get(101), lane);
  });

  it('ends the lives of those that ended first when there are very many, and never one whose file goes on', () => {
    const lanes = new LaneTable();
    const goesOn = lanes.get(1);
    for (let tid = 101; tid < 101 + MOST_THREADS - 1; tid++) {
      lanes.get(tid);
      assert.deepEqual(lanes.fileEnded(tid, AT), []);
    }
    lanes.get(99_991);
    const ends = lanes.fileEnded(99_991, AT);
    assert.equal(ends.length, MOST_THREADS / 4);
    assert.deepEqual([ends[0]?.lane.tid, ends.at(-1)?.lane.tid], [101, 101 + MOST_THREADS / 4 - 1]);
    assert.ok(ends.every(({ assumed }) => assumed === 'silent'));
    assert.equal(lanes.get(1), goesOn);
  });
});
