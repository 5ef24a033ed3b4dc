import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { analyzed, none, only } from '../support/analyzed.ts';
import { ask, NO_SUCH_NAME, question } from '../support/name-lookups.ts';
import { oneWorker, startThread } from '../support/server-lines.ts';
import { LISTENER, type ThreadLines } from '../support/thread-lines.ts';
import { TraceLines } from '../support/trace-lines.ts';

const KIND = 'blocking-dns';

/** A loop that goes on, and what a thread of its pool does meanwhile. */
function beside(inside: (thread: ThreadLines) => void, until = 60_000): TraceLines {
  const { trace, worker } = oneWorker();
  startThread(worker, 140);
  worker.waitUntil(50, LISTENER).serve(11, 'GET /a').waitUntil(until);
  inside(trace.thread(140).at(60));
  return trace;
}

/** What glibc does at the beginning of each lookup. */
function begins(thread: ThreadLines): ThreadLines {
  return thread.call('newfstatat(AT_FDCWD, "/etc/resolv.conf"', ', {st_mode=S_IFREG|0644, st_size=50, ...}, 0)', 0);
}

function idle(thread: ThreadLines, ms: number): void {
  thread.call('futex(0x55d0, FUTEX_WAIT_PRIVATE, 0, NULL', ')', 0, ms);
}

/** Connects a stream socket to a service of the host. */
function service(thread: ThreadLines, path: string): void {
  thread.call('socket(AF_UNIX, SOCK_STREAM|SOCK_CLOEXEC|SOCK_NONBLOCK, 0', ')', '12<socket:[6012]>');
  thread.labels.set(12, 'socket:[6012]');
  thread.call(`connect(12<socket:[6012]>, {sa_family=AF_UNIX, sun_path="${path}"}, 110`, ')', 0);
}

