import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Report } from '../../src/analysis/report.ts';
import { foundConnection } from '../../src/model/machine/accepted-by.ts';
import { Descriptor } from '../../src/model/machine/descriptors.ts';
import { analyzed, none, ofKind, only } from '../support/analyzed.ts';
import { threadOf } from '../support/model-objects.ts';
import { attached, connectTo, oneWorker } from '../support/server-lines.ts';
import { HUB, LISTENER, type ThreadLines } from '../support/thread-lines.ts';
import { TraceLines } from '../support/trace-lines.ts';

function requestsOf({ workers }: Report, pid = 101): number | undefined {
  return workers.find((worker) => worker.pid === pid)?.requests;
}

describe('requests on a connection', () => {
  it('are counted one by one while it is kept alive', async () => {
    const { trace, worker } = oneWorker();
    worker.waitUntil(50, LISTENER).accept(11);
    for (let index = 0; index < 7; index++)
      worker
        .waitUntil(60 + index * 10, 11)
        .read(11, `GET /${index}`)
        .reply(11);
    worker.waitUntil(200, 11).readEnd(11).close(11).waitUntil(300);
    const report = await analyzed(trace);
    assert.equal(requestsOf(report), 7);
    none(report, 'abandoned-request');
  });

  it('are none on a connection that the worker opened itself, whatever it reads there', async () => {
    const { trace, worker } = oneWorker();
    worker.waitUntil(50, LISTENER).serve(11, 'GET /a');
    connectTo(worker, 12, 8081);
    worker.send(12, 'TRACE /').read(12, 'GET /echo').close(12).waitUntil(300);
    assert.equal(requestsOf(await analyzed(trace)), 1);
  });

  it('are one request while it comes in pieces', async () => {
    const { trace, worker } = oneWorker();
    worker.waitUntil(50, LISTENER).accept(11).read(11, 'POST /upload');
    for (let piece = 0; piece < 5; piece++) worker.waitUntil(60 + piece * 10, 11).read(11, 'xxxxxxxx');
    worker.reply(11).close(11).waitUntil(300);
    assert.equal(requestsOf(await analyzed(trace)), 1);
  });

  it('are counted without being readable: a protocol that is not known, or a capture without payload', async () => {
    for (const bytes of ['\\2\\7hello', '']) {
      const { trace, worker } = oneWorker();
      worker.waitUntil(50, LISTENER).accept(11);
      for (let index = 0; index < 3; index++) {
        const label = worker.fd(11);
        worker
          .call(`recvfrom(${label}, `, `"${bytes}"..., 8192, 0, NULL, NULL)`, 40)
          .reply(11)
          .waitUntil(80 + index, 11);
      }
      worker.waitUntil(200);
      assert.equal(requestsOf(await analyzed(trace)), 3);
    }
  });

  it('are no records of TLS: the handshake and the end of a session ask for nothing', async () => {
    const { trace, worker } = oneWorker();
    const record = (type: string, length: string, size: number): void => {
      const bytes = `\\${type}\\3\\3${length}`;
      worker.call(`recvfrom(${worker.fd(11)}, `, `"${bytes}"..., 8192, 0, NULL, NULL)`, size).send(11, '\\27\\3\\3x');
    };
    worker.waitUntil(50, LISTENER).accept(11);
    record('26', '\\0\\374', 257);
    record('27', '\\0E', 74);
    for (let index = 0; index < 3; index++) record('27', '\\0X', 93);
    record('27', '\\0\\23', 24);
    worker.readEnd(11).close(11).waitUntil(200);
    const report = await analyzed(trace);
    assert.equal(requestsOf(report), 3);
    none(report, 'abandoned-request');
  });

  it('are no bytes that are read after the reply: the rest of a body that nobody wanted', async () => {
    const { trace, worker } = oneWorker();
    worker.waitUntil(50, LISTENER).accept(11).read(11, 'POST /up HTTP/1.1\\r\\nContent-Length: 90000\\r\\n\\r\\nhabc');
    worker.send(11, 'HTTP/1.1 413 Too Large\\r\\n\\r\\n').read(11, 'xyz'.repeat(30)).read(11, 'GETTYSBURG').readEnd(11);
    worker.close(11).waitUntil(200);
    const report = await analyzed(trace);
    assert.equal(requestsOf(report), 1);
    none(report, 'abandoned-request');
  });

  it('are read once, however often a server looked at their first bytes before', async () => {
    const { trace, worker } = oneWorker();
    const peek = (bytes: string): void =>
      void worker.call(`recvfrom(${worker.fd(11)}, `, `"${bytes}", 1, MSG_PEEK, NULL, NULL)`, 1);
    worker.waitUntil(50, LISTENER).accept(11);
    peek('\\26');
    worker
      .call(`recvfrom(${worker.fd(11)}, `, '"\\26\\3\\1\\0\\374"..., 8192, 0, NULL, NULL)', 257)
      .send(11, '\\26\\3\\3x');
    worker.close(11).waitUntil(60, LISTENER).accept(11);
    peek('P');
    worker.read(11, 'POST /up HTTP/1.1\\r\\nContent-Length: 90000\\r\\n\\r\\n');
    peek('x');
    worker.waitUntil(90, 11).readEnd(11).close(11).waitUntil(200);
    const report = await analyzed(trace);
    assert.equal(requestsOf(report), 1);
    none(report, 'abandoned-request');
  });

  it('are no messages of a WebSocket, which is a conversation that one request began', async () => {
    const { trace, worker } = oneWorker();
    worker.waitUntil(50, LISTENER).accept(11).read(11, 'GET /chat').send(11, 'HTTP/1.1 101 Switching\\r\\n\\r\\n');
    for (let index = 0; index < 7; index++) worker.read(11, '\\201\\205\\1\\2\\3\\4igohn').send(11, '\\201\\5hello');
    worker
      .read(11, '\\212\\200\\1\\2\\3\\4')
      .read(11, '\\210\\202\\1\\2\\3\\4ig')
      .send(11, '\\210\\2xx')
      .readEnd(11)
      .close(11);
    worker.waitUntil(200);
    const report = await analyzed(trace);
    assert.equal(requestsOf(report), 1);
    none(report, 'abandoned-request');
  });

  it('are counted again on a kept connection whose GET became no WebSocket', async () => {
    const { trace, worker } = oneWorker();
    worker.waitUntil(50, LISTENER).accept(11).read(11, 'GET /chat').send(11, 'HTTP/1.1 426 Upgrade\\r\\n\\r\\n');
    for (let index = 0; index < 4; index++) worker.read(11, 'GET /poll').reply(11);
    worker.close(11).waitUntil(200);
    assert.equal(requestsOf(await analyzed(trace)), 5);
  });

  it('name the conversation that they began: a message that keeps the loop is one of it', async () => {
    const { trace, worker } = oneWorker();
    worker.waitUntil(50, LISTENER).accept(11).read(11, 'GET /chat').send(11, 'HTTP/1.1 101 Switching\\r\\n\\r\\n');
    worker.waitUntil(90, 11).read(11, '\\201\\205\\1\\2\\3\\4igohn').gap(307).send(11, '\\201\\5hello').waitUntil(900);
    const { metrics } = only(await analyzed(trace), 'loop-stall');
    assert.equal(metrics.request, 'GET /chat');
  });

  it('are none where descriptors are passed on: there processes of one server talk', async () => {
    const { trace, worker } = oneWorker();
    const passes = (bytes: string, fd: number): string =>
      `{msg_name=NULL, msg_namelen=0, msg_iov=[{iov_base="${bytes}", iov_len=2}], msg_iovlen=1, ` +
      `msg_control=[{cmsg_len=20, cmsg_level=SOL_SOCKET, cmsg_type=SCM_RIGHTS, cmsg_data=[${fd}<socket:[99]>]}], ` +
      'msg_controllen=24, msg_flags=0}';
    worker.waitUntil(50, LISTENER).serve(11, 'GET /a');
    worker.waitUntil(60, 4).call('recvmsg(4<socket:[31]>, ', `${passes('\\0\\0', 13)}, 0)`, 2);
    worker.labels.set(13, 'socket:[99]');
    worker.read(13, '_getsocks\\n').send(13, '\\1\\0\\0\\0');
    worker.call(`sendmsg(13<socket:[99]>, ${passes('\\0', LISTENER)}, 0`, ')', 1);
    worker.read(13, 'done').close(13).waitUntil(300);
    const report = await analyzed(trace);
    assert.equal(requestsOf(report), 1);
    none(report, 'abandoned-request');
  });

  it('end where the server shuts down its side: what it reads then is drained', async () => {
    const { trace, worker } = oneWorker();
    worker.waitUntil(50, LISTENER).accept(11).read(11, 'GET /a').reply(11);
    worker
      .call(`shutdown(${worker.fd(11)}, SHUT_WR`, ')', 0)
      .read(11, 'GET /late')
      .read(11, 'more')
      .readEnd(11)
      .close(11);
    worker.waitUntil(200);
    const report = await analyzed(trace);
    assert.equal(requestsOf(report), 1);
    none(report, 'abandoned-request');
  });

  it('of a method that is not known count, without a name', async () => {
    const { trace, worker } = oneWorker();
    worker.waitUntil(50, LISTENER).accept(11).read(11, 'GET /a').reply(11);
    worker.waitUntil(60, 11).read(11, 'PROPFIND /b HTTP/1.1\\r\\n').reply(11).close(11).waitUntil(200);
    assert.equal(requestsOf(await analyzed(trace)), 2);
  });

  for (const [name, bytes, line] of [
    ['HTTP behind the PROXY protocol', 'PROXY TCP4 10.0.0.9 10.0.0.1 5123 80\\r\\nGET /a HTTP/1.1\\r\\n', 'GET /a'],
    ['a query, which is not shown', 'GET /a?token=secret HTTP/1.1\\r\\n', 'GET /a'],
    [
      'FastCGI',
      '\\1\\1\\0\\1\\0\\10\\0\\0\\0\\1\\0\\0\\0\\0\\0\\0\\1\\4\\0\\1\\0k\\0\\0\\16\\3REQUEST_METHODGET\\v\\6REQUEST_URI/index\\17',
      'GET /index',
    ],
    ['uwsgi', '\\0k\\0\\0\\16\\0REQUEST_METHOD\\3\\0GET\\v\\0REQUEST_URI\\6\\0/index\\17', 'GET /index'],
  ] as const) {
    it(`are named by ${name}`, async () => {
      const { trace, worker } = oneWorker();
      worker.waitUntil(50, LISTENER).accept(11).read(11, bytes).gap(170).reply(11).close(11).waitUntil(300);
      const { metrics, summary } = only(await analyzed(trace), 'loop-stall');
      assert.equal(metrics.request, line);
      assert.doesNotMatch(summary, /secret/);
    });
  }
});

