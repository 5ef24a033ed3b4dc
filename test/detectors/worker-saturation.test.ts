import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { analyzed, none, ofKind, only } from '../support/analyzed.ts';
import { connectTo, fork, openListener, watch } from '../support/server-lines.ts';
import { LISTENER, type ThreadLines } from '../support/thread-lines.ts';
import { TraceLines } from '../support/trace-lines.ts';

const KIND = 'worker-saturation';

const at = (ms: number): string => (1_795_140_800 + ms / 1000).toFixed(6);

/**
 * Sync workers 101 and 102 from 0 to 10 s, each in one request of so many milliseconds from 1 s on, one of them later.
 * The next client of each comes so long after it, 0 while it is busy.
 */
function twoWorkers(length: number, later: number, next = 0): string {
  const lines: [number, string][] = [];
  for (const [index, pid] of [101, 102].entries()) {
    const begin = 1000 + index * later;
    const end = begin + length;
    const add = (ms: number, call: string): number => lines.push([ms, `${pid}   ${at(ms)} ${call}`]);
    add(
      index,
      'accept4(5<socket:[4711]>, 0x7ffc7e81a730, [16], SOCK_CLOEXEC) = -1 EAGAIN (Resource temporarily unavailable) <0.000003>',
    );
    add(
      10 + index,
      `pselect6(6, [5], NULL, NULL, {tv_sec=15, tv_nsec=0}, NULL) = 1 (in [5], left {tv_sec=14, tv_nsec=0}) <${((begin - 10 - index) / 1000).toFixed(6)}>`,
    );
    add(begin, `accept4(5<socket:[4711]>, NULL, NULL, SOCK_CLOEXEC) = 9<socket:[${5000 + pid}]> <0.000020>`);
    add(
      begin + 0.1,
      `recvfrom(9<socket:[${5000 + pid}]>, "GET /report HTTP/1.1\\r\\n", 8192, 0, NULL, NULL) = 22 <0.000020>`,
    );
    add(
      begin + 0.2,
      `clock_nanosleep(CLOCK_MONOTONIC, 0, {tv_sec=9, tv_nsec=0}, NULL) = 0 <${((length - 1) / 1000).toFixed(6)}>`,
    );
    add(end - 0.5, `close(9<socket:[${5000 + pid}]>) = 0 <0.000020>`);
    const found = end + next;
    add(
      end,
      `pselect6(6, [5], NULL, NULL, {tv_sec=15, tv_nsec=0}, NULL) = 1 (in [5], left {tv_sec=14, tv_nsec=0}) <${(next / 1000 + 0.00002).toFixed(6)}>`,
    );
    add(found + 0.1, `accept4(5<socket:[4711]>, NULL, NULL, SOCK_CLOEXEC) = 9<socket:[${6000 + pid}]> <0.000020>`);
    add(
      found + 0.2,
      `recvfrom(9<socket:[${6000 + pid}]>, "GET /ping HTTP/1.1\\r\\n", 8192, 0, NULL, NULL) = 20 <0.000020>`,
    );
    add(found + 0.3, `close(9<socket:[${6000 + pid}]>) = 0 <0.000020>`);
    add(
      found + 0.4,
      `pselect6(6, [5], NULL, NULL, {tv_sec=15, tv_nsec=0}, NULL) = 0 (Timeout) <${((10_000 - found) / 1000).toFixed(6)}>`,
    );
  }
  return `${lines
    .sort(([a], [b]) => a - b)
    .map(([, line]) => line)
    .join('\n')}\n`;
}

it('all workers busy at once for a fifth of the time is a warning, for half of it critical', async () => {
  assert.match(none(await analyzed(twoWorkers(1990, 0)), KIND), /19\.9 % of the time/);
  const { metrics, severity, evidence } = only(await analyzed(twoWorkers(2010, 0)), KIND);
  assert.equal(severity, 'warning');
  assert.equal(metrics.share, 0.201);
  assert.equal(metrics.served, 2);
  assert.match(evidence[0]?.text ?? '', /clock_nanosleep/);
  assert.equal(only(await analyzed(twoWorkers(5010, 0)), KIND).severity, 'critical');
});

