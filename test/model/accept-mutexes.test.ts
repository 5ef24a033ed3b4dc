import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Report } from '../../src/analysis/report.ts';
import { analyzed, none, ofKind } from '../support/analyzed.ts';
import { prefork } from '../support/server-lines.ts';
import { LISTENER, type ThreadLines } from '../support/thread-lines.ts';
import type { TraceLines } from '../support/trace-lines.ts';

const PIDS = [101, 102, 103];
const LOCK = '/srv/mpm-accept-0.100';

/** Waits for the lock for `ms`, and gives it back. */
interface Mutex {
  readonly take: (worker: ThreadLines, ms: number) => void;
  readonly give: (worker: ThreadLines) => void;
}

function ofFile(wants: string, gives: string, file = `9<${LOCK}>`): Mutex {
  return {
    take: (worker, ms) => worker.call(wants.replace('FD', file), ')', 0, ms),
    give: (worker) => worker.call(gives.replace('FD', file), ')', 0),
  };
}

const RANGE = 'l_whence=SEEK_SET, l_start=0, l_len=0}';
const MUTEXES: Readonly<Record<string, Mutex>> = {
  'LOCK_PI futex': {
    take: (worker, ms) => worker.call('futex(0x7fc85053a000, FUTEX_LOCK_PI, NULL', ')', 0, ms),
    give: (worker) => worker.call('futex(0x7fc85053a000, FUTEX_UNLOCK_PI', ')', 0),
  },
  'shared futex': {
    take: (worker, ms) => worker.call('futex(0x7fc85053a000, FUTEX_WAIT, 2, NULL', ')', 0, ms),
    give: (worker) => worker.call('futex(0x7fc85053a000, FUTEX_WAKE, 1', ')', 1),
  },
  fcntl: ofFile(`fcntl(FD, F_SETLKW, {l_type=F_WRLCK, ${RANGE}`, `fcntl(FD, F_SETLKW, {l_type=F_UNLCK, ${RANGE}`),
  flock: ofFile('flock(FD, LOCK_EX', 'flock(FD, LOCK_UN'),
  semop: {
    take: (worker, ms) => worker.call('semop(131072, [{sem_num=0, sem_op=-1, sem_flg=SEM_UNDO}], 1', ')', 0, ms),
    give: (worker) => worker.call('semop(131072, [{sem_num=0, sem_op=1, sem_flg=SEM_UNDO}], 1', ')', 0),
  },
};

/** One after the other waits for the lock, then for a connection; serves it alone after it gave the lock back. */
function inTurn({ take, give }: Mutex, inRequest?: Mutex): TraceLines {
  const { trace, workers } = prefork(PIDS);
  for (let index = 0; index < 17; index++) {
    const worker = workers[index % 3] as ThreadLines;
    const at = 100 + index * 120;
    take(worker, Math.max(1, at - worker.now));
    worker.waitUntil(at + 110, LISTENER).accept(11);
    give(worker);
    worker.read(11, 'GET /a');
    inRequest?.take(worker, 130);
    worker.reply(11);
    const client = `poll([{fd=${worker.fd(11)}, events=POLLIN}], 1, 2000`;
    worker.call(client, ')', '1 ([{fd=11, revents=POLLIN|POLLHUP}])', 5).close(11);
  }
  for (const worker of workers) {
    take(worker, 2_300 - worker.now);
    worker.waitUntil(2_400);
  }
  return trace;
}

function busiest({ workers }: Report): number {
  return Math.max(...workers.map(({ busyPercent }) => busyPercent ?? 0));
}

describe('a lock around the accept', () => {
  for (const [name, mutex] of Object.entries(MUTEXES))
    it(`gives each its turn, which is idle time: ${name}`, async () => {
      const report = await analyzed(inTurn(mutex));
      assert.deepEqual(
        report.workers.filter(({ accepted }) => accepted > 0).map(({ role }) => role),
        ['sync-worker', 'sync-worker', 'sync-worker'],
      );
      for (const kind of ['loop-stall', 'lock-contention', 'worker-saturation', 'stuck-call'] as const)
        none(report, kind);
      assert.ok(busiest(report) < 10, String(busiest(report)));
    });

  it('is another one than a lock that a request waits for', async () => {
    const other = ofFile('flock(FD, LOCK_EX', 'flock(FD, LOCK_UN', '21</srv/session>');
    const report = await analyzed(inTurn(MUTEXES.flock as Mutex, other));
    assert.ok(busiest(report) > 30, String(busiest(report)));
  });
});

describe('a worker that waits for one client alone', () => {
  it('is no event loop, although its sockets do not block and it waits for listeners in an epoll set', async () => {
    const report = await analyzed(inTurn({ take: () => undefined, give: () => undefined }));
    assert.ok(report.workers.every(({ role }) => role !== 'event-loop'));
    assert.deepEqual(ofKind(report, 'loop-stall'), []);
  });
});

describe('workers in a lock when the capture ends', () => {
  function queue(isHeld: boolean): TraceLines {
    const { trace, workers } = prefork(PIDS);
    const [first, ...others] = workers as [ThreadLines, ...ThreadLines[]];
    for (const worker of others) worker.at(100).stays('futex(0x7fc85053a000, FUTEX_LOCK_PI, NULL');
    if (isHeld) first.at(90).stays('epoll_wait(7<anon_inode:[eventpoll]>, ');
    else first.at(90).stays('recvfrom(21<TCP:[127.0.0.1:1->10.0.0.7:3306]>, ');
    trace.thread(100).at(5_000).call('kill(101, 0', ')', 0);
    return trace;
  }

  it('wait for their turn when one of them waits for a connection', async () => {
    const report = await analyzed(queue(true));
    none(report, 'stuck-call');
    const stuck = (await analyzed(queue(false))).findings.filter(({ kind }) => kind === 'stuck-call');
    assert.ok(stuck.length > 0);
  });
});
