import assert from 'node:assert/strict';
import { it } from 'node:test';
import { analyzed, none, only } from '../support/analyzed.ts';
import { oneWorker } from '../support/server-lines.ts';
import { LISTENER } from '../support/thread-lines.ts';

const KIND = 'accept-errors';
const FAILS = `accept4(${LISTENER}<socket:[4711]>, 0x7ffc7e81a730, [16], SOCK_CLOEXEC`;

it('each accept that fails for want of descriptors or memory is counted by its error', async () => {
  const { trace, worker } = oneWorker();
  for (const error of ['EMFILE', 'EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM', 'EMFILE', 'ENFILE'])
    worker.waitUntil(worker.now + 10, LISTENER).call(FAILS, ')', `-1 ${error} (text)`);
  worker.waitUntil(worker.now + 50);
  const { metrics, severity, evidence } = only(await analyzed(trace), KIND);
  assert.equal(severity, 'critical');
  assert.equal(metrics.count, 7);
  assert.deepEqual(metrics.errors, { EMFILE: 3, ENFILE: 2, ENOBUFS: 1, ENOMEM: 1 });
  assert.match(evidence[0]?.text ?? '', /EMFILE/);
});

it('the error that came most often is named first, and a single failure has no length', async () => {
  const failing = async (...errors: readonly string[]): Promise<string> => {
    const { trace, worker } = oneWorker();
    for (const error of errors) worker.waitUntil(worker.now + 10, LISTENER).call(FAILS, ')', `-1 ${error} (text)`);
    worker.waitUntil(worker.now + 50);
    const { title, summary } = only(await analyzed(trace), KIND);
    return `${title}: ${summary}`;
  };
  assert.match(await failing('ENFILE', 'EMFILE', 'EMFILE'), /EMFILE.*ENFILE/);
  assert.match(await failing('EMFILE', 'ENFILE', 'ENFILE'), /ENFILE.*EMFILE/);
  assert.match(await failing('EMFILE', 'EMFILE'), / within 10 ms/);
  assert.doesNotMatch(await failing('EMFILE'), / within |closed unread/);
});

it('connections that are closed unread count as dropped only after a failure', async () => {
  const { trace, worker } = oneWorker();
  worker.waitUntil(10, LISTENER).accept(11).close(11);
  worker.waitUntil(20, LISTENER).call(FAILS, ')', '-1 EMFILE (Too many open files)');
  for (const at of [30, 40, 50]) worker.waitUntil(at, LISTENER).accept(11).close(11);
  worker.waitUntil(60, LISTENER).serve(11, 'GET /a').waitUntil(100);
  assert.equal(only(await analyzed(trace), KIND).metrics.dropped, 3);
});

it('an accept that finds nothing, or a client that is gone, is no want', async () => {
  const { trace, worker } = oneWorker();
  for (const error of ['EAGAIN', 'ECONNABORTED', 'EINTR'])
    worker.waitUntil(worker.now + 10, LISTENER).call(FAILS, ')', `-1 ${error} (text)`);
  worker.waitUntil(worker.now + 50);
  none(await analyzed(trace), KIND);
});

it('the metrics of failed accepts are those of their trace', async () => {
  const { trace, worker } = oneWorker();
  worker.waitUntil(50, LISTENER).accept(11).read(11, 'GET /a');
  for (const [at, error] of [
    [60, 'EMFILE'],
    [77, 'EMFILE'],
    [97, 'ENFILE'],
  ] as const)
    worker.waitUntil(at, LISTENER).call(FAILS, ')', `-1 ${error} (text)`);
  worker.waitUntil(113, LISTENER).accept(12).close(12).waitUntil(500);
  assert.deepEqual(only(await analyzed(trace), KIND).metrics, {
    listener: '127.0.0.1:8000',
    count: 3,
    errors: { EMFILE: 2, ENFILE: 1 },
    dropped: 1,
    firstMs: 60.02,
    lastMs: 97.02,
    openDescriptors: { listener: 1, epoll: 1, connection: 1 },
  });
});