describe('a connection', () => {
  it('that was accepted before the capture is known by the request on it', async () => {
    const { trace, workers } = attached([101]);
    const [worker] = workers as [ThreadLines];
    worker.labels.set(11, 'socket:[900]');
    worker
      .waitUntil(50, 11)
      .read(11, 'GET /a')
      .gap(170)
      .reply(11)
      .waitUntil(300, LISTENER)
      .serve(12, 'GET /b')
      .waitUntil(400);
    const report = await analyzed(trace);
    assert.equal(requestsOf(report), 2);
    assert.equal(only(report, 'loop-stall').metrics.request, 'GET /a');
  });

  it('that was accepted before the capture is known by the reply that fails', async () => {
    const { trace, workers } = attached([101]);
    const [worker] = workers as [ThreadLines];
    worker.labels.set(11, 'socket:[900]');
    worker.waitUntil(50, 11).replyFails(11).close(11).waitUntil(300, LISTENER).serve(12, 'GET /b').waitUntil(400);
    const { metrics } = only(await analyzed(trace), 'broken-pipe');
    assert.deepEqual([metrics.target, metrics.count], ['client', 1]);
  });

  it('is another one when its number is used again', async () => {
    const { trace, worker } = oneWorker();
    worker.waitUntil(50, LISTENER).accept(11).read(11, 'GET /a').replyFails(11).close(11);
    worker.waitUntil(70, LISTENER).accept(11).read(11, 'GET /b').replyFails(11).close(11).waitUntil(300);
    const { metrics } = only(await analyzed(trace), 'broken-pipe');
    assert.deepEqual(
      (metrics.replies as unknown as readonly { readonly request: string }[]).map(({ request }) => request),
      ['GET /a', 'GET /b'],
    );
  });

  it('is the same one under a number that dup made', async () => {
    const { trace, worker } = oneWorker();
    worker.waitUntil(50, LISTENER).accept(11).read(11, 'GET /a');
    worker
      .call(`dup(${worker.fd(11)}`, ')', `15<${worker.labels.get(11)}>`)
      .labels.set(15, worker.labels.get(11) ?? '');
    worker.replyFails(11).replyFails(15).close(11).close(15).waitUntil(300);
    const { metrics } = only(await analyzed(trace), 'broken-pipe');
    assert.deepEqual(
      [metrics.count, (metrics.replies as unknown as readonly { readonly request: string }[])[0]?.request],
      [1, 'GET /a'],
    );
  });

  /** A primary that accepts and hands over, away for some milliseconds the third time, and a worker that serves. */
  function cluster(awayMs: number): TraceLines {
    const trace = new TraceLines();
    const primary = trace.thread(100);
    primary.labels.set(LISTENER, 'socket:[4711]').set(HUB, 'anon_inode:[eventpoll]');
    const worker = trace.thread(101).at(1);
    worker.labels.set(HUB, 'anon_inode:[eventpoll]');
    for (let index = 0; index < 7; index++) {
      primary
        .waitUntil(50 + index * 300, LISTENER)
        .accept(20)
        .gap(index === 3 ? awayMs : 0)
        .call(
          `sendmsg(7<socket:[30]>, {msg_name=NULL, msg_namelen=0, msg_iov=[{iov_base="{\\"cmd\\":\\"NODE_HANDLE\\"}", iov_len=21}], msg_iovlen=1, msg_control=[{cmsg_len=20, cmsg_level=SOL_SOCKET, cmsg_type=SCM_RIGHTS, cmsg_data=[20]}], msg_controllen=20, msg_flags=0}, 0`,
          ')',
          21,
        )
        .close(20);
      const label = `socket:[${900 + index}]`;
      worker.waitUntil(51 + awayMs + index * 300, 3);
      worker.call(
        'recvmsg(3<socket:[31]>, ',
        `{msg_name=NULL, msg_namelen=0, msg_iov=[{iov_base="{\\"cmd\\":\\"NODE_HANDLE\\"}", iov_len=65536}], msg_iovlen=1, msg_control=[{cmsg_len=20, cmsg_level=SOL_SOCKET, cmsg_type=SCM_RIGHTS, cmsg_data=[19<${label}>]}], msg_controllen=24, msg_flags=MSG_CMSG_CLOEXEC}, MSG_CMSG_CLOEXEC)`,
        21,
      );
      worker.labels.set(19, label);
      worker.read(19, 'GET /work').gap(170).reply(19).close(19);
    }
    primary.waitUntil(3000);
    worker.waitUntil(3000);
    return trace;
  }

  it('may be handed over by another process, as node does, which is no worker', async () => {
    const report = await analyzed(cluster(0));
    assert.equal(requestsOf(report), 7);
    assert.deepEqual(
      report.workers.map(({ pid, role, accepted }) => [pid, role, accepted]),
      [
        [101, 'event-loop', 0],
        [100, 'master', 7],
      ],
    );
    const { metrics, workers } = only(report, 'loop-stall');
    assert.deepEqual([metrics.request, metrics.count, workers], ['GET /work', 7, [101]]);
  });

  it('waits for the process that hands it over: that one is told when it is away from its loop', async () => {
    const stalls = ofKind(await analyzed(cluster(211)), 'loop-stall');
    assert.deepEqual(stalls.map(({ workers, metrics }) => [workers, metrics.count]).sort(), [
      [[100], 1],
      [[101], 7],
    ]);
  });
});

