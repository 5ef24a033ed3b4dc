import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { analyzed, ofKind } from '../support/analyzed.ts';

const START = 1_795_140_800;
const LISTENER = '5<TCP:[127.0.0.1:8000]>';

interface Served {
  /** Seconds from the beginning of the capture. */
  readonly at: number;
  readonly pid: number;
  readonly path: string;
  readonly isAnswered?: boolean;
}

/** A worker of gunicorn's sync kind that takes one connection, and reads its request. */
function serves({ at, pid, path, isAnswered = true }: Served): string[] {
  const line = (after: number, text: string): string => `${pid} ${(START + at + after).toFixed(6)} ${text}`;
  const request = `GET ${path} HTTP/1.1\\r\\n\\r\\n`;
  const lines = [
    line(-0.05, `pselect6(7, [${LISTENER}], NULL, NULL, {tv_sec=1}, NULL) = 1 (in [5]) <0.049000>`),
    line(0, `accept4(${LISTENER}, {sa_family=AF_INET}, [16], SOCK_CLOEXEC) = 9<socket:[77]> <0.000020>`),
    line(0.0001, `recvfrom(9<socket:[77]>, "${request}", 8192, 0, NULL, NULL) = ${request.length - 6} <0.000010>`),
  ];
  if (isAnswered)
    lines.push(
      line(0.0005, 'sendto(9<socket:[77]>, "HTTP/1.1 200 OK\\r\\n\\r\\n", 19, 0, NULL, 0) = 19 <0.000020>'),
      line(0.0006, 'close(9<socket:[77]>) = 0 <0.000010>'),
    );
  return lines;
}

interface Seen {
  readonly pid: number;
  /** Seconds of processor time since that look; `-` of who computes. */
  readonly call?: string;
  readonly forSeconds: number;
  readonly ran?: number;
  readonly end: number;
}

const seen = ({ pid, call = '-', forSeconds, ran = forSeconds, end }: Seen): string =>
  `strace: drover: event=seen ts=${(START + end).toFixed(6)} for=${forSeconds * 1e9} pid=${pid} tid=${pid} ` +
  `parent=100 call=${call} ran=${ran * 1e9} clients=1 comm=gunicorn`;

const waits = (pid: number, at: number): string =>
  `${pid} ${(START + at).toFixed(6)} pselect6(7, [${LISTENER}], NULL, NULL, {tv_sec=1}, NULL <unfinished ...>`;

/** Both workers served, and 101 has read a request `seconds` before the end that it does not answer. */
function held(seconds: number, ...more: readonly string[]): string {
  const end = 3 + seconds;
  return `${[
    ...serves({ at: 0.1, pid: 101, path: '/a' }),
    ...serves({ at: 0.5, pid: 103, path: '/b' }),
    waits(103, 0.6),
    ...serves({ at: 3 - 0.00011, pid: 101, path: '/report', isAnswered: false }),
    ...more,
    seen({ pid: 103, call: 'pselect6', forSeconds: 1, ran: 0, end }),
  ].join('\n')}\n`;
}

const computes = (seconds: number, ran = seconds): string =>
  seen({ pid: 101, forSeconds: seconds, ran, end: 3 + seconds });

async function told(capture: string): Promise<string[]> {
  return ofKind(await analyzed(capture), 'stuck-call').map(({ severity, title }) => `${severity}: ${title}`);
}

