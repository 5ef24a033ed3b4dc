import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { analyzed, none } from '../support/analyzed.ts';
import { openListener } from '../support/server-lines.ts';
import { LISTENER, type ThreadLines } from '../support/thread-lines.ts';
import { TraceLines } from '../support/trace-lines.ts';

const CLONE = 'clone(child_stack=0x7f5a10, flags=CLONE_VM|CLONE_FS|CLONE_FILES|CLONE_SIGHAND|CLONE_THREAD';

/**
 * Threads that accept in turns, as those of varnish: the first takes four connections for two others, then it serves
 * one itself and waits for 5 s to be needed, while another one accepts.
 */
function inTurns(): TraceLines {
  const trace = new TraceLines();
  const main = trace.thread(100).at(0);
  openListener(main, LISTENER);
  const threads = [101, 102, 103].map((tid) => {
    main.call(CLONE, ', child_tidptr=0x7f5a50)', tid);
    const thread = trace.thread(tid).at(5);
    thread.labels.set(LISTENER, main.labels.get(LISTENER) ?? '');
    return thread;
  });
  main.stays('wait4(-1, ');
  const [first, second, third] = threads as [ThreadLines, ThreadLines, ThreadLines];
  const pollFor = (thread: ThreadLines, fd: number): ThreadLines =>
    thread.call(`poll([{fd=${thread.fd(fd)}, events=POLLIN}], 1, 49`, ')', `1 ([{fd=${fd}, revents=POLLIN}])`);
  for (let index = 0; index < 4; index++) {
    const fd = 11 + index;
    first.accept(fd, { ms: 100 });
    const server = index % 2 === 0 ? second : third;
    server.labels.set(fd, first.labels.get(fd) ?? '');
    pollFor(server.at(first.now + 1), fd)
      .read(fd, 'GET /a')
      .reply(fd)
      .close(fd);
  }
  first.accept(21, { ms: 100 });
  pollFor(first, 21).read(21, 'GET /b').reply(21).close(21);
  first.call('futex(0x5600, FUTEX_WAIT_PRIVATE, 0, {tv_sec=60, tv_nsec=0}', ')', 0, 5_003);
  for (let index = 0; index < 3; index++) second.at(600 + index * 1_500).serve(31, 'GET /a');
  first.stays(`accept4(${first.fd(LISTENER)}, `);
  return trace;
}

/**
 * As a varnish of two pools was recorded with 12 clients that kept their connection and asked for what took the service
 * behind 0.9 s: two threads accepted one client each and served that one, and two others took over the accept, for 10.
 * No request took longer than 971 ms.
 */
function twoServeWhatTheyAccepted(): TraceLines {
  const trace = new TraceLines();
  const main = trace.thread(100).at(0);
  openListener(main, LISTENER);
  const threads = [101, 102, 103, 104, 105].map((tid) => {
    main.call(CLONE, ', child_tidptr=0x7f5a50)', tid);
    const thread = trace.thread(tid).at(5);
    thread.labels.set(LISTENER, main.labels.get(LISTENER) ?? '');
    return thread;
  });
  main.stays('wait4(-1, ');
  const [first, second, acceptor, ...pool] = threads as [ThreadLines, ThreadLines, ThreadLines, ...ThreadLines[]];
  for (const [index, thread] of [first, second].entries()) {
    const fd = 33 + index;
    thread.accept(fd, { ms: 70 });
    for (let times = 0; times < 4; times++) {
      thread.read(fd, 'GET /report');
      thread.call('futex(0x5600, FUTEX_WAIT_PRIVATE, 0, NULL', ')', 0, 900);
      thread.reply(fd);
      thread.call(`poll([{fd=${thread.fd(fd)}, events=POLLIN}], 1, 49`, ')', `1 ([{fd=${fd}, revents=POLLIN}])`, 7);
    }
  }
  for (let index = 0; index < 10; index++) {
    const fd = 41 + index;
    acceptor.at(100 + index * 80).accept(fd, { ms: 70 });
    const server = pool[index % 2] as ThreadLines;
    server.labels.set(fd, acceptor.labels.get(fd) ?? '');
    server
      .at(acceptor.now + 1)
      .read(fd, 'GET /small')
      .reply(fd);
  }
  acceptor.stays(`accept4(${acceptor.fd(LISTENER)}, `);
  return trace;
}

describe('threads that accept in turns, each inside of accept', () => {
  it('are no loops: one that waits to be needed holds up nobody', async () => {
    const report = await analyzed(inTurns());
    none(report, 'loop-stall');
    none(report, 'service-stall');
    const [worker] = report.workers;
    assert.deepEqual([worker?.role, worker?.accepted, worker?.busyPercent], ['acceptor', 8, null]);
  });

  it('are not all that take clients while another one accepts', async () => {
    none(await analyzed(twoServeWhatTheyAccepted()), 'worker-saturation');
  });
});