describe('clients that were there before the capture, and nobody new', () => {
  function kept(fds: readonly number[], awayMs = 0): TraceLines {
    const { trace, workers } = attached([101]);
    const worker = workers[0] as ThreadLines;
    for (let index = 0; index < 21; index++) {
      const fd = fds[index % fds.length] ?? 0;
      worker.labels.set(fd, `socket:[${900 + fd}]`);
      worker
        .waitUntil(worker.now + 90, fd)
        .read(fd, 'GET /a')
        .gap(index === 13 ? awayMs : 0)
        .reply(fd);
    }
    worker.waitUntil(worker.now + 90);
    return trace;
  }

  it('show a loop, whose stalls are told', async () => {
    const report = await analyzed(kept([8, 9, 10], 307));
    const { metrics } = only(report, 'loop-stall');
    assert.deepEqual([report.workers[0]?.role, requestsOf(report), metrics.count], ['event-loop', 21, 1]);
  });

  it('are served without a finding by a loop that is never away', async () => {
    const report = await analyzed(kept([8, 9, 10]));
    assert.deepEqual(report.findings, []);
    assert.equal(report.outcomes['loop-stall']?.status, 'clear');
  });

  it('show no loop while there is only one', async () => {
    assert.equal((await analyzed(kept([8], 307))).workers[0]?.role, 'unknown');
  });
});

