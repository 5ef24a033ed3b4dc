import assert from 'node:assert/strict';
import { it } from 'node:test';
import { analyzed, only } from '../support/analyzed.ts';
import { attached } from '../support/server-lines.ts';
import { HUB, LISTENER } from '../support/thread-lines.ts';

/** Attached to two threads with names: one serves and yields, for long without a wait; the other one waits. */
async function severity({ yields = 23, otherSet = HUB }) {
  const { trace, workers } = attached([101, 102]);
  const [scheduler, other] = workers;
  assert.ok(scheduler !== undefined && other !== undefined);
  other.labels.set(otherSet, 'anon_inode:[eventpoll]');
  scheduler.waitUntil(50, LISTENER).accept(11).read(11, 'GET /a').reply(11).close(11).waitUntil(100);
  for (let at = 100; at < 2_000; at += 100) other.epollWait(otherSet, 99, []).gap(1);
  for (let index = 0; index < yields; index++) scheduler.call('sched_yield(', ')', 0).gap(60);
  scheduler.at(1_700).waitUntil(2_000);
  return only(await analyzed(trace), 'loop-stall');
}

it('a thread that yields as schedulers of Erlang do may be idle while another waits under its number', async () => {
  const { severity: of, confidence, summary } = await severity({});
  assert.deepEqual([of, confidence], ['info', 'possible']);
  assert.match(summary, /Cannot tell whether that is a stall: another thread/);
});

it('it is one where it hardly yields, or where nobody waits under that number', async () => {
  assert.equal((await severity({ yields: 19 })).severity, 'critical');
  assert.equal((await severity({ otherSet: 8 })).severity, 'critical');
});