describe('a lookup on a thread beside the loop', () => {
  it('that no name server answers is a warning with its address; each task of the pool is a lookup', async () => {
    const trace = beside((thread) => {
      for (let task = 0; task < 7; task++) ask(begins(thread), 'db.example', 2000, { server: '127.0.0.9', code: '' });
    });
    const { severity, title, metrics, summary, why } = only(await analyzed(trace), KIND);
    assert.equal(severity, 'warning');
    assert.match(summary, /^7 name lookups through the C library on 1 thread beside the event loop took /);
    assert.match(why, /The loop goes on, but the request that asked/);
    assert.match(title, /^Name server 127\.0\.0\.9:53 does not answer: 7 lookups waited up to 2\.00 s$/);
    assert.deepEqual([metrics.place, metrics.count, metrics.timeouts, metrics.unanswered], ['pool', 7, 7, 7]);
  });

  it('is beside no loop in a program that has none', async () => {
    const trace = new TraceLines();
    const thread = trace.thread(140).at(60);
    ask(begins(thread), 'db.example', 5000, { server: '127.0.0.9', code: '' });
    const { summary, why } = only(await analyzed(trace), KIND);
    assert.match(summary, /^1 name lookup through the C library on 1 thread took 5\.\d+ s in all/);
    assert.match(why, /Whoever needs the answer waits for that long\.$/);
  });

  it('is one for the next task also where a wait for work lies between, and no stat', async () => {
    const trace = beside((thread) => {
      for (let task = 0; task < 3; task++) {
        ask(thread, 'db.example', 2000, { code: '' });
        idle(thread, 30);
      }
    });
    assert.equal(only(await analyzed(trace), KIND).metrics.count, 3);
  });

  it('is info where another server answers, and a warning from 4 s on', async () => {
    const slow = (ms: number) =>
      beside((thread) => {
        ask(begins(thread), 'db.example', ms, { code: '' });
        ask(thread, 'db.example', 7, { server: '10.0.0.3' });
      });
    assert.equal(only(await analyzed(slow(3900)), KIND).severity, 'info');
    assert.equal(only(await analyzed(slow(3993)), KIND).severity, 'warning');
  });

  it('is none when it is quick, and the reason tells how quick', async () => {
    const trace = beside((thread) => ask(begins(thread), 'db.example', 40, { code: NO_SUCH_NAME }));
    assert.match(none(await analyzed(trace), KIND), /^1 lookup, none of 100 ms; the longest 40 ms$/);
  });

  it('that had no answer when the capture ended is not passed over', async () => {
    const trace = beside((thread) => {
      thread.call('socket(AF_INET, SOCK_DGRAM, IPPROTO_IP', ')', '12<socket:[6012]>');
      const to = '{sa_family=AF_INET, sin_port=htons(53), sin_addr=inet_addr("10.0.0.2")}';
      thread.call(`connect(12<socket:[6012]>, ${to}, 16`, ')', 0);
      thread.call(`sendto(12<socket:[6012]>, "${question('db.example')}", 28, MSG_NOSIGNAL, NULL, 0`, ')', 28);
      thread.stays('poll([{fd=12<socket:[6012]>, events=POLLIN}], 1, 5000');
    }, 3_000);
    const { severity, title, metrics, openEnded } = only(await analyzed(trace), KIND);
    assert.deepEqual([severity, metrics.openAtEnd, openEnded], ['warning', 1, true]);
    assert.match(title, /longest at least 2\.94 s: db\.example$/);
  });

  it('is one over TCP, too, where the length comes first', async () => {
    const trace = beside((thread) => {
      thread.call('socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_TCP', ')', '12<socket:[6012]>');
      const to = '{sa_family=AF_INET, sin_port=htons(53), sin_addr=inet_addr("10.0.0.2")}';
      thread.call(`connect(12<socket:[6012]>, ${to}, 16`, ')', 0, 110);
      const message = `[{iov_base="\\0\\34", iov_len=2}, {iov_base="${question('db.example')}", iov_len=28}]`;
      thread.call(`writev(12<socket:[6012]>, ${message}, 2`, ')', 30);
      thread.call('recvfrom(12<socket:[6012]>, ', '"\\0\\54", 2, 0, NULL, NULL)', 2, 700);
      thread.call('close(12<socket:[6012]>', ')', 0);
    });
    const { metrics } = only(await analyzed(trace), KIND);
    assert.deepEqual([metrics.overTcp, metrics.questions, metrics.longestMs], [1, 1, 810.02]);
    assert.equal((metrics.names as { name: string }[])[0]?.name, 'db.example');
  });

  it('is one through nscd, unless that is asked for a user', async () => {
    const asks = (kind: string) =>
      beside((thread) => {
        service(thread, '/var/run/nscd/socket');
        const bytes = `\\2\\0\\0\\0\\${kind}\\0\\0\\0\\13\\0\\0\\0db.example\\0`;
        thread.call(`sendto(12<socket:[6012]>, "${bytes}", 23, MSG_NOSIGNAL, NULL, 0`, ')', 23);
        thread.call('poll([{fd=12<socket:[6012]>, events=POLLIN|POLLERR|POLLHUP}], 1, 5000', ')', '0 (Timeout)', 5000);
        thread.call('close(12<socket:[6012]>', ')', 0);
      });
    const { metrics, title } = only(await analyzed(asks('16')), KIND);
    assert.match(title, /^Name server unix:\/var\/run\/nscd\/socket does not answer/);
    assert.deepEqual([metrics.timeouts, (metrics.names as { name: string }[])[0]?.name], [1, 'db.example']);
    assert.match(none(await analyzed(asks('0')), KIND), /^No name lookup is in the capture/);
  });

  it('is one through systemd-resolved', async () => {
    const trace = beside((thread) => {
      service(thread, '/run/systemd/resolve/io.systemd.Resolve');
      const json =
        '{\\"method\\":\\"io.systemd.Resolve.ResolveHostname\\",\\"parameters\\":{\\"name\\":\\"db.example\\"}}\\0';
      thread.call(`sendto(12<socket:[6012]>, "${json}", 87, MSG_DONTWAIT|MSG_NOSIGNAL, NULL, 0`, ')', 87);
      const wait = 'ppoll([{fd=12<socket:[6012]>, events=POLLIN}], 1, {tv_sec=119, tv_nsec=99}, NULL, 8';
      thread.call(wait, ')', '1 ([{fd=12, revents=POLLIN}], left {tv_sec=110, tv_nsec=9})', 9000);
      thread.call(
        'recvfrom(12<socket:[6012]>, ',
        '"{\\"error\\":\\"io.systemd.Resolve.NoNameServers\\"}"..., 131072, 0, NULL, NULL)',
        50,
      );
      thread.call('close(12<socket:[6012]>', ')', 0);
    });
    const { severity, metrics } = only(await analyzed(trace), KIND);
    assert.equal(severity, 'warning');
    assert.equal((metrics.names as { name: string }[])[0]?.name, 'db.example');
  });
});
