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
