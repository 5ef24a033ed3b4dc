import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { LeftIn } from '../../src/model/machine/left-in.ts';
import { isForWork, placeOf } from '../../src/model/topics/queues/takers.ts';
import { Work } from '../../src/model/topics/queues/work.ts';
import type { FutexUse } from '../../src/trace/call-arguments.ts';
import { syscall } from '../../src/trace/syscalls.ts';
import { MILLISECOND } from '../../src/trace/time.ts';

const line = (number: number) => ({ file: 'trace', line: number, text: '' });
const futexAt = (word: string, isPrivate = true): FutexUse =>
  ({ word, isPrivate, operation: 'WAIT', value: 0 }) as FutexUse;
const leftIn = (name: string, fd: number, futex: FutexUse | null = null): LeftIn =>
  ({ syscall: syscall(name), name, fd, futex }) as LeftIn;

describe('a worker of a queue waits for its next job', () => {
  it('where it reads from its queue, and not where it reads something else', () => {
    for (const kind of ['pipe', 'broker'] as const) {
      const work = new Work(kind, 9, '');
      assert.equal(isForWork(work, leftIn('read', 9)), true);
      assert.equal(isForWork(work, leftIn('read', 10)), false);
    }
  });

  it('where it waits for its turn at a pipe, by a lock that processes share and not by one of its own', () => {
    const work = new Work('pipe', 9, '');
    assert.equal(isForWork(work, leftIn('futex', -1, futexAt('0x7f00', false))), true);
    assert.equal(isForWork(work, leftIn('futex', -1, futexAt('0x7f00', true))), false);
    assert.equal(isForWork(new Work('broker', 9, ''), leftIn('futex', -1, futexAt('0x7f00', false))), false);
  });

  it('where it waits at the word of its pool, at either half of it, or at a word that the line does not tell', () => {
    const work = new Work('word', placeOf('0x7f08'), '');
    assert.equal(isForWork(work, leftIn('futex', -1, futexAt('0x7f08'))), true);
    assert.equal(isForWork(work, leftIn('futex', -1, futexAt('0x7f0c'))), true);
    assert.equal(isForWork(work, leftIn('futex', -1, futexAt('0x7f10'))), false);
    assert.equal(isForWork(work, leftIn('futex', -1, futexAt('0x7f04'))), false);
    assert.equal(isForWork(work, leftIn('futex', -1)), true);
    assert.equal(isForWork(work, leftIn('read', placeOf('0x7f08'))), false);
  });
});

describe('what a job went to', () => {
  it('is the call that it was in for longest in all, with its longest one as evidence', () => {
    const work = new Work('broker', 9, '');
    assert.equal(work.place.call, '');
    work.wasIn('read', '10.0.0.7:3306', 30, line(1));
    work.wasIn('fsync', '/srv/app.db', 50, line(2));
    work.wasIn('read', '10.0.0.7:3306', 40, line(3));
    work.wasIn('read', '10.0.0.7:3306', 35, line(4));
    work.wasIn('read', '10.0.0.8:3306', 90, line(5));
    const { call, target, total, longest, line: shown } = work.place;
    assert.deepEqual([call, target, total, longest, shown.line], ['read', '10.0.0.7:3306', 105, 40, 3]);
  });

  it('is forgotten with the next job, and told of 16 places', () => {
    const work = new Work('broker', 9, '');
    work.wasIn('read', '10.0.0.7:3306', 30, line(1));
    work.dones = 3;
    work.begin(70);
    assert.deepEqual([work.place.call, work.taken, work.dones, work.since], ['', 1, 0, 70]);
    for (let index = 0; index < 17; index++) work.wasIn('read', `10.0.0.${index}:80`, index + 1, line(index));
    assert.equal(work.place.target, '10.0.0.15:80');
  });

  it('begins where it asked for its turn at the pipe, if that was right before it read', () => {
    const work = new Work('pipe', 9, '');
    assert.equal(work.askedAtPipe(MILLISECOND), MILLISECOND);
    work.queued({ start: 10 * MILLISECOND, end: 50 * MILLISECOND });
    assert.equal(work.askedAtPipe(50.999 * MILLISECOND), 10 * MILLISECOND);
    assert.equal(work.askedAtPipe(51 * MILLISECOND), 51 * MILLISECOND);
  });
});
