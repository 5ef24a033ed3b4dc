import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { analyzed } from '../support/analyzed.ts';
import { oneWorker } from '../support/server-lines.ts';
import { LISTENER, type ThreadLines } from '../support/thread-lines.ts';

const CLONE = 'clone(child_stack=0x7f5a10, flags=CLONE_VM|CLONE_FS|CLONE_FILES|CLONE_SIGHAND|CLONE_THREAD';

/** A loop that reads a request, goes back to its wait, and answers so many milliseconds after it had read it last. */
function answersAfter(worker: ThreadLines, fd: number, ms: number, rest: readonly string[] = []): void {
  worker.waitUntil(worker.now + 50, LISTENER).accept(fd);
  worker
    .waitUntil(worker.now + 1, fd)
    .read(fd, rest.length === 0 ? 'GET /a' : 'POST /a HTTP/1.1\\r\\nContent-Length: 999\\r\\n\\r\\n');
  for (const part of rest) worker.waitUntil(worker.now + 700, fd).read(fd, part);
  worker
    .waitUntil(worker.now + ms)
    .reply(fd)
    .close(fd);
}

async function verdictOf(act: (worker: ThreadLines) => void): Promise<string> {
  const { trace, worker } = oneWorker();
  for (let index = 0; index < 4; index++) answersAfter(worker, 30 + index, 5);
  act(worker);
  worker.waitUntil(worker.now + 500);
  return (await analyzed(trace)).verdict.text;
}

describe('a verdict that found nothing', () => {
  it('says how many requests had no answer within a second, and which waited longest', async () => {
    const text = await verdictOf((worker) => {
      for (const ms of [1_100, 1_303, 1_200]) answersAfter(worker, 11, ms);
    });
    assert.match(text, /^No herd, .*; yet 3 of 7 requests had no answer within 1 s \(GET \/a: 1\.30 s\), and no call/);
  });

  it('says nothing of those that were answered sooner', async () => {
    assert.doesNotMatch(await verdictOf((worker) => answersAfter(worker, 11, 980)), /yet/);
    assert.match(await verdictOf((worker) => answersAfter(worker, 11, 1_010)), /yet 1 of 5 requests/);
  });

  it('does not count the time in which a client sends the rest of its request', async () => {
    assert.doesNotMatch(await verdictOf((worker) => answersAfter(worker, 11, 300, ['part', 'part', 'rest'])), /yet/);
    assert.match(
      await verdictOf((worker) => answersAfter(worker, 11, 1_100, ['part', 'rest'])),
      /yet 1 of 5 .* 1\.10 s/,
    );
  });

  it('counts those that were still waiting when the capture ended', async () => {
    const text = await verdictOf((worker) => {
      worker
        .waitUntil(worker.now + 50, LISTENER)
        .accept(11)
        .read(11, 'GET /hangs');
      worker.waitUntil(worker.now + 2_500);
    });
    assert.match(text, /yet 1 of 5 requests had no answer within 1 s \(GET \/hangs: 3\.00 s\)/);
  });

  it('names a call that took as long, on whichever thread', async () => {
    const { trace, worker } = oneWorker();
    for (let index = 0; index < 4; index++) answersAfter(worker, 30 + index, 5);
    worker.call(CLONE, ', child_tidptr=0x7f5a50)', 131);
    const pool = trace.thread(131).at(worker.now + 60);
    pool.call('openat(AT_FDCWD, "/srv/pipe", O_RDONLY', ')', '12', 1_200);
    answersAfter(worker, 11, 1_250);
    worker.waitUntil(worker.now + 500);
    assert.match((await analyzed(trace)).verdict.text, /\(GET \/a: 1\.25 s; a call of openat .*took 1\.20 s\)$/);
  });

  it('leaves it to a finding that says why', async () => {
    const text = await verdictOf((worker) => {
      worker
        .waitUntil(worker.now + 50, LISTENER)
        .accept(11)
        .read(11, 'GET /stalls');
      worker.call('clock_nanosleep(CLOCK_REALTIME, 0, {tv_sec=1, tv_nsec=100000000}, NULL', ')', 0, 1_100);
      worker.reply(11).close(11);
    });
    assert.doesNotMatch(text, /yet/);
  });
});
