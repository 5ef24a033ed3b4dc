import assert from 'node:assert/strict';
import test, { describe, it } from 'node:test';
import { type Contents, isThrough } from '../../src/model/following/wait-contents.ts';
import { Descriptor } from '../../src/model/machine/descriptors.ts';
import { WaitSet } from '../../src/model/machine/loop.ts';
import { analyzed, none, only } from '../support/analyzed.ts';
import { threadOf } from '../support/model-objects.ts';
import { attached, connectTo, openListener } from '../support/server-lines.ts';
import { HUB, LISTENER, type ThreadLines } from '../support/thread-lines.ts';
import { TraceLines } from '../support/trace-lines.ts';

const WAKE_UP = 'anon_inode:[eventfd]';
const UPSTREAM = 9;

/** A worker of Ruby, which has an eventfd in each of its waits, and waits for its listener with pselect6. */
function ruby(trace: TraceLines, pid: number): ThreadLines {
  const worker = trace.thread(pid).at(0);
  worker.labels.set(LISTENER, 'socket:[4711]');
  worker.labels.set(3, WAKE_UP);
  return worker;
}

function idleUntil(worker: ThreadLines, ms: number, ready = `${LISTENER}`): ThreadLines {
  const set = `[${worker.fd(3)} ${worker.fd(LISTENER)} 8<pipe:[900]>]`;
  const result = ready === '' ? '0 (Timeout)' : `1 (in [${ready}], left {tv_sec=29, tv_nsec=9})`;
  return worker.call(`pselect6(9, ${set}, NULL, NULL, {tv_sec=30, tv_nsec=0}, NULL`, ')', result, ms - worker.now);
}

const askUpstream = (worker: ThreadLines): string =>
  `ppoll([{fd=${worker.fd(UPSTREAM)}, events=POLLIN}, {fd=${worker.fd(3)}, events=POLLIN}], 2, ` +
  '{tv_sec=60, tv_nsec=0}';

/** A request that waits so long for another service. */
function askedFor(worker: ThreadLines, ms: number): ThreadLines {
  worker.accept(11).read(11, 'GET /up');
  connectTo(worker, UPSTREAM, 28_091).send(UPSTREAM, 'GET /x HTTP/1.1\\r\\n\\r\\n');
  worker.call(askUpstream(worker), ', NULL, 8)', `1 ([{fd=${UPSTREAM}, revents=POLLIN}])`, ms);
  return worker.read(UPSTREAM, 'HTTP/1.1 200 OK\\r\\n\\r\\n').close(UPSTREAM).reply(11).close(11);
}

describe('a wait that cannot report the listener is work on a thread that has one that can', () => {
  it('also with an event of the runtime beside the socket that it is for', async () => {
    const trace = new TraceLines();
    for (const pid of [101, 102]) {
      const worker = ruby(trace, pid);
      for (let index = 0; index < 3; index++) {
        idleUntil(worker, 500 + index * 2500);
        askedFor(worker, 1500);
      }
      idleUntil(worker, 8000, '');
    }
    const report = await analyzed(trace);
    const { title, summary, severity } = only(report, 'worker-saturation');
    // A client was never in the queue for long.
    assert.equal(severity, 'warning');
    assert.match(title, /^GET \/up holds both sync workers .*: waits for 10\.0\.0\.7:28091$/);
    assert.match(summary, /Both requests in that stretch were in ppoll on 10\.0\.0\.7:28091 \(HTTP\)/);
    for (const { role, busyPercent } of report.workers) {
      assert.equal(role, 'sync-worker');
      assert.ok((busyPercent ?? 0) > 55 && (busyPercent ?? 0) < 58, `busy ${busyPercent} %`);
    }
  });

  it('and while it is short the workers are not saturated', async () => {
    const trace = new TraceLines();
    for (const pid of [101, 102]) {
      const worker = ruby(trace, pid);
      for (let index = 0; index < 13; index++) {
        idleUntil(worker, 500 + index * 500);
        askedFor(worker, 15);
      }
      idleUntil(worker, 8000, '');
    }
    none(await analyzed(trace), 'worker-saturation');
  });

  it('and who is in it when the capture ends is not idle', async () => {
    const trace = new TraceLines();
    for (const pid of [101, 102]) {
      const worker = ruby(trace, pid);
      idleUntil(worker, 500);
      worker.accept(11).read(11, 'GET /up');
      connectTo(worker, UPSTREAM, 28_091).send(UPSTREAM, 'GET /x HTTP/1.1\\r\\n\\r\\n').stays(askUpstream(worker));
    }
    trace.thread(100).at(0).call('wait4(-1, NULL, WNOHANG, NULL', ')', 0).at(9000).call('getpid(', ')', 100);
    const { severity, title } = only(await analyzed(trace), 'stuck-call');
    assert.equal(severity, 'critical');
    assert.match(title, /holds both workers at least 8\.50 s: waits for HTTP 10\.0\.0\.7/);
  });

  it('but a loop that took its listener out waits for its clients all the same', async () => {
    const trace = new TraceLines();
    const worker = trace.thread(101).at(0);
    openListener(worker, LISTENER);
    const poll = (ms: number, ready: string, ...numbers: number[]): ThreadLines => {
      const set = numbers.map((fd) => `{fd=${worker.fd(fd)}, events=POLLIN}`).join(', ');
      const result = ready === '' ? '0 (Timeout)' : `1 ([{fd=${ready}, revents=POLLIN}])`;
      return worker.call(`poll([${set}], ${numbers.length}, 1000`, ')', result, ms);
    };
    poll(50, '5', LISTENER).accept(11);
    poll(50, '5', LISTENER, 11).accept(12);
    for (let index = 0; index < 7; index++) {
      poll(700, '11', 11, 12).read(11, 'GET /a').reply(11);
      poll(20, '', LISTENER, 11, 12);
    }
    none(await analyzed(trace), 'loop-stall');
  });
});

