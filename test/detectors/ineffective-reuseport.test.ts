import assert from 'node:assert/strict';
import { it } from 'node:test';
import { analyzed, none, only } from '../support/analyzed.ts';
import { attached, fork, openListener, watch } from '../support/server-lines.ts';
import { LISTENER, type ThreadLines } from '../support/thread-lines.ts';
import { TraceLines } from '../support/trace-lines.ts';

const KIND = 'ineffective-reuseport';
const MASTER = 100;

interface Server {
  readonly workers?: number;
  readonly reusePort?: boolean;
  readonly program?: string;
  /** A socket for each worker, opened after the fork. */
  readonly own?: boolean;
}

/** A master and its workers, each of which accepts one connection by a blocking or an epoll accept. */
function server(
  { workers = 3, reusePort = true, program = 'gunicorn', own = false }: Server,
  acceptsIn: (worker: ThreadLines) => void,
) {
  const trace = new TraceLines();
  const master = trace.thread(MASTER).at(0);
  master.call(`execve("/usr/bin/${program}", ["${program}"], 0x7ffd2af5eab8 /* 9 vars */`, ')', 0);
  if (!own) openListener(master, LISTENER, { reusePort });
  for (let pid = MASTER + 1; pid <= MASTER + workers; pid++) {
    fork(master, pid);
    const worker = trace.thread(pid).at(10 + pid);
    if (own) openListener(worker, LISTENER, { reusePort, label: `socket:[${4711 + pid}]` });
    else worker.labels.set(LISTENER, 'socket:[4711]');
    acceptsIn(worker);
  }
  return trace;
}

const wakesAll = (worker: ThreadLines): void => void worker.acceptNothing().gap(3).serve(11, 'GET /a');
const wakesOne = (worker: ThreadLines): void =>
  void worker.accept(11, { ms: 7 }).read(11, 'GET /a').reply(11).close(11);

it('a socket that was opened before the forks is one queue for all workers, whatever its flags', async () => {
  const { severity, confidence, metrics, evidence, next } = only(await analyzed(server({}, wakesAll)), KIND);
  assert.deepEqual([severity, confidence], ['warning', 'likely']);
  assert.deepEqual(metrics, {
    listener: '127.0.0.1:8000',
    acceptors: 3,
    openedBy: MASTER,
    backlog: 2048,
    server: 'gunicorn',
  });
  assert.match(evidence[0]?.text ?? '', /setsockopt.*SO_REUSEPORT, \[1\]/);
  assert.match(evidence[1]?.text ?? '', /listen/);
  assert.match(next[0]?.needs ?? '', /24\.0\.0/);
});

it('nothing is wrong with a socket for each worker, a shared one without such a flag, or one worker', async () => {
  assert.match(
    none(await analyzed(server({ own: true }, wakesAll)), KIND),
    /127\.0\.0\.1:8000: 3 sockets with SO_REUSEPORT/,
  );
  assert.match(
    none(await analyzed(server({ reusePort: false }, wakesAll)), KIND),
    /SO_REUSEPORT was not set on 127\.0\.0\.1:8000/,
  );
  assert.match(
    none(await analyzed(server({ workers: 1 }, wakesAll)), KIND),
    /fewer than two processes were seen to accept/,
  );
  assert.equal(only(await analyzed(server({ workers: 2 }, wakesAll)), KIND).metrics.acceptors, 2);
});

it('it is told quietly where nobody need have asked for the flag, or where one worker is woken at a time', async () => {
  assert.equal(only(await analyzed(server({ program: 'python3' }, wakesAll)), KIND).severity, 'info');
  const { severity, why } = only(await analyzed(server({}, wakesOne)), KIND);
  assert.equal(severity, 'info');
  assert.match(why, /only one worker is woken/);
  // One worker that waits in accept itself does not help the two others.
  const mixed = server({}, (worker) => (worker.tid === MASTER + 1 ? wakesOne(worker) : wakesAll(worker)));
  assert.equal(only(await analyzed(mixed), KIND).severity, 'warning');
});

it('it is told quietly where the listener has EPOLLEXCLUSIVE, which wakes one worker at a time', async () => {
  const watches = (events: string) => (worker: ThreadLines) => {
    worker.call('epoll_create1(EPOLL_CLOEXEC', ')', '7<anon_inode:[eventpoll]>');
    worker.labels.set(7, 'anon_inode:[eventpoll]');
    watch(worker, LISTENER, events);
    worker
      .waitUntil(worker.now + 20, LISTENER)
      .serve(11, 'GET /a')
      .waitUntil(worker.now + 20);
  };
  assert.equal(only(await analyzed(server({}, watches('EPOLLIN|EPOLLEXCLUSIVE'))), KIND).severity, 'info');
  assert.equal(only(await analyzed(server({}, watches('EPOLLIN'))), KIND).severity, 'warning');
});

it('while workers stall, the advice is to keep the shared queue', async () => {
  const trace = server({}, (worker) => void wakesAll(worker));
  const worker = trace.thread(MASTER + 1);
  worker.call('epoll_create1(EPOLL_CLOEXEC', ')', '7<anon_inode:[eventpoll]>');
  worker.labels.set(7, 'anon_inode:[eventpoll]');
  for (const at of [300, 900])
    worker.waitUntil(at, LISTENER).accept(11).read(11, 'GET /slow').accept(12).read(12, 'GET /b').gap(500).reply(11);
  worker.waitUntil(2000);
  const report = await analyzed(trace);
  assert.ok(report.findings.some(({ kind }) => kind === 'loop-stall'));
  const { next } = only(report, KIND);
  assert.match(next[0]?.text ?? '', /^First mend this: /);
  assert.match(next[1]?.text ?? '', /With one shared queue the other workers can take connections/);
  assert.doesNotMatch(JSON.stringify(next), /Upgrade/);
});

it('a capture that attached later cannot tell', async () => {
  const { trace, workers } = attached([101, 102]);
  for (const worker of workers) worker.waitUntil(10, LISTENER).serve(11, 'GET /a').waitUntil(50);
  const report = await analyzed(trace);
  assert.match(none(report, KIND), /does not show how listeners were opened/);
  assert.equal(report.outcomes[KIND]?.status, 'not-applicable');
});
