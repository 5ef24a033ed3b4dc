import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Report } from '../../src/analysis/report.ts';
import { analyzed, none } from '../support/analyzed.ts';
import { attached, fork, watch } from '../support/server-lines.ts';
import { LISTENER, type ThreadLines } from '../support/thread-lines.ts';
import type { TraceLines } from '../support/trace-lines.ts';

/** Requests by process. */
function requestsOf({ workers }: Report): Readonly<Record<number, number>> {
  return Object.fromEntries(workers.map(({ pid, requests }) => [pid, requests]));
}

/** What `thread` calls a descriptor that `other` opened. */
function shares(thread: ThreadLines, fd: number, other: ThreadLines): ThreadLines {
  thread.labels.set(fd, other.labels.get(fd) ?? '');
  return thread;
}

/** A thread that accepts, and one that waits for a lock since before the capture and then reads and answers. */
function handedOver(
  times: number,
  serve = (pool: ThreadLines): void => void pool.read(11, 'GET /a').reply(11),
): { readonly trace: TraceLines; readonly acceptor: ThreadLines; readonly pool: ThreadLines } {
  const { trace, workers } = attached([101, 112]);
  const [acceptor, pool] = workers as [ThreadLines, ThreadLines];
  for (let index = 0; index < times; index++) {
    acceptor.waitUntil(50 + index * 100, LISTENER).accept(11);
    shares(pool, 11, acceptor);
    pool.call('futex(0x5600, FUTEX_WAIT_PRIVATE, 0, NULL', ')', 0, acceptor.now + 1 - pool.now);
    serve(pool);
    acceptor.gap(20).close(11);
  }
  acceptor.waitUntil(times * 100 + 200);
  return { trace, acceptor, pool };
}

