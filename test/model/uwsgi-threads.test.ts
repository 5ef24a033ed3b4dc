import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { analyzed, none, ofKind } from '../support/analyzed.ts';
import { oneWorker, openListener, startThread } from '../support/server-lines.ts';
import { failed, HUB, LISTENER, type ThreadLines } from '../support/thread-lines.ts';
import { TraceLines } from '../support/trace-lines.ts';

/**
 * A worker of uWSGI with two threads: one waits for a client in an epoll set of its own, the other one for the mutex
 * that lets it do so; both change places with each client. `turn` is the word and the value of that mutex.
 */
function threads(
  clients: number,
  turn: string,
  { error = '', most = 1 } = {},
): { trace: TraceLines; both: [ThreadLines, ThreadLines] } {
  const trace = new TraceLines();
  const main = trace.thread(101).at(0);
  openListener(main, LISTENER);
  startThread(main, 103);
  const both = [main, trace.thread(103).at(5)] as [ThreadLines, ThreadLines];
  for (const [index, thread] of both.entries()) {
    const [hub, label] = [7 + index, 'anon_inode:[eventpoll]'];
    thread.labels.set(LISTENER, main.labels.get(LISTENER) ?? '');
    thread.call('epoll_create(256', ')', `${hub}<${label}>`).labels.set(hub, label);
    const event = `{events=EPOLLIN, data={u32=${LISTENER}, u64=${LISTENER}}}`;
    thread.call(`epoll_ctl(${thread.fd(hub)}, EPOLL_CTL_ADD, ${thread.fd(LISTENER)}, ${event}`, ')', 0);
  }
  for (let client = 0; client < clients; client++) {
    const thread = both[client % 2] as ThreadLines;
    const at = 2_000 * (client + 1);
    // From its last client on it waited for its turn, and then for the client, of whom it takes one at a time.
    const isItsTurn = at - 1_000;
    if (client > 0) thread.call(`futex(${turn}, NULL`, ')', error === '' ? 0 : failed(error), isItsTurn - thread.now);
    const event = `{events=EPOLLIN, data={u32=${LISTENER}, u64=${LISTENER}}}`;
    const hub = thread.fd(7 + (client % 2));
    thread.call(`epoll_wait(${hub}, `, `[${event}], ${most}, -1)`, 1, at - thread.now);
    thread.call(
      `accept4(${thread.fd(LISTENER)}, `,
      'NULL, NULL, SOCK_CLOEXEC)',
      `${11 + client}<socket:[${900 + client}]>`,
    );
    thread.labels.set(11 + client, `socket:[${900 + client}]`);
    thread.call('futex(0x7f30, FUTEX_WAKE_PRIVATE, 1', ')', 1);
    thread
      .read(11 + client, 'GET /a')
      .reply(11 + client)
      .close(11 + client);
  }
  return { trace, both };
}

const MUTEX = '0x7f30, FUTEX_WAIT_PRIVATE, 2';

/** How much of its time the worker is busy, and what is said of it. */
async function busy(turn: string, error = ''): Promise<readonly unknown[]> {
  const report = await analyzed(threads(9, turn, { error }).trace);
  const [worker] = report.workers;
  return [worker?.role, worker?.busyPercent, ofKind(report, 'worker-saturation').length];
}

describe('a thread of uWSGI that waits for its turn to wait for a client', () => {
  it('has nothing to do: it is not busy, and its worker has room', async () => {
    assert.deepEqual(await busy(MUTEX), ['sync-worker', 0, 0]);
    // A word that several processes share, as that of their lock around accept.
    assert.deepEqual(await busy('0x7f30, FUTEX_WAIT, 2'), ['sync-worker', 0, 0]);
  });

  it('is busy where it waits for a condition, in vain, or for another lock', async () => {
    // Three times 8 s of 36 s, of two threads of which one began 2 s later.
    assert.deepEqual(await busy('0x7f30, FUTEX_WAIT_PRIVATE, 0'), ['sync-worker', 66.7, 1]);
    assert.deepEqual(await busy(MUTEX, 'ETIMEDOUT'), ['sync-worker', 66.7, 1]);
    assert.deepEqual(await busy('0x7f30, FUTEX_WAIT_PRIVATE, 3'), ['sync-worker', 66.7, 1]);
  });

  it('holds up a loop that takes many clients at a time, and not one that takes one', async () => {
    const longest = async (most: number): Promise<number> => {
      const { trace, worker } = oneWorker();
      const event = `{events=EPOLLIN, data={u32=${LISTENER}, u64=${LISTENER}}}`;
      for (let client = 1; client <= 7; client++) {
        worker.call(`epoll_wait(${worker.fd(HUB)}, `, `[${event}], ${most}, -1)`, 1, 1_000 * client - worker.now);
        worker.accept(11).read(11, 'GET /a').reply(11).close(11);
        worker.call(`futex(${MUTEX}, NULL`, ')', 0, 611);
      }
      worker.call(`epoll_wait(${worker.fd(HUB)}, `, `[${event}], ${most}, -1)`, 1, 1_000);
      const report = await analyzed(trace);
      const worst = report.workers.map(({ longestTurnMs }) => longestTurnMs ?? 0);
      assert.equal(ofKind(report, 'loop-stall').length + ofKind(report, 'lock-contention').length > 0, most > 1);
      return Math.floor(Math.max(...worst));
    };
    assert.equal(await longest(64), 611);
    assert.equal(await longest(1), 0);
  });

  it('is in no lock that anybody holds when the capture ends while its sibling waits for a client', async () => {
    const ended = async (sibling: string): Promise<readonly (string | undefined)[]> => {
      const { trace, both } = threads(9, MUTEX);
      const [first, second] = both;
      second.stays(`futex(${MUTEX}, NULL`);
      first.stays(sibling === 'waits' ? `epoll_wait(${first.fd(7)}, ` : 'fsync(9</srv/app.db>');
      trace.thread(90).at(30_000).call('getpid(', ')', 90);
      const report = await analyzed(trace);
      if (sibling === 'waits') none(report, 'stuck-call');
      return ofKind(report, 'stuck-call').map(({ title }) => title.replace(/\d+(\.\d+)? s/, 'N s'));
    };
    assert.deepEqual(await ended('waits'), []);
    assert.match((await ended('works')).join(), /fsync|futex/);
  });

  it('nor where the capture shows one client, so that nobody was seen to get the mutex', async () => {
    const ended = async ({ isServing = false, most = 1, isWaiting = true, value = 2 }): Promise<string> => {
      const { trace, both } = threads(1, MUTEX, { most });
      const [first, second] = both;
      if (isServing) first.accept(19).read(19, 'GET /slow');
      first.stays(`futex(0x7f30, FUTEX_WAIT_PRIVATE, ${value}, NULL`);
      second.stays(isWaiting ? `epoll_wait(${second.fd(8)}, ` : 'fsync(9</srv/app.db>');
      trace.thread(90).at(30_000).call('getpid(', ')', 90);
      const found = ofKind(await analyzed(trace), 'stuck-call').flatMap(({ metrics }) => metrics.threads);
      return found.map((each) => (each as { readonly call: string }).call).join();
    };
    assert.equal(await ended({}), '');
    // In a request, in a loop of many clients, at another lock, and while nobody waits for a client, it is stuck.
    assert.equal(await ended({ isServing: true }), 'futex');
    assert.equal(await ended({ most: 64 }), 'futex');
    assert.equal(await ended({ value: 0 }), 'futex');
    assert.match(await ended({ isWaiting: false }), /futex/);
  });
});
