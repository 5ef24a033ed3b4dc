import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { analyzed, none, only } from '../support/analyzed.ts';
import { openHub, openListener, startThread, watch } from '../support/server-lines.ts';
import type { ThreadLines } from '../support/thread-lines.ts';
import { TraceLines } from '../support/trace-lines.ts';

const BOSS = 101;
const OWN_HUB = 8;
const CLIENTS = [11, 12] as const;

interface Server {
  readonly trace: TraceLines;
  readonly worker: ThreadLines;
  readonly other: ThreadLines;
}

/** A thread accepts two clients, and another one of its process watches them in a set of its own, as in netty. */
function handedOver(): Server {
  const trace = new TraceLines();
  const boss = trace.thread(BOSS).at(0);
  openListener(boss, 5);
  openHub(boss);
  startThread(boss, 102);
  startThread(boss, 103);
  const [worker, other] = [102, 103].map((tid) => trace.thread(tid).at(5)) as [ThreadLines, ThreadLines];
  for (const [index, client] of CLIENTS.entries()) {
    boss.waitUntil(20 + index * 10, 5).accept(client);
    for (const thread of [worker, other]) thread.labels.set(client, boss.labels.get(client) ?? '');
  }
  boss.waitUntil(1991, 5).acceptNothing();
  const label = 'anon_inode:[eventpoll]';
  worker.call('epoll_create1(EPOLL_CLOEXEC', ')', `${OWN_HUB}<${label}>`).labels.set(OWN_HUB, label);
  return { trace, worker, other };
}

/** Both clients ask seven times; the last time it takes the worker so long, or whoever answers. */
function serveBoth({ worker }: Server, work: number, answers = worker): void {
  for (const client of CLIENTS) watch(worker, client, 'EPOLLIN', OWN_HUB);
  for (let round = 0; round < 7; round++)
    for (const [index, client] of CLIENTS.entries()) {
      worker.epollWait(OWN_HUB, 50 + round * 200 + index * 40 - worker.now, [client]).read(client, 'GET /a');
      const isLast = round === 6 && index === 1;
      if (isLast && answers === worker) worker.gap(work);
      answers.at(Math.max(answers.now, worker.now)).reply(client);
      if (isLast && answers !== worker) worker.gap(work);
    }
  worker.epollWait(OWN_HUB, 1990 - worker.now, []);
}

describe('a thread that answers several clients which wait in its own set is a loop, whoever accepts them', () => {
  it('and stalls where it does not get back to that', async () => {
    const server = handedOver();
    serveBoth(server, 413);
    const { title, metrics } = only(await analyzed(server.trace), 'loop-stall');
    assert.match(title, /GET \/a/);
    assert.equal(Math.round(metrics['longestMs'] as number), 413);
  });

  it('and does not where it does', async () => {
    const server = handedOver();
    serveBoth(server, 31);
    const report = await analyzed(server.trace);
    none(report, 'loop-stall');
    assert.match(report.outcomes['loop-stall']?.reason ?? '', /of 1 loop|of 2 loops/);
  });

  it('but not one that hands what it has read to others, as the reactor of puma does', async () => {
    const server = handedOver();
    serveBoth(server, 413, server.other);
    none(await analyzed(server.trace), 'loop-stall');
  });

  it('nor one that has a set for something else than its clients', async () => {
    const server = handedOver();
    const { worker } = server;
    for (let round = 0; round < 7; round++) {
      worker.epollWait(OWN_HUB, 50 + round * 100 - worker.now, []);
      for (const client of CLIENTS)
        worker
          .read(client, 'GET /a')
          .gap(round === 6 ? 413 : 3)
          .reply(client);
    }
    worker.epollWait(OWN_HUB, 1990 - worker.now, []);
    none(await analyzed(server.trace), 'loop-stall');
  });
});
