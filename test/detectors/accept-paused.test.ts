import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { analyzed, none, only } from '../support/analyzed.ts';
import { oneWorker, prefork } from '../support/server-lines.ts';
import { HUB, LISTENER, type ThreadLines } from '../support/thread-lines.ts';

const KIND = 'accept-paused';

function watch(worker: ThreadLines, operation: 'ADD' | 'DEL' | 'MOD', events = 'EPOLLIN'): ThreadLines {
  const event = operation === 'DEL' ? 'NULL' : `{events=${events}, data={u32=${LISTENER}, u64=${LISTENER}}}`;
  return worker.call(`epoll_ctl(${worker.fd(HUB)}, EPOLL_CTL_${operation}, ${worker.fd(LISTENER)}, `, `${event})`, 0);
}

/** A worker with a limit of one connection serves it for so long, to the end of its time of 1,000 ms. */
function atLimit({ shutMs = 300, queued = 3, away = 'DEL' as 'DEL' | 'MOD', waitMs = 0, isBusy = false } = {}) {
  const { trace, worker } = oneWorker();
  worker.waitUntil(100, LISTENER).accept(11).read(11, 'GET /slow');
  if (away === 'DEL') watch(worker, 'DEL');
  else watch(worker, 'MOD', 'EPOLLERR|EPOLLHUP');
  const until = worker.now + shutMs;
  if (isBusy) worker.gap(shutMs);
  else worker.waitUntil(until);
  worker.reply(11).close(11);
  watch(worker, away === 'DEL' ? 'ADD' : 'MOD');
  for (let index = 0; index < queued; index++) {
    worker.epollWait(HUB, index === 0 ? waitMs : 0.02, [LISTENER]);
    worker
      .accept(12 + index)
      .read(12 + index, 'GET /a')
      .reply(12 + index)
      .close(12 + index);
  }
  worker.waitUntil(1_000);
  return trace;
}