it('workers that write to a full pipe are told who must read it: more workers would wait there, too', async () => {
  const sleeps = /clock_nanosleep\(CLOCK_MONOTONIC, 0, \{tv_sec=9, tv_nsec=0\}, NULL\) = 0/g;
  const writes = (target: string): string => twoWorkers(2010, 0).replace(sleeps, `write(2<${target}>, "log", 3) = 3`);
  const pipe = only(await analyzed(writes('pipe:[77]')), KIND);
  assert.match(pipe.title, /: full pipe fd 2$/);
  const advice = pipe.next.map(({ text }) => text).join(' ');
  assert.match(advice, /see why it does not read/);
  assert.doesNotMatch(advice, /use more workers/);
  const file = only(await analyzed(writes('/var/log/app.log')), KIND);
  assert.match(file.next.map(({ text }) => text).join(' '), /use more workers/);
});

it('they are one step less while the queue of the listener was empty when each of them came back', async () => {
  const { severity, summary, metrics } = only(await analyzed(twoWorkers(5010, 0, 1)), KIND);
  assert.equal(severity, 'warning');
  assert.equal(only(await analyzed(twoWorkers(4900, 0, 1)), KIND).severity, 'info');
  // Hardly anybody is ever free.
  assert.equal(only(await analyzed(twoWorkers(9100, 0, 1)), KIND).severity, 'critical');
  assert.match(
    summary,
    /No client waited for long in the queue of the listener: it was seen empty shortly before each accept/,
  );
  assert.equal(metrics.queueMs, 0);
});

it('and a warning from the first client on that may have waited half a second in it', async () => {
  // A third one looks after the queue for a moment, and ends.
  const looksAt = (ms: number): string => {
    const [first = '', ...rest] = twoWorkers(4900, 0).split(/(?<=\n)/);
    const look = `103   ${at(ms)} accept4(5<socket:[4711]>, 0x7ffc7e81a730, [16], SOCK_CLOEXEC) = -1 EAGAIN (Resource temporarily unavailable) <0.000003>\n103   ${at(ms + 0.05)} +++ exited with 0 +++\n`;
    const after = rest.findIndex((line) => line.slice(6) > at(ms));
    return [first, ...rest.slice(0, after), look, ...rest.slice(after)].join('');
  };
  const early = only(await analyzed(looksAt(5399)), KIND);
  assert.deepEqual([early.severity, early.metrics.queueMs], ['warning', 501.12]);
  assert.match(early.summary, /A client may have waited up to 501 ms in the queue of the listener/);
  const late = only(await analyzed(looksAt(5401)), KIND);
  assert.deepEqual([late.severity, late.metrics.queueMs], ['info', 499.12]);
  assert.match(late.summary, /No client waited longer than 499 ms in the queue of the listener/);
});

describe('the title', () => {
  it('names the request that held them all, and the summary how much of it that was', async () => {
    const { title, summary } = only(await analyzed(twoWorkers(3100, 700)), KIND);
    assert.equal(title, 'GET /report holds both sync workers 24 % of the time: sleeps (clock_nanosleep)');
    assert.match(
      summary,
      / in one stretch\. Both requests in that stretch were in clock_nanosleep \(a sleep\)\. GET \/report took all of the time of these workers in that stretch\./,
    );
  });

  it('names no request where there were two, and none where the capture holds none', async () => {
    const both = twoWorkers(3100, 700).replace(/(102 .*)GET \/report/, '$1GET /export');
    const { title, summary } = only(await analyzed(both), KIND);
    assert.equal(title, 'Both sync workers busy 24 % of the time: sleeps (clock_nanosleep)');
    assert.doesNotMatch(summary, /GET/);
    const none = twoWorkers(3100, 700).replaceAll('GET /report HTTP/1.1', 'something of its own');
    assert.match(only(await analyzed(none), KIND).title, /^Both sync workers busy/);
  });

  it('has 78 characters at most, and begins with the request as far as there is room', async () => {
    const path = `/${'reports/'.repeat(8)}yearly`;
    const { title } = only(await analyzed(twoWorkers(3100, 700).replaceAll('/report', path)), KIND);
    assert.match(title, /^GET \/reports\/.*\.\.\. holds both sync workers 24 % of the time/);
    assert.ok(title.length <= 78, title);
  });
});