describe('a worker that serves one request at a time, seen at work by drover', () => {
  it('is told with the request that it computes for, for as long as nobody had an answer', async () => {
    assert.deepEqual(await told(held(7, computes(7))), [
      'warning: GET /report holds worker 101 at least 7.00 s: no system call',
    ]);
  });

  it('is told from a second on', async () => {
    assert.equal((await told(held(1, computes(1)))).length, 1);
    assert.deepEqual(await told(held(0.999, computes(0.999))), []);
  });

  it('is told when it goes from one short call to the next', async () => {
    const ladder = Array.from({ length: 97 }, (_, rung) => {
      const at = START + 3.01 + rung * 0.02;
      return `101 ${at.toFixed(6)} clock_nanosleep(CLOCK_REALTIME, 0, {tv_nsec=10000000}, NULL) = 0 <0.010000>`;
    });
    // At the last look it was in one of them, or between two, some time before the end.
    for (const call of ['clock_nanosleep', '-']) {
      const last = seen({ pid: 101, call, forSeconds: 0, end: 4.3 });
      assert.deepEqual(await told(held(2, ...ladder, last)), [
        'warning: GET /report holds worker 101 at least 2.00 s: short calls',
      ]);
    }
  });

  it('is no news where it was stopped, and where nobody looked', async () => {
    assert.deepEqual(await told(held(7, computes(7, 3.4))), []);
    assert.deepEqual(await told(held(7)), []);
  });

  it('is no news when it has answered', async () => {
    const reply = 'sendto(9<socket:[77]>, "HTTP/1.1 200 OK\\r\\n\\r\\n", 19, 0, NULL, 0) = 19 <0.000020>';
    const answered = `101 ${(START + 3.4).toFixed(6)} ${reply}`;
    assert.deepEqual(await told(held(7, answered, computes(6))), []);
  });

  it('is no news where the answers to most of its requests are not seen, but for the last', async () => {
    const unseen = (...ats: readonly number[]) =>
      ats.flatMap((at) => serves({ at, pid: 101, path: '/quiet', isAnswered: false }));
    // Of 3 requests the answer to 1 is seen; of 4 to 2.
    assert.deepEqual(await told(held(7, ...unseen(2), computes(7))), []);
    const seenTwice = held(7, ...serves({ at: 2.5, pid: 101, path: '/c' }), ...unseen(2), computes(7));
    assert.equal((await told(seenTwice)).length, 1);
  });

  it('is critical when all of them are', async () => {
    const other = [...serves({ at: 3.5, pid: 103, path: '/c', isAnswered: false })];
    const capture = held(7, ...other, computes(7))
      .replace(`${waits(103, 0.6)}\n`, '')
      .replace(/^.*pid=103 .*$/m, seen({ pid: 103, forSeconds: 6, end: 10 }));
    assert.deepEqual(await told(capture), [
      'critical: GET /report holds worker 101 at least 7.00 s (2 workers): no system call',
    ]);
  });
});

/** A process with threads: 101 accepts, 105 reads the request at 0.2 s and answers nobody up to the end at 8 s. */
function pool(ofThread: string, ...more: readonly string[]): string {
  const at = (seconds: number, tid: number, text: string): string => `${tid} ${(START + seconds).toFixed(6)} ${text}`;
  const wait = 'epoll_wait(6<anon_inode:[eventpoll]>, [{events=EPOLLIN, data={u32=5, u64=5}}], 64, 99) = 1 <0.05>';
  const request = 'GET /compute HTTP/1.1\\r\\n\\r\\n';
  const idle = Array.from({ length: 7 }, (_, second) =>
    at(0.3 + second, 101, 'epoll_wait(6<anon_inode:[eventpoll]>, [], 64, 1000) = 0 <0.990000>'),
  );
  return `${[
    at(0, 101, 'clone3({flags=CLONE_VM|CLONE_THREAD|CLONE_SIGHAND}, 88) = 105 <0.000050>'),
    at(0.001, 105, 'futex(0x7f01, FUTEX_WAIT_PRIVATE, 0, NULL) = 0 <0.190000>'),
    at(0.1, 101, wait),
    at(0.15, 101, `accept4(${LISTENER}, {sa_family=AF_INET}, [16], SOCK_CLOEXEC) = 9<socket:[77]> <0.000020>`),
    at(0.16, 101, 'futex(0x7f01, FUTEX_WAKE_PRIVATE, 1) = 1 <0.000010>'),
    at(0.2, 105, `recvfrom(9<socket:[77]>, "${request}", 8192, 0, NULL, NULL) = 25 <0.000010>`),
    ...idle,
    ...more,
    at(7.4, 101, 'epoll_wait(6<anon_inode:[eventpoll]>,  <unfinished ...>'),
    seen({ pid: 101, call: 'epoll_wait', forSeconds: 0, ran: 0, end: 8 }),
    ofThread,
  ].join('\n')}\n`;
}

