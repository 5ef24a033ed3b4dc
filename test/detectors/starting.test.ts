import { describe, it } from 'node:test';
import { analyzed, none, only } from '../support/analyzed.ts';
import { openHub, openListener } from '../support/server-lines.ts';
import { LISTENER, type ThreadLines } from '../support/thread-lines.ts';
import { TraceLines } from '../support/trace-lines.ts';

const PID = 101;

/** A program that is traced from its beginning, and has waited in its loop before it listens, as node does. */
function started(): { readonly trace: TraceLines; readonly worker: ThreadLines } {
  const trace = new TraceLines();
  const worker = trace.thread(PID).at(0);
  worker.call('execve("/usr/bin/node", ["node", "server.js"], 0x7ffd2af5eab8 /* 9 vars */', ')', 0);
  return { trace, worker };
}

const loads = (worker: ThreadLines): ThreadLines =>
  worker
    .call('epoll_create1(EPOLL_CLOEXEC', ')', '7<anon_inode:[eventpoll]>')
    .waitUntil(worker.now + 30)
    .gap(1_500);

describe('what a program does before it listens', () => {
  it('is no stall: nobody can have waited for it', async () => {
    const { trace, worker } = started();
    loads(worker);
    openListener(worker, LISTENER);
    openHub(worker);
    for (let count = 1; count <= 7; count++) worker.waitUntil(2_000 + count * 70, LISTENER).serve(11, 'GET /a');
    const report = await analyzed(trace);
    none(report, 'loop-stall');
    none(report, 'service-stall');
  });

  it('and what it does afterwards is one, also before the first request', async () => {
    const { trace, worker } = started();
    openListener(worker, LISTENER);
    openHub(worker);
    worker.waitUntil(50).gap(1_500);
    for (let count = 1; count <= 7; count++) worker.waitUntil(2_000 + count * 70, LISTENER).serve(11, 'GET /a');
    only(await analyzed(trace), 'loop-stall');
  });
});

describe('a process that a signal kills', () => {
  for (const [name, ms, count] of [
    ['stalls up to the signal', 700, 1],
    ['does not stall while it ends', 30, 0],
  ] as const)
    it(name, async () => {
      const { trace, worker } = started();
      openListener(worker, LISTENER);
      openHub(worker);
      for (let turn = 1; turn <= 7; turn++) worker.waitUntil(turn * 70, LISTENER).serve(11, 'GET /a');
      worker.waitUntil(600).gap(ms).signal('SIGTERM').gap(400).killedBy('SIGTERM');
      const report = await analyzed(trace);
      if (count === 0) none(report, 'loop-stall');
      else only(report, 'loop-stall');
    });
});
