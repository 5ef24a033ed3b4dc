import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { analyzed, none, only } from '../support/analyzed.ts';
import { attached } from '../support/server-lines.ts';
import type { TraceLines } from '../support/trace-lines.ts';

/** The second half of a wait that strace wrote in two, as it stands when the first one is lost. */
function secondHalf(line: string): string {
  const [, tid, stamp = '', rest, seconds = ''] =
    /^(\d+) +(\S+) epoll_wait\(\d+<[^>]*>, (.* <(\S+)>)$/.exec(line) ?? [];
  assert.notEqual(seconds, '', line);
  return `${tid} ${(Number(stamp) + Number(seconds)).toFixed(6)} <... epoll_wait resumed>${rest}`;
}

/** The trace as it is when its beginning was cut off: the first wait has an end only. */
function cut(trace: TraceLines): string {
  const [first = '', ...others] = trace.text().split('\n');
  return [secondHalf(first), ...others].join('\n');
}

/** A worker that serves a connection every 70 ms, and waits in between. */
function calmWorker(): { readonly trace: TraceLines; readonly worker: ReturnType<typeof attached>['workers'][number] } {
  const { trace, workers } = attached([101]);
  const [worker] = workers;
  assert.ok(worker !== undefined);
  for (let count = 1; count <= 11; count++) worker.waitUntil(count * 70, 3).serve(11, 'GET /a');
  return { trace, worker };
}

describe('a capture whose beginning was cut off within a wait', () => {
  it('takes that wait for one on the set that the thread waits on next', async () => {
    const { trace, worker } = calmWorker();
    worker.waitUntil(5000);
    none(await analyzed(cut(trace)), 'loop-stall');
  });

  it('still tells the stall of that thread, and no longer than it is', async () => {
    const { trace, worker } = calmWorker();
    worker.call('clock_nanosleep(CLOCK_MONOTONIC, 0, {tv_sec=0, tv_nsec=700000000}, ', 'NULL)', 0, 700).waitUntil(5000);
    const { metrics } = only(await analyzed(cut(trace)), 'loop-stall');
    assert.ok(Math.abs((metrics.longestMs as number) - 700) < 5, `${metrics.longestMs} ms`);
  });

  it('knows a wait whose beginning got lost later for one of the loop', async () => {
    const { trace, worker } = calmWorker();
    worker.waitUntil(2000, 3).serve(11, 'GET /b').waitUntil(2100, 3).serve(11, 'GET /c').waitUntil(2500);
    const lines = trace.text().split('\n');
    const late = lines.findIndex((line) => / <1\.\d+>$/.test(line));
    const orphan = secondHalf(lines[late] ?? '');
    none(await analyzed(lines.with(late, orphan).join('\n')), 'loop-stall');
  });
});