it('workers that are busy one after the other are not saturated', async () => {
  none(await analyzed(twoWorkers(2010, 3000)), KIND);
});

it('only the time in which all are busy counts', async () => {
  assert.equal(only(await analyzed(twoWorkers(3100, 700)), KIND).metrics.totalMs, 2400);
});

it('a worker that served nobody for long, and ended, is none of those that served together', async () => {
  const third = [
    `accept4(5<socket:[4711]>, NULL, NULL, SOCK_CLOEXEC) = -1 EAGAIN (Resource temporarily unavailable) <0.000003>`,
    `pselect6(6, [5], NULL, NULL, {tv_sec=15, tv_nsec=0}, NULL) = 1 (in [5], left {tv_sec=14, tv_nsec=0}) <0.000005>`,
    `accept4(5<socket:[4711]>, NULL, NULL, SOCK_CLOEXEC) = 9<socket:[5103]> <0.000020>`,
    `recvfrom(9<socket:[5103]>, "GET /ping HTTP/1.1\\r\\n", 8192, 0, NULL, NULL) = 20 <0.000020>`,
    `close(9<socket:[5103]>) = 0 <0.000020>`,
    `pselect6(6, [5], NULL, NULL, {tv_sec=15, tv_nsec=0}, NULL) = 0 (Timeout) <0.000005>`,
    '+++ exited with 0 +++',
  ].map((call, index) => `103   ${at(2 + index)} ${call}\n`);
  const [first = '', ...rest] = twoWorkers(3100, 700).split(/(?<=\n)/);
  const lines = [first, rest[0] ?? '', ...third, ...rest.slice(1)];
  const { metrics } = only(await analyzed(lines.join('')), KIND);
  assert.deepEqual([metrics.workers, metrics.served, metrics.totalMs], [2, 2, 2400]);
});

/**
 * Sync workers, each replaced by the next one: they serve one request of 700 ms after the other without a wait between
 * them, as gunicorn does while clients wait, and end after the third. Worker 111 follows 101, and 112 follows 102.
 */
function generations(lengthMs: number): string {
  const lines: [number, string][] = [];
  for (const [index, pids] of [[101, 111] as const, [102, 112] as const].entries())
    for (const [generation, pid] of pids.entries()) {
      let now = 100 + index + generation * 3000;
      const add = (call: string, took = 0.02): void => {
        lines.push([now, `${pid}   ${at(now)} ${call} <${(took / 1000).toFixed(6)}>`]);
        now += took + 0.1;
      };
      add(
        'accept4(5<socket:[4711]>, 0x7ffc7e81a730, [16], SOCK_CLOEXEC) = -1 EAGAIN (Resource temporarily unavailable)',
      );
      add('pselect6(6, [5], NULL, NULL, {tv_sec=15, tv_nsec=0}, NULL) = 1 (in [5], left {tv_sec=14, tv_nsec=0})', 300);
      for (let request = 0; request < 3; request++) {
        const client = `9<socket:[${pid * 10 + request}]>`;
        add(`accept4(5<socket:[4711]>, NULL, NULL, SOCK_CLOEXEC) = ${client}`);
        add(`recvfrom(${client}, "GET /report HTTP/1.1\\r\\n", 8192, 0, NULL, NULL) = 22`);
        add('clock_nanosleep(CLOCK_MONOTONIC, 0, {tv_sec=9, tv_nsec=0}, NULL) = 0', lengthMs);
        add(`sendto(${client}, "HTTP/1.1 200 OK\\r\\n\\r\\n", 19, 0, NULL, 0) = 19`);
        add(`close(${client}) = 0`);
      }
      now += 200;
      lines.push([now, `${pid}   ${at(now)} +++ exited with 0 +++`]);
    }
  return `${lines
    .sort(([a], [b]) => a - b)
    .map(([, line]) => line)
    .join('\n')}\n`;
}

