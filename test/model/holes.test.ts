import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { analyzed, none, ofKind } from '../support/analyzed.ts';
import { oneWorker } from '../support/server-lines.ts';
import { LISTENER, type ThreadLines } from '../support/thread-lines.ts';

// A block of lines is missing, as where strace was killed and began anew: what the worker does next does not follow
// from what it did before. Each with a twin in which the worker computed for as long, and nothing is missing.

const MISSING = /All lines of [\d.]+ m?s are missing/;

async function reportAfter(then: (worker: ThreadLines) => void, before: (worker: ThreadLines) => void = () => {}) {
  const { trace, worker } = oneWorker();
  worker.waitUntil(20, LISTENER).accept(11).read(11, 'GET /a').reply(11);
  worker.waitUntil(30, LISTENER).accept(12).read(12, 'GET /b').reply(12);
  before(worker);
  then(worker.at(1_000));
  worker.waitUntil(1_400, LISTENER).serve(15, 'GET /z').waitUntil(2_000);
  const report = await analyzed(trace);
  return { report, notes: report.quality.notes.join(' ') };
}

const stalls = (report: Awaited<ReturnType<typeof reportAfter>>['report']): number =>
  ofKind(report, 'loop-stall').length;

const loseLines: readonly [string, (worker: ThreadLines) => void, (worker: ThreadLines) => void][] = [
  [
    'a client sends more that no wait had told of',
    (worker) => worker.waitUntil(40, 11),
    (worker) => worker.read(12, 'GET /c').reply(12),
  ],
  [
    'a connection gets a number that another one has',
    (worker) => worker.waitUntil(40, LISTENER),
    (worker) => worker.accept(12).read(12, 'GET /c').reply(12),
  ],
  [
    'a listener is asked that no wait had told of',
    (worker) => worker.waitUntil(40, 11),
    (worker) => worker.accept(14).read(14, 'GET /c').reply(14).close(14),
  ],
  [
    'a client sends more that had no reply',
    (worker) => worker.waitUntil(40, 11).read(11, 'GET /b'),
    (worker) => worker.waitUntil(1_050, 11).read(11, 'GET /c').reply(11),
  ],
];

const computes: readonly [string, (worker: ThreadLines) => void, (worker: ThreadLines) => void][] = [
  [
    'a client that was told of is read next',
    (worker) => worker.waitUntil(40, 11, 12).read(11, 'GET /c'),
    (worker) => worker.reply(11).read(12, 'GET /d').reply(12),
  ],
  [
    'a new connection has a number of its own',
    (worker) => worker.waitUntil(40, LISTENER),
    (worker) => worker.accept(14).read(14, 'GET /c').reply(14).close(14),
  ],
  [
    'a client that has its reply is read at once again',
    (worker) => worker.waitUntil(40, 11).read(11, 'GET /c'),
    (worker) => worker.reply(11).readNothing(11),
  ],
  [
    'a client sends the rest of its body',
    (worker) => worker.waitUntil(40, 11).read(11, 'POST /up HTTP/1.1\\r\\nContent-Length: 9\\r\\n\\r\\n'),
    (worker) => worker.read(11, 'abcdefghi').reply(11),
  ],
];

describe('a silence of a worker', () => {
  for (const [title, before, then] of loseLines)
    it(`is no stall where ${title}: lines are missing`, async () => {
      const { report, notes } = await reportAfter(then, before);
      assert.equal(stalls(report), 0);
      assert.match(notes, MISSING);
      assert.equal(report.outcomes['loop-stall']?.status, 'not-applicable');
      assert.match(none(report, 'loop-stall'), MISSING);
    });

  for (const [title, before, then] of computes)
    it(`is a stall where ${title}`, async () => {
      const { report, notes } = await reportAfter(then, before);
      assert.equal(stalls(report), 1);
      assert.doesNotMatch(notes, MISSING);
    });
});

describe('lines that whoever copied a capture took out, and said so', () => {
  /** The worker computes for 970 ms in a request, or the lines of that time are missing: `mark` stands there. */
  const copied = async (mark: string) => {
    const { trace, worker } = oneWorker();
    worker.waitUntil(30, LISTENER).accept(12).read(12, 'GET /b');
    worker.at(1_000).reply(12);
    worker.waitUntil(1_400, LISTENER).serve(15, 'GET /z').waitUntil(2_000);
    const lines = trace.text().split('\n');
    const reply = lines.findIndex((line) => /(?:write|send\w*)\(12/.test(line));
    assert.ok(reply > 0, lines.join('\n'));
    return analyzed([...lines.slice(0, reply), ...(mark === '' ? [] : [mark]), ...lines.slice(reply)].join('\n'));
  };

  for (const mark of ['[...]', '...', '[snip]', '[.. omitted ..]'])
    it(`are no stall, and nobody says that there was none: ${mark}`, async () => {
      const report = await copied(mark);
      assert.match(none(report, 'loop-stall'), MISSING);
      assert.equal(report.verdict.confidence, 'cannot-tell');
    });

  it('are a stall where none was', async () => {
    assert.equal(ofKind(await copied(''), 'loop-stall').length, 1);
  });
});

it('a socket that -yy names by its number, and by its addresses once it is connected, is one socket', async () => {
  const peer = 'TCP:[127.0.0.1:56718->127.0.0.1:9000]';
  const report = await analyzed(
    [
      '7 1.000000 epoll_wait(4<anon_inode:[eventpoll]>, [{events=EPOLLIN, data={u32=3}}], 8, -1) = 1 <0.1>',
      '7 1.100100 accept4(3<TCP:[127.0.0.1:80]>, NULL, NULL, 0) = 9<TCP:[127.0.0.1:80->127.0.0.1:5000]> <0.0001>',
      '7 1.100300 read(9<TCP:[127.0.0.1:80->127.0.0.1:5000]>, "GET / HTTP/1.1\\r\\n\\r\\n", 99) = 18 <0.0001>',
      '7 1.100500 socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, IPPROTO_TCP) = 15<TCP:[341812]> <0.0001>',
      '7 1.100700 connect(15<TCP:[341812]>, {sa_family=AF_INET, sin_port=htons(9000), ' +
        'sin_addr=inet_addr("127.0.0.1")}, 16) = -1 EINPROGRESS (Operation now in progress) <0.0001>',
      `7 1.400000 getsockopt(15<${peer}>, SOL_SOCKET, SO_ERROR, [0], [4]) = 0 <0.0001>`,
      `7 1.400200 write(15<${peer}>, "GET / HTTP/1.1\\r\\n\\r\\n", 18) = 18 <0.0001>`,
      `7 1.400400 read(15<${peer}>, "HTTP/1.1 200 OK\\r\\n\\r\\n", 99) = 19 <0.0001>`,
      '7 1.400600 write(9<TCP:[127.0.0.1:80->127.0.0.1:5000]>, "HTTP/1.1 200 OK\\r\\n\\r\\n", 19) = 19 <0.0001>',
      '7 1.400800 epoll_wait(4<anon_inode:[eventpoll]>, [], 8, 900) = 0 <0.9>',
      '',
    ].join('\n'),
  );
  assert.doesNotMatch(report.quality.notes.join(' '), MISSING);
});