describe('a poll for the epoll instance of the loop is the wait of the loop', () => {
  /** A loop of EventMachine: it polls for its epoll instance, and then asks what that has. */
  function looped(polledFd: number): TraceLines {
    const { trace, workers } = attached([101]);
    const [worker] = workers as [ThreadLines];
    worker.labels.set(16, 'anon_inode:[eventpoll]');
    const poll = (ms: number, ready: boolean): ThreadLines =>
      worker.call(
        `ppoll([{fd=${worker.fd(polledFd)}, events=POLLIN|POLLPRI}], 1, {tv_sec=0, tv_nsec=900000000}`,
        ', NULL, 8)',
        ready ? `1 ([{fd=${polledFd}, revents=POLLIN}])` : '0 (Timeout)',
        ms,
      );
    for (let index = 0; index < 13; index++) {
      poll(170, true).epollWait(HUB, 0.02, [LISTENER]);
      worker.accept(11).acceptNothing().read(11, 'GET /a').reply(11).close(11);
    }
    poll(900, false).epollWait(HUB, 0.02, []);
    return trace;
  }

  it('and no stall, however long it takes', async () => {
    const report = await analyzed(looped(HUB));
    none(report, 'loop-stall');
    assert.ok((report.workers[0]?.busyPercent ?? 100) < 5);
  });

  it('while a poll for the epoll instance of a library is', async () => {
    const { metrics } = only(await analyzed(looped(16)), 'loop-stall');
    assert.deepEqual([metrics.cause, metrics.target], ['foreign-poll', 'epoll fd 16']);
  });
});

test('a poll set is a wait for the hub where it holds that epoll instance and nothing that clients come by', () => {
  const thread = threadOf(101);
  const hub = thread.process.descriptors.set(7, new Descriptor('epoll', '', true));
  thread.process.descriptors.set(8, new Descriptor('epoll', '', true));
  const holds = (parts: Partial<Contents>): boolean =>
    isThrough(thread, { hasListener: false, connections: 0, sockets: 0, events: 1, pipes: 0, epoll: 7, ...parts });
  assert.equal(holds({}), false, 'before the thread has a hub');
  thread.loop.hub = new WaitSet('epoll', hub, 7);
  assert.deepEqual([{}, { hasListener: true }, { sockets: 1 }, { epoll: 8 }, { epoll: -1 }].map(holds), [
    true,
    false,
    false,
    false,
    false,
  ]);
  // A hub of which the descriptor is not known is not the set that has no epoll instance in it.
  thread.loop.hub = new WaitSet('set', null, -1);
  assert.equal(holds({ epoll: -1 }), false);
});
