import assert from 'node:assert/strict';
import { it } from 'node:test';
import { analyzed, none, only } from '../support/analyzed.ts';
import { connectTo, oneWorker, prefork, watch } from '../support/server-lines.ts';
import { HUB, LISTENER, type ThreadLines } from '../support/thread-lines.ts';

const KIND = 'epoll-churn';

function unwatch(worker: ThreadLines, fd: number): ThreadLines {
  return worker.call(`epoll_ctl(${worker.fd(HUB)}, EPOLL_CTL_DEL, ${worker.fd(fd)}, 0x7ffe10`, ')', 0);
}

function modify(worker: ThreadLines, fd: number, events: string): ThreadLines {
  return worker.call(
    `epoll_ctl(${worker.fd(HUB)}, EPOLL_CTL_MOD, ${worker.fd(fd)}, {events=${events}, data={u32=${fd}, u64=${fd}}}`,
    ')',
    0,
  );
}

/** One worker that is woken for so many connections, each of which it serves in its own way. */
async function connections(number: number, serve: (worker: ThreadLines, index: number) => void) {
  const { trace, worker } = oneWorker();
  for (let index = 0; index < number; index++) {
    worker.waitUntil(20 + index * 10, LISTENER);
    serve(worker, index);
  }
  worker.waitUntil(2000);
  return analyzed(trace);
}

const toggles = (worker: ThreadLines): void => void watch(unwatch(worker, LISTENER).serve(11, 'GET /a'), LISTENER);
const servesPlainly = (worker: ThreadLines): void => void worker.serve(11, 'GET /a');

it('a listener that is taken out of the set around each accept is told, as a cost', async () => {
  const { severity, metrics, title, evidence } = only(await connections(23, toggles), KIND);
  assert.equal(severity, 'info');
  // The first ADD set the worker up.
  assert.deepEqual(
    [metrics.added, metrics.removed, metrics.listenerToggles, metrics.togglesPerConnection],
    [24, 23, 23, 1],
  );
  assert.match(title, /Listener 127\.0\.0\.1:8000 taken out of epoll once a connection/);
  assert.match(evidence[0]?.text ?? '', /EPOLL_CTL_DEL, 5<socket:\[4711\]>/);
});

it('it is not told as long as some accepts go without', async () => {
  none(await connections(23, (worker, index) => (index === 7 ? servesPlainly(worker) : toggles(worker))), KIND);
});

it('nginx registers its listener again every 16 accepts, which is no churn', async () => {
  none(await connections(47, (worker, index) => (index % 16 === 15 ? toggles(worker) : servesPlainly(worker))), KIND);
});

it('three changes a request are told, two are usual', async () => {
  const asAsyncio = (worker: ThreadLines): void =>
    void unwatch(watch(worker.accept(11), 11).read(11, 'GET /a').reply(11), 11).close(11);
  assert.match(none(await connections(23, asAsyncio), KIND), /47 epoll_ctl calls for 23 requests/);
  const changesOnceMore = (worker: ThreadLines): void =>
    void unwatch(modify(watch(worker.accept(11), 11).read(11, 'GET /a'), 11, 'EPOLLOUT').reply(11), 11).close(11);
  const { metrics, title } = only(await connections(23, changesOnceMore), KIND);
  assert.deepEqual([metrics.added, metrics.modified, metrics.removed, metrics.requests], [24, 23, 23, 23]);
  assert.match(title, /3\.04 epoll_ctl calls for each request on 127\.0\.0\.1:8000/);
});

it('connections to other services count', async () => {
  const asks = (worker: ThreadLines): void => {
    watch(connectTo(worker.accept(11).read(11, 'GET /a'), 12, 3306), 12, 'EPOLLOUT');
    unwatch(modify(worker, 12, 'EPOLLIN'), 12)
      .close(12)
      .reply(11)
      .close(11);
  };
  assert.equal(only(await connections(13, asks), KIND).metrics.changes, 40);
});

it('changes of what reports once are how that works', async () => {
  const rearms = (worker: ThreadLines): void => {
    watch(worker.accept(11), 11, 'EPOLLIN|EPOLLONESHOT').read(11, 'GET /a');
    for (let index = 0; index < 5; index++) modify(worker, 11, 'EPOLLIN|EPOLLONESHOT');
    worker.reply(11).close(11);
  };
  none(await connections(23, rearms), KIND);
});

it('fewer than ten connections are too few to judge', async () => {
  none(await connections(9, toggles), KIND);
  only(await connections(10, toggles), KIND);
});

it('wake-ups for nothing toggle the listener, too, and all workers are counted together', async () => {
  const { trace, workers } = prefork([101, 102]);
  for (const [place, worker] of workers.entries()) {
    for (let index = 0; index < 20; index++) {
      unwatch(worker.waitUntil(20 + index * 10 + place, LISTENER), LISTENER);
      watch(index % 2 === place ? worker.serve(11, 'GET /a') : worker.acceptNothing(), LISTENER);
    }
    worker.waitUntil(1000);
  }
  const { metrics, workers: pids } = only(await analyzed(trace), KIND);
  assert.deepEqual([metrics.listenerToggles, metrics.connections, metrics.togglesPerConnection], [40, 20, 2]);
  assert.deepEqual(pids, [101, 102]);
});

it('a server without an epoll set has none to change', async () => {
  const text = '101 1795140800.000000 poll([{fd=5, events=POLLIN}], 1, -1) = 1 ([{fd=5, revents=POLLIN}]) <0.100000>\n';
  assert.equal((await analyzed(text)).outcomes[KIND]?.status, 'not-applicable');
});

it('the metrics of a set are those of its trace, and so is its time', async () => {
  const finding = only(await connections(23, toggles), KIND);
  assert.deepEqual([finding.startMs, finding.endMs], [0, 2000]);
  assert.deepEqual(finding.metrics, {
    listener: '127.0.0.1:8000',
    changes: 47,
    added: 24,
    modified: 0,
    removed: 23,
    listenerToggles: 23,
    requests: 23,
    connections: 23,
    perRequest: 2.043,
    togglesPerConnection: 1,
  });
});
