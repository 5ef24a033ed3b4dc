import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { analyzed, none, ofKind, only } from '../support/analyzed.ts';
import { openHub, openListener, startThread, watch } from '../support/server-lines.ts';
import { failed, HUB, LISTENER, type ThreadLines } from '../support/thread-lines.ts';
import { TraceLines } from '../support/trace-lines.ts';

const PID = 101;

/** A process whose threads share one epoll instance, as those of Go do: so many, or attached without their starts. */
function runtime(tids: readonly number[], { isAttached = false } = {}): { trace: TraceLines; threads: ThreadLines[] } {
  const trace = new TraceLines();
  const main = trace.thread(PID).at(0);
  if (!isAttached) {
    openListener(main, LISTENER);
    openHub(main);
    for (const tid of tids) startThread(main, tid);
  }
  const threads = [main, ...tids.map((tid) => trace.thread(tid).at(5))];
  for (const thread of threads) {
    thread.labels.set(LISTENER, 'socket:[4711]');
    thread.labels.set(HUB, 'anon_inode:[eventpoll]');
  }
  return { trace, threads };
}

/** Parked until another thread wakes it at `ms`, or its time is over. */
function parkUntil(thread: ThreadLines, ms: number, isWoken = true): ThreadLines {
  const word = `0xc0000${thread.tid}48`;
  const left = isWoken ? ', NULL)' : ', {tv_sec=9, tv_nsec=0})';
  return thread.call(`futex(${word}, FUTEX_WAIT_PRIVATE, 0`, left, isWoken ? 0 : failed('ETIMEDOUT'), ms - thread.now);
}

const glance = (thread: ThreadLines): ThreadLines =>
  thread.call(`epoll_pwait(${thread.fd(HUB)}, `, '[], 128, 0, NULL, 0)', 0);

const compute = (thread: ThreadLines, ms: number): ThreadLines => thread.gap(ms);
const block = (thread: ThreadLines, ms: number): ThreadLines =>
  thread.call('flock(9</var/lib/app.lock>, LOCK_EX', ')', 0, ms);