describe('commands of redis', () => {
  const command = (...words: readonly string[]): string =>
    `*${words.length}\\r\\n${words.map((word) => `$${word.length}\\r\\n${word}\\r\\n`).join('')}`;

  it('are what a loop serves while it is away, also of clients that were there before the capture', async () => {
    const { trace, workers } = attached([101]);
    const worker = workers[0] as ThreadLines;
    for (const fd of [8, 9]) worker.labels.set(fd, `socket:[${900 + fd}]`);
    for (let index = 0; index < 5; index++)
      worker
        .waitUntil(40 + index * 20, 8)
        .read(8, command('GET', 'a'))
        .send(8, '$-1\\r\\n');
    worker.waitUntil(200, 9).read(9, command('KEYS', '*secret*')).gap(311).send(9, '*0\\r\\n').waitUntil(900);
    const report = await analyzed(trace);
    const { metrics, next } = only(report, 'loop-stall');
    assert.equal(requestsOf(report), 6);
    assert.equal(metrics.request, 'KEYS');
    // Who is asked so is redis or like it, whose loop is not one of Python.
    assert.doesNotMatch(JSON.stringify(next), /gevent|asyncio/);
  });

  it('are not its answers: who asks next was in the middle of a question when the capture began', async () => {
    const { trace, workers } = attached([101]);
    const worker = workers[0] as ThreadLines;
    worker.labels.set(9, 'socket:[909]');
    worker.waitUntil(30, LISTENER).serve(11, 'GET /a');
    worker.waitUntil(50, 9).read(9, command('type', 'user'));
    for (let index = 0; index < 3; index++)
      worker
        .waitUntil(60 + index * 20, 9)
        .send(9, command('HGETALL', 'b'))
        .read(9, command('type', 'shop'));
    worker.waitUntil(900);
    assert.equal(requestsOf(await analyzed(trace)), 1);
  });

  it('may wait for somebody else, whose clients give up when they like', async () => {
    const { trace, worker } = oneWorker();
    worker.waitUntil(30, LISTENER).accept(11).read(11, 'PING\\r\\n').send(11, '+PONG\\r\\n').close(11);
    worker.waitUntil(50, LISTENER).accept(11);
    worker.read(11, command('BLPOP', 'jobs', '0'));
    worker.waitUntil(900, 11).readEnd(11).close(11).waitUntil(950, LISTENER).accept(11).read(11, command('GET', 'a'));
    worker.waitUntil(1_900, 11).readEnd(11).close(11).waitUntil(2_000);
    const { metrics } = only(await analyzed(trace), 'abandoned-request');
    assert.deepEqual(
      (metrics.requests as unknown as readonly { readonly request: string }[]).map(({ request }) => request),
      ['GET'],
    );
  });
});

