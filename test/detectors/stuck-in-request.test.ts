import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { analyzed, ofKind } from '../support/analyzed.ts';

const SECONDS = 7;
const END = `${(SECONDS + 1) * 1e9}`;
const SLEEP = { call: 'clock_nanosleep', number: 230, words: '1,0,7f00,0,0,0' };
const LOCK = { call: 'futex', number: 202, words: '7f00,89,0,0,0,0' };
const VIEW = 'view@/srv/app.py:12';
const SERVING = `${VIEW},handle_request@/usr/lib/python3/dist-packages/gunicorn/workers/gthread.py:323`;
const KEEPING_TIME = `${VIEW},run@/usr/lib/python3.11/threading.py:975`;

/** Threads of the pools of two workers, whose first threads go on to wait for clients. */
function pools(frames: string, { call, number, words }: typeof SLEEP, clients = 1): string {
  const workers = [103, 107].flatMap((pid) => [
    `event=seen ts=${END} for=0 pid=${pid} tid=${pid} parent=101 call=epoll_wait ran=0 clients=${clients} comm=gunicorn`,
    ...[pid + 100, pid + 200].map(
      (tid) =>
        `event=seen ts=${END} for=${SECONDS}000000000 pid=${pid} tid=${tid} parent=101 call=${call} ran=0 ` +
        `clients=${clients} comm=gunicorn`,
    ),
  ]);
  const rounds = [103, 107].flatMap((pid) =>
    Array.from(
      { length: SECONDS - 1 },
      (_, second) => `ts=${2e9 + second * 1e9} dur=990000000 pid=${pid} tid=${pid} nr=232 ret=0 a=7,7f00,40,3e8 data=`,
    ),
  );
  const inCall = [203, 303, 207, 307].map(
    (tid) => `event=in ts=900000000 pid=${tid % 100 === 3 ? 103 : 107} tid=${tid} nr=${number} a=${words} data=`,
  );
  const seen = [203, 303, 207, 307].map(
    (tid) =>
      `event=code ts=3000000000 took=70000000 pid=${tid % 100 === 3 ? 103 : 107} tid=${tid} by=py-spy frames=${frames}`,
  );
  return [
    ...inCall,
    'event=start program=calls version=1 machine=x86-64 ts=1000000000 clock=1795140800.000000',
    ...rounds.toSorted(),
    `event=end ts=${END}`,
    ...seen,
    `event=seen ts=${END} for=0 pid=101 tid=101 parent=1 call=pselect6 ran=0 clients=0 comm=gunicorn`,
    ...workers,
    '',
  ].join('\n');
}

async function told(capture: string): Promise<readonly string[]> {
  return ofKind(await analyzed(capture), 'stuck-call').map(({ severity, title }) => `${severity}: ${title}`);
}

describe('threads of a pool that did not come back from a call in the whole capture', () => {
  for (const wait of [SLEEP, LOCK])
    it(`are stuck in ${wait.call} where the code that was seen serves a request`, async () => {
      assert.deepEqual(await told(pools(SERVING, wait)), [
        `warning: 4 threads of 2 processes are stuck in ${wait.call}, app.py:12 view()`,
      ]);
    });

  it('keep time, or wait for work, where it does not', async () => {
    assert.deepEqual(await told(pools(KEEPING_TIME, SLEEP)), []);
    assert.deepEqual(await told(pools(KEEPING_TIME, LOCK)), []);
  });

  it('may have been left by their clients where none is connected', async () => {
    assert.deepEqual(await told(pools(SERVING, SLEEP, 0)), []);
  });
});

/** A thread of a pool, found in futex by bpftrace; the looks say that it left that, and has computed for 4 s. */
function computing(frames: string): string {
  const look = (tid: number, call: string, forMs: number, ran: number): string =>
    `event=seen ts=${END} for=${forMs}000000 pid=103 tid=${tid} parent=101 call=${call} ran=${ran}000000 clients=1 ` +
    'comm=python3';
  return [
    'event=in ts=900000000 pid=103 tid=203 nr=202 a=7f00,89,0,0,0,0 data=',
    'event=start program=calls version=1 machine=x86-64 ts=1000000000 clock=1795140800.000000',
    ...Array.from(
      { length: SECONDS - 1 },
      (_, second) => `ts=${2e9 + second * 1e9} dur=990000000 pid=103 tid=103 nr=232 ret=0 a=7,7f00,40,3e8 data=`,
    ),
    `event=end ts=${END}`,
    `event=code ts=5000000000 took=70000000 pid=103 tid=203 by=py-spy frames=${frames}`,
    look(103, 'epoll_wait', 0, 0),
    look(203, '-', 4_000, 4_000),
    '',
  ].join('\n');
}

describe('a thread of a pool that computes, and whose request another thread read', () => {
  it('is told by its code', async () => {
    const [finding] = ofKind(await analyzed(computing(SERVING)), 'stuck-call');
    assert.deepEqual(
      [finding?.severity, finding?.title],
      ['warning', 'Thread 203 of 103 makes no system call for at least 4.00 s, app.py:12 view()'],
    );
    assert.match(finding?.summary ?? '', /^Thread 203 of 103 made no system call for at least 4\.00 s: computing/);
  });

  it('may keep house where its code does not serve', async () => {
    assert.deepEqual(await told(computing(KEEPING_TIME)), []);
  });
});

describe('threads that take turns to wait for one client each, as those of uWSGI', () => {
  /** Nobody made a call: the first one waits at an epoll instance for so many events, the others for a mutex. */
  const idle = (events: number, comm = 'engine'): string => {
    const found = [
      `event=in ts=900000000 pid=103 tid=103 nr=232 a=4,7f00,${events},ffffffff,0,0 data=`,
      ...[203, 303].map((tid) => `event=in ts=900000000 pid=103 tid=${tid} nr=202 a=5600,80,2,0,0,0 data=`),
    ];
    return [
      ...found,
      'event=start program=calls version=1 machine=x86-64 ts=1000000000 clock=1795140800.000000',
      `event=end ts=${END}`,
      ...found.map((line) => line.replace('900000000', END)),
      ...[103, 203, 303].map(
        (tid) =>
          `event=seen ts=${END} for=7000000000 pid=103 tid=${tid} parent=101 ` +
          `call=${tid === 103 ? 'epoll_wait' : 'futex'} ran=0 clients=1 comm=${comm}`,
      ),
      '',
    ].join('\n');
  };

  it('are not stuck in the mutex while one of them waits for its client', async () => {
    assert.deepEqual(await told(idle(1)), []);
  });

  it('are not in uWSGI, of which strace does not show for how many events it waits', async () => {
    assert.deepEqual(await told(idle(40, 'uwsgi')), []);
  });

  it('are, where who waits for events takes many of them', async () => {
    assert.deepEqual(await told(idle(40)), [
      'critical: 2 threads of 103 are stuck in futex: the lock at 0x5600 is taken',
    ]);
  });
});
