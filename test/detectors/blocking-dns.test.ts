import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { analyzed, none, only } from '../support/analyzed.ts';
import { ask, NO_SUCH_NAME, question, SERVER_FAILURE } from '../support/name-lookups.ts';
import { oneWorker } from '../support/server-lines.ts';
import { failed, LISTENER, type ThreadLines } from '../support/thread-lines.ts';
import type { TraceLines } from '../support/trace-lines.ts';

const KIND = 'blocking-dns';
function looksUp(inside: (worker: ThreadLines) => void): TraceLines {
  const { trace, worker } = oneWorker();
  worker.waitUntil(50, LISTENER).accept(11).read(11, 'GET /a');
  inside(worker);
  worker.reply(11).close(11).waitUntil(60_000);
  return trace;
}

describe('a name lookup on a loop', () => {
  it('is found from exactly the length on that the user sets', async () => {
    const trace = looksUp((worker) => ask(worker, 'db.example', 150));
    const length = Number(only(await analyzed(trace), KIND).metrics.longestMs);
    assert.ok(length >= 150 && length < 150.2, String(length));
    const from = (ms: number) => analyzed(trace, {}, { thresholds: { 'dns-ms': ms } });
    only(await from(length), KIND);
    none(await from(length + 0.001), KIND);
  });

  it('is one on a socket with the number 0, too: the worker has closed its standard input', async () => {
    const trace = looksUp((worker) => ask(worker, 'db.example', 100, { fd: 0 }));
    const { metrics } = only(await analyzed(trace), KIND);
    assert.deepEqual([metrics.count, metrics.questions], [1, 1]);
  });

  it('is made for the request that is answered next, where others were read and answered before it', async () => {
    const { trace, worker } = oneWorker();
    worker.waitUntil(50, LISTENER).accept(11).accept(13).read(11, 'GET /a').read(13, 'GET /b').waitUntil(52);
    ask(worker.reply(11).at(worker.now + 20), 'db.example', 1500)
      .reply(13)
      .waitUntil(60_000);
    const report = await analyzed(trace);
    assert.match(only(report, KIND).title, /^GET \/b holds worker 101 for 1\.50 s/);
    const { metrics } = only(report, 'loop-stall');
    assert.deepEqual([metrics.request, metrics.afterReply], ['GET /b', false]);
  });

  it('is made for nobody in particular after a reply, while another request waits', async () => {
    const after = (other: boolean): TraceLines => {
      const { trace, worker } = oneWorker();
      worker.waitUntil(50, LISTENER).accept(11).accept(13).read(11, 'GET /a');
      if (other) worker.read(13, 'GET /b');
      ask(worker.waitUntil(52).reply(11), 'db.example', 1500).waitUntil(3000);
      worker.reply(13).waitUntil(60_000);
      return trace;
    };
    assert.match(only(await analyzed(after(true)), KIND).title, /^1 name lookup holds worker 101 for 1\.50 s/);
    assert.match(only(await analyzed(after(false)), KIND).title, /^GET \/a holds worker 101 for 1\.50 s/);
  });

  it('has a title of 78 characters at most', async () => {
    // Without the name there are 61.
    const titleOf = async (name: string) =>
      only(await analyzed(looksUp((worker) => ask(worker, name, 100))), KIND).title;
    const fits = `${'a'.repeat(9)}.example`;
    const without = 'GET /a holds worker 101 for 100 ms: name server 10.0.0.2:53';
    assert.equal(await titleOf(fits), `${without}, ${fits}`);
    assert.equal(await titleOf(`a${fits}`), without);
  });

  it('is a warning from 100 ms on, and critical from a second on', async () => {
    assert.match(none(await analyzed(looksUp((worker) => ask(worker, 'db.example', 99))), KIND), /the longest 99 ms/);
    const { severity, confidence, metrics, title } = only(
      await analyzed(looksUp((worker) => ask(worker, 'db.example', 100))),
      KIND,
    );
    assert.deepEqual([severity, confidence, metrics.count, metrics.timeouts], ['warning', 'likely', 1, 0]);
    assert.equal(title, 'GET /a holds worker 101 for 100 ms: name server 10.0.0.2:53, db.example');
    assert.equal(only(await analyzed(looksUp((worker) => ask(worker, 'db.example', 999))), KIND).severity, 'warning');
    assert.equal(only(await analyzed(looksUp((worker) => ask(worker, 'db.example', 1000))), KIND).severity, 'critical');
  });

  it('goes on through a server that does not answer and the search domains', async () => {
    const report = await analyzed(
      looksUp((worker) => {
        ask(worker, 'db.corp.example', 5000, { code: '' });
        ask(worker, 'db.corp.example', 7, { server: '10.0.0.3', code: NO_SUCH_NAME });
        ask(worker, 'db.internal.example', 7, { server: '10.0.0.3' });
      }),
    );
    const { metrics, summary, next } = only(report, KIND);
    assert.deepEqual(
      [metrics.count, metrics.timeouts, metrics.noSuchName, metrics.questions, metrics.searched],
      [1, 1, 1, 3, 1],
    );
    assert.deepEqual(metrics.servers, [
      { server: '10.0.0.2:53', lookups: 1, timeouts: 1 },
      { server: '10.0.0.3:53', lookups: 1, timeouts: 0 },
    ]);
    assert.match(summary, /no answer in time from 10\.0\.0\.2:53\./);
    assert.ok(next.some(({ text }) => text.includes('/etc/resolv.conf')));
  });

  it('is another one for another name, and for the same name after an answer', async () => {
    const report = await analyzed(
      looksUp((worker) => {
        ask(worker, 'db.example', 107);
        ask(worker, 'cache.example', 107);
        worker.gap(6);
        ask(worker, 'cache.example', 107);
      }),
    );
    const { metrics } = only(report, KIND);
    assert.equal(metrics.count, 3);
    assert.deepEqual(
      (metrics.names as readonly { readonly name: string; readonly count: number }[]).map(({ name, count }) => [
        name,
        count,
      ]),
      [
        ['cache.example', 2],
        ['db.example', 1],
      ],
    );
  });

  it('counts both questions of one message', async () => {
    const both = (name: string) =>
      `[{msg_hdr={msg_name=NULL, msg_namelen=0, msg_iov=[{iov_base="${question(name)}", iov_len=30}], msg_iovlen=1}, msg_len=30}, {msg_hdr={msg_name=NULL, msg_namelen=0, msg_iov=[{iov_base="${question(name)}", iov_len=30}], msg_iovlen=1}, msg_len=30}]`;
    const trace = looksUp((worker) => {
      worker.call('socket(AF_INET, SOCK_DGRAM|SOCK_CLOEXEC|SOCK_NONBLOCK, IPPROTO_IP', ')', '12<socket:[6012]>');
      worker.call(
        'connect(12<socket:[6012]>, {sa_family=AF_INET, sin_port=htons(53), sin_addr=inet_addr("10.0.0.2")}, 16',
        ')',
        0,
      );
      worker.call(`sendmmsg(12<socket:[6012]>, ${both('db.example')}, 2, MSG_NOSIGNAL`, ')', 2);
      worker.call('poll([{fd=12<socket:[6012]>, events=POLLIN}], 1, 5000', ')', '1 ([{fd=12, revents=POLLIN}])', 207);
    });
    assert.deepEqual(
      [only(await analyzed(trace), KIND).metrics.questions, only(await analyzed(trace), KIND).metrics.count],
      [2, 1],
    );
  });

  it('is seen without a connect, as musl asks', async () => {
    const trace = looksUp((worker) => {
      worker.call('socket(AF_INET, SOCK_DGRAM|SOCK_CLOEXEC|SOCK_NONBLOCK, IPPROTO_IP', ')', '12<socket:[6012]>');
      const to = '{sa_family=AF_INET, sin_port=htons(53), sin_addr=inet_addr("10.0.0.2")}, 16';
      worker.call(`sendto(12<socket:[6012]>, "${question('db.example')}", 28, MSG_NOSIGNAL, ${to}`, ')', 28);
      worker.call('poll([{fd=12<socket:[6012]>, events=POLLIN}], 1, 2500', ')', '1 ([{fd=12, revents=POLLIN}])', 207);
    });
    const { metrics } = only(await analyzed(trace), KIND);
    assert.deepEqual(metrics.servers, [{ server: '10.0.0.2:53', lookups: 1, timeouts: 0 }]);
  });

  it('is none when the loop itself waits for the answer', async () => {
    const trace = looksUp((worker) => {
      worker.call('socket(AF_INET, SOCK_DGRAM|SOCK_CLOEXEC|SOCK_NONBLOCK, IPPROTO_IP', ')', '12<socket:[6012]>');
      worker.call(
        'connect(12<socket:[6012]>, {sa_family=AF_INET, sin_port=htons(53), sin_addr=inet_addr("10.0.0.2")}, 16',
        ')',
        0,
      );
      worker.call(`sendto(12<socket:[6012]>, "${question('db.example')}", 28, MSG_NOSIGNAL, NULL, 0`, ')', 28);
      worker.call('recvfrom(12<socket:[6012]>, 0x7ffd5000, ', '1024, 0, NULL, NULL)', failed('EAGAIN'));
      worker.waitUntil(worker.now + 5000, 12);
    });
    none(await analyzed(trace), KIND);
  });

  it('shows no name that could be anything but a name', async () => {
    const trace = looksUp((worker) => ask(worker, 'a b;$(x).example', 107));
    assert.match(only(await analyzed(trace), KIND).title, /, a\?b\?\?\?x\?\.example$/);
  });
});

