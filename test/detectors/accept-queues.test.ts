import assert from 'node:assert/strict';
import { it } from 'node:test';
import { AcceptQueues, verdictOf } from '../../src/detectors/accept-queues/accept-queues.ts';
import { mostAtOnce } from '../../src/detectors/accept-queues/attendance.ts';
import { type DraftFinding, notApplicable } from '../../src/detectors/finding.ts';
import type { Listener } from '../../src/model/machine/listener.ts';
import type { Thread } from '../../src/model/machine/thread.ts';

const FINDING = { title: 'found' } as DraftFinding;
const nothing = (): ReturnType<typeof notApplicable> => notApplicable('no queue');
const counted = (findings: number): string => `${findings} found`;

it('one verdict is made of those on each queue: findings, else each reason once, else that there was no queue', () => {
  const found = verdictOf([FINDING, 'few', FINDING], counted, nothing);
  assert.deepEqual([found.outcome, found.findings.length], [{ status: 'found', reason: '2 found' }, 2]);
  assert.deepEqual(verdictOf(['few', 'none', 'few'], counted, nothing).outcome, {
    status: 'clear',
    reason: 'few; none',
  });
  assert.deepEqual(verdictOf([], counted, nothing).outcome, { status: 'not-applicable', reason: 'no queue' });
  assert.deepEqual(verdictOf([{ unjudged: 'too few' }, { unjudged: 'too few' }], counted, nothing).outcome, {
    status: 'not-applicable',
    reason: 'too few',
  });
  assert.deepEqual(verdictOf([{ unjudged: 'too few' }, 'none'], counted, nothing).outcome, {
    status: 'clear',
    reason: 'none',
  });
});

it('a state is made when its queue is first heard of, and a thread leads to the states of its queues only', () => {
  const [first, second, unheard] = [{ id: 1 }, { id: 2 }, { id: 3 }] as Listener[];
  assert.ok(first && second && unheard);
  const queues = new AcceptQueues<number[]>(() => []);
  queues.of(first).push(23);
  queues.of(first).push(37);
  queues.of(second).push(41);
  assert.deepEqual(
    [queues.size, queues.known(first), queues.known(unheard), queues.known(null)],
    [2, [23, 37], undefined, undefined],
  );
  const thread = { accepts: { listeners: new Set([second, unheard]) } } as unknown as Thread;
  assert.deepEqual([...queues.ofThread(thread)], [[41]]);
  assert.equal(queues.size, 2);
});

it('as many look after a listener at once as have begun and not ended, in whatever order they are listed', () => {
  const short = [1, 3, 5].map((start) => ({ start, end: start + 1 }));
  assert.equal(mostAtOnce(short), 1);
  assert.equal(mostAtOnce([{ start: 0, end: 10 }, ...short]), 2);
  assert.equal(mostAtOnce([...short, { start: 0, end: 10 }]), 2);
  assert.equal(mostAtOnce([]), 0);
});