describe('what is asked of another service', () => {
  for (const [name, bytes, query] of [
    ['MySQL', '\\33\\0\\0\\0\\3SELECT * FROM t WHERE id = 42', 'SELECT * FROM t WHERE id = ?'],
    ['PostgreSQL', "Q\\0\\0\\0\\40SELECT 'secret' FROM t", 'SELECT ? FROM t'],
    ['Redis', '*2\\r\\n$3\\r\\nget\\r\\n$6\\r\\nsecret\\r\\n', 'GET'],
    ['HTTP', 'POST /orders?token=secret HTTP/1.1\\r\\n', 'POST /orders'],
  ] as const) {
    it(`is named without values: ${name}`, async () => {
      const { trace, worker } = oneWorker();
      worker.waitUntil(50, LISTENER).accept(11).read(11, 'GET /a');
      worker.call('socket(AF_INET, SOCK_STREAM, IPPROTO_TCP', ')', '12<socket:[70]>').labels.set(12, 'socket:[70]');
      worker
        .call(
          `connect(${worker.fd(12)}, {sa_family=AF_INET, sin_port=htons(9999), sin_addr=inet_addr("10.0.0.7")}, 16`,
          ')',
          0,
        )
        .send(12, bytes)
        .read(12, 'x', 170);
      worker.reply(11).close(11).waitUntil(300);
      const { metrics, summary } = only(await analyzed(trace), 'loop-stall');
      assert.deepEqual([metrics.query, metrics.target], [query, `10.0.0.7:9999 (${name})`]);
      assert.doesNotMatch(summary, /secret/);
    });
  }
});