it('the metrics of lookups are those of their trace', async () => {
  const trace = looksUp((worker) => {
    ask(worker, 'db.corp.example', 5000, { code: '' });
    ask(worker, 'db.corp.example', 7, { server: '10.0.0.3', code: NO_SUCH_NAME });
    ask(worker, 'db.internal.example', 7, { server: '10.0.0.3' });
    worker.gap(6);
    ask(worker, 'cache.example', 107, { server: '10.0.0.3', code: SERVER_FAILURE });
  });
  const { metrics, summary } = only(await analyzed(trace), KIND);
  assert.match(summary, /1 answer reported another failure of the name server\./);
  assert.deepEqual(metrics, {
    place: 'loop',
    count: 2,
    // Sending, waiting and receiving: 5000.02 ms and twice 7.04 ms, and 107.04 ms.
    totalMs: 5121.14,
    longestMs: 5014.1,
    // From the first call on its socket to the last answer: four waits and the quick calls around them.
    longestWaits: [
      { pid: 101, startMs: 50.06, endMs: 5064.3 },
      { pid: 101, startMs: 5070.36, endMs: 5177.4 },
    ],
    questions: 4,
    timeouts: 1,
    noSuchName: 1,
    failures: 1,
    searched: 1,
    overTcp: 0,
    unanswered: 0,
    openAtEnd: 0,
    perRequest: 2,
    names: [
      { name: 'db.corp.example', count: 1, totalMs: 5014.1, longestMs: 5014.1 },
      { name: 'cache.example', count: 1, totalMs: 107.04, longestMs: 107.04 },
    ],
    servers: [
      { server: '10.0.0.2:53', lookups: 1, timeouts: 1 },
      { server: '10.0.0.3:53', lookups: 2, timeouts: 0 },
    ],
  });
});

