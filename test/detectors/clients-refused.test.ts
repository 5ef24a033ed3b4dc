import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  mayHideRefusal,
  refusalIn,
  refusalInLog,
  refusalInReply,
  refusalOfCommand,
  refusalOfMySql,
  refusalOfPostgres,
} from '../../src/trace/refusals.ts';
import { analyzed, none, only } from '../support/analyzed.ts';
import { Backend, line } from '../support/database-lines.ts';
import { oneWorker } from '../support/server-lines.ts';
import { LISTENER } from '../support/thread-lines.ts';
import type { TraceLines } from '../support/trace-lines.ts';

const KIND = 'clients-refused';
const COUNT = 20;

/** So many of the clients of PostgreSQL are refused, the others are served. */
function clients(refused: number, state = '53300'): string {
  const lines: string[] = [];
  for (let index = 0; index < COUNT; index++) {
    const session = new Backend(101 + index);
    const start = 0.1 + 0.05 * index;
    lines.push(...session.opened(start));
    if (index < refused) lines.push(session.refused(start + 0.01, state));
    else
      lines.push(
        session.ready(start + 0.01),
        session.asks(start + 0.02, 'select 1'),
        session.answered(start + 0.03, 'SELECT 1', 'I'),
      );
  }
  return lines.join('\n');
}

