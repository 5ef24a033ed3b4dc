import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { analyzed, only } from '../support/analyzed.ts';
import { connectTo, oneWorker, watch } from '../support/server-lines.ts';
import { LISTENER, type ThreadLines } from '../support/thread-lines.ts';
import type { TraceLines } from '../support/trace-lines.ts';

interface Parts {
  readonly request: string;
  readonly ageMs: number;
  readonly ownMs: number;
  readonly waitingMs: number;
  readonly behindMs: number;
  readonly behind: string;
}

async function blame(trace: TraceLines): Promise<Parts & { readonly summary: string }> {
  const { metrics, summary } = only(await analyzed(trace), 'broken-pipe');
  const [parts] = metrics.replies as unknown as readonly [Parts];
  assert.ok(
    Math.abs(parts.ownMs + parts.waitingMs + parts.behindMs - parts.ageMs) < 0.002,
    'own work, waiting and behind make the age',
  );
  return { ...parts, summary };
}

/** GET /a is read at 50 ms; `until` brings it to the moment of its failing reply. */
function failing(until: (worker: ThreadLines) => void): TraceLines {
  const { trace, worker } = oneWorker();
  worker.waitUntil(50, LISTENER).accept(11).read(11, 'GET /a');
  until(worker);
  worker
    .replyFails(11)
    .close(11)
    .waitUntil(worker.now + 100);
  return trace;
}

const about = (value: number, expected: number): void =>
  assert.ok(Math.abs(value - expected) < 1, `${value}, not about ${expected}`);

describe('the age of a failed reply', () => {
  it('is own work when the loop did nothing else', async () => {
    const { ownMs, waitingMs, behindMs, behind } = await blame(failing((worker) => worker.gap(230)));
    about(ownMs, 230);
    assert.deepEqual([waitingMs, behindMs, behind], [0, 0, '']);
  });

  it('is waiting while the loop is in its own wait', async () => {
    const { ownMs, waitingMs, behindMs } = await blame(
      failing((worker) => {
        watch(connectTo(worker, 21, 8081), 21);
        worker.send(21, 'GET /x').waitUntil(350, 21).read(21, 'HTTP/1.0 200 OK');
      }),
    );
    about(waitingMs, 300);
    about(ownMs, 0);
    assert.equal(behindMs, 0);
  });

  it('is behind another request while the loop works for that one', async () => {
    const { ownMs, waitingMs, behindMs, behind, summary } = await blame(
      failing((worker) => {
        watch(connectTo(worker, 21, 8081), 21);
        worker.send(21, 'GET /x').waitUntil(80, LISTENER).accept(12).read(12, 'GET /b').gap(1003).reply(12).close(12);
        worker
          .waitUntil(worker.now + 0.1, 21)
          .read(21, 'HTTP/1.0 200 OK')
          .gap(12);
      }),
    );
    about(behindMs, 1003);
    about(waitingMs, 30);
    about(ownMs, 12);
    assert.equal(behind, 'GET /b');
    assert.match(
      summary,
      /The worst, GET \/a, was 1\.05 s old: 12 ms of work, 30 ms of waiting, 1\.00 s behind other work \(the longest: 1\.00 s of GET \/b\)\./,
    );
  });

  it('is behind nobody known when the loop works for no request', async () => {
    const { behindMs, behind, summary } = await blame(
      failing((worker) => {
        worker.waitUntil(80, 30).call('read(30<anon_inode:[timerfd]>, ', '"\\1", 8)', 8).gap(170).waitUntil(260, 31);
      }),
    );
    about(behindMs, 170);
    assert.equal(behind, '');
    assert.match(summary, /170 ms behind other work\./);
  });

  it('counts the work for its own upstream connection as its own', async () => {
    const { ownMs, behindMs } = await blame(
      failing((worker) => {
        connectTo(worker, 21, 3306).send(21, '\\22\\0\\0\\0\\3SELECT 1');
        worker
          .call(`poll([{fd=${worker.fd(21)}, events=POLLIN}], 1, -1`, ')', '1 ([{fd=21, revents=POLLIN}])', 400)
          .read(21, '\\1\\0\\0\\1\\1');
      }),
    );
    about(ownMs, 400);
    assert.equal(behindMs, 0);
  });

  it('begins with the accept, or with the first byte of a later request of the connection', async () => {
    const { trace, worker } = oneWorker();
    worker.waitUntil(50, LISTENER).accept(11).waitUntil(150, 11).read(11, 'GET /first').reply(11);
    worker.waitUntil(900, 11).read(11, 'GET /second').gap(70).replyFails(11).close(11).waitUntil(2000);
    const { request, ageMs } = await blame(trace);
    assert.equal(request, 'GET /second');
    about(ageMs, 70);
    const first = await blame(failing((worker) => worker.waitUntil(150, 30)));
    about(first.ageMs, 100);
  });

  it('is told of the reply that stood longest behind others, else of the oldest', async () => {
    const { trace, worker } = oneWorker();
    for (const [index, age] of [30, 170, 90].entries())
      worker
        .waitUntil(100 + index * 1000, LISTENER)
        .accept(11)
        .read(11, `GET /${age}`)
        .waitUntil(100 + index * 1000 + age, 30)
        .replyFails(11)
        .close(11);
    worker.waitUntil(9000);
    const { summary } = only(await analyzed(trace), 'broken-pipe');
    assert.match(summary, /The worst, GET \/170, was 170 ms old: 0\.\d+ ms of work, 170 ms of waiting\./);
  });
});