const ofThread = (call: string, forSeconds: number): string =>
  seen({ pid: 101, call, forSeconds, end: 8 }).replace('tid=101', 'tid=105').replace('parent=100', 'parent=1');

describe('a thread of a pool, seen at work by drover', () => {
  it('is told with the request that it has computed for since it read it', async () => {
    assert.deepEqual(await told(pool(ofThread('-', 7.5))), [
      'warning: GET /compute holds thread 105 of 101 at least 7.80 s: no system call',
    ]);
  });

  it('is no news where it was seen in a wait that the capture does not show', async () => {
    const waits = ofThread('futex', 7.5).replace(/ ran=\d+/, ' ran=0');
    assert.deepEqual(await told(pool(waits)), []);
  });

  it('is told when it makes short calls, and no news when it mostly waits, unless its code serves', async () => {
    const waits = (seconds: string): string[] =>
      Array.from({ length: 37 }, (_, index) => {
        const stamp = (START + 0.5 + index * 0.2).toFixed(6);
        return `105 ${stamp} futex(0x7f05, FUTEX_WAIT_PRIVATE, 0, NULL) = 0 <${seconds}>`;
      });
    assert.deepEqual(await told(pool(ofThread('-', 0), ...waits('0.010000'))), [
      'warning: GET /compute holds thread 105 of 101 at least 7.80 s: short calls',
    ]);
    const calls = waits('0.150000');
    assert.deepEqual(await told(pool(ofThread('-', 0), ...calls)), []);
    const code = (frames: string): string =>
      `strace: drover: event=code ts=${(START + 2).toFixed(6)} took=9000000 pid=101 tid=105 by=py-spy frames=${frames}`;
    const library = '/usr/lib/python3/dist-packages/gunicorn/workers/gthread.py';
    const serving = `application@/srv/app.py:33,handle_request@${library}:338,handle@${library}:279`;
    assert.deepEqual(await told(pool(ofThread('-', 0), ...calls, code(serving))), [
      'warning: GET /compute holds thread 105 of 101 at least 7.80 s, app.py:33 application()',
    ]);
    const parked =
      'wait@/usr/lib/python3.11/threading.py:320,_worker@/usr/lib/python3.11/concurrent/futures/thread.py:81';
    assert.deepEqual(await told(pool(ofThread('-', 0), ...calls, code(parked))), []);
  });
});

describe('a loop whose first request since bpftrace came never ends', () => {
  /** 101 gets a request, computes for 7 s, and 103 has a timer; 105 has a thread that waits in futex at times. */
  function capture(): string {
    const wait = (pid: number): string =>
      `event=in ts=900000000 pid=${pid} tid=${pid} nr=232 a=8,7ffe,400,64,0,0 data=`;
    const look = (pid: number, call: string, forMs: number, parent: number): string =>
      `event=seen ts=9000000000 for=${forMs}000000 pid=${pid} tid=${pid} parent=${parent} call=${call} ` +
      `ran=${call === '-' ? forMs : 0}000000 clients=1 comm=python3`;
    return `${[
      wait(101),
      wait(103),
      'event=start program=calls version=1 machine=x86-64 ts=1000000000 clock=1795140800.000000',
      'ts=2000000000 dur=9000 pid=101 tid=101 nr=288 ret=9 a=6,0,0,80800 data=',
      'ts=2000100000 dur=5000 pid=101 tid=101 nr=45 ret=20 a=9,7ffe,2000,0 data=GET /a HTTP/1.1\\x0d\\x0a\\x0d\\x0a',
      ...Array.from(
        { length: 69 },
        (_, tick) => `ts=${2e9 + tick * 1e8} dur=99900000 pid=103 tid=103 nr=232 ret=0 a=8,7ffe,400,64 data=`,
      ),
      // While bpftrace took its probes away 103 came back once more.
      'ts=8900000000 dur=150000000 pid=103 tid=103 nr=232 ret=0 a=8,7ffe,400,64 data=',
      'event=end ts=9000000000',
      wait(103),
      look(100, 'futex', 6_000, 1),
      look(101, '-', 6_000, 100),
      look(103, 'epoll_wait', 0, 100),
    ].join('\n')}\n`;
  }

  it('is a stall with that request, though bpftrace shows nobody in a call at the end', async () => {
    const report = await analyzed(capture());
    assert.deepEqual(
      ofKind(report, 'loop-stall').map(({ severity, confidence, title }) => `${severity}, ${confidence}: ${title}`),
      // From its accept at 2 s to the last line at 9.05 s.
      ['critical, likely: GET /a holds worker 101 at least 7.05 s: computes, or waits for a CPU'],
    );
    assert.deepEqual(
      report.workers.filter(({ role }) => role === 'event-loop').map(({ pid }) => pid),
      [101, 103],
    );
  });
});