describe('threads of an attached process', () => {
  it('belong together when one uses the socket that another accepted under the same number', async () => {
    const report = await analyzed(handedOver(7).trace);
    assert.deepEqual(requestsOf(report), { 101: 7 });
    assert.deepEqual(report.workers[0]?.tids.toSorted(), [101, 112]);
  });

  it('belong together when one polls for the socket that another accepted, before it reads', async () => {
    const { trace, workers } = attached([101, 112]);
    const [acceptor, pool] = workers as [ThreadLines, ThreadLines];
    pool.call('sched_yield(', ')', 0);
    acceptor.waitUntil(50, LISTENER).accept(11);
    const set = `[{fd=${shares(pool, 11, acceptor).at(51).fd(11)}, events=POLLIN}]`;
    pool.call(`poll(${set}, 1, 10000`, ')', '1 ([{fd=11, revents=POLLIN}])').read(11, 'GET /a').reply(11);
    acceptor.waitUntil(200);
    const report = await analyzed(trace);
    assert.deepEqual(requestsOf(report), { 101: 1 });
    assert.deepEqual(report.workers[0]?.tids.toSorted(), [101, 112]);
  });

  it('belong together when one only closes or watches what another accepted', async () => {
    const { trace, workers } = attached([101, 112, 113]);
    const [acceptor, selector, closer] = workers as [ThreadLines, ThreadLines, ThreadLines];
    for (const thread of [selector, closer]) thread.call('sched_yield(', ')', 0);
    acceptor.waitUntil(50, LISTENER).accept(11).read(11, 'GET /a').reply(11);
    watch(shares(selector, 11, acceptor).at(52), 11);
    shares(closer, 11, acceptor).at(53).close(11);
    acceptor.waitUntil(200);
    assert.deepEqual(
      (await analyzed(trace)).workers.map(({ tids }) => tids.toSorted()),
      [[101, 112, 113]],
    );
  });

  /** Two that each serve the clients that they accept themselves; `numbers`: those of the first and of the second. */
  function apart(rounds: number, numbers: (round: number) => readonly [number, number], closes = true): TraceLines {
    const { trace, workers } = attached([101, 112]);
    const [one, other] = workers as [ThreadLines, ThreadLines];
    for (let round = 0; round < rounds; round++) {
      const [first, second] = numbers(round);
      const at = 50 + round * 100;
      // The second comes while the first has its client, and goes later.
      one.waitUntil(at, LISTENER).accept(first).read(first, 'GET /a').gap(10).reply(first);
      other
        .waitUntil(at + 5, LISTENER)
        .accept(second)
        .read(second, 'GET /b')
        .gap(30)
        .reply(second);
      if (closes) one.close(first);
      if (closes) other.close(second);
    }
    one.waitUntil(rounds * 100 + 100);
    other.waitUntil(rounds * 100 + 100);
    return trace;
  }
  const turnsAt = (round: number): readonly [number, number] => (round % 2 === 0 ? [11, 12] : [12, 11]);

  it('belong together when each gets the numbers that the other had: only one table can be why', async () => {
    const turns = (rounds: number, atOnce = false): TraceLines => {
      const { trace, workers } = attached([101, 112]);
      const [one, other] = workers as [ThreadLines, ThreadLines];
      if (atOnce) for (const each of [one, other]) each.waitUntil(10, LISTENER).accept(11);
      if (atOnce) for (const each of [one, other]) each.gap(5).close(11);
      for (let round = 0; round < rounds; round++) {
        const [first, second] = round % 2 === 0 ? [one, other] : [other, one];
        const at = 50 + round * 100;
        first.waitUntil(at, LISTENER).accept(11).read(11, 'GET /a').gap(10).reply(11);
        second
          .waitUntil(at + 5, LISTENER)
          .accept(12)
          .read(12, 'GET /b')
          .gap(30)
          .reply(12);
        first.close(11);
        second.close(12);
      }
      one.waitUntil(rounds * 100 + 100);
      other.waitUntil(rounds * 100 + 100);
      return trace;
    };
    const tidsOf = async (rounds: number, atOnce = false) =>
      (await analyzed(turns(rounds, atOnce))).workers.map(({ tids }) => tids.toSorted());
    assert.deepEqual(await tidsOf(5), [[101, 112]]);
    assert.deepEqual(await tidsOf(2), [[101], [112]], 'once may be chance');
    assert.deepEqual(await tidsOf(5, true), [[101], [112]], 'both had one number at the same time');
  });

  it('and processes that share a listener are two, whatever numbers they give', async () => {
    const countOf = async (trace: TraceLines) => (await analyzed(trace)).workers.length;
    assert.equal(await countOf(apart(7, () => [11, 11])), 2);
    assert.equal(await countOf(apart(7, () => [11, 12])), 2);
    assert.equal(await countOf(apart(7, turnsAt, false)), 2);
  });

  it('answer what was read before they were known to belong together: nobody hung up', async () => {
    const { trace, workers } = attached([101, 112]);
    const [main, pool] = workers as [ThreadLines, ThreadLines];
    // Both connections are older than the capture.
    for (const [fd, inode] of [
      [13, 777],
      [14, 778],
    ] as const)
      for (const thread of [main, pool]) thread.labels.set(fd, `socket:[${inode}]`);
    pool.call('sched_yield(', ')', 0);
    main.at(10).waitUntil(40, 13).read(13, 'GET /old').waitUntil(60, 14).read(14, 'GET /other');
    pool.at(70).reply(13).reply(14);
    main.at(90).waitUntil(100, 13).readEnd(13).close(13).readEnd(14).close(14).waitUntil(300);
    const report = await analyzed(trace);
    none(report, 'abandoned-request');
    assert.deepEqual(
      report.workers.map(({ tids, requests }) => [tids.toSorted(), requests]),
      [[[101, 112], 2]],
    );
  });

  it('do not keep what was closed meanwhile by a thread that was not known to belong to them', async () => {
    const { trace, workers } = attached([101, 112]);
    const [main, pool] = workers as [ThreadLines, ThreadLines];
    pool.labels.set(11, 'socket:[777]');
    pool.call('sched_yield(', ')', 0).read(11, 'GET /old');
    main.labels.set(11, 'socket:[777]');
    main.at(20).close(11).waitUntil(50, LISTENER).accept(11);
    shares(pool, 11, main).at(60).read(11, 'GET /new').reply(11);
    main.at(80).readEnd(11).close(11).waitUntil(300);
    const report = await analyzed(trace);
    none(report, 'abandoned-request');
    assert.deepEqual(
      report.workers.map(({ tids }) => tids.toSorted()),
      [[101, 112]],
    );
  });

  it('belong to the process that sends them a signal as only its own threads get', async () => {
    for (const [code, pids] of [
      ['SI_TKILL', [101]],
      ['SI_USER', [101, 112]],
    ] as const) {
      const { trace, workers } = attached([101, 112]);
      const [main, other] = workers as [ThreadLines, ThreadLines];
      main.waitUntil(50, LISTENER).serve(11, 'GET /a').waitUntil(90);
      other.call('sched_yield(', ')', 0).at(60);
      other.line(`--- SIGURG {si_signo=SIGURG, si_code=${code}, si_pid=101, si_uid=0} ---`);
      other.at(70).waitUntil(80, LISTENER).serve(12, 'GET /b').waitUntil(200);
      assert.deepEqual(Object.keys(requestsOf(await analyzed(trace))).map(Number), pids);
    }
  });

  /** Threads of an attached capture without -y: 112 waits for a word `times` times, and 101 wakes it. */
  function woken(times: number, word = '0x5600', after = 0.3): TraceLines {
    const { trace, workers } = attached([101, 112]);
    const [acceptor, pool] = workers as [ThreadLines, ThreadLines];
    for (const { labels } of [acceptor, pool]) labels.clear();
    for (let index = 0; index < times; index++) {
      acceptor.waitUntil(50 + index * 100, LISTENER).accept(11);
      acceptor.labels.clear();
      acceptor.call(`futex(${word}, FUTEX_WAKE_PRIVATE, 1`, ')', 1);
      const wait = `futex(${word}, FUTEX_WAIT_BITSET_PRIVATE|FUTEX_CLOCK_REALTIME, 0, NULL, FUTEX_BITSET_MATCH_ANY`;
      pool
        .call(wait, ')', 0, acceptor.now + after - pool.now)
        .read(11, 'GET /a')
        .reply(11)
        .close(11);
    }
    acceptor.waitUntil(times * 100 + 200);
    return trace;
  }

  it('belong together when one ends waits of the other by a private word, without -y', async () => {
    // What was asked before that is known is not counted.
    assert.deepEqual(requestsOf(await analyzed(woken(7))), { 101: 4 });
    assert.deepEqual((await analyzed(woken(4))).workers[0]?.tids.toSorted(), [101, 112]);
  });

  /** Threads that wait at one word, of which each is woken once: one after the other, or within a moment. */
  function wokenOnce(size: number, apart: number, wakers: readonly number[] = [101]): TraceLines {
    const { trace, workers } = attached(wakers);
    for (const [index, { labels }] of workers.entries()) {
      labels.clear();
      (workers[index] as ThreadLines).at(0);
    }
    for (let index = 0; index < size; index++) {
      const waker = workers[index % wakers.length] as ThreadLines;
      waker.at(50 + index * apart).call('futex(0x5600, FUTEX_WAKE_PRIVATE, 1', ')', 1);
      const pool = trace.thread(112 + index);
      pool.call('futex(0x5600, FUTEX_WAIT_PRIVATE, 0, NULL', ')', 0, waker.now + 0.1 - pool.now).gap(300);
      pool.call('sched_yield(', ')', 0);
    }
    for (const waker of workers) waker.waitUntil(900, LISTENER).accept(11);
    return trace;
  }

  it('belong together where three of them wait at one word, and one process wakes each once', async () => {
    const tids = async (trace: TraceLines): Promise<readonly number[]> =>
      (await analyzed(trace)).workers.map((worker) => worker.tids.length);
    assert.deepEqual(await tids(wokenOnce(3, 20)), [4]);
    assert.deepEqual(await tids(wokenOnce(3, 0.3)), [4]);
    // Two may be chance.
    assert.deepEqual(await tids(wokenOnce(2, 20)), [1]);
    // Two processes that wake there, each those of its own.
    assert.deepEqual(await tids(wokenOnce(4, 0.3, [101, 102])), [1, 1]);
  });

  it('are not told by two wakes, by a word that is shared between processes, or by a wake long before', async () => {
    assert.deepEqual((await analyzed(woken(2))).workers[0]?.tids, [101]);
    const shared = woken(7).text().replaceAll('_PRIVATE', '');
    assert.deepEqual((await analyzed(shared)).workers[0]?.tids, [101]);
    assert.deepEqual((await analyzed(woken(7, '0x5600', 3))).workers[0]?.tids, [101]);
  });

  it('are not one when a wake found nobody while the other waited at that address', async () => {
    const told = async (vain: boolean): Promise<readonly number[]> => {
      const trace = woken(7);
      // 112 waits from the beginning on.
      const waker = trace.thread(101).at(20);
      if (vain) waker.call('futex(0x5600, FUTEX_WAKE_PRIVATE, 1', ')', 0);
      return (await analyzed(trace)).workers[0]?.tids.toSorted() ?? [];
    };
    assert.deepEqual(await told(false), [101, 112]);
    assert.deepEqual(await told(true), [101]);
  });

  it('are not one when both have words at the same addresses, as processes that were forked from one', async () => {
    const { trace, workers } = attached([101, 102]);
    const wait = 'futex(0x5600, FUTEX_WAIT_PRIVATE, 0, NULL';
    for (const [offset, acceptor] of workers.entries()) {
      acceptor.labels.clear();
      const pool = trace.thread(acceptor.tid + 10).at(0);
      for (let index = 0; index < 7; index++) {
        acceptor.waitUntil(50 + index * 100 + offset * 0.1, LISTENER).accept(11);
        acceptor.labels.clear();
        acceptor.call('futex(0x5600, FUTEX_WAKE_PRIVATE, 1', ')', 1);
        pool.call(wait, ')', 0, acceptor.now + 0.25 - pool.now);
      }
      acceptor.waitUntil(900);
    }
    assert.deepEqual(
      (await analyzed(trace)).workers.map(({ tids }) => tids.length),
      [1, 1],
    );
  });

  /** Two that wake a word and wait there, `each` times; every `chance`th time one ends a wait of the other. */
  function wakers(each: number, chance: number): TraceLines {
    const { trace, workers } = attached([101, 102]);
    const [first, second] = workers as [ThreadLines, ThreadLines];
    for (const { labels } of workers) labels.clear();
    const wake = (thread: ThreadLines, ms: number): ThreadLines =>
      thread.at(ms).call('futex(0x5600, FUTEX_WAKE_PRIVATE, 1', ')', 1);
    const wait = (thread: ThreadLines, until: number): ThreadLines =>
      thread.call('futex(0x5600, FUTEX_WAIT_PRIVATE, 0, NULL', ')', 0, until - thread.now);
    for (let index = 0; index < each; index++) {
      const at = 100 + index * 100;
      const meets = index % chance === 0;
      // Each has a thread that nobody traced, which it wakes and which wakes it in turn.
      wait(wake(second, at), at + (meets ? 30.3 : 50));
      wait(wake(first, at + 30), at + 70);
    }
    for (const [index, thread] of workers.entries())
      thread
        .at(each * 100 + 200 + index)
        .waitUntil(each * 100 + 300 + index, LISTENER)
        .accept(11);
    return trace;
  }

  it('are not one when what each wakes is not in the capture, and both met by chance', async () => {
    const tids = async (trace: TraceLines): Promise<readonly number[]> =>
      (await analyzed(trace)).workers.map(({ tids }) => tids.length);
    assert.deepEqual(await tids(wakers(70, 7)), [1, 1]);
    // Where every second wake of the one ends a wait of the other, and the rest found somebody else: too.
    assert.deepEqual(await tids(wakers(70, 2)), [1, 1]);
  });

  it('are one when some of what they wake does not show its end', async () => {
    const trace = woken(7);
    // The waits that these ended took longer to come back.
    for (const at of [20, 40, 520]) trace.thread(101).at(at).call('futex(0x5608, FUTEX_WAKE_PRIVATE, 1', ')', 1);
    assert.deepEqual((await analyzed(trace)).workers[0]?.tids.toSorted(), [101, 112]);
  });

  it('have the pid that getpid tells, and else the lowest number among them', async () => {
    const { trace, acceptor, pool } = handedOver(3);
    assert.deepEqual(requestsOf(await analyzed(trace)), { 101: 3 });
    pool.call('getpid(', ')', 112);
    acceptor.call('getpid(', ')', 112);
    assert.deepEqual(requestsOf(await analyzed(trace)), { 112: 3 });
  });
});