it('workers that are replaced count as many as live at once, and are busy up to their last answer', async () => {
  const { title, metrics } = only(await analyzed(generations(700)), KIND);
  assert.match(title, /^GET \/report holds both sync workers /);
  // Twice from the first request at 0.4 s to the answer of the third, 2.1 s later, of 5.8 s.
  assert.equal(metrics.workers, 2);
  assert.ok(Math.abs((metrics.totalMs as number) - 2 * 2100) < 5, `${metrics.totalMs}`);
  // The requests are short, and the workers do not end in the middle of one.
  none(await analyzed(generations(20)), KIND);
});

it('the metrics of saturation are those of its trace', async () => {
  assert.deepEqual(only(await analyzed(twoWorkers(3100, 700)), KIND).metrics, {
    workers: 2,
    // From 1.7 s to 4.1 s of 10 s.
    share: 0.24,
    totalMs: 2400,
    longestMs: 2400,
    meanRequestMs: 3100,
    served: 2,
    // From 1 s on, when the first one was reported, to 4.1 s.
    queueMs: 3100.12,
    // No thread of a pool: who waits is in the queue of the listener.
    waitMs: null,
    stretches: [{ startMs: 1700, endMs: 4100 }],
    busyIn: [
      { pid: 101, cause: 'sleep', call: 'clock_nanosleep', target: '' },
      { pid: 102, cause: 'sleep', call: 'clock_nanosleep', target: '' },
    ],
  });
});

const UPSTREAM = 9;

/** Workers that a master forked and that accept in turn from one listener, as those of Apache prefork and php-fpm. */
function acceptors(pids: readonly number[], { master = 100, listener = 'socket:[4711]', port = 8000 } = {}) {
  return (trace: TraceLines): ThreadLines[] => {
    const parent = trace.thread(master).at(0);
    openListener(parent, LISTENER, { label: listener, port });
    for (const pid of pids) fork(parent, pid);
    parent.stays('wait4(-1, ');
    return pids.map((pid) => {
      const worker = trace.thread(pid).at(5);
      worker.labels.set(LISTENER, listener);
      return worker;
    });
  };
}

/** Waits in accept up to `ms`, asks the upstream for so long, and answers. */
function asksFor(worker: ThreadLines, ms: number, length: number): ThreadLines {
  worker.accept(11, { ms: ms - worker.now }).read(11, 'GET /up');
  connectTo(worker, UPSTREAM, 28_091).send(UPSTREAM, 'GET /x HTTP/1.1\\r\\n\\r\\n');
  worker.call(
    `poll([{fd=${worker.fd(UPSTREAM)}, events=POLLIN}], 1, 60000`,
    ')',
    `1 ([{fd=${UPSTREAM}, revents=POLLIN}])`,
    length,
  );
  return worker.read(UPSTREAM, 'HTTP/1.1 200 OK\\r\\n\\r\\n').close(UPSTREAM).reply(11);
}

const acceptStays = (worker: ThreadLines): ThreadLines => worker.stays(`accept4(${worker.fd(LISTENER)}, `);

it('workers that wait in accept itself are busy from there to the next accept', async () => {
  const trace = new TraceLines();
  for (const worker of acceptors([101, 102, 103])(trace)) {
    for (let index = 0; index < 5; index++) asksFor(worker, Math.max(500, worker.now + 0.02), 1500).close(11);
    acceptStays(worker);
  }
  trace.thread(100).at(10_000).call('getpid(', ')', 100);
  const report = await analyzed(trace);
  const { title, severity, metrics } = only(report, KIND);
  assert.equal(severity, 'critical');
  assert.equal(title, 'GET /up holds all 3 workers 75 % of the time: poll on 10.0.0.7:28091 (HTTP)');
  assert.deepEqual([metrics.workers, metrics.served], [3, 15]);
  for (const { pid, busyPercent } of report.workers.filter(({ role }) => role !== 'master'))
    assert.ok(
      Math.abs((busyPercent ?? 0) - 75) < 0.5,
      `${pid} is busy ${busyPercent} %, its last wait is idle as well`,
    );
});

