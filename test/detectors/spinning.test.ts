import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { analyzed, only } from '../support/analyzed.ts';
import { oneWorker } from '../support/server-lines.ts';
import { LISTENER } from '../support/thread-lines.ts';

/** A request in which the worker makes so many calls, one every so many ms, of which some take 7 ms on a busy host. */
async function titleOf(calls: number, everyMs: number, slow: number, call = 'getppid('): Promise<string> {
  const { trace, worker } = oneWorker();
  worker.waitUntil(300, LISTENER).accept(11).read(11, 'GET /a');
  const begin = worker.now;
  for (let index = 0; index < calls; index++) {
    const isSlow = index % Math.ceil(calls / slow) === 0;
    worker.call(call, ')', 77, isSlow ? 7 : 0.005);
    worker.at(Math.max(worker.now, begin + index * everyMs));
  }
  worker
    .reply(11)
    .close(11)
    .waitUntil(worker.now + 1_000);
  return only(await analyzed(trace), 'loop-stall').title;
}

// As of an asyncio server that asked for its parent for 0.6 s in a request, 12,624 times, on a host with a load of 30.
describe('a loop that makes one call again and again, which waits for nothing', () => {
  it('is said to spin, and not that it did not run', async () => {
    assert.match(await titleOf(1_499, 0.25, 37), /^GET \/a holds worker 101 .*: spins in getppid$/);
    assert.match(await titleOf(1_499, 0.25, 37, 'lseek(0, 0, SEEK_SET'), /: spins in lseek$/);
  });

  it('is not said to spin where it made few calls, far apart, or of another kind', async () => {
    assert.doesNotMatch(await titleOf(993, 0.25, 37), /spins/);
    assert.doesNotMatch(await titleOf(1_031, 0.6, 37), /spins/);
    assert.doesNotMatch(await titleOf(1_499, 0.25, 37, 'mprotect(0x7f0000, 4096, PROT_READ'), /spins/);
  });

  it('is not said to spin where one pause took most of the time', async () => {
    const { trace, worker } = oneWorker();
    worker.waitUntil(300, LISTENER).accept(11).read(11, 'GET /a');
    for (let index = 0; index < 1_499; index++) worker.call('getppid(', ')', 77, index === 700 ? 400 : 0.005);
    worker.reply(11).close(11).waitUntil(2_000);
    const { title, metrics } = only(await analyzed(trace), 'loop-stall');
    assert.doesNotMatch(title, /spins/);
    assert.equal(metrics.cause, 'not-running');
  });
});
