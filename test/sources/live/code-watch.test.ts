import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CodeWatch } from '../../../src/sources/live/code/code-watch.ts';
import { pySpy, readPySpy } from '../../../src/sources/live/code/py-spy.ts';
import type { ProcessSight, ThreadSight } from '../../../src/sources/live/sights.ts';

const SECOND = 1e9;

/** A thread as the watch shows it at a second of its life. */
function thread(tid: number, call: string, since: number, at: number, more: Partial<ThreadSight> = {}): ThreadSight {
  return {
    tid,
    call,
    number: 0,
    args: [],
    fd: -1,
    target: '',
    held: '',
    holder: 0,
    isOfClient: false,
    since: since * SECOND,
    before: since * SECOND,
    at: at * SECOND,
    awayFrom: since * SECOND,
    ran: 0,
    isFromStart: false,
    stuckAtFirst: null,
    ...more,
  };
}

function process(pid: number, threads: readonly ThreadSight[], clients = 1): ProcessSight {
  return { pid, parent: 97, name: 'gunicorn', innerPid: pid, clients, hasRing: false, threads };
}

/** Answers as py-spy would; counts who was asked about. */
class Asked {
  readonly pids: number[] = [];
  now = 0;
  answer: (pid: number) => string | null = (pid) => dump(pid, 'application');
  readonly watch = new CodeWatch({
    samplerFor: () => pySpy('/usr/bin/py-spy'),
    run: async (sampler, pid, tid) => {
      assert.equal(Number(sampler.command(pid, tid).at(-1)), pid);
      this.pids.push(pid);
      return this.answer(pid);
    },
    now: () => this.now * SECOND,
  });

  async look(at: number, ...processes: readonly ProcessSight[]): Promise<void> {
    this.now = at;
    this.watch.look(processes);
    await this.watch.settle();
  }
}

function dump(tid: number, name: string): string {
  return JSON.stringify([
    { pid: tid, thread_name: null, os_thread_id: tid, frames: [{ name, filename: '/srv/app.py', line: 12 }] },
  ]);
}

describe('a thread that does not come back', () => {
  it('is asked about once for a call that lasts a second, and again for the next one', async () => {
    const asked = new Asked();
    await asked.look(1, process(103, [thread(103, 'clock_nanosleep', 0.5, 1)]));
    assert.deepEqual(asked.pids, []);
    for (let at = 2; at <= 60; at++) await asked.look(at, process(103, [thread(103, 'clock_nanosleep', 0.5, at)]));
    assert.deepEqual(asked.pids, [103]);
    await asked.look(63, process(103, [thread(103, 'clock_nanosleep', 61, 63)]));
    assert.deepEqual(asked.pids, [103, 103]);
    const [first] = asked.watch.seen;
    assert.deepEqual(
      [first?.pid, first?.tid, first?.by, first?.frames],
      [103, 103, 'py-spy', [{ name: 'application', file: '/srv/app.py', line: 12 }]],
    );
  });

  it('is asked about in a lock of a pool only where each thread of it may have a client', async () => {
    const asked = new Asked();
    const pool = (at: number): readonly ThreadSight[] => [
      thread(103, 'epoll_wait', at - 0.1, at),
      ...[107, 109, 113].map((tid) => thread(tid, 'futex', 0, at)),
    ];
    for (let at = 1; at <= 9; at++) await asked.look(at, process(103, pool(at), 2));
    assert.deepEqual(asked.pids, []);
    for (let at = 10; at <= 30; at++) await asked.look(at, process(103, pool(at), 3));
    assert.deepEqual(asked.pids, [103]);
  });

  it('is asked about once for a ladder of short calls', async () => {
    const asked = new Asked();
    for (let at = 1; at <= 30; at++)
      await asked.look(at, process(103, [thread(103, 'clock_nanosleep', at - 0.01, at, { awayFrom: SECOND })]));
    assert.deepEqual(asked.pids, [103]);
  });

  it('is asked about while it computes, and not while it is stopped', async () => {
    const asked = new Asked();
    await asked.look(5, process(103, [thread(103, '', 1, 5, { ran: 2 * SECOND })]));
    await asked.look(5, process(107, [thread(107, '', 1, 5, { ran: 1.9 * SECOND })]));
    assert.deepEqual(asked.pids, [103]);
  });

  it('is left alone while it waits for work', async () => {
    const asked = new Asked();
    for (const call of ['epoll_wait', 'epoll_pwait2', 'accept4', 'select', 'poll', 'wait4'])
      await asked.look(30, process(103, [thread(103, call, 1, 30, { awayFrom: 30 * SECOND })], 0));
    await asked.look(30, process(103, [thread(103, 'epoll_wait', 1, 30)], 5));
    const pool = [thread(109, 'futex', 1, 30), thread(113, 'read', 1, 30)];
    await asked.look(30, process(103, [thread(103, 'epoll_wait', 29, 30), ...pool], 1));
    assert.deepEqual(asked.pids, []);
  });

  it('is asked about in poll while a client is connected, as a driver of a database waits', async () => {
    const asked = new Asked();
    await asked.look(30, process(103, [thread(103, 'poll', 1, 30, { awayFrom: 30 * SECOND })], 1));
    assert.deepEqual(asked.pids, [103]);
  });

  it('is asked about when it is another thread that waits for a peer', async () => {
    const asked = new Asked();
    await asked.look(9, process(103, [thread(109, 'recvfrom', 1, 9, { target: '10.0.0.5:5432' })]));
    await asked.look(9, process(107, [thread(113, 'recvfrom', 1, 9, { target: '10.0.0.7:999', isOfClient: true })]));
    assert.deepEqual(asked.pids, [103]);
  });

  it('is shown where it is until it has come back', async () => {
    const asked = new Asked();
    const stuck = thread(103, 'clock_nanosleep', 1, 5);
    await asked.look(5, process(103, [stuck]));
    assert.equal(asked.watch.now(stuck)?.frames[0]?.line, 12);
    assert.equal(asked.watch.now(thread(103, 'clock_nanosleep', 9, 9)), null);
    const next = (at: number) => asked.watch.now(thread(103, 'fsync', 6, at, { awayFrom: SECOND }));
    assert.deepEqual([next(6.8) === null, next(7) === null], [false, true]);
    assert.equal(asked.watch.now(thread(107, 'clock_nanosleep', 1, 5)), null);
  });

  it('is not asked about for ever: an hour has a bound', async () => {
    const asked = new Asked();
    for (let pid = 1_001; pid < 1_601; pid++) await asked.look(9, process(pid, [thread(pid, 'fsync', 1, 9)]));
    assert.equal(asked.pids.length, 200);
    await asked.look(3_609, process(1_601, [thread(1_601, 'fsync', 1, 3_609)]));
    assert.equal(asked.pids.length, 201);
  });

  it('costs nothing where the sampler fails or prints something else', async () => {
    const asked = new Asked();
    const answers = [null, '', 'Error: permission denied', '[', '[{"frames": 7}]', '{}', '[null]', dump(999, 'f')];
    for (const [index, answer] of answers.entries()) {
      asked.answer = () => answer;
      await asked.look(9, process(2_001 + index, [thread(2_001 + index, 'fsync', 1, 9)]));
    }
    assert.equal(asked.pids.length, answers.length);
    assert.deepEqual(asked.watch.seen, []);
  });
});