it('and while each of them waits there for its next client, nobody waited for one of them', async () => {
  const trace = new TraceLines();
  for (const worker of acceptors([101, 102, 103])(trace)) {
    for (let index = 0; index < 4; index++) asksFor(worker, 500 + index * 2000, 1500).close(11);
    acceptStays(worker);
  }
  trace.thread(100).at(10_000).call('getpid(', ')', 100);
  const { severity, metrics } = only(await analyzed(trace), KIND);
  assert.deepEqual([severity, metrics.queueMs], ['warning', 0]);
});

it('and are not while clients keep their connections open and ask nothing', async () => {
  const trace = new TraceLines();
  for (const worker of acceptors([101, 102, 103])(trace)) {
    worker.accept(11, { ms: 50 }).read(11, 'GET /a').reply(11);
    for (let index = 0; index < 5; index++) {
      const ready = '1 ([{fd=11, revents=POLLIN}])';
      worker
        .call(`poll([{fd=${worker.fd(11)}, events=POLLIN}], 1, 5000`, ')', ready, 1900)
        .read(11, 'GET /a')
        .reply(11);
    }
    acceptStays(worker.close(11));
  }
  trace.thread(100).at(10_000).call('getpid(', ')', 100);
  const report = await analyzed(trace);
  assert.match(none(report, KIND), /all 3 workers were busy at once 0 % of the time/);
  for (const { role, busyPercent } of report.workers.filter((worker) => worker.role !== 'master'))
    assert.ok(role === 'blocking-acceptor' && (busyPercent ?? 100) < 1, `${role} busy ${busyPercent} %`);
});

it('also while they wait for a CGI script in an epoll instance made for that alone, as Apache does', async () => {
  const trace = new TraceLines();
  for (const worker of acceptors([101, 102, 103])(trace)) {
    for (let index = 0; index < 5; index++) {
      worker.accept(11, { ms: Math.max(500 - worker.now, 0.02) }).read(11, 'GET /cgi');
      worker.call('pipe2(', ', 0)', '0 [12<pipe:[71]>, 13<pipe:[71]>]').labels.set(8, 'anon_inode:[eventpoll]');
      worker.labels.set(12, 'pipe:[71]');
      worker.call('epoll_create1(EPOLL_CLOEXEC', ')', '8<anon_inode:[eventpoll]>');
      watch(worker, 12, 'EPOLLIN', 8).epollWait(8, 1500, [12]).close(8).close(12).reply(11).close(11);
    }
    acceptStays(worker);
  }
  trace.thread(100).at(10_000).call('getpid(', ')', 100);
  const report = await analyzed(trace);
  const { title, severity, metrics } = only(report, KIND);
  assert.deepEqual([severity, metrics.served], ['critical', 15]);
  assert.match(title, /^GET \/cgi holds all 3 workers 75 % of the time/);
  for (const { role } of report.workers.filter(({ pid }) => pid !== 100)) assert.equal(role, 'blocking-acceptor');
});

it('and of a long path they wait for the title has whole folders, and no half of a name', async () => {
  const folder = '/var/lib/app/'.padEnd(50, 'd');
  const title = async (file: string): Promise<string> => {
    const trace = new TraceLines();
    for (const worker of acceptors([101, 102])(trace)) {
      for (let index = 0; index < 4; index++) {
        worker.accept(11, { ms: 500 + index * 2000 - worker.now }).read(11, 'x');
        worker.call(`fsync(21<${folder}/${file}>`, ')', 0, 1500).reply(11).close(11);
      }
      acceptStays(worker);
    }
    trace.thread(100).at(10_000).call('getpid(', ')', 100);
    return only(await analyzed(trace), KIND).title;
  };
  assert.match(await title('fifo'), /: …\/fifo$/);
  assert.doesNotMatch(await title('a'.repeat(40)), /…a/);
});

