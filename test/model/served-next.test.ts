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
    assert.match(title, /^GET \/slow holds worker 101 (?:for )?70\d ms: sleeps/);
  });

  it('is work after the first reply where the second request had waited for something else meanwhile', async () => {
    const { title } = only(await analyzed(sleepsBetween('two waits')), 'loop-stall');
    assert.match(title, /^(?:Work after )?GET \/quick holds worker 101 (?:for )?70\d ms: sleeps/);
  });
});

/** A loop reads three requests in one go, sleeps, and answers them in that order; it may look for events in between. */
function sleepsBefore(order: readonly number[], looks = false): TraceLines {
  const { trace, worker } = oneWorker();
  worker.waitUntil(50, LISTENER);
  for (const fd of [11, 12, 13]) worker.accept(fd);
  worker.waitUntil(60, 11, 12, 13).read(11, 'GET /one').read(12, 'GET /two').read(13, 'GET /three');
  if (looks) worker.waitUntil(worker.now + 0.02);
  worker.call('clock_nanosleep(CLOCK_REALTIME, 0, {tv_sec=0, tv_nsec=700000000}, NULL', ')', 0, 700);
  for (const fd of order) worker.reply(fd);
  worker.waitUntil(worker.now + 1_000);
  return trace;
}

describe('what a loop does before it sends the replies to several requests that it read in one go', () => {
  const ORDERS = [
    [11, 12, 13],
    [12, 13, 11],
    [13, 11, 12],
  ] as const;
  for (const order of ORDERS)
    it(`is for any of them, in whichever order these go: ${order.join(', ')}`, async () => {
      const { title, summary, metrics } = only(await analyzed(sleepsBefore(order)), 'loop-stall');
      assert.match(title, /^Worker 101 stalled 70\d ms: sleeps/);
      assert.match(
        summary,
        /for one of 3 requests that it had read, and nothing tells for which: clock_nanosleep took/,
      );
      assert.equal(metrics['request'], '');
    });

  it('is for the one that is answered next where it looked for events in between, as asyncio does', async () => {
    const { title } = only(await analyzed(sleepsBefore([11, 12, 13], true)), 'loop-stall');
    assert.match(title, /^GET \/one holds worker 101 (?:for )?70\d ms: sleeps/);
  });

  it('is for the only one that it has read and not answered', async () => {
    const { trace, worker } = oneWorker();
    worker.waitUntil(50, LISTENER).accept(11).accept(12);
    worker.waitUntil(60, 11, 12).read(11, 'GET /one').reply(11).read(12, 'GET /two');
    worker.call('clock_nanosleep(CLOCK_REALTIME, 0, {tv_sec=0, tv_nsec=700000000}, NULL', ')', 0, 700).reply(12);
    worker.waitUntil(worker.now + 1_000);
    assert.match(only(await analyzed(trace), 'loop-stall').title, /^GET \/two holds worker 101 (?:for )?70\d ms/);
  });
});
