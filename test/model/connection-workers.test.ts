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

describe('a child that is seen before the fork of its parent returns', () => {
  const LINES = `100 1795000100.010000 poll([{fd=3<TCP:[0.0.0.0:22]>, events=POLLIN}], 1, -1) = 1 ([{fd=3, revents=POLLIN}]) <0.020000>
100 1795000100.031000 accept(3<TCP:[0.0.0.0:22]>, {sa_family=AF_INET, sin_port=htons(51720), sin_addr=inet_addr("10.0.0.9")}, [16]) = 4<TCP:[10.0.0.1:22->10.0.0.9:51720]> <0.000020>
100 1795000100.032000 clone(child_stack=NULL, flags=CLONE_CHILD_CLEARTID|CLONE_CHILD_SETTID|SIGCHLD <unfinished ...>
201 1795000100.033000 close(3<TCP:[0.0.0.0:22]>) = 0 <0.000010>
201 1795000100.034000 dup2(4<TCP:[10.0.0.1:22->10.0.0.9:51720]>, 0</dev/null>) = 0<TCP:[10.0.0.1:22->10.0.0.9:51720]> <0.000010>
201 1795000100.035000 close(4<TCP:[10.0.0.1:22->10.0.0.9:51720]>) = 0 <0.000010>
201 1795000100.036000 execve("/usr/sbin/served", ["served", "-R"], 0x1 /* 9 vars */ <unfinished ...>
100 1795000100.037000 <... clone resumed>, child_tidptr=0x1) = 201 <0.005000>
201 1795000100.038000 <... execve resumed>) = 0 <0.002000>
100 1795000100.039000 close(4<TCP:[10.0.0.1:22->10.0.0.9:51720]>) = 0 <0.000010>
201 1795000100.049000 dup(0<TCP:[10.0.0.1:22->10.0.0.9:51720]>) = 4<TCP:[10.0.0.1:22->10.0.0.9:51720]> <0.000010>
201 1795000100.050000 read(4<TCP:[10.0.0.1:22->10.0.0.9:51720]>, "SSH-2.0-x\\r\\n", 99) = 11 <0.000020>
201 1795000100.060000 write(4<TCP:[10.0.0.1:22->10.0.0.9:51720]>, "SSH-2.0-y\\r\\n", 11) = 11 <0.000020>
201 1795000100.061000 poll([{fd=6<UNIX-STREAM:[23->24]>, events=POLLIN}, {fd=7<pipe:[25]>, events=POLLIN}], 2, -1) = 1 ([{fd=7, revents=POLLIN}]) <0.002000>
201 1795000100.064000 poll([{fd=6<UNIX-STREAM:[23->24]>, events=POLLIN}, {fd=7<pipe:[25]>, events=POLLIN}], 2, -1) = 1 ([{fd=6, revents=POLLIN}]) <0.002000>
201 1795000100.070000 read(4<TCP:[10.0.0.1:22->10.0.0.9:51720]>, "", 99) = 0 <0.000020>
201 1795000100.080000 exit_group(255) = ?
201 1795000100.081000 +++ exited with 255 +++
100 1795000100.082000 --- SIGCHLD {si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=201, si_uid=0, si_status=255, si_utime=0, si_stime=0} ---
100 1795000100.083000 poll([{fd=3<TCP:[0.0.0.0:22]>, events=POLLIN}], 1, 900) = 0 (Timeout) <0.900000>
`;

  for (const [decoration, text] of [
    ['both addresses', LINES],
    ['inodes', LINES.replaceAll(/TCP:\[10[^\]]*\]/g, 'socket:[18]').replaceAll('TCP:[0.0.0.0:22]', 'socket:[17]')],
  ] as const)
    it(`serves the connection that it inherited and copied, and may end with any status: ${decoration}`, async () => {
      none(await analyzed(text), 'worker-death');
    });

  it('may have siblings of which only their parent tells', async () => {
    const untraced = [198, 199, 200].map(
      (pid, at) =>
        `100 1795000100.00${at}000 --- SIGCHLD {si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=${pid}, si_uid=0, ` +
        'si_status=255, si_utime=0, si_stime=0} ---\n',
    );
    none(await analyzed(untraced.join('') + LINES), 'worker-death');
  });
});