it('and they are held where another client was in the queue when such a connection ended', async () => {
  const held = (last: number): TraceLines => {
    const trace = new TraceLines();
    for (const [place, worker] of acceptors([101, 102, 103])(trace).entries()) {
      worker.accept(11, { ms: 50 }).read(11, 'GET /a').reply(11);
      const poll = `poll([{fd=${worker.fd(11)}, events=POLLIN}], 1, 5000`;
      worker.call(poll, ')', '0 (Timeout)', 4900).close(11);
      worker.accept(12, { ms: place === 0 ? 0.1 : last }).read(12, 'GET /b');
      acceptStays(worker.reply(12).close(12));
    }
    trace.thread(100).at(10_000).call('getpid(', ')', 100);
    return trace;
  };
  const { title, severity, summary, next } = only(await analyzed(held(2000)), KIND);
  assert.deepEqual([title, severity], ['All 3 workers held by idle connections 49 % of the time', 'warning']);
  assert.match(
    summary,
    /sent nothing: they had their answer and .* slow to send a request\. When one of them ended, another client was in the queue/,
  );
  assert.match(next[0]?.text ?? '', /KeepAliveTimeout/);
});

/** Waits for the listener in a poll until then. */
function pollUntil(worker: ThreadLines, ms: number): ThreadLines {
  const poll = `poll([{fd=${worker.fd(LISTENER)}, events=POLLIN}], 1, -1`;
  return worker.call(poll, ')', `1 ([{fd=${LISTENER}, revents=POLLIN}])`, Math.max(0.02, ms - worker.now));
}

/** Waits for the lock that has workers accept in turn until then. */
function lockUntil(worker: ThreadLines, ms: number): ThreadLines {
  return worker.call('flock(8</run/accept.lock>, LOCK_EX', ')', 0, ms - worker.now).accept(11);
}

/** A client asks once, keeps its connection open for so long, and ends it. */
function keptOpen(worker: ThreadLines, ms: number): ThreadLines {
  worker.read(11, 'GET /a').reply(11);
  const poll = `poll([{fd=${worker.fd(11)}, events=POLLIN}], 1, 5000`;
  return worker.call(poll, ')', '1 ([{fd=11, revents=POLLIN}])', ms).readEnd(11).close(11);
}

/** So many clients one after the other for each of three workers, the next one so long after the last one has left. */
function visits(
  next: (worker: ThreadLines, ms: number) => ThreadLines,
  { held, pause }: { readonly held: number; readonly pause: number },
): TraceLines {
  const trace = new TraceLines();
  for (const [place, worker] of acceptors([101, 102, 103])(trace).entries()) {
    for (let from = 100 + place * 7; from < 9_000; from += held + pause)
      keptOpen(next(worker, Math.max(from, worker.now + 0.02)), held);
    acceptStays(worker);
  }
  trace.thread(100).at(10_000).call('getpid(', ')', 100);
  return trace;
}

it('and a worker whose connection has ended is held by nobody, however it waits for the next one', async () => {
  const polls = (worker: ThreadLines, ms: number): ThreadLines => pollUntil(worker, ms).accept(11);
  const accepts = (worker: ThreadLines, ms: number): ThreadLines => worker.accept(11, { ms: ms - worker.now });
  for (const next of [polls, lockUntil, accepts]) {
    // For a third of the time a client that asks nothing is there, and nobody waits for its worker.
    none(await analyzed(visits(next, { held: 500, pause: 900 })), KIND);
    const { title, severity } = only(await analyzed(visits(next, { held: 500, pause: 0 })), KIND);
    assert.deepEqual([title.replace(/[\d.]+ %/, 'N %'), severity], [HELD, 'critical']);
  }
});

const HELD = 'All 3 workers held by idle connections N % of the time';

it('and a client that keeps its connection open makes no worker busy that polls its listener', async () => {
  const polls = (worker: ThreadLines, ms: number): ThreadLines => pollUntil(worker, ms).accept(11);
  none(await analyzed(visits(polls, { held: 900, pause: 400 })), KIND);
});

