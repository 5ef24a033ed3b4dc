import assert from 'node:assert/strict';
import { it } from 'node:test';
import { analyzed, ofKind, only } from '../support/analyzed.ts';
import { openListener, startThread } from '../support/server-lines.ts';
import { failed, LISTENER } from '../support/thread-lines.ts';
import { TraceLines } from '../support/trace-lines.ts';

const UPSTREAM = 'socket:[70001]';
const TO = '{sa_family=AF_INET, sin_port=htons(8081), sin_addr=inet_addr("10.0.0.7")}';

/**
 * A thread of a pool that asks another service through one connection for each of its requests, as a proxy does: before
 * it asks it looks whether the connection is still open, by a read and a poll that wait for nothing.
 */
function pool(requests: number, lookMs = 0.02): TraceLines {
  const trace = new TraceLines();
  const acceptor = trace.thread(101).at(0);
  openListener(acceptor, LISTENER);
  startThread(acceptor, 102);
  const thread = trace.thread(102).at(10);
  for (let count = 0; count < requests; count++) {
    const at = 100 + count * 1600;
    acceptor.at(at).accept(11);
    thread.labels.set(11, acceptor.labels.get(11) ?? '');
    thread.at(at + 1).read(11, 'GET /up');
    if (count === 0) {
      thread.call('socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_TCP', ')', `12<${UPSTREAM}>`);
      thread.labels.set(12, UPSTREAM);
      thread.call(`connect(12<${UPSTREAM}>, ${TO}, 16`, ')', 0);
    } else {
      thread.call(
        `recvfrom(12<${UPSTREAM}>, `,
        '0x7ffd5000, 8192, MSG_DONTWAIT, NULL, NULL)',
        failed('EAGAIN'),
        lookMs,
      );
      thread.call(`poll([{fd=12<${UPSTREAM}>, events=POLLIN}], 1, 0`, ')', '0 (Timeout)', lookMs);
    }
    thread.send(12, 'GET /wait HTTP/1.1\\r\\n\\r\\n').readNothing(12);
    thread.call(`poll([{fd=12<${UPSTREAM}>, events=POLLIN}], 1, 60000`, ')', '1 ([{fd=12, revents=POLLIN}])', 1500);
    thread.read(12, 'HTTP/1.1 200 OK\\r\\n\\r\\nok').reply(11).close(11);
    acceptor.labels.delete(11);
  }
  return trace;
}

it('each request that asks through a connection of the one before is one that waited', async () => {
  const { metrics, summary } = only(await analyzed(pool(5)), 'slow-dependency');
  const [peer] = metrics.dependencies as { requests: number; waits: number; totalMs: number }[];
  assert.equal(peer?.requests, 5);
  assert.ok(Math.abs((peer?.totalMs ?? 0) - 7500) < 20, `${peer?.totalMs}`);
  assert.doesNotMatch(summary, /of all time that anybody waited/);
});

it('a look that waits for nothing has no time limit that ran out, however long it took', async () => {
  const { metrics, summary } = only(await analyzed(pool(5, 3)), 'slow-dependency');
  const [peer] = metrics.dependencies as { ranOut: number; failures: number }[];
  assert.deepEqual([peer?.ranOut, peer?.failures], [0, 0]);
  assert.doesNotMatch(summary, /ran out/);
});

/** The first thread reads each request; a thread of the pool asks before or after it was read, and answers. */
function readByAnother(asksAfter: boolean): TraceLines {
  const trace = new TraceLines();
  const acceptor = trace.thread(101).at(0);
  openListener(acceptor, LISTENER);
  startThread(acceptor, 102);
  const thread = trace.thread(102).at(10);
  thread.call('socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_TCP', ')', `12<${UPSTREAM}>`);
  thread.labels.set(12, UPSTREAM);
  thread.call(`connect(12<${UPSTREAM}>, ${TO}, 16`, ')', 0);
  for (let count = 0; count < 3; count++) {
    const at = 100 + count * 1700;
    acceptor
      .at(asksAfter ? at : at + 1550)
      .accept(11)
      .read(11, 'GET /up');
    thread
      .at(at + 1)
      .send(12, 'GET /wait HTTP/1.1\\r\\n\\r\\n')
      .readNothing(12);
    thread.call(`poll([{fd=12<${UPSTREAM}>, events=POLLIN}], 1, 60000`, ')', '1 ([{fd=12, revents=POLLIN}])', 1500);
    thread.read(12, 'HTTP/1.1 200 OK\\r\\n\\r\\nok');
    thread.labels.set(11, acceptor.labels.get(11) ?? '');
    thread
      .at(at + 1560)
      .reply(11)
      .close(11);
    acceptor.labels.delete(11);
  }
  return trace;
}

it('a request that another thread had read waited for what the thread asked that answered it', async () => {
  const { metrics, title } = only(await analyzed(readByAnother(true)), 'slow-dependency');
  const [peer] = metrics.dependencies as { requests: number }[];
  assert.equal(peer?.requests, 3);
  assert.match(title, /^GET \/up waited up to 1\.50 s for 10\.0\.0\.7:8081 \(HTTP\) \(3x\)$/);
});

it('a request that came when the thread had its answer did not wait for it', async () => {
  const report = await analyzed(readByAnother(false));
  assert.deepEqual(ofKind(report, 'slow-dependency'), []);
});