describe('a listener that nobody looks at while connections come', () => {
  it('is told from accept-pause-share of the time on, and critical from accept-pause-critical-share on', async () => {
    none(await analyzed(atLimit({ shutMs: 197 })), KIND);
    assert.equal(only(await analyzed(atLimit({ shutMs: 203 })), KIND).severity, 'warning');
    assert.equal(only(await analyzed(atLimit({ shutMs: 497 })), KIND).severity, 'warning');
    assert.equal(only(await analyzed(atLimit({ shutMs: 503 })), KIND).severity, 'critical');
  });

  it('times shorter than accept-pause-ms are not counted', async () => {
    const share = { thresholds: { 'accept-pause-share': 0.01 } };
    none(await analyzed(atLimit({ shutMs: 97 }), {}, share), KIND);
    assert.equal(only(await analyzed(atLimit({ shutMs: 103 }), {}, share), KIND).metrics.count, 1);
  });

  it('is not cleared where stamps tell whole seconds', async () => {
    const { outcomes } = await analyzed(atLimit({ shutMs: 150 }), { stamps: 'seconds' });
    assert.equal(outcomes[KIND]?.status, 'not-applicable');
    assert.match(outcomes[KIND]?.reason ?? '', /whole-second stamps do not tell such times\. Record with -ttt/);
    assert.equal((await analyzed(atLimit({ shutMs: 150 }))).outcomes[KIND]?.status, 'clear');
    const second = { thresholds: { 'accept-pause-ms': 1000 } };
    const told = await analyzed(atLimit({ shutMs: 150 }), { stamps: 'seconds' }, second);
    assert.equal(told.outcomes[KIND]?.status, 'clear');
  });

  it('one time of stall-critical-ms is told whatever its share', async () => {
    const share = { thresholds: { 'accept-pause-share': 0.9, 'stall-critical-ms': 300 } };
    none(await analyzed(atLimit({ shutMs: 297 }), {}, share), KIND);
    only(await analyzed(atLimit({ shutMs: 303 }), {}, share), KIND);
  });

  it('times with less than 100 ms between them are one stretch, for a queue may last through all of them', async () => {
    for (const [pause, isTold] of [
      [80, true],
      [120, false],
    ] as const) {
      const { trace, worker } = oneWorker();
      worker.waitUntil(100, LISTENER).accept(11).read(11, 'GET /slow');
      for (let index = 0; index < 3; index++) {
        watch(worker, 'DEL').waitUntil(worker.now + 400);
        watch(worker, 'ADD').epollWait(HUB, 0.02, [LISTENER]).accept(12).read(12, 'GET /a').reply(12).close(12);
        worker.waitUntil(worker.now + pause);
      }
      worker.waitUntil(20_000);
      const report = await analyzed(trace);
      if (isTold) assert.ok((only(report, KIND).metrics.stretchMs as number) > 1_300);
      else none(report, KIND);
    }
  });

  it('the metrics are those of the trace', async () => {
    const { metrics, title, confidence } = only(await analyzed(atLimit({ shutMs: 307 })), KIND);
    assert.equal(confidence, 'likely');
    assert.match(title, /^Nobody accepted 30\.9 % of the time \(1 connection open\): 127\.0\.0\.1:8000$/);
    const { pauses, longestMs, share, totalMs, stretchMs, ...others } = metrics as unknown as Record<string, number> & {
      readonly pauses: readonly { readonly startMs: number; readonly endMs: number; readonly queued: number }[];
    };
    assert.deepEqual(others, {
      listener: '127.0.0.1:8000',
      workers: [101],
      count: 1,
      queued: 3,
      connections: 1,
      request: '',
      goesOn: false,
    });
    assert.ok(
      Math.abs((longestMs ?? 0) - 307) < 0.1 && longestMs === totalMs && longestMs === stretchMs,
      `${longestMs}`,
    );
    assert.ok(Math.abs((share ?? 0) - 0.309) < 0.001, `${share}`);
    assert.equal(pauses.length, 1);
    const [{ startMs, endMs, queued } = { startMs: 0, endMs: 0, queued: 0 }] = pauses;
    assert.equal(queued, 3);
    // The wait ends at 100 ms; accept and read take 0.02 ms each.
    assert.equal(startMs, 100.04);
    assert.ok(Math.abs(endMs - startMs - 307.1) < 0.1, `${endMs}`);
  });

  it('a server that only asks its set for no connections does not look either', async () => {
    assert.equal(only(await analyzed(atLimit({ away: 'MOD' })), KIND).metrics.queued, 3);
  });

  it('clients that come later did not wait', async () => {
    assert.match(
      none(await analyzed(atLimit({ waitMs: 5, queued: 1 })), KIND),
      /^127\.0\.0\.1:8000: no connection came/,
    );
    none(await analyzed(atLimit({ queued: 0 })), KIND);
  });

  it('a loop that computes meanwhile is a stall, and no limit', async () => {
    none(await analyzed(atLimit({ isBusy: true })), KIND);
  });

  it('a server that looked away with no connection open is not said to have had some', async () => {
    const { trace, worker } = oneWorker();
    worker.waitUntil(100, LISTENER).accept(11).read(11, 'GET /a').reply(11).close(11);
    watch(worker, 'DEL').waitUntil(601);
    watch(worker, 'ADD').epollWait(HUB, 0.02, [LISTENER]).accept(12).read(12, 'GET /a').reply(12).close(12);
    worker.waitUntil(1_000);
    const { metrics, title, summary } = only(await analyzed(trace), KIND);
    assert.equal(metrics.connections, 0);
    assert.match(title, /^Nobody accepted 50\.\d % of the time: 127\.0\.0\.1:8000$/);
    assert.doesNotMatch(summary, /open then/);
  });

  it('another worker that looks takes them', async () => {
    for (const looks of [true, false]) {
      const { trace, workers } = prefork([101, 102]);
      for (const [index, worker] of workers.entries()) {
        worker
          .waitUntil(100 + index, LISTENER)
          .accept(11)
          .read(11, 'GET /slow');
        if (index === 0 || !looks) watch(worker, 'DEL');
        worker.waitUntil(700).reply(11).close(11);
        if (index === 0 || !looks) watch(worker, 'ADD');
        worker.epollWait(HUB, 0.02, [LISTENER]).accept(12).read(12, 'GET /a').reply(12).close(12);
        worker.waitUntil(1_000);
      }
      const report = await analyzed(trace);
      if (looks) none(report, KIND);
      else assert.equal(only(report, KIND).metrics.connections, 2);
    }
  });

  it('a time that has not ended counts while a request is in progress', async () => {
    for (const serves of [true, false]) {
      const { trace, worker } = oneWorker();
      worker.waitUntil(100, LISTENER).accept(11);
      if (serves) worker.read(11, 'GET /slow');
      watch(worker, 'DEL').waitUntil(1_000);
      worker.waitUntil(2_000);
      if (!serves) none(await analyzed(trace), KIND);
      else {
        const { confidence, openEnded, metrics } = only(await analyzed(trace), KIND);
        assert.deepEqual([confidence, openEnded, metrics.goesOn], ['possible', true, true]);
        assert.equal(metrics.request, 'GET /slow');
      }
    }
  });

  it('whom a loop takes after work of its own may have come since, and is not counted', async () => {
    const queued = async (busyMs: number): Promise<unknown> => {
      const { trace, worker } = oneWorker();
      worker.waitUntil(100, LISTENER).accept(11).read(11, 'GET /slow');
      watch(worker, 'DEL').waitUntil(600).reply(11).close(11);
      watch(worker, 'ADD').epollWait(HUB, 0.02, [LISTENER]).accept(12).read(12, 'GET /a').gap(busyMs).reply(12);
      worker.accept(13).read(13, 'GET /a').reply(13).waitUntil(1_000);
      return only(await analyzed(trace), KIND).metrics.queued;
    };
    assert.deepEqual([await queued(10), await queued(30)], [2, 1]);
  });

  it('a server that closes its listener ends', async () => {
    const { trace, worker } = oneWorker();
    worker.waitUntil(100, LISTENER).accept(11).read(11, 'GET /slow');
    watch(worker, 'DEL').close(LISTENER).waitUntil(1_500);
    none(await analyzed(trace), KIND);
  });

  it('eventlet takes its listener out before each accept: what it accepts then counts as a look', async () => {
    const { trace, worker } = oneWorker();
    worker.waitUntil(100, LISTENER);
    watch(worker, 'DEL').accept(11).read(11, 'GET /a').accept(12).read(12, 'GET /b');
    worker.waitUntil(500).reply(11).close(11).accept(13).waitUntil(900).reply(12).close(12).accept(14).waitUntil(1_000);
    const { metrics } = only(await analyzed(trace), KIND);
    assert.deepEqual([metrics.count, metrics.queued, metrics.connections], [2, 2, 2]);
  });

  it('a pause for want of descriptors is told by accept-errors', async () => {
    const { trace, worker } = oneWorker();
    worker.waitUntil(100, LISTENER).accept(11).read(11, 'GET /a').waitUntil(101, LISTENER);
    worker.call(`accept4(${worker.fd(LISTENER)}, `, 'NULL, NULL, SOCK_CLOEXEC)', '-1 EMFILE (Too many open files)');
    watch(worker, 'DEL').waitUntil(700).reply(11).close(11);
    watch(worker, 'ADD').epollWait(HUB, 0.02, [LISTENER]).accept(12).read(12, 'GET /a').reply(12).waitUntil(1_000);
    const report = await analyzed(trace);
    none(report, KIND);
    only(report, 'accept-errors');
  });
});