it('and a worker that lost its client to another one waits in accept for the next', async () => {
  const trace = new TraceLines();
  for (const [place, worker] of acceptors([101, 102, 103])(trace).entries()) {
    for (let from = 100; from < 9_000; from += 1300)
      pollUntil(worker, from)
        .accept(11, { ms: 1150 + place * 13 })
        .read(11, 'GET /a')
        .reply(11)
        .close(11);
    acceptStays(worker);
  }
  trace.thread(100).at(10_000).call('getpid(', ')', 100);
  none(await analyzed(trace), KIND);
});

it('while they wait for the lock that has them accept in turn they wait for work', async () => {
  const trace = new TraceLines();
  for (const [place, worker] of acceptors([101, 102])(trace).entries()) {
    for (let index = 0; index < 5; index++) {
      const lock = '{l_type=F_WRLCK, l_whence=SEEK_SET, l_start=0, l_len=0}';
      worker
        .call(`fcntl(8</run/accept.lock>, F_SETLKW, ${lock}`, ')', 0, 900)
        .accept(11, { ms: 900 - place })
        .read(11, 'GET /a');
      worker.reply(11).close(11);
    }
  }
  none(await analyzed(trace), KIND);
});

it('one service is saturated whatever another does', async () => {
  const trace = new TraceLines();
  for (const worker of acceptors([101, 102])(trace)) {
    for (let index = 0; index < 4; index++) asksFor(worker, 500 + index * 2000, 1700).close(11);
    acceptStays(worker);
  }
  for (const worker of acceptors([201, 202, 203], { master: 200, listener: 'socket:[4712]', port: 8001 })(trace)) {
    for (let index = 0; index < 13; index++) asksFor(worker, 500 + index * 500, 5).close(11);
    acceptStays(worker);
  }
  const report = await analyzed(trace);
  assert.deepEqual(
    ofKind(report, KIND).map(({ workers }) => workers),
    [[101, 102]],
  );
});

/** One worker, alone in the capture, that serves 17 clients for 400 ms each; each comes so long after the last. */
function alone(pauses: number, options = {}): TraceLines {
  const trace = new TraceLines();
  const [worker] = acceptors([101], options)(trace);
  assert.ok(worker !== undefined);
  for (let index = 0; index < 17; index++) asksFor(worker, worker.now + pauses, 400).close(11);
  acceptStays(worker);
  trace.thread(99).at(10_000).call('getpid(', ')', 99);
  return trace;
}

it('of one worker alone the time counts at whose end the next client was there already', async () => {
  const { title, severity, metrics, workers, summary } = only(await analyzed(alone(0)), KIND);
  assert.match(title, /^GET \/up holds worker 101 64(?:\.\d)? % of the time: poll on 10\.0\.0\.7:28091/);
  // More than half of the time; but one client that asks again at once looks the same.
  assert.equal(severity, 'warning');
  assert.match(summary, /If all requests come from one client that asks again at once, nobody waited\./);
  assert.deepEqual([workers, metrics.workers, metrics.served], [[101], 1, 17]);
  // After the last request nobody was there: sixteen of 400 ms.
  const total = Number(metrics.totalMs);
  assert.ok(total >= 6400 && total < 6500, String(total));
  assert.match(summary, /Each time the next client had connected before the worker looked for one/);
  assert.match(none(await analyzed(alone(37)), KIND), /^worker 101 was busy 0 % of the time/);
});

