import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { analyzed, only } from '../support/analyzed.ts';
import { oneWorker } from '../support/server-lines.ts';
import { LISTENER } from '../support/thread-lines.ts';
import type { TraceLines } from '../support/trace-lines.ts';

/** A loop that reads two requests, and sleeps after the first was answered; what `between` adds lies before that. */
function sleepsBetween(between: 'nothing' | 'two waits'): TraceLines {
  const { trace, worker } = oneWorker();
  worker.waitUntil(50, LISTENER).accept(11).read(11, 'GET /quick').accept(12).read(12, 'GET /slow');
  if (between === 'two waits') worker.waitUntil(80, 13).call('getpid(', ')', 101).waitUntil(120, 13);
  worker
    .waitUntil(worker.now + 10, 13)
    .reply(11)
    .close(11);
  worker.call('clock_nanosleep(CLOCK_REALTIME, 0, {tv_sec=0, tv_nsec=700000000}, NULL', ')', 0, 700);
  worker
    .reply(12)
    .close(12)
    .waitUntil(worker.now + 1_000);
  return trace;
}

describe('what a loop does between two replies', () => {
  it('is for the second request, which was read just before: loops of tasks begin to serve later', async () => {
    const { title } = only(await analyzed(sleepsBetween('nothing')), 'loop-stall');
    assert.match(title, /^GET \/slow holds worker 101 (?:for )?70\d ms: it sleeps/);
  });

  it('is work after the first reply where the second request had waited for something else meanwhile', async () => {
    const { title } = only(await analyzed(sleepsBetween('two waits')), 'loop-stall');
    assert.match(title, /^(?:Work after )?GET \/quick holds worker 101 (?:for )?70\d ms: it sleeps/);
  });
});
