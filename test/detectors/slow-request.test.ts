import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Context } from '../../src/detectors/detector.ts';
import { finding } from '../../src/detectors/slow-request/finding.ts';
import { KeptRequests, type Slow } from '../../src/detectors/slow-request/slow.ts';
import { MILLISECOND } from '../../src/trace/time.ts';
import { analyzed, none, only } from '../support/analyzed.ts';
import { threadOf } from '../support/model-objects.ts';
import { attached, oneWorker, startThread } from '../support/server-lines.ts';
import { LISTENER, type ThreadLines } from '../support/thread-lines.ts';
import type { TraceLines } from '../support/trace-lines.ts';

const KIND = 'slow-request';

/** Worker 101 serves that within its request, which it had read at 0.5 s; 102 is free for most of the time. */
function serving(inside: (worker: ThreadLines) => void, request = 'GET /report', more = 0): TraceLines {
  const { trace, workers } = attached([101, 102]);
  const [busy, free] = workers as [ThreadLines, ThreadLines];
  for (let index = 0; index <= more; index++) {
    busy.accept(11, { ms: 499.98 }).read(11, request);
    inside(busy);
    busy.reply(11).close(11);
  }
  busy.stays(`accept4(${busy.fd(LISTENER)}, `);
  free.call(`pselect6(6, [${LISTENER}], NULL, NULL, NULL, `, 'NULL)', `1 (in [${LISTENER}])`, 300);
  free.accept(12).read(12, 'GET /b').reply(12).close(12);
  free.stays(`pselect6(6, [${LISTENER}], NULL, NULL, NULL, `);
  return trace;
}

/** A request of worker 101 that took from one moment to another, in milliseconds. */
function buildSlow(startMs: number, endMs: number): Slow {
  const times = { start: startMs * MILLISECOND, end: endMs * MILLISECOND, callTime: 0, total: 0, calls: 0 };
  const what = { request: 'GET /a', open: false, cause: 'no-syscall', call: '', target: '', way: 'a way' } as const;
  return { thread: threadOf(101), ...what, ...times, confidence: 'likely', lines: [], holds: null };
}

const sleeping = (ms: number) => (worker: ThreadLines) => {
  worker.call('clock_nanosleep(CLOCK_MONOTONIC, 0, {tv_sec=1, tv_nsec=0}, NULL', ')', 0, ms);
};