it('names the server that kept silent most often first', async () => {
  const trace = looksUp((worker) => {
    for (const [server, times] of [
      ['10.0.0.2', 1],
      ['10.0.0.3', 3],
      ['10.0.0.4', 2],
    ] as const)
      for (let time = 0; time < times; time++) ask(worker, 'db.example', 500, { server, code: '' });
    ask(worker, 'db.example', 7, { server: '10.0.0.5' });
  });
  assert.match(
    only(await analyzed(trace), KIND).summary,
    /: 3 from 10\.0\.0\.3:53, 2 from 10\.0\.0\.4:53, 1 from 10\.0\.0\.2:53\./,
  );
});

describe('a capture without durations', () => {
  const ASKS = [
    'socket(AF_INET, SOCK_DGRAM|SOCK_CLOEXEC|SOCK_NONBLOCK, IPPROTO_IP) = 7',
    'connect(7, {sa_family=AF_INET, sin_port=htons(53), sin_addr=inet_addr("10.0.0.2")}, 16) = 0',
    'sendto(7, "\\21\\21\\1\\0\\0\\1\\0\\0\\0\\0\\0\\0\\2db\\7example\\0\\0\\1\\0\\1", 28, MSG_NOSIGNAL, NULL, 0) = 28',
  ];
  const lines = (...last: readonly string[]): string => `${[...ASKS, ...last].join('\n')}\n`;
  const RAN_OUT = 'poll([{fd=7, events=POLLIN}], 1, 4981) = 0 (Timeout)';

  it('tells of a name server that does not answer by the time limits that ran out', async () => {
    for (const stamp of ['', '13:55:25 ', '13:55:25.000001 ']) {
      const text = lines(RAN_OUT, 'close(7) = 0').replace(/^(?=.)/gm, stamp);
      const { title, metrics, severity } = only(await analyzed(text), KIND);
      assert.deepEqual([severity, metrics.timeouts, metrics.longestMs], ['warning', 1, 4981]);
      assert.match(title, /^Name server 10\.0\.0\.2:53 does not answer/);
    }
  });

  it('is no all-clear where an answer came, for nobody knows when', async () => {
    const report = await analyzed(lines('poll([{fd=7, events=POLLIN}], 1, 5000) = 1 ([{fd=7, revents=POLLIN}])'));
    none(report, KIND);
    assert.equal(report.outcomes[KIND]?.status, 'not-applicable');
  });

  it('does not say that a name server is silent that answered one of two questions', async () => {
    const ANSWER = [
      'poll([{fd=7, events=POLLIN}], 1, 5000) = 1 ([{fd=7, revents=POLLIN}])',
      'recvfrom(7, "\\21\\21\\201\\200\\0\\1\\0\\1\\0\\0\\0\\0\\2db\\7example"..., 2048, 0, NULL, NULL) = 68',
    ];
    const { title } = only(await analyzed(lines(...ANSWER, RAN_OUT)), KIND);
    assert.match(title, /^Name server 10\.0\.0\.2:53 did not answer 1 try: /);
  });

  it('takes no read that brought nothing for an answer: the server has closed', async () => {
    const EMPTY = 'recvfrom(7, "", 2048, 0, NULL, NULL) = 0';
    const { metrics } = only(await analyzed(lines(RAN_OUT, EMPTY, 'close(7) = 0')), KIND);
    assert.equal(metrics.unanswered, 1);
  });

  it('says nothing of a look that does not wait', async () => {
    none(await analyzed(lines('poll([{fd=7, events=POLLIN}], 1, 0) = 0 (Timeout)')), KIND);
  });
});
