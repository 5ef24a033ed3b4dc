import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { DumpSchedule } from '../../src/cli/capture/dump-schedule.ts';

/** Dumps that take a while, and what each was written for. */
function scheduled({ everyMs = 60_000, mostDumps = 7, takesMs = 5, fails = false } = {}) {
  const written: (readonly [reason: string, more: number])[] = [];
  const schedule = new DumpSchedule({
    everyMs,
    mostDumps,
    write: async (reason, more) => {
      await pause(takesMs);
      written.push([reason, more]);
      return !fails;
    },
  });
  return { schedule, written };
}

/** Waits until something is so; a machine with much to do may take its time. */
async function until(isSo: () => boolean): Promise<void> {
  for (let waited = 0; waited < 1_000 && !isSo(); waited++) await pause(10);
}

describe('a dump is written', () => {
  it('at once, and what happens next with the first of it as its reason', async () => {
    const { schedule, written } = scheduled({ everyMs: 500 });
    schedule.trigger('a stall');
    for (const reason of ['a death', 'EPIPE', 'EPIPE again']) schedule.trigger(reason);
    await until(() => written.length > 0);
    assert.deepEqual(written, [['a stall', 0]]);
    assert.equal(schedule.unwritten, 3);
    await until(() => written.length > 1);
    assert.deepEqual(written, [
      ['a stall', 0],
      ['a death', 2],
    ]);
    assert.equal(schedule.unwritten, 0);
    await schedule.finish(true);
    assert.equal(written.length, 2);
  });

  it('of what happened before the server was gone, without waiting for its turn', async () => {
    const { schedule, written } = scheduled();
    schedule.trigger('a stall');
    await pause(50);
    schedule.trigger('a death');
    await schedule.finish(true);
    assert.deepEqual(written, [
      ['a stall', 0],
      ['a death', 0],
    ]);
    assert.deepEqual([schedule.dumps, schedule.unwritten], [2, 0]);
  });

  it('to its end when somebody ends the recorder; what waits for its turn is counted', async () => {
    const { schedule, written } = scheduled({ takesMs: 100 });
    schedule.trigger('a stall');
    schedule.trigger('a death');
    await schedule.finish(false);
    assert.deepEqual(written, [['a stall', 0]]);
    assert.deepEqual([schedule.dumps, schedule.unwritten], [1, 1]);
  });

  it('after one that took longer than the time between two, and once', async () => {
    const { schedule, written } = scheduled({ everyMs: 10, takesMs: 100 });
    schedule.trigger('a stall');
    await pause(50);
    schedule.trigger('a death');
    await until(() => written.length > 1);
    await pause(20);
    assert.deepEqual(written, [
      ['a stall', 0],
      ['a death', 0],
    ]);
  });

  it('so many times, of twenty things at once and of more', async () => {
    const { schedule, written } = scheduled({ everyMs: 0, mostDumps: 2 });
    for (let count = 0; count < 20; count++) schedule.trigger(`stall ${count}`);
    await until(() => written.length > 1);
    schedule.trigger('one too many');
    await schedule.finish(true);
    assert.deepEqual(written, [
      ['stall 0', 0],
      ['stall 1', 18],
    ]);
    assert.deepEqual([schedule.dumps, schedule.isComplete], [2, true]);
  });

  it('or not, which is counted', async () => {
    const { schedule } = scheduled({ fails: true });
    schedule.trigger('a stall');
    await schedule.finish(true);
    assert.deepEqual([schedule.dumps, schedule.failed, schedule.unwritten], [0, 1, 0]);
  });
});
