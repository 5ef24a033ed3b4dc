import assert from 'node:assert/strict';
import { it } from 'node:test';
import { LaneTable, MOST_THREADS } from '../../parsers/lanes.ts';
import { pendingFacts } from '../../parsers/timeline/call-in-words.ts';
import { OpenCalls } from '../../parsers/timeline/open-calls.ts';
import { PrintedCall } from '../../parsers/timeline/printed-call.ts';
import { TimeAxis } from '../../parsers/timeline/time-axis.ts';
import { createTimeOrigin } from '../../src/trace/time.ts';

interface Half {
  readonly name: string;
  readonly line: number;
}

/** Halves that wait, and the lines of those that were lost. */
function open(): { readonly calls: OpenCalls<Half>; readonly lost: number[] } {
  const lost: number[] = [];
  return { calls: new OpenCalls<Half>(({ line }) => lost.push(line)), lost };
}

it('gives the half of the call that a thread leaves, and loses none', () => {
  const { calls, lost } = open();
  calls.enter(7, { name: 'accept', line: 1 });
  calls.enter(11, { name: 'close', line: 2 });
  assert.deepEqual(
    [calls.leave(7, 'accept')?.line, calls.leave(7, 'accept'), calls.leave(11, 'close')?.line],
    [1, null, 2],
  );
  assert.deepEqual([lost, [...calls]], [[], []]);
});

it('tells of the half that another entry, another exit or a whole call of its thread displaces', () => {
  const { calls, lost } = open();
  calls.enter(7, { name: 'accept', line: 1 });
  calls.enter(7, { name: 'close', line: 2 });
  assert.deepEqual(lost, [1]);
  assert.equal(calls.leave(7, 'read'), null);
  assert.deepEqual(lost, [1, 2]);
  calls.enter(7, { name: 'close', line: 5 });
  calls.pass(7);
  calls.pass(7);
  assert.deepEqual([lost, [...calls]], [[1, 2, 5], []]);
});

it('loses nothing with a thread that ends inside its call', () => {
  const { calls, lost } = open();
  calls.enter(7, { name: 'exit_group', line: 1 });
  calls.end(7);
  calls.enter(7, { name: 'close', line: 3 });
  assert.deepEqual([lost, calls.leave(7, 'close')?.line], [[], 3]);
});

it('keeps the halves of so many threads and no more', () => {
  const { calls } = open();
  for (let tid = 0; tid <= MOST_THREADS; tid++) calls.enter(tid, { name: 'close', line: tid + 1 });
  assert.equal([...calls].length, MOST_THREADS);
  assert.deepEqual(
    [calls.leave(MOST_THREADS - 1, 'close')?.line, calls.leave(MOST_THREADS, 'close')],
    [MOST_THREADS, null],
  );
});

it('a printed call stands where its entry and its exit stand, and is partial without an entry', () => {
  const origin = createTimeOrigin();
  const facts = pendingFacts({ name: 'close', words: '5', start: 0 }) ?? assert.fail();
  const lane = new LaneTable().get(7);
  const exit = { file: 'a', line: 13, text: '< close = 0' };
  const entry = { file: 'a', line: 11, text: '> close(5)' };
  const told = (...more: [] | [typeof entry | null]): unknown[] => {
    const call = new PrintedCall(facts, lane, exit, new TimeAxis(origin), ...more);
    return [call.startLine, call.startText, call.line, call.text, call.partial];
  };
  assert.deepEqual(told(entry), [11, '> close(5)', 13, '< close = 0', false]);
  assert.deepEqual(told(null), [13, '< close = 0', 13, '< close = 0', true]);
  assert.deepEqual(told(), [13, '< close = 0', 13, '< close = 0', false]);
});