it('a sampler that never comes back is left behind at the end', async () => {
  const watch = new CodeWatch({ samplerFor: () => pySpy('/usr/bin/py-spy'), run: () => new Promise(() => undefined) });
  watch.look([process(103, [thread(103, 'fsync', 1, 9)])]);
  const started = performance.now();
  await watch.settle();
  assert.ok(performance.now() - started < 7_000);
});

describe('what py-spy prints', () => {
  const FRAME = { name: 'application', filename: '/srv/app.py', module: null, short_filename: 'app.py', line: 12 };

  it('is read of version 0.4', () => {
    const printed = JSON.stringify([
      {
        pid: 103,
        thread_id: 140591064121408,
        thread_name: 'MainThread',
        os_thread_id: 103,
        active: false,
        owns_gil: false,
        frames: [{ ...FRAME, locals: null, is_entry: true, is_shim_entry: false }],
        process_info: null,
      },
      { pid: 103, thread_id: 7, thread_name: 'pool', os_thread_id: 109, active: true, owns_gil: true, frames: [FRAME] },
    ]);
    const frames = [{ name: 'application', file: '/srv/app.py', line: 12 }];
    assert.deepEqual(readPySpy(printed), [
      { tid: 103, isMain: true, frames },
      { tid: 109, isMain: false, frames },
    ]);
  });

  it('is read of version 0.3, with a warning in front and without numbers of threads', () => {
    const printed = JSON.stringify([
      { pid: 103, thread_id: 1, thread_name: null, os_thread_id: null, active: true, owns_gil: false, frames: [FRAME] },
    ]);
    assert.deepEqual(readPySpy(`Process 103: python3 -m gunicorn\n${printed}`), [
      { tid: 0, isMain: true, frames: [{ name: 'application', file: '/srv/app.py', line: 12 }] },
    ]);
  });

  it('keeps what is whole of odd frames', () => {
    const printed = JSON.stringify([{ os_thread_id: 103, frames: [{ name: 7 }, { ...FRAME, line: '12' }, null, 'x'] }]);
    assert.deepEqual(readPySpy(printed)[0]?.frames, [{ name: 'application', file: '/srv/app.py', line: 0 }]);
  });
});
