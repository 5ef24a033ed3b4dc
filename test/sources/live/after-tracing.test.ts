import assert from 'node:assert/strict';
import test from 'node:test';
import { describeDetachment } from '../../../src/sources/live/detachment.ts';
import { StallWatch } from '../../../src/sources/live/stall-watch.ts';
import { processFacts } from '../../support/process-facts.ts';

const BEFORE = [3, 5, 7].map((pid) => processFacts({ pid }));

function after(changes: Readonly<Record<number, Partial<Parameters<typeof processFacts>[0]> | null>>) {
  return describeDetachment(BEFORE, 'strace', (pid) =>
    changes[pid] === null ? null : processFacts({ pid, ...changes[pid] }),
  );
}

test('processes that run and are not traced are counted', () => {
  assert.deepEqual(after({}), { sentence: 'Detached from 3 processes, all running.', isClean: true });
  const [one] = BEFORE;
  assert.equal(
    describeDetachment(one === undefined ? [] : [one], 'strace', () => one ?? null).sentence,
    'Detached from 1 process, running.',
  );
});

test('a process that is still traced or stopped is named with the command that helps', () => {
  assert.deepEqual(after({ 5: { tracer: 41 } }), {
    sentence: 'Process 5 is still traced by pid 41. Type: kill -INT 41',
    isClean: false,
  });
  assert.deepEqual(after({ 7: { state: 'T' } }), {
    sentence: 'Process 7 is still stopped. Type: kill -CONT 7',
    isClean: false,
  });
  assert.match(after({ 7: { state: 't' } }).sentence, /Process 7 is still stopped by a tracer/);
});

test('processes that ended, or whose number another one has now, are counted apart', () => {
  assert.equal(after({ 3: null }).sentence, 'Detached from 2 processes, all running (1 ended meanwhile).');
  assert.equal(
    after({ 3: { startTicks: 9_999, tracer: 41 } }).sentence,
    'Detached from 2 processes, all running (1 ended meanwhile).',
  );
  assert.equal(after({ 3: null, 5: null, 7: { state: 'Z' } }).sentence, 'All 3 processes have ended; strace is gone.');
  assert.equal(
    describeDetachment([processFacts({ pid: 3 })], 'strace', () => null).sentence,
    'The process has ended; strace is gone.',
  );
});

test('a process that was stopped before may still be', () => {
  const stopped = processFacts({ pid: 11, state: 'T' });
  const { sentence, isClean } = describeDetachment([stopped], 'strace', () => stopped);
  assert.equal(isClean, true);
  assert.equal(sentence, 'Detached from 1 process (1 was stopped before and still is).');
  const three = describeDetachment([...BEFORE, stopped], 'strace', (pid) =>
    pid === 11 ? stopped : processFacts({ pid }),
  );
  assert.equal(three.sentence, 'Detached from 4 processes, 3 running (1 was stopped before and still is).');
});

test('a process that a debugger held before still is, and one of a frozen cgroup does not run', () => {
  const held = processFacts({ pid: 11, state: 't', tracer: 41 });
  const read = (pid: number) => (pid === 11 ? held : processFacts({ pid }));
  const debugged = describeDetachment([...BEFORE, held], 'bpftrace', read, () => false);
  assert.deepEqual(debugged, {
    sentence: 'Detached from 4 processes, 3 running (1 was held by a debugger before and still is).',
    isClean: true,
  });
  assert.equal(describeDetachment([processFacts({ pid: 11 })], 'strace', () => held).isClean, false);
  assert.deepEqual(
    describeDetachment(BEFORE, 'strace', read, (pid) => pid === 5),
    {
      sentence: 'Detached from 3 processes, 2 running (1 is frozen by the freezer of its cgroup).',
      isClean: true,
    },
  );
});

/** A thread that is always found in the same state and makes so many calls a second. */
function watchFor(state: string, callsPerSecond: number, seconds: number): boolean {
  let now = 0;
  const watch = new StallWatch(() => [{ tid: 17, state, switches: Math.floor((now / 1_000) * callsPerSecond * 2) }]);
  for (; now <= seconds * 1_000; now += 200) if (watch.look([17], now) !== null) return true;
  return false;
}

test('a worker is starved when it stands in the stop of its tracer for three seconds with hardly a call', () => {
  assert.equal(watchFor('t', 0, 2.8), false);
  assert.equal(watchFor('t', 0, 3.2), true);
  assert.equal(watchFor('t', 7, 4), true);
  assert.equal(watchFor('t', 13, 60), false);
});

test('a worker that a signal stopped is not starved, for its tracer waits for it; when it runs again it may be', () => {
  let isStopped = true;
  let now = 0;
  let switches = 7;
  const watch = new StallWatch(
    () => [{ tid: 17, state: 't', switches }],
    () => isStopped,
  );
  for (; now <= 20_000; now += 200) assert.equal(watch.look([17], now), null);
  isStopped = false;
  switches++;
  assert.equal(watch.look([17], now), null);
  assert.equal(watch.look([17], now + 2_800), null);
  assert.equal(watch.look([17], now + 3_200)?.pid, 17);
});

test('a worker that waits or computes is not starved, however long', () => {
  assert.equal(watchFor('S', 0, 60), false);
  assert.equal(watchFor('R', 0, 60), false);
});
