import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Report } from '../../src/analysis/report.ts';
import { analyzed, none, ofKind } from '../support/analyzed.ts';
import { attached, fork, MASTER, openHub, openListener, startThread, watch } from '../support/server-lines.ts';
import { LISTENER, type ThreadLines } from '../support/thread-lines.ts';
import { TraceLines } from '../support/trace-lines.ts';

const CLIENT = 8;
const OWN_HUB = 6;
const LATCHES = 9;
const PIDS = [201, 202, 203];

function roles({ workers }: Report): string[] {
  return workers.map(({ pid, role }) => `${pid} ${role}`).sort();
}

/** Waits on a second epoll set, as a backend does for a lock, and answers then. */
function statements(worker: ThreadLines, count: number, lockedMs: number): void {
  for (let index = 0; index < count; index++) {
    worker.epollWait(OWN_HUB, 40, [CLIENT]);
    worker.read(CLIENT, 'Q\\0\\0\\0\\20UPDATE a b\\0');
    worker.epollWait(LATCHES, lockedMs, [3]);
    worker.send(CLIENT, 'C\\0\\0\\0\\16UPDATE 1\\0Z\\0\\0\\0\\5T');
  }
  worker.epollWait(OWN_HUB, 10, []);
}

function ownSets(worker: ThreadLines): void {
  for (const fd of [OWN_HUB, LATCHES]) {
    worker.call('epoll_create1(EPOLL_CLOEXEC', ')', `${fd}<anon_inode:[eventpoll]>`);
    worker.labels.set(fd, 'anon_inode:[eventpoll]');
  }
  watch(worker, CLIENT, 'EPOLLIN', OWN_HUB);
}

/** A parent that accepts three connections and forks for each, and what each child does with it. */
function forking(serve: (child: ThreadLines, trace: TraceLines) => void): TraceLines {
  const trace = new TraceLines();
  const parent = trace.thread(MASTER).at(0);
  openListener(parent, LISTENER);
  openHub(parent);
  for (const pid of PIDS) {
    parent.waitUntil(parent.now + 20, LISTENER).accept(CLIENT);
    const label = parent.labels.get(CLIENT) ?? '';
    fork(parent, pid);
    const child = trace.thread(pid).at(parent.now + 1);
    child.labels.set(CLIENT, label);
    parent.close(CLIENT);
    ownSets(child);
    serve(child, trace);
  }
  parent.waitUntil(9_000);
  return trace;
}

