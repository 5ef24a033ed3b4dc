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