describe('a sync worker whose first request since bpftrace came never ends', () => {
  /** 101 and 103 wait for the listener 5 and the pipe 7 when bpftrace comes; 101 gets a request, 103 none. */
  function capture({ isAtWork = false } = {}): string {
    const pids = [101, 103];
    const wait = (pid: number): string =>
      `event=in ts=900000000 pid=${pid} tid=${pid} nr=270 a=8,7ffe,0,0,7ffd,0 data=\\xa0${'\\x00'.repeat(7)}`;
    const look = (pid: number, call: string, ran: number): string =>
      `event=seen ts=9000000000 for=6000000000 pid=${pid} tid=${pid} parent=100 call=${call} ran=${ran} ` +
      'clients=1 comm=gunicorn';
    return `${[
      ...pids.flatMap((pid) => [
        `event=fd pid=${pid} fd=5 is=socket:[77]`,
        `event=fd pid=${pid} fd=7 is=pipe:[8${pid}]`,
        wait(pid),
      ]),
      'event=start program=calls version=1 machine=x86-64 ts=1000000000 clock=1795140800.000000',
      'ts=2000000000 dur=9000 pid=101 tid=101 nr=288 ret=9 a=5,0,0,80000 data=',
      'ts=2000100000 dur=5000 pid=101 tid=101 nr=45 ret=20 a=9,7ffe,2000,0 data=GET /a HTTP/1.1\\x0d\\x0a\\x0d\\x0a',
      ...(isAtWork
        ? [
            'ts=2500000000 dur=9000 pid=103 tid=103 nr=288 ret=9 a=5,0,0,80000 data=',
            'ts=2500100000 dur=5000 pid=103 tid=103 nr=45 ret=18 a=9,7ffe,2000,0 data=GET / HTTP/1.1\\x0d\\x0a\\x0d\\x0a',
            'ts=2500200000 dur=5000 pid=103 tid=103 nr=44 ret=19 a=9,7ffe,13,0 data=HTTP/1.1 200 OK\\x0d\\x0a\\x0d\\x0a',
            'ts=2500300000 dur=5000 pid=103 tid=103 nr=3 ret=0 a=9,0,0,0 data=',
          ]
        : ['event=end ts=9000000000', wait(103)]),
      look(101, '-', 6e9),
      look(103, 'pselect6', 0),
    ].join('\n')}\n`;
  }

  it('is told with that request; the one that waits for a client all the time is a worker, too', async () => {
    const report = await analyzed(capture());
    assert.deepEqual(
      ofKind(report, 'stuck-call').map(({ severity, title }) => `${severity}: ${title}`),
      ['warning: GET /a holds worker 101 at least 7.00 s: no system call'],
    );
    assert.deepEqual(
      report.workers.map(({ pid, role }) => [pid, role]),
      [
        [101, 'sync-worker'],
        [103, 'sync-worker'],
      ],
    );
  });

  it('is alone where the other one is back in its wait, which no line tells while bpftrace is at work', async () => {
    const { findings } = await analyzed(capture({ isAtWork: true }), {}, { goesOn: true });
    assert.deepEqual(
      findings.filter(({ effectOf }) => effectOf === null).map(({ kind, severity }) => `${severity} ${kind}`),
      ['warning stuck-call'],
    );
  });
});