describe('a process that got its one connection by fork', () => {
  it('is a connection-worker: its waits for locks are its work, also when its parent closed its copy', async () => {
    const report = await analyzed(forking((child) => statements(child, 7, 311)));
    assert.deepEqual(roles(report), ['100 acceptor', ...PIDS.map((pid) => `${pid} connection-worker`)]);
    none(report, 'loop-stall');
    assert.equal(report.outcomes['service-stall']?.status, 'not-applicable');
    const locked = report.time.filter(
      ({ pid, call, kind }) => pid === 201 && call === 'epoll_wait' && kind === 'waiting',
    );
    assert.deepEqual(
      locked.map(({ count }) => count),
      [7],
    );
  });

  it('leaves what it served to its parent when it ends: no row for each connection of the past', async () => {
    const trace = forking((child) => child.read(CLIENT, 'GET /a').reply(CLIENT).close(CLIENT).exits());
    const { workers } = await analyzed(trace);
    assert.deepEqual(
      workers.map(({ pid, accepted, requests }) => [pid, accepted, requests]),
      [[MASTER, 3, 3]],
    );
  });

  it('may end with any status when its client is served, and so may what it started', async () => {
    const trace = forking((child, all) => {
      const shell = child.tid + 1_000;
      statements(child, 2, 50);
      fork(child, shell);
      const session = all.thread(shell).at(child.now + 1);
      session.call('execve("/bin/sh", ["sh"], 0x7ffd2af5eab8 /* 9 vars */', ')', 0);
      fork(session, shell + 1_000);
      all
        .thread(shell + 1_000)
        .at(session.now + 1)
        .call('getpid(', ')', shell + 1_000)
        .exits(1);
      session.exits(1);
      child.exits(255);
    });
    const report = await analyzed(trace);
    none(report, 'worker-death');
    assert.ok(report.workers.every(({ role }) => role === 'acceptor' || role === 'connection-worker'));
  });

  it('is none when it accepts clients itself: the same waits then keep a loop from others', async () => {
    const { trace, workers } = attached(PIDS);
    for (const worker of workers) {
      worker.waitUntil(20, LISTENER).accept(CLIENT);
      watch(worker, CLIENT);
      worker
        .read(CLIENT, 'GET /a')
        .epollWait(LATCHES, 311, [3])
        .reply(CLIENT)
        .waitUntil(worker.now + 20);
    }
    const report = await analyzed(trace);
    assert.deepEqual(
      roles(report),
      PIDS.map((pid) => `${pid} event-loop`),
    );
    assert.ok(ofKind(report, 'loop-stall').length > 0);
  });

  it('may open a listener of its own, as FTP does for the data', async () => {
    const trace = forking((child) => {
      child.read(CLIENT, 'PASV\\r\\n').call('socket(AF_INET, SOCK_STREAM, IPPROTO_TCP', ')', '11<socket:[777]>');
      child.labels.set(11, 'socket:[777]');
      child
        .call(`listen(${child.fd(11)}, 1`, ')', 0)
        .accept(12, { listener: 11, ms: 250 })
        .send(12, 'data')
        .close(12);
      child.send(CLIENT, '226 done\\r\\n').epollWait(OWN_HUB, 10, []);
    });
    assert.deepEqual(roles(await analyzed(trace)), ['100 acceptor', ...PIDS.map((pid) => `${pid} connection-worker`)]);
  });
});

describe('attached to processes of which no fork was seen', () => {
  /** Backends with one client each, and a process that accepts and hands over. */
  function backends(heardOn: readonly number[], servesItself = false): TraceLines {
    const trace = forking((child) => statements(child, 3, 150));
    if (servesItself) {
      startThread(trace.thread(MASTER), 150);
      const second = trace.thread(150).at(9_001);
      second.labels.set(LISTENER, trace.thread(MASTER).labels.get(LISTENER) ?? '');
      for (let index = 0; index < 3; index++) second.accept(21).read(21, 'GET /a').reply(21).close(21);
    }
    const old = trace.thread(301).at(0);
    old.labels.set(OWN_HUB, 'anon_inode:[eventpoll]').set(LATCHES, 'anon_inode:[eventpoll]');
    for (const fd of heardOn) old.labels.set(fd, `socket:[${9_000 + fd}]`);
    for (let index = 0; index < 7; index++)
      for (const fd of heardOn) {
        old.epollWait(OWN_HUB, 40, [fd]).read(fd, 'Q\\0\\0\\0\\20UPDATE a b\\0').epollWait(LATCHES, 311, [3]);
        old.send(fd, 'C\\0\\0\\0\\16UPDATE 1\\0Z\\0\\0\\0\\5T');
      }
    return trace;
  }

  it('one that is heard on a single socket serves one client, if another process hands connections over', async () => {
    const report = await analyzed(backends([CLIENT]));
    assert.ok(roles(report).includes('301 connection-worker'), roles(report).join());
    none(report, 'loop-stall');
  });

  it('one beside a process of which a thread serves what it accepts may serve many', async () => {
    const report = await analyzed(backends([CLIENT], true));
    assert.ok(!roles(report).includes('301 connection-worker'), roles(report).join());
  });

  it('one that is heard on two sockets does not', async () => {
    const report = await analyzed(backends([CLIENT, 12]));
    assert.ok(!roles(report).includes('301 connection-worker'), roles(report).join());
  });
});
