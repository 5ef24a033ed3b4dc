import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Report } from '../../src/analysis/report.ts';
import { analyzed, only } from '../support/analyzed.ts';

/** Captures in which strace was told to leave something of each call out, or whole calls by their result. */

const stamp = (ms: number) => (1_795_140_800 + ms / 1000).toFixed(6);
const WOKEN = '[{events=EPOLLIN, data={u32=5, u64=5}}], 64, 1000) = 1';
const PEER = '{sa_family=AF_INET, sin_port=htons(40000), sin_addr=inet_addr("127.0.0.1")}, [16], SOCK_CLOEXEC';

/** A worker that takes two of its clients, and finds none so often after it was told of one. */
function woken(often: number, failed: 'shown' | 'left out'): string {
  const lines: string[] = [];
  for (let round = 0; round < 40; round++) {
    const at = round * 50;
    lines.push(`7 ${stamp(at)} epoll_wait(7<anon_inode:[eventpoll]>, ${WOKEN} <0.040000>`);
    if (round === 0 || round >= often + 1) {
      lines.push(
        `7 ${stamp(at + 41)} accept4(5<socket:[17]>, ${PEER}) = 9<socket:[${100 + round}]> <0.000020>`,
        `7 ${stamp(at + 42)} recvfrom(9<socket:[${100 + round}]>, "GET /a HTTP/1.1\\r\\n\\r\\n", 99, 0, NULL, NULL) = 19 <0.000020>`,
        `7 ${stamp(at + 43)} sendto(9<socket:[${100 + round}]>, "HTTP/1.1 200 OK\\r\\n\\r\\n", 19, 0, NULL, 0) = 19 <0.000020>`,
        `7 ${stamp(at + 44)} close(9<socket:[${100 + round}]>) = 0 <0.000020>`,
      );
    } else if (failed === 'shown')
      lines.push(
        `7 ${stamp(at + 41)} accept4(5<socket:[17]>, NULL, NULL, SOCK_CLOEXEC) = -1 EAGAIN (Resource temporarily unavailable) <0.000020>`,
      );
    lines.push(`7 ${stamp(at + 46)} getpid() = 7 <0.000010>`);
  }
  return `${lines.join('\n')}\n`;
}

const notesOf = ({ quality }: Report): string => quality.notes.join(' ');

describe('a capture without the calls that failed', () => {
  it('of one thread is known by waits that told of a client, after which no accept came', async () => {
    const report = await analyzed(woken(7, 'left out'));
    assert.match(report.verdict.text, /^Cannot tell: the capture holds no call that had not returned, and perhaps/);
    assert.match(notesOf(report), /No call of the capture failed, although 7 waits told of a client/);
    for (const kind of ['thundering-herd', 'accept-errors', 'error-storm', 'loop-stall'] as const)
      assert.notEqual(report.outcomes[kind]?.status, 'clear', kind);
  });

  it('is none where the accepts that found nobody are in it, or where a few waits alone look so', async () => {
    for (const trace of [woken(7, 'shown'), woken(4, 'left out')]) {
      const report = await analyzed(trace);
      assert.doesNotMatch(notesOf(report), /No call of the capture failed/);
      assert.doesNotMatch(report.verdict.text, /failed ones only/);
    }
  });
});

describe('a capture with raw arguments (-e raw=all)', () => {
  /** One loop, which computes for so long in its third request. */
  const raw = (ms: number): string => {
    const lines: string[] = [];
    let at = 0;
    for (let round = 0; round < 30; round++) {
      lines.push(
        `7 ${stamp(at)} epoll_wait(0x7, 0x21f7d760, 0x40, 0x3e8) = 0x1 <0.040000>`,
        `7 ${stamp(at + 41)} accept4(0x5, 0x7fffb5decef0, 0x7fffb5dececc, 0x80800) = 0xc <0.000029>`,
        `7 ${stamp(at + 43)} recvfrom(0xc, 0x7fffb5decef0, 0x2000, 0, 0, 0) = 0x34 <0.000029>`,
      );
      if (round === 2) at += ms;
      lines.push(
        `7 ${stamp(at + 44)} sendto(0xc, 0x7fffb5decef0, 0x93, 0, 0, 0) = 0x93 <0.000029>`,
        `7 ${stamp(at + 45)} close(0xc) = 0 <0.000029>`,
        `7 ${stamp(at + 46)} accept4(0x5, 0x7fffb5decef0, 0x7fffb5dececc, 0x80800) = -1 EAGAIN (Resource temporarily unavailable) <0.000029>`,
      );
      at += 50;
    }
    return `${lines.join('\n')}\n`;
  };

  it('is judged by how long calls and turns took, and says that what they are about is not shown', async () => {
    const report = await analyzed(raw(710));
    const { severity, metrics } = only(report, 'loop-stall');
    assert.deepEqual([severity, metrics.longestMs], ['warning', 720]);
    assert.match(notesOf(report), /Arguments are shown as numbers \(-e raw\)/);
    assert.doesNotMatch(notesOf(report), /Record with -y/);
  });

  it('is no all-clear', async () => {
    const { verdict } = await analyzed(raw(0));
    assert.match(verdict.text, /^Cannot tell: arguments are numbers \(-e raw\)/);
  });
});

describe('a capture of long calls alone (perf trace --duration)', () => {
  /** A worker whose calls take at least so long, idle or not. */
  const long = (shortestMs: number, call: string): string =>
    Array.from(
      { length: 60 },
      (_, round) =>
        `7 ${stamp(round * 50)} ${round === 3 ? `${call} <${(shortestMs / 1000).toFixed(6)}>` : 'epoll_wait(7, [], 64, 40) = 0 <0.040000>'}\n`,
    ).join('');

  it('says that shorter ones are missing, and clears nothing', async () => {
    const report = await analyzed(long(1, 'recvfrom(9, "a", 99, 0, NULL, NULL) = 1'));
    assert.match(report.verdict.text, /^Cannot tell: calls shorter than 1 ms are not in the capture/);
    assert.match(notesOf(report), /No call took less than 1 ms/);
    assert.deepEqual(
      Object.entries(report.outcomes).filter(([kind, { status }]) => status === 'clear' && kind !== 'worker-death'),
      [],
    );
  });

  it('is none where one of them is short, or where a thread that is idle only waits', async () => {
    for (const trace of [
      long(0.999, 'recvfrom(9, "a", 99, 0, NULL, NULL) = 1'),
      long(1, 'futex(0x7f, FUTEX_WAIT, 1, NULL) = 0'),
    ])
      assert.doesNotMatch(notesOf(await analyzed(trace)), /No call took less/);
  });
});
