import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Report } from '../../src/analysis/report.ts';
import { analyzed } from '../support/analyzed.ts';
import { POSTGRES_IN_PERF_TRACE } from './postgres-in-perf-trace.ts';

/** Lines of `perf trace`, each call 20 us after the one before. */
function perfLines(thread: string): { readonly lines: string[]; call(milliseconds: number, text: string): void } {
  const lines: string[] = [];
  let at = 1;
  return {
    lines,
    call(milliseconds, text) {
      lines.push(`${at.toFixed(3).padStart(10)} (${milliseconds.toFixed(3).padStart(6)} ms): ${thread} ${text}`);
      at += milliseconds + 0.02;
    },
  };
}

/** The parent of PostgreSQL under `perf trace`: it waits in select, accepts, and forks; as recorded, without names. */
function postmaster(waits: readonly number[]): string {
  const { lines, call } = perfLines('postgres/7');
  for (const [index, wait] of waits.entries()) {
    call(wait, 'pselect6(n: 7, inp: 0x7ffe65a84cd0, tsp: 0x7ffe65a84b90) = 1');
    call(0.03, 'accept(fd: 5<socket:[193]>, upeer_sockaddr: 0x56, upeer_addrlen: 0x56) = 7');
    call(0.7, `clone(clone_flags: CHILD_CLEARTID|CHILD_SETTID|0x11, child_tidptr: 0x7f70) = ${900 + index} (postgres)`);
    call(0.01, 'close(fd: 7) = 0');
  }
  return `${lines.join('\n')}\n`;
}

/** A server that answers each client itself, and syncs a file for so long before the third answer. */
function server(waits: readonly number[], synced: number): string {
  const { lines, call } = perfLines('reactor/7');
  for (const [index, wait] of waits.entries()) {
    call(wait, 'select(n: 7, inp: 0x7ffe65a84cd0, tvp: 0x7ffe65a84b90) = 1');
    call(0.03, 'accept4(fd: 5<socket:[193]>, upeer_sockaddr: 0x56, upeer_addrlen: 0x56, flags: NONBLOCK) = 7');
    call(0.02, 'recvfrom(fd: 7<socket:[2001]>, ubuf: 0x7ffe, size: 4096) = 78');
    if (index === 2) call(synced, 'fsync(fd: 9</srv/app/log>) = 0');
    call(0.05, 'sendto(fd: 7<socket:[2001]>, buff: 0x7ffe, len: 113, flags: NOSIGNAL) = 113');
    call(0.01, 'close(fd: 7<socket:[2001]>) = 0');
  }
  return `${lines.join('\n')}\n`;
}

const loud = ({ findings }: Report): readonly string[] =>
  findings.filter(({ severity }) => severity !== 'info').map(({ title }) => title);

describe('a set that the capture does not tell', () => {
  it('is the wait for work where an accept follows: a server that waits for clients has no stall', async () => {
    const report = await analyzed(postmaster([900, 1_400, 720, 2_300]));
    assert.deepEqual(loud(report), []);
    assert.equal(report.workers.find(({ pid }) => pid === 7)?.accepted, 4);
  });

  it('leaves no fault in a recorded PostgreSQL, and what its clients asked is not known', async () => {
    const report = await analyzed(POSTGRES_IN_PERF_TRACE);
    assert.deepEqual(loud(report), []);
    assert.equal(report.verdict.confidence, 'cannot-tell');
    assert.match(report.verdict.text, /what clients asked of PostgreSQL is not in the capture/);
    assert.equal(report.outcomes['session-lock']?.status, 'not-applicable');
  });

  it('hides no stall between an accept and the next wait', async () => {
    assert.deepEqual(loud(await analyzed(server([900, 1_400, 720, 2_300], 3))), []);
    const [stall = '', ...others] = loud(await analyzed(server([900, 1_400, 720, 2_300], 1_511)));
    assert.match(stall, /1\.51 s.*fsync|fsync.*1\.51 s/);
    assert.deepEqual(others, []);
  });
});