it('requests that one worker took one after the other without a wait in between count as well', async () => {
  const lines = [
    `101 ${at(0)} pselect6(6, [5<socket:[4711]>], NULL, NULL, {tv_sec=15, tv_nsec=0}, NULL) = 1 (in [5]) <0.100000>`,
  ];
  for (let index = 0; index < 13; index++) {
    const begin = 100 + index * 500;
    lines.push(
      `101 ${at(begin)} accept4(5<socket:[4711]>, NULL, NULL, SOCK_CLOEXEC) = 9<socket:[${5100 + index}]> <0.000020>`,
      `101 ${at(begin + 1)} recvfrom(9<socket:[${5100 + index}]>, "GET /r HTTP/1.1\\r\\n", 8192, 0, NULL, NULL) = 17 <0.000020>`,
      `101 ${at(begin + 2)} clock_nanosleep(CLOCK_MONOTONIC, 0, {tv_sec=0, tv_nsec=497000000}, NULL) = 0 <0.497000>`,
      `101 ${at(begin + 499)} close(9<socket:[${5100 + index}]>) = 0 <0.000020>`,
    );
  }
  lines.push(
    `101 ${at(6600)} accept4(5<socket:[4711]>, NULL, NULL, SOCK_CLOEXEC) = -1 EAGAIN (Resource temporarily unavailable) <0.000003>`,
    `101 ${at(6601)} pselect6(6, [5<socket:[4711]>], NULL, NULL, {tv_sec=15, tv_nsec=0}, NULL) = 0 (Timeout) <3.000000>`,
  );
  const { metrics, title } = only(await analyzed(`${lines.join('\n')}\n`), KIND);
  assert.match(title, /^GET \/r holds sync worker 101 6\d(?:\.\d)? % of the time: sleeps \(clock_nanosleep\)/);
  const longest = Number(metrics.longestMs);
  assert.ok(longest > 5900 && longest < 6500, String(longest));
  // Where no call has a duration a wait for the next client looks as if that one had been there.
  const bare = `${lines.map((line) => line.replace(/ <[\d.]+>$/, '')).join('\n')}\n`;
  assert.match(none(await analyzed(bare), KIND), /with durations/);
});

describe('an outage in a long capture', () => {
  /**
   * Sync workers that serve a client a second for two minutes. In the middle each is held for so long, in the client's
   * silence or in a sleep, and its next client comes so long after that, 0 while it is busy.
   */
  const minutes = (
    pids: readonly number[],
    held: number,
    by: 'client' | 'sleep',
    next = 0,
    waits: 'poll' | 'accept' = 'poll',
  ): TraceLines => {
    const trace = new TraceLines();
    for (const worker of acceptors(pids)(trace)) {
      for (let index = 0; index < 100; index++) {
        const isLong = index === 50;
        const wait = index === 51 ? next : 1000;
        if (waits === 'poll') pollUntil(worker, worker.now + wait).accept(11);
        else worker.accept(11, { ms: Math.max(0.02, wait), flags: '' });
        if (isLong && by === 'client')
          worker.call(
            `recvfrom(11<${worker.labels.get(11)}>, "GET /a HTTP/1.1\\r\\n", 8192`,
            ', 0, NULL, NULL)',
            17,
            held,
          );
        else worker.read(11, 'GET /a HTTP/1.1\\r\\n');
        if (isLong && by === 'sleep') worker.call('nanosleep({tv_sec=9, tv_nsec=0}, NULL', ')', 0, held);
        worker.reply(11).close(11);
      }
      acceptStays(worker);
    }
    trace.thread(100).at(125_000).call('getpid(', ')', 100);
    return trace;
  };

  it('of all workers is a warning, be it a request that held them or a client that sent none', async () => {
    for (const pids of [[101], [101, 102, 103]])
      for (const by of ['client', 'sleep'] as const) {
        const { severity, title, metrics } = only(await analyzed(minutes(pids, 20_000, by)), KIND);
        assert.equal(severity, pids.length > 1 ? 'critical' : 'warning', title);
        assert.match(title, by === 'client' ? /held by idle connections for 20\.0\d s/ : /for 20\.0\d s: sleeps/);
        assert.ok(Math.abs((metrics.longestMs as number) - 20_000) < 50, String(metrics.longestMs));
      }
  });

  it('is told of workers that wait in accept, too', async () => {
    for (const by of ['client', 'sleep'] as const) {
      const { title } = only(await analyzed(minutes([101, 102, 103], 20_000, by, 0, 'accept')), KIND);
      assert.match(title, by === 'client' ? /held by idle connections for 20\.0\d s/ : /for 20\.0\d s: sleeps/);
    }
  });

  it('is none where the next client came a second later, or where it was short', async () => {
    for (const pids of [[101], [101, 102, 103]])
      for (const by of ['client', 'sleep'] as const) {
        none(await analyzed(minutes(pids, 20_000, by, 1000)), KIND);
        none(await analyzed(minutes(pids, 1500, by)), KIND);
      }
  });
});
