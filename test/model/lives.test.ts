import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Processes } from '../../src/model/machine/processes.ts';
import type { Thread } from '../../src/model/machine/thread.ts';
import type { Lane } from '../../src/trace/record.ts';
import { analyzed, ofKind } from '../support/analyzed.ts';
import { Lines } from '../support/lives.ts';

const ENDED = 'exit_group(0)   = ?';

describe('a process whose end has no line of its own (-qq)', () => {
  it('ended with its exit_group, also where that was split', async () => {
    const lines = new Lines();
    for (let child = 101; child < 141; child++) lines.fork(100, child).add(child, ENDED);
    lines
      .fork(100, 141)
      .add(141, 'exit_group(0 <unfinished ...>')
      .add(100, 'getppid() = 1 <0.000010>')
      .add(141, '<... exit_group resumed>) = ?');
    const { workers, quality } = await analyzed(lines.toString());
    assert.deepEqual(
      workers.map(({ pid, role }) => [pid, role]),
      [[100, 'master']],
    );
    assert.equal(quality.events, 41 + 1 + 41, 'an end that no line tells is no event');
  });

  it('reads as the one whose end is told', async () => {
    const told = new Lines();
    const untold = new Lines();
    for (const lines of [told, untold]) {
      for (const worker of [101, 103, 107]) lines.fork(100, worker).serve(worker).serve(worker).add(worker, ENDED);
      lines.add(100, 'getppid() = 1 <0.000010>');
    }
    for (const worker of [101, 103, 107]) told.add(worker, '+++ exited with 0 +++');
    const [first, second] = [await analyzed(told.toString()), await analyzed(untold.toString())];
    const rows = ({ workers }: typeof first) => workers.map(({ pid, role, accepted }) => [pid, role, accepted]);
    assert.deepEqual(rows(first), rows(second));
    assert.deepEqual(first.findings, second.findings);
  });

  it('did not stall from its exit to the end of the capture', async () => {
    const lines = new Lines().serve(101).serve(101);
    lines.add(101, 'read(10, "GET /a HTTP/1.1\\r\\n\\r\\n", 100) = 18 <0.000005>').add(101, ENDED);
    // 300 ms of another one.
    for (let i = 0; i < 30_000; i++) lines.add(103, 'getppid() = 1 <0.000010>');
    assert.deepEqual(ofKind(await analyzed(lines.toString()), 'loop-stall'), []);
  });

  it('takes its other threads with it, although they are in a call that never returns', async () => {
    const lines = new Lines().fork(100, 101).startThread(101, 102).startThread(101, 103);
    for (const tid of [102, 103])
      lines.add(tid, 'clock_nanosleep(CLOCK_REALTIME, 0, {tv_sec=5, tv_nsec=0},  <unfinished ...>');
    lines.add(101, 'exit_group(3) = ?').add(100, 'getppid() = 1 <0.000010>');
    const { workers } = await analyzed(lines.toString());
    assert.deepEqual(
      workers.map(({ pid, tids }) => [pid, tids]),
      [[100, [100]]],
    );
  });

  it('is another one when its number is used again', async () => {
    const lines = new Lines().fork(100, 101).serve(101).add(101, ENDED);
    lines.fork(100, 103).fork(103, 101).serve(101).serve(101);
    const { workers } = await analyzed(lines.toString());
    assert.deepEqual(
      workers.filter(({ pid }) => pid === 101).map(({ accepted }) => accepted),
      [1, 2],
    );
  });

  it('leaves nothing, however many there are', () => {
    const processes = new Processes();
    const parent = processes.at(lane(0, 100), 0);
    for (let i = 1; i < 5_003; i++) {
      const child = lane(i, 100 + i);
      processes.cloned(parent.process, child.tid, false, { start: i, end: i, partial: false });
      processes.exited(processes.at(child, i), i, '');
    }
    assert.deepEqual([...processes.threads()], [parent]);
    assert.equal(parent.process.forks, 5_002);
    assert.deepEqual(processes.gone, { live: 0, endedServed: 0, programs: 0, requests: 0 });
  });

  it('is no link of a chain that keeps all before it: each of a thousand forked the next and ended', () => {
    const processes = new Processes(undefined, { live: 100, ended: 3 });
    let parent = processes.at(lane(0, 100), 0);
    for (let i = 1; i < 1_009; i++) {
      processes.cloned(parent.process, 100 + i, false, { start: i, end: i, partial: false });
      const child = processes.at(lane(i, 100 + i), i);
      processes.exited(parent, i, '');
      parent = child;
    }
    let links = 0;
    for (let process = parent.process.parent; process !== null; process = process.parent) links++;
    assert.ok(links <= 5, `${links} links`);
  });
});

describe('threads beyond what is followed', () => {
  it('are let go of, those first that were silent for longest and did not serve', () => {
    const gone: number[] = [];
    const processes = new Processes({ threadLetGo: (thread: Thread) => gone.push(thread.tid) }, { live: 8, ended: 4 });
    for (let i = 0; i < 8; i++) {
      const thread = processes.at(lane(i, 100 + i), i);
      thread.lastTime = i;
      // The oldest is a worker.
      if (i === 0) thread.loop.turns = 3;
    }
    assert.deepEqual(gone, []);
    processes.at(lane(8, 108), 9);
    assert.deepEqual(gone, [101, 102]);
    assert.equal(processes.gone.live, 2);
    assert.equal(processes.byTid(101), undefined);
    assert.equal(processes.byTid(100)?.loop.turns, 3);
  });

  it('are let go of after their end by how little they did', () => {
    const gone: number[] = [];
    const processes = new Processes(
      { threadLetGo: (thread: Thread) => gone.push(thread.tid) },
      { live: 100, ended: 4 },
    );
    for (let i = 0; i < 5; i++) {
      const thread = processes.at(lane(i, 100 + i), i);
      thread.loop.turns = 10 - i;
      thread.process.requests = 1;
      processes.exited(thread, i, '');
    }
    assert.deepEqual(gone, [104, 103, 102]);
    assert.deepEqual([processes.gone.endedServed, processes.requests], [3, 5]);
  });

  it('are not spoken of while there are fewer', async () => {
    const { quality, omitted, workers } = await analyzed(new Lines().strangers(1_000, 997).toString());
    assert.deepEqual([quality.grade, omitted, workers.length], ['good', undefined, 997]);
  });
});

function lane(index: number, tid: number): Lane {
  return { index, tid, comm: '', lastLine: null, pending: null };
}