describe('threads of one process that wait on one epoll instance are one loop', () => {
  it('and one that is parked meanwhile has nothing to do', async () => {
    const { trace, threads } = runtime([102, 103]);
    const [first, second, third] = threads as [ThreadLines, ThreadLines, ThreadLines];
    let now = 20;
    for (let index = 0; index < 7; index++) {
      const [waits, parks] = index % 2 === 0 ? [first, second] : [second, first];
      parkUntil(parks, now + 1000);
      waits.waitUntil(now + 1000, LISTENER).serve(11, 'GET /a');
      now += 1001;
    }
    parkUntil(third, now, false);
    first.waitUntil(now + 50);
    second.stays('futex(0xc000048, FUTEX_WAIT_PRIVATE, 0, NULL');
    const report = await analyzed(trace);
    none(report, 'loop-stall');
    const { workers } = report;
    assert.deepEqual(
      workers.map(({ pid, role, accepted, busyPercent }) => [pid, role, accepted, (busyPercent ?? 100) < 2]),
      [[PID, 'runtime-thread', 7, true]],
    );
  });

  for (const [name, work, cause] of [
    ['computes', compute, 'no-syscall'],
    ['is in a call', block, 'file-lock'],
  ] as const) {
    it(`which is away while none of them waits and one ${name}`, async () => {
      const { trace, threads } = runtime([102]);
      const [first, second] = threads as [ThreadLines, ThreadLines];
      first.waitUntil(50, LISTENER);
      second.waitUntil(70, LISTENER);
      parkUntil(second, 850);
      work(first.accept(11).read(11, 'GET /slow'), 700).reply(11).close(11).waitUntil(2000);
      second.waitUntil(2000);
      const report = await analyzed(trace);
      const { metrics, summary } = only(report, 'loop-stall');
      assert.equal(metrics.cause, cause);
      const stalled = Number(metrics.stallMs);
      assert.ok(stalled > 670 && stalled < 705, `${stalled} ms`);
      assert.match(summary, /^Both threads of 101 that share one epoll set were away from it for /);
      assert.equal(report.workers[0]?.longestTurnMs, metrics.stallMs);
    });

    it(`for a share of the time since one of them was first seen to look: one ${name}`, async () => {
      const { trace, threads } = runtime([102]);
      const [first, second] = threads.map((thread) => thread.at(1000)) as [ThreadLines, ThreadLines];
      first.waitUntil(1050, LISTENER);
      second.waitUntil(1070, LISTENER);
      parkUntil(second, 1850);
      work(first.accept(11).read(11, 'GET /slow'), 700).reply(11).close(11).waitUntil(2000);
      second.waitUntil(2000);
      const share = Number(only(await analyzed(trace), 'loop-stall').metrics.share);
      assert.ok(share > 0.67 && share < 0.71, `${share}`);
    });

    it(`and not while one ${name} and another waits`, async () => {
      const { trace, threads } = runtime([102]);
      const [first, second] = threads as [ThreadLines, ThreadLines];
      first.waitUntil(50, LISTENER);
      second.waitUntil(60, LISTENER);
      work(first.accept(11).read(11, 'GET /slow'), 700).reply(11).close(11).waitUntil(2000);
      second.acceptNothing().waitUntil(2000);
      none(await analyzed(trace), 'loop-stall');
    });

    it(`nor while one ${name} and another looks every ten milliseconds, as on a single processor`, async () => {
      const { trace, threads } = runtime([102]);
      const [first, second] = threads as [ThreadLines, ThreadLines];
      first.waitUntil(50, LISTENER);
      second.waitUntil(60, LISTENER);
      work(first.accept(11).read(11, 'GET /slow'), 700).reply(11).close(11).waitUntil(2000);
      for (let index = 0; index < 90; index++) glance(second.gap(10));
      const report = await analyzed(trace);
      none(report, 'loop-stall');
      assert.ok((report.workers[0]?.busyPercent ?? 0) > 30, 'and says how much of the time nobody waited');
    });
  }

  it('and why nothing is a stall is said in words that hold for all loops', async () => {
    const calm = (withOther: boolean): TraceLines => {
      const { trace, threads } = runtime([102]);
      const [first, second] = threads as [ThreadLines, ThreadLines];
      first.waitUntil(50, LISTENER).serve(11, 'GET /a').waitUntil(2000);
      second.waitUntil(60, LISTENER).serve(12, 'GET /a').waitUntil(2000);
      if (!withOther) return trace;
      const other = trace.thread(201).at(5);
      openListener(other, LISTENER, { label: 'socket:[4713]', port: 9000 });
      openHub(other);
      other.waitUntil(70, LISTENER).serve(13, 'GET /b').waitUntil(2000);
      return trace;
    };
    assert.match(none(await analyzed(calm(false)), 'loop-stall'), /^at no time of 100 ms or more was a thread at work/);
    assert.match(none(await analyzed(calm(true)), 'loop-stall'), /^no turn of 100 ms or more in \d+ turns of 2 loops/);
  });

  it('where a wait that began earlier and returned later covers the time between', async () => {
    const { trace, threads } = runtime([102, 103]);
    const [first, second, third] = threads as [ThreadLines, ThreadLines, ThreadLines];
    first.waitUntil(50, LISTENER);
    second.waitUntil(60, LISTENER);
    third.waitUntil(1500);
    compute(first, 700).waitUntil(2000);
    parkUntil(second, 1900);
    none(await analyzed(trace), 'loop-stall');
  });

  it('which is away since the last wait of the one that waited alone until then', async () => {
    const told = async (waits: number): Promise<readonly number[]> => {
      const { trace, threads } = runtime([102]);
      const [first, second] = threads as [ThreadLines, ThreadLines];
      first.waitUntil(1000, LISTENER);
      compute(first.accept(11).read(11, 'GET /slow'), 700).reply(11).close(11).waitUntil(3000);
      parkUntil(second, waits).waitUntil(2500);
      return ofKind(await analyzed(trace), 'loop-stall').map(({ metrics }) => Math.round(Number(metrics.stallMs) / 10));
    };
    // The other one waits for the first time when the work is done, and right after it began.
    assert.deepEqual(await told(1750), [70]);
    assert.deepEqual(await told(1050), []);
  });

  it('also where the only wait of the other thread lasts to the end', async () => {
    const { trace, threads } = runtime([102]);
    const [first, second] = threads as [ThreadLines, ThreadLines];
    first.waitUntil(50, LISTENER).serve(11, 'GET /a');
    parkUntil(first, 1500);
    first.stays('futex(0xc000048, FUTEX_WAIT_PRIVATE, 0, NULL');
    second.at(60).stays(`epoll_pwait(${second.fd(HUB)}, `);
    none(await analyzed(trace), 'loop-stall');
  });

  it('and a turn that is open when the capture ends is told, while nobody waits', async () => {
    const { trace, threads } = runtime([102]);
    const [first, second] = threads as [ThreadLines, ThreadLines];
    first.waitUntil(50, LISTENER);
    second.waitUntil(60, LISTENER);
    first.accept(11).read(11, 'GET /slow').stays('flock(9</var/lib/app.lock>, LOCK_EX');
    parkUntil(second, 900);
    second.stays('futex(0xc000048, FUTEX_WAIT_PRIVATE, 0, NULL');
    const { metrics, openEnded } = only(await analyzed(trace), 'loop-stall');
    assert.ok(openEnded);
    assert.equal(metrics.cause, 'file-lock');
  });

  it('among which there is no herd and no skew, whoever accepts', async () => {
    const { trace, threads } = runtime([102, 103, 104]);
    for (let index = 0; index < 40; index++) {
      for (const [place, thread] of threads.entries()) {
        thread.waitUntil(50 + index * 20 + place * 0.05, LISTENER);
        if (place === 0) thread.serve(11, 'GET /a').acceptNothing();
        else thread.acceptNothing();
      }
    }
    const report = await analyzed(trace);
    none(report, 'thundering-herd');
    none(report, 'accept-skew');
    assert.equal(report.workers.length, 1);
    assert.equal(report.workers[0]?.wastedWakeups, 0);
  });

  it('also when they are known to be threads of one process only after both had waited', async () => {
    const { trace, threads } = runtime([102], { isAttached: true });
    const [first, second] = threads as [ThreadLines, ThreadLines];
    first.waitUntil(50, LISTENER).serve(11, 'GET /a');
    second.waitUntil(51, LISTENER).acceptNothing();
    parkUntil(second, 900);
    first.waitUntil(900, LISTENER);
    second.call('getpid(', ')', PID).waitUntil(905);
    for (let index = 0; index < 3; index++) {
      const from = 905 + index * 800;
      parkUntil(second, from + 790).waitUntil(from + 800);
      parkUntil(first, from + 10)
        .waitUntil(from + 795, LISTENER)
        .acceptNothing();
    }
    const report = await analyzed(trace);
    assert.deepEqual(
      ofKind(report, 'loop-stall').map(({ title }) => title),
      [],
    );
    assert.deepEqual(
      report.workers.map(({ pid, role }) => [pid, role]),
      [[PID, 'runtime-thread']],
    );
  });

  it('but a process that inherits an epoll instance is a worker of its own', async () => {
    const trace = new TraceLines();
    const parent = trace.thread(100).at(0);
    openListener(parent, LISTENER);
    openHub(parent);
    const flags = 'child_stack=NULL, flags=CLONE_CHILD_CLEARTID|CLONE_CHILD_SETTID|SIGCHLD';
    const children = [101, 102].map((pid) => {
      parent.call(`clone(${flags}`, ', child_tidptr=0x7f5a50)', pid);
      const child = trace.thread(pid).at(5);
      child.labels.set(LISTENER, 'socket:[4711]');
      child.labels.set(HUB, 'anon_inode:[eventpoll]');
      return child;
    });
    for (const child of children) {
      child.waitUntil(50, LISTENER).accept(11);
      watch(child, 11).read(11, 'GET /slow').gap(700).reply(11).close(11).waitUntil(1000);
    }
    const report = await analyzed(trace);
    assert.deepEqual(
      ofKind(report, 'loop-stall')
        .map(({ metrics }) => metrics.worker)
        .sort(),
      [101, 102],
    );
    only(report, 'service-stall');
  });

  it('and where nothing says whose threads they are a parked one is no stall for sure', async () => {
    const { trace, threads } = runtime([102], { isAttached: true });
    const [first, second] = threads as [ThreadLines, ThreadLines];
    first.waitUntil(50, LISTENER).accept(11).read(11, 'GET /a').reply(11).close(11);
    second.waitUntil(51, LISTENER).accept(12).read(12, 'GET /a').reply(12).close(12);
    parkUntil(second, 2900).waitUntil(3000, LISTENER).acceptNothing();
    first.waitUntil(3000, LISTENER).acceptNothing();
    const text = trace.text().replace(/(\d)<(?:socket|anon_inode):\[\w+\]>/g, '$1');
    const { severity, summary } = only(await analyzed(text, {}), 'loop-stall');
    assert.equal(severity, 'info');
    assert.match(summary, /Cannot tell whether that is a stall: .* Record with -y\./);
    assert.equal(only(await analyzed(trace), 'loop-stall').severity, 'critical', 'with names they are two processes');
  });

  it('nor is one that serves many requests and parks in between, where others of its process are known', async () => {
    const severityOf = async (isKnown: boolean): Promise<string> => {
      const { trace, threads } = runtime([102, 103], { isAttached: true });
      const [first, second, third] = threads as [ThreadLines, ThreadLines, ThreadLines];
      second.waitUntil(3000, LISTENER).acceptNothing();
      if (isKnown) third.call('getpid(', ')', PID);
      first.waitUntil(50, LISTENER);
      for (let index = 0; index < 31; index++) {
        first.accept(11).read(11, 'GET /a').gap(18).reply(11).close(11);
        parkUntil(first, first.now + 9);
      }
      first.waitUntil(3000, LISTENER).acceptNothing();
      const text = trace.text().replace(/(\d)<(?:socket|anon_inode):\[\w+\]>/g, '$1');
      return only(await analyzed(text, {}), 'loop-stall').severity;
    };
    assert.equal(await severityOf(true), 'info');
    assert.equal(await severityOf(false), 'warning', 'of one thread alone nothing says that it has siblings');
  });
});