describe('a request that takes long in its own worker', () => {
  it('is told from 1 s on, and a warning from 10 s on', async () => {
    none(await analyzed(serving(sleeping(998))), KIND);
    const { severity, title } = only(await analyzed(serving(sleeping(1003))), KIND);
    assert.equal(severity, 'info');
    assert.equal(title, 'GET /report took 1.00 s in worker 101: sleeps (clock_nanosleep)');
    assert.equal(only(await analyzed(serving(sleeping(9998))), KIND).severity, 'info');
    assert.equal(only(await analyzed(serving(sleeping(10_003))), KIND).severity, 'warning');
  });

  it('is no all-clear while it is no more than information', async () => {
    const { verdict } = await analyzed(serving(sleeping(2003), 'GET /report', 11));
    assert.equal(verdict.confidence, 'cannot-tell');
    assert.match(verdict.text, /^Cannot tell whether that is usual: GET \/report took up to 2\.00 s \(12x\)/);
  });

  it('says what the worker was in: no call, a file, a child process', async () => {
    const titleOf = async (inside: (worker: ThreadLines) => void): Promise<string> =>
      only(await analyzed(serving(inside)), KIND).title;
    assert.equal(
      await titleOf((worker) => worker.gap(3000)),
      'GET /report took 3.00 s in worker 101: computes, or waits for a CPU',
    );
    assert.equal(
      await titleOf((worker) => worker.call('read(17</mnt/nfs/data.bin>, ', '"x", 65536)', 1, 3000)),
      'GET /report took 3.00 s in worker 101: waits in read on /mnt/nfs/data.bin',
    );
    assert.equal(
      await titleOf((worker) =>
        worker.call('wait4(307, ', '[{WIFEXITED(s) && WEXITSTATUS(s) == 0}], 0, NULL)', 307, 3000),
      ),
      'GET /report took 3.00 s in worker 101: waits for a child process (wait4)',
    );
  });

  it('ends where the reply begins, and begins where the client has sent all of it', async () => {
    const { trace, workers } = attached([101, 102]);
    const [busy, free] = workers as [ThreadLines, ThreadLines];
    // Its body comes late; after the reply began the worker goes on with something else.
    busy
      .accept(11, { ms: 500 })
      .read(11, 'POST /in HTTP/1.1\\r\\nContent-Length: 4\\r\\n\\r\\n')
      .read(11, 'abcd', 7000)
      .gap(900)
      .reply(11)
      .gap(7000)
      .close(11);
    busy.stays(`accept4(${busy.fd(LISTENER)}, `);
    free.accept(12, { ms: 300 }).read(12, 'GET /b').reply(12).close(12);
    free.stays(`accept4(${free.fd(LISTENER)}, `);
    none(await analyzed(trace), KIND);
  });

  it('is one finding with all like it', async () => {
    const { metrics, title, workers } = only(await analyzed(serving(sleeping(1500), 'GET /item/17', 2)), KIND);
    assert.equal(title, 'GET /item/17 took up to 1.50 s (3x) in worker 101: sleeps (clock_nanosleep)');
    assert.deepEqual(workers, [101]);
    const [first, ...others] = metrics.slowest as unknown as Record<string, unknown>[];
    assert.equal(others.length, 2);
    assert.deepEqual(
      { ...metrics, slowest: [first] },
      {
        request: 'GET /item/17',
        worker: 101,
        cause: 'sleep',
        call: 'clock_nanosleep',
        callMs: 1500,
        target: '',
        count: 3,
        totalMs: 4500.06,
        longestMs: 1500.02,
        slowest: [{ pid: 101, request: 'GET /item/17', startMs: 500, endMs: 2000.02, tookMs: 1500.02, open: false }],
      },
    );
  });

  it('of a database is a statement, and the advice is to ask the database', async () => {
    const query = 'Q\\x00\\x00\\x00\\x1fSELECT * FROM orders WHERE id = 7\\x00';
    const { title, summary, next } = only(await analyzed(serving((worker) => worker.gap(12_000), query)), KIND);
    assert.equal(title, 'A SELECT on orders took 12.00 s in worker 101: computes, or waits for a CPU');
    assert.match(summary, /^Worker 101 had read a SELECT on orders and began its answer 12\.00 s later\./);
    assert.match(next[0]?.command ?? '', /pg_stat_activity WHERE pid = 101"$/);
  });

  it('of MySQL is looked up in the list of its sessions', async () => {
    const slow = { ...buildSlow(0, 12_000), request: 'SELECT * FROM orders WHERE id = ?' };
    slow.thread.process.server = 'MariaDB';
    const context = {
      model: { zero: 0 },
      capabilities: { times: true },
      threshold: () => 10_000,
    } as unknown as Context;
    const [step] = finding(context, [slow], { count: 0, total: 0 }).next;
    assert.equal(step?.command, 'mysql -e "SHOW FULL PROCESSLIST"');
  });

  it('is told of a thread of a pool as well, by the call that had most of the time', async () => {
    const { trace, worker } = oneWorker();
    startThread(worker, 201);
    const thread = trace.thread(201).at(20);
    worker.waitUntil(40, LISTENER).accept(11);
    thread.labels.set(11, worker.labels.get(11) ?? '');
    thread.at(50).read(11, 'GET /export').call('read(17</mnt/nfs/data.bin>, ', '"x", 65536)', 1, 11_000);
    thread.reply(11).close(11).stays('futex(0x7f01, FUTEX_WAIT_PRIVATE, 0, NULL');
    worker.waitUntil(12_000);
    const { severity, title, confidence } = only(await analyzed(trace), KIND);
    assert.deepEqual([severity, confidence], ['warning', 'likely']);
    assert.equal(title, 'GET /export took 11.00 s in worker 101: waits in read on /mnt/nfs/data.bin');
  });

  it('is not one of a client that sends slowly', async () => {
    none(await analyzed(serving((worker) => worker.read(11, 'the rest of a body', 12_000), 'POST /in')), KIND);
  });

  it('is counted, too, when so many came after it that it is not kept', () => {
    const kept = new KeptRequests(1_000 * MILLISECOND);
    const first = buildSlow(0, 1_000);
    for (let number = 0; number < 20_011; number++) {
      const start = number * 2_000 * MILLISECOND;
      kept.add(first.thread, { ...first, start, end: start + 1_500 * MILLISECOND });
    }
    // What overlaps the last one is that one, and what is shorter is none.
    kept.add(first.thread, { ...first, start: 40_021_000 * MILLISECOND, end: 40_023_000 * MILLISECOND });
    kept.add(first.thread, { ...first, start: 50_000_000 * MILLISECOND, end: 50_000_999 * MILLISECOND });
    const { count, total } = kept.dropped([first.thread], first.way);
    assert.equal(kept.all().length + count, 20_011);
    assert.equal(total / MILLISECOND, count * 1_500);
    assert.equal(kept.dropped([], first.way).count, 0);
    kept.forget(first.thread);
    assert.deepEqual([kept.all().length, kept.dropped([first.thread], first.way).count], [0, 0]);
  });

  it('is an effect of the service that it waited for', async () => {
    const { findings } = await analyzed(
      serving((worker) => {
        worker.labels.set(13, 'TCP:[10.0.0.1:40013->10.0.0.7:3306]');
        worker.send(13, '\\x03SELECT 1').read(13, 'ok', 12_000);
      }),
    );
    assert.deepEqual(
      findings.filter(({ kind }) => kind === KIND || kind === 'slow-dependency').map(({ kind }) => kind),
      ['slow-dependency', 'slow-request'],
    );
    assert.match(findings.find(({ kind }) => kind === KIND)?.effectOf ?? '', /^slow-dependency/);
  });
});