describe('a worker that was read in the middle of its talk with Redis', () => {
  /** An answer of Redis that looks like a command, perhaps with the question that follows; then a client asks. */
  async function roleOf(asks: boolean): Promise<unknown> {
    const { trace, workers } = attached([101]);
    const [worker] = workers as [ThreadLines];
    worker.labels.set(11, 'socket:[801]').set(12, 'socket:[802]').set(HUB, 'anon_inode:[eventpoll]');
    worker.waitUntil(50, 11).read(11, '*2\\r\\n$3\\r\\nget\\r\\n$1\\r\\nb\\r\\n');
    if (asks) worker.send(11, '*2\\r\\n$3\\r\\nGET\\r\\n$1\\r\\na\\r\\n');
    worker.waitUntil(100, 12).read(12, 'GET /a').reply(12).waitUntil(150);
    const { workers: rows } = await analyzed(trace);
    return rows.map(({ role, requests }) => `${role} ${requests}`).join();
  }

  it('has one client and no second one as soon as it asks Redis something', async () => {
    assert.equal(await roleOf(false), 'event-loop 2');
    assert.equal(await roleOf(true), 'unknown 1');
  });
});

describe('a client of Redis that is seen to come', () => {
  it('stays one when the answer to it looks like a command', async () => {
    const { trace, worker } = oneWorker();
    worker.waitUntil(50, LISTENER).accept(11).read(11, '*2\\r\\n$8\\r\\nSMEMBERS\\r\\n$5\\r\\nwords\\r\\n');
    worker.send(11, '*2\\r\\n$3\\r\\nGET\\r\\n$1\\r\\na\\r\\n');
    worker
      .waitUntil(100, 11)
      .read(11, '*2\\r\\n$3\\r\\nGET\\r\\n$1\\r\\na\\r\\n')
      .send(11, '$1\\r\\nb\\r\\n')
      .waitUntil(150);
    const [row] = (await analyzed(trace)).workers.filter(({ pid }) => pid === 101);
    assert.equal(row?.requests, 2);
  });
});

describe('a request that cannot be read', () => {
  it('has the name of its client, or that of its descriptor', () => {
    const named = (peer: string): string => {
      const descriptor = Object.assign(new Descriptor('connection', '', true), { peer });
      return foundConnection(descriptor, 11, threadOf(101), 0, 1).request.name;
    };
    assert.equal(named('10.0.0.9:40011'), 'connection from 10.0.0.9:40011');
    assert.equal(named(''), 'connection on fd 11');
  });
});