describe('processes that were attached', () => {
  it('are not one because they have the listener and other inherited sockets under the same numbers', async () => {
    const { trace, workers } = attached([101, 102, 103]);
    for (const [index, worker] of workers.entries()) {
      worker.labels.set(8, 'socket:[888]');
      worker.labels.set(9, 'pipe:[999]');
      worker
        .waitUntil(50 + index * 7, LISTENER)
        .send(8, '<13>log')
        .call('write(9<pipe:[999]>, ', '"x", 1)', 1);
      worker.serve(11, 'GET /a').waitUntil(300 + index);
    }
    assert.deepEqual(requestsOf(await analyzed(trace)), { 101: 1, 102: 1, 103: 1 });
  });

  it('are not one when the second was first seen after the socket was opened: it may be a fork', async () => {
    const { trace, workers } = attached([101]);
    const [parent] = workers as [ThreadLines];
    parent.waitUntil(50, LISTENER).accept(11);
    // The clone is not in the capture.
    const child = shares(trace.thread(140).at(60), 11, parent);
    child.read(11, 'GET /a').reply(11).close(11);
    parent.at(70).close(11).waitUntil(300);
    assert.equal((await analyzed(trace)).workers.find(({ pid }) => pid === 101)?.requests, 0);
  });

  it('are not one when a fork in the capture made the second', async () => {
    const { trace, workers } = attached([101]);
    const [parent] = workers as [ThreadLines];
    fork(parent, 140);
    const child = trace.thread(140).at(5).call('sched_yield(', ')', 0);
    parent.waitUntil(50, LISTENER).accept(11);
    shares(child, 11, parent).at(60).read(11, 'GET /a').reply(11).close(11);
    parent.at(70).close(11).waitUntil(300);
    assert.equal((await analyzed(trace)).workers.find(({ pid }) => pid === 101)?.requests, 0);
  });

  it('are not one when both tell a pid of their own', async () => {
    const { trace, workers } = attached([101, 112]);
    const [first, second] = workers as [ThreadLines, ThreadLines];
    for (const each of [first, second]) each.call('getpid(', ')', each.tid);
    first.waitUntil(50, LISTENER).accept(11);
    shares(second, 11, first).at(60).read(11, 'GET /a').reply(11).close(11);
    first.at(70).close(11).waitUntil(300);
    assert.equal((await analyzed(trace)).workers.find(({ pid }) => pid === 101)?.requests, 0);
  });

  it('are not one when the socket was passed on, under a number that is the same by chance', async () => {
    const { trace, workers } = attached([101, 112]);
    const [first, second] = workers as [ThreadLines, ThreadLines];
    second.labels.set(3, 'UNIX:[7777]');
    second.call('sched_yield(', ')', 0);
    first.waitUntil(50, LISTENER).accept(11);
    shares(second, 11, first)
      .at(60)
      .call(
        `recvmsg(${second.fd(3)}, `,
        '{msg_name=NULL, msg_iov=[{iov_base="x", iov_len=1}], msg_iovlen=1, msg_control=[{cmsg_len=20, ' +
          `cmsg_level=SOL_SOCKET, cmsg_type=SCM_RIGHTS, cmsg_data=[${second.fd(11)}]}], msg_flags=0}, 0)`,
        1,
      )
      .read(11, 'GET /a')
      .reply(11);
    first.at(70).close(11).waitUntil(300);
    assert.equal((await analyzed(trace)).workers.find(({ pid }) => pid === 101)?.requests, 0);
  });
});

it('a reply counts by whomever it is written: the socket is the same', async () => {
  // Only network calls were recorded: the pool thread has no line before its reply.
  const { trace, workers } = attached([101]);
  const [main] = workers as [ThreadLines];
  main.at(50).accept(11).read(11, 'GET /a');
  shares(trace.thread(112), 11, main).at(60).reply(11);
  main.at(70).readEnd(11).at(400).accept(11);
  none(await analyzed(trace), 'abandoned-request');
});