describe('clients that a server turns away', () => {
  it('are a warning, and critical from a fifth of the connections on', async () => {
    assert.match(none(await analyzed(clients(0)), KIND), /^none of 40 answers that could be read/);
    assert.equal(only(await analyzed(clients(3)), KIND).severity, 'warning');
    const { severity, title } = only(await analyzed(clients(4)), KIND);
    assert.equal(severity, 'critical');
    assert.equal(title, '4 of 20 clients refused on fd 5 socket:[4711]: all connection slots are taken');
  });

  it('the metrics are those of the trace', async () => {
    assert.deepEqual(only(await analyzed(clients(3)), KIND).metrics, {
      listener: 'fd 5 socket:[4711]',
      protocol: 'PostgreSQL',
      code: 'SQLSTATE 53300',
      count: 3,
      accepted: 20,
      workers: [101, 102, 103],
      firstMs: 10.02,
      lastMs: 110.02,
      requests: [],
      before: [],
      passedOn: [],
      waiting: [],
      idleInTransaction: [],
    });
  });

  it('a login that fails for want of a password is none', async () => {
    none(await analyzed(clients(5, '28P01')), KIND);
  });

  it('those that hold the slots are told: who waits for an answer, and who idles in a transaction', async () => {
    const [holder, waiter, refused] = [new Backend(201), new Backend(202), new Backend(203)] as const;
    const report = await analyzed(
      [
        ...holder.opened(0.01),
        holder.ready(0.02),
        holder.asks(0.03, 'begin'),
        holder.answered(0.04, 'BEGIN', 'T'),
        ...waiter.opened(0.05),
        waiter.ready(0.06),
        waiter.asks(0.07, 'update a set b=2'),
        ...refused.opened(1.5),
        refused.refused(1.6, '53300'),
      ].join('\n'),
    );
    const { summary, metrics } = only(report, KIND);
    assert.match(summary, /1 session had no answer for 1 s or more \(the longest: process 202 with an UPDATE on a,/);
    assert.match(
      summary,
      /1 session asked nothing in an open transaction \(the longest: process 201 with a BEGIN as its last/,
    );
    const [waiting] = metrics.waiting as readonly unknown[];
    assert.deepEqual(waiting, {
      pid: 202,
      tid: 202,
      peer: '10.0.0.9:40202',
      query: 'update a set b=?',
      sinceMs: 60.02,
    });
    const [idle] = metrics.idleInTransaction as readonly unknown[];
    assert.deepEqual(idle, { pid: 201, tid: 201, peer: '10.0.0.9:40201', query: 'begin', sinceMs: 30.02 });
  });

  it('nginx says so in its log alone, right after the accept', async () => {
    const text = '2026/11/27 10:00:00 [alert] 101#101: 16 worker_connections are not enough\\n';
    const accept = line(101, 0.2, 'accept4(5<socket:[4711]>, NULL, NULL, SOCK_NONBLOCK)', '9<socket:[5001]>');
    const log = line(101, 0.201, `write(3</var/log/nginx/error.log>, "${text}", 70)`, '70');
    // The first line that a thread logs asks for its number.
    const own = line(101, 0.2005, 'gettid()', '101');
    const { title, metrics } = only(await analyzed([accept, own, log].join('\n')), KIND);
    assert.equal(title, '1 of 1 client refused on fd 5 socket:[4711]: all connection slots are taken');
    assert.equal(metrics.protocol, 'nginx');
    none(await analyzed([accept, line(101, 0.201, 'close(9<socket:[5001]>)', '0'), log].join('\n')), KIND);
  });

  it('also where strace shows 32 bytes of that line: it closes what it accepted, unread', async () => {
    const accept = line(101, 0.2, 'accept4(5<socket:[4711]>, NULL, NULL, SOCK_NONBLOCK)', '9<socket:[5001]>');
    const cut = (level: string): string =>
      line(101, 0.201, `write(3</var/log/nginx/error.log>, "2026/11/27 10:00:00 [${level}] 1267"..., 78)`, '78');
    const close = line(101, 0.202, 'close(9<socket:[5001]>)', '0');
    const { title, metrics } = only(await analyzed([accept, cut('alert'), close].join('\n')), KIND);
    assert.equal(title, '1 of 1 client refused on fd 5 socket:[4711]: all connection slots are taken');
    assert.equal(metrics.protocol, 'nginx');
    // Other alerts, and other lines.
    const watch = line(101, 0.2015, 'epoll_ctl(8<anon_inode:[eventpoll]>, EPOLL_CTL_ADD, 9<socket:[5001]>, {})', '0');
    none(await analyzed([accept, cut('alert'), watch, close].join('\n')), KIND);
    none(await analyzed([accept, cut('error'), close].join('\n')), KIND);
  });
});

it('replies with status 503 are information, a warning from a hundredth on, and critical from a fifth on', async () => {
  const severity = async (refused: number): Promise<string> => {
    const { trace, worker } = oneWorker();
    for (let index = 0; index < 200; index++) {
      worker
        .waitUntil(20 + 10 * index, LISTENER)
        .accept(11)
        .read(11, 'GET /a');
      worker.send(11, `HTTP/1.1 ${index < refused ? '503 Service Unavailable' : '200 OK'}\\r\\n\\r\\n`).close(11);
    }
    worker.waitUntil(3_000);
    const report = await analyzed(trace);
    if (refused === 0) return none(report, KIND);
    const { title, severity } = only(report, KIND);
    assert.equal(title, `${refused} of 200 requests refused on 127.0.0.1:8000: answered 503`);
    return severity;
  };
  assert.match(await severity(0), /^none of 200 answers/);
  assert.equal(await severity(1), 'info');
  assert.equal(await severity(2), 'warning');
  assert.equal(await severity(39), 'warning');
  assert.equal(await severity(40), 'critical');
});

it('requests that failed are told by their kind, and by the call that had failed before them', async () => {
  const { trace, worker } = oneWorker();
  for (let index = 0; index < 13; index++) {
    const fails = index === 3 || index === 7;
    worker
      .waitUntil(20 + 10 * index, LISTENER)
      .accept(11)
      .read(11, fails || index > 9 ? `GET /item/${index}` : 'GET /a');
    if (fails)
      worker.call('openat(AT_FDCWD, "/srv/prices.json", O_RDONLY', ')', '-1 ENOENT (No such file or directory)');
    worker.send(11, `HTTP/1.1 ${fails ? '500 Internal Server Error' : '200 OK'}\\r\\n\\r\\n`).close(11);
  }
  const { metrics } = only(await analyzed(trace), KIND);
  assert.deepEqual(metrics.requests, [{ request: 'GET /item/*', count: 2, others: 3 }]);
  assert.deepEqual(metrics.before, [{ call: 'openat', errno: 'ENOENT', target: '/srv/prices.json', count: 2 }]);
});

it('a limit of the rate is a warning at most, however many it refuses', async () => {
  const { trace, worker } = oneWorker();
  for (let index = 0; index < 7; index++) {
    worker
      .waitUntil(20 + 10 * index, LISTENER)
      .accept(11)
      .read(11, 'GET /a');
    worker.send(11, `HTTP/1.1 ${index < 5 ? '429 Too Many Requests' : '200 OK'}\\r\\n\\r\\n`).close(11);
  }
  worker.waitUntil(3_000);
  const { severity, title } = only(await analyzed(trace), KIND);
  assert.equal(title, '5 of 7 requests refused on 127.0.0.1:8000: answered 429');
  assert.equal(severity, 'warning');
});

it('a gateway time-out hangs under the wait for the service behind', async () => {
  const { trace, worker } = oneWorker();
  worker.labels.set(21, 'TCP:[127.0.0.1:40001->127.0.0.1:9000]');
  for (let index = 0; index < 3; index++) {
    worker
      .waitUntil(worker.now + 20, LISTENER)
      .accept(11)
      .read(11, 'GET /a');
    worker.send(21, 'GET /b HTTP/1.1\\r\\n\\r\\n').waitUntil(worker.now + 1_500);
    worker.close(21).send(11, 'HTTP/1.1 504 Gateway Time-out\\r\\n\\r\\n').close(11);
  }
  worker.waitUntil(worker.now + 100);
  const report = await analyzed(trace);
  const { effectOf, effect, metrics } = only(report, KIND);
  assert.equal(metrics.code, 'status 504');
  assert.equal(effectOf, only(report, 'slow-dependency').id);
  assert.equal(effect, '3 requests answered 504');
});

it('commands and statements that fail for want of room or time are compared with all answers', async () => {
  const command = async (answers: readonly string[]) => {
    const { trace, worker } = oneWorker();
    worker.waitUntil(20, LISTENER).accept(11);
    for (const answer of answers) {
      worker.waitUntil(worker.now + 10, 11).read(11, '*3\\r\\n$3\\r\\nSET\\r\\n$1\\r\\na\\r\\n$1\\r\\nb\\r\\n');
      worker.send(11, `${answer}\\r\\n`);
    }
    worker.waitUntil(1_000);
    return analyzed(trace);
  };
  const oom = '-OOM command not allowed when used memory';
  const { title, metrics } = only(await command(['+OK', oom, oom, '+OK', '+OK']), KIND);
  assert.equal(title, '2 of 5 commands failed on 127.0.0.1:8000: memory is at its limit');
  assert.deepEqual([metrics.code, metrics.accepted], ['-OOM', 5]);
  assert.match(none(await command(['+OK', '-ERR unknown', '+OK']), KIND), /^none of 3 answers/);

  const sql = async (state: string, at: number) => {
    const session = new Backend(101);
    const lines = [...session.opened(0.1), session.ready(0.11), session.asks(0.2, 'update a set b=1')];
    return analyzed([...lines, session.refused(at, state), session.asks(1.5, 'select 1')].join('\n'));
  };
  assert.equal(only(await sql('57014', 0.9), KIND).metrics.code, 'SQLSTATE 57014');
  none(await sql('23505', 0.9), KIND);
  // NOWAIT gives up at once.
  only(await sql('55P03', 0.31), KIND);
  none(await sql('55P03', 0.29), KIND);
});

describe('the words with which servers turn clients away', () => {
  it('may be cut off where the trace shows a few bytes', () => {
    const size = 200;
    for (const bytes of ['HTTP/1.1', 'H', '-OOM com', '-LOADING', 'SERVER_E', 'E\0\0\0dSFA', 'E'])
      assert.ok(mayHideRefusal(bytes, size), bytes);
    for (const bytes of ['HTTP/1.1 200', '+OK', '$5\r\nvalu', 'VALUE a', 'STORED', 'T\0\0\0\x1a', 'hello'])
      assert.ok(!mayHideRefusal(bytes, size), bytes);
    assert.ok(!mayHideRefusal('E\0\0\0dSERROR\0VERROR\0C42601\0', size));
    assert.ok(!mayHideRefusal('-ERR\r\n', 6), 'the whole answer is shown');
  });

  it('leave nothing clear where they are cut off', async () => {
    const { trace, worker } = oneWorker();
    worker.waitUntil(50, LISTENER).accept(11).at(60).read(11, 'GET /a');
    worker.at(70).call(`sendto(${worker.fd(11)}, "HTTP/1.1"..., 200, 0`, ', NULL, 0)', 200);
    const { outcomes } = await analyzed(trace);
    assert.equal(outcomes[KIND]?.status, 'not-applicable');
    assert.match(outcomes[KIND]?.reason ?? '', /record with -s 128$/);
  });

  it('are known of later answers', () => {
    const reasons = (words: readonly string[]): (string | undefined)[] =>
      words.map((word) => refusalOfCommand(word.slice(0, 12))?.reason);
    assert.deepEqual(
      reasons(['-OOM command', '-LOADING Redis', '-MISCONF Redis', '-BUSY Redis', '-CLUSTERDOWN', 'SERVER_ERROR out']),
      ['memory', 'loading', 'snapshot', 'busy', 'cluster', 'memory'],
    );
    assert.deepEqual(
      reasons(['-BUSYGROUP x', '-BUSYKEY Tar', '-ERR syntax', '+OK', 'STORED']),
      Array(5).fill(undefined),
    );
    assert.deepEqual(
      ['429', '502', '503', '504', '500', '404'].map((status) => refusalInReply(`HTTP/1.1 ${status}`)?.reason),
      ['rate', 'behind', 'unavailable', 'behind', 'failed', undefined],
    );
    const failed = (state: string): string => `C\0\0\0\x08SET\0E\0\0\0%SERROR\0VERROR\0C${state}\0Mx\0\0`;
    assert.deepEqual(
      ['40P01', '53100', '53200', '55P03', '57014', '57P01', '23505', '40001'].map(
        (state) => refusalOfPostgres(failed(state))?.reason,
      ),
      ['deadlock', 'disk', 'memory', 'lock', 'time', 'state', undefined, undefined],
    );
    const error = (number: number): string => `\x05\0\0\x01\xff${String.fromCharCode(number & 0xff, number >> 8)}xx`;
    assert.deepEqual(
      [1021, 1041, 1205, 1213, 1969, 3024, 1062].map((number) => refusalOfMySql(error(number), 9)?.reason),
      ['disk', 'memory', 'lock', 'deadlock', 'time', 'time', undefined],
    );
  });

  it('are known of each protocol', () => {
    const mysql = '\x17\0\0\0\xff\x10\x04Too many connections';
    assert.deepEqual(refusalIn(mysql, 27), {
      protocol: 'MySQL',
      what: 'client',
      reason: 'slots',
      code: 'error 1040',
    });
    assert.equal(refusalIn(mysql, 28), null);
    assert.equal(refusalIn('-ERR max number of clients reached\r\n', 36)?.protocol, 'Redis');
    assert.equal(refusalIn('ERROR Too many open connections\r\n', 33)?.protocol, 'memcached');
    assert.equal(refusalIn('E\0\0\0USFATAL\0VFATAL\0C57P03\0M', 86)?.reason, 'state');
    assert.equal(refusalIn('R\0\0\0\x08\0\0\0\0E\0\0\0USFATAL\0VFATAL\0C53300\0M', 95)?.reason, 'slots');
  });

  it('are no other errors, greetings or answers', () => {
    for (const bytes of ['-ERR unknown command\r\n', 'ERROR\r\n', 'HTTP/1.1 200 OK\r\n', '\x4a\0\0\0\x0a5.5.5', ''])
      assert.equal(refusalIn(bytes, bytes.length), null, bytes);
    assert.equal(refusalInLog('2026/11/27 10:00:00 [warn] 1#1: 16 worker_connections are not enough, reusing'), null);
  });
});

/** A proxy that asks a service for each request; what it says, and what it passes on. */
function proxy(behind: string, passed: string, requests = 7): TraceLines {
  const { trace, worker } = oneWorker();
  worker.labels.set(21, 'TCP:[127.0.0.1:40001->127.0.0.1:9000]');
  for (let index = 0; index < requests; index++) {
    worker
      .waitUntil(20 + 10 * index, LISTENER)
      .accept(11)
      .read(11, 'GET /a');
    worker.send(21, 'GET /a').read(21, `HTTP/1.1 ${behind}\\r\\n\\r\\n`);
    worker.send(11, `HTTP/1.1 ${passed}\\r\\n\\r\\n`).close(11);
  }
  worker.waitUntil(3_000);
  return trace;
}

it('an error of a service behind is said to be passed on from there', async () => {
  const { title, summary, metrics, next } = only(await analyzed(proxy('503 Busy', '503 Busy')), KIND);
  assert.equal(title, '7 of 7 requests refused on 127.0.0.1:8000: 503 passed on from 127.0.0.1:9000');
  assert.match(summary, /127\.0\.0\.1:9000 had answered 503 to all of them: this server passed that on\./);
  assert.deepEqual(metrics.passedOn, [{ target: '127.0.0.1:9000', count: 7 }]);
  assert.match(next[0]?.text ?? '', /^Look at 127\.0\.0\.1:9000 first/);
});

it('an error of this server is not, whatever the service behind answers', async () => {
  const { title, metrics } = only(await analyzed(proxy('200 OK', '503 Busy')), KIND);
  assert.equal(title, '7 of 7 requests refused on 127.0.0.1:8000: answered 503');
  assert.deepEqual(metrics.passedOn, []);
  none(await analyzed(proxy('503 Busy', '200 OK')), KIND);
});

it('where nobody behind could be asked the error is said to be made here', async () => {
  const { trace, worker } = oneWorker();
  for (let index = 0; index < 7; index++) {
    worker
      .waitUntil(20 + 10 * index, LISTENER)
      .accept(11)
      .read(11, 'GET /a');
    const to = '{sa_family=AF_INET, sin_port=htons(9000), sin_addr=inet_addr("127.0.0.1")}, 16';
    worker.call(`connect(21, ${to}`, ')', '-1 ECONNREFUSED (Connection refused)');
    worker.send(11, 'HTTP/1.1 502 Bad Gateway\\r\\n\\r\\n').close(11);
  }
  worker.waitUntil(3_000);
  assert.match(
    only(await analyzed(trace), KIND).summary,
    /Before 7 of them connect to 127\.0\.0\.1:9000 had failed with ECONNREFUSED\. No answer with 502 came from a service/,
  );
});
