import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { analyzed, none, only } from '../support/analyzed.ts';
import { attached, fork, MASTER, openHub, openListener, prefork } from '../support/server-lines.ts';
import { HUB, LISTENER, type ThreadLines } from '../support/thread-lines.ts';
import { TraceLines } from '../support/trace-lines.ts';

const LABEL = 'socket:[4711]';

function nextGeneration(trace: TraceLines, pids: readonly number[], at: number): ThreadLines[] {
  const master = trace.thread(MASTER).at(at);
  return pids.map((pid) => {
    fork(master, pid);
    const worker = trace.thread(pid).at(at + 5);
    worker.labels.set(LISTENER, LABEL);
    openHub(worker);
    return worker;
  });
}

/** Each connection wakes all of them; one of them gets it, in turn. */
function herd(workers: readonly ThreadLines[], from: number, connections: number): void {
  for (let index = 0; index < connections; index++)
    for (const [place, worker] of workers.entries()) {
      worker.waitUntil(from + index * 20 + place * 0.05, LISTENER);
      if (place === index % workers.length) worker.serve(11, 'GET /a');
      else worker.acceptNothing();
    }
}

describe('workers of a reload', () => {
  it('are not counted together: three before and three after are three acceptors at a time', async () => {
    const { trace, workers } = prefork([101, 102, 103]);
    herd(workers, 50, 23);
    for (const worker of workers) worker.waitUntil(600).close(LISTENER).exits();
    herd(nextGeneration(trace, [201, 202, 203], 620), 700, 23);
    const { metrics, summary } = only(await analyzed(trace), 'thundering-herd');
    assert.equal(metrics.acceptors, 3);
    assert.match(summary, /^3 acceptors at a time \(6 in all\) share/);
  });

  it('that overlap are counted together', async () => {
    const { trace, workers } = prefork([101, 102, 103]);
    herd([...workers, ...nextGeneration(trace, [201, 202, 203], 6)], 50, 47);
    assert.equal(only(await analyzed(trace), 'thundering-herd').metrics.acceptors, 6);
  });

  /** One worker serves alone for a second; then three serve side by side, one of them `share` connections of ten. */
  function shares(share: number): TraceLines {
    const { trace, workers } = prefork([101]);
    const [first] = workers as [ThreadLines];
    for (let index = 0; index < 90; index++) first.waitUntil(50 + index * 10, LISTENER).serve(11, 'GET /a');
    first.waitUntil(1_000).close(LISTENER).exits();
    const others = nextGeneration(trace, [201, 202, 203], 1_001);
    for (let index = 0; index < 90; index++) {
      const worker = others[index % 10 < share ? 0 : 1 + (index % 2)] as ThreadLines;
      worker.waitUntil(1_100 + index * 30, LISTENER).serve(11, 'GET /a');
    }
    for (const worker of others) worker.waitUntil(4_000);
    return trace;
  }

  it('have their part of the connections that came while they looked after the listener', async () => {
    none(await analyzed(shares(4)), 'accept-skew');
    assert.equal(only(await analyzed(shares(9)), 'accept-skew').metrics.favourite, 201);
  });

  /** A socket with SO_REUSEPORT, opened once; two workers accept from it, the second `at` ms after the first left. */
  function handedOver(isOverlapping: boolean): TraceLines {
    const trace = new TraceLines();
    const master = trace.thread(MASTER).at(0);
    openListener(master, LISTENER, { reusePort: true });
    const [first] = nextGeneration(trace, [101], 10) as [ThreadLines];
    for (let index = 0; index < 7; index++) first.waitUntil(50 + index * 10, LISTENER).serve(11, 'GET /a');
    if (!isOverlapping) first.close(LISTENER).exits();
    const [second] = nextGeneration(trace, [201], 300) as [ThreadLines];
    for (let index = 0; index < 7; index++) second.waitUntil(350 + index * 10, LISTENER).serve(11, 'GET /a');
    if (isOverlapping) first.waitUntil(500, LISTENER).serve(11, 'GET /a');
    return trace;
  }

  it('that hand a socket over have no use for SO_REUSEPORT, those that share it at a time do', async () => {
    assert.match(none(await analyzed(handedOver(false)), 'ineffective-reuseport'), /one process accepts at a time/);
    only(await analyzed(handedOver(true)), 'ineffective-reuseport');
  });
});

describe('a process that watches the listener and never accepts, while its children do', () => {
  function onDemand(doesAccept: boolean): TraceLines {
    const trace = new TraceLines();
    const master = trace.thread(MASTER).at(0);
    openListener(master, LISTENER);
    openHub(master);
    const child = trace.thread(101);
    for (let index = 0; index < 7; index++) {
      master.waitUntil(50 + index * 100, LISTENER);
      if (doesAccept) master.acceptNothing();
      if (index > 0) continue;
      fork(master, 101);
      child.at(60).labels.set(LISTENER, LABEL);
    }
    for (let index = 0; index < 7; index++) child.accept(11, { ms: 90 }).read(11, 'GET /a').reply(11).close(11);
    master.epollWait(HUB, 100, []);
    return trace;
  }

  it('is the master, and no acceptor', async () => {
    const report = await analyzed(onDemand(false));
    assert.equal(report.workers.find(({ pid }) => pid === MASTER)?.role, 'master');
    assert.match(none(report, 'accept-skew'), /one acceptor/);
  });

  it('is none when it tries to accept as they do', async () => {
    const report = await analyzed(onDemand(true));
    assert.notEqual(report.workers.find(({ pid }) => pid === MASTER)?.role, 'master');
  });
});

it('a master that listens again when it reloads has the same listener, and one herd', async () => {
  const { trace, workers } = attached([101, 102]);
  herd(workers, 10, 11);
  for (const worker of workers) worker.exits();
  const master = trace.thread(MASTER).at(300);
  master.labels.set(LISTENER, LABEL);
  master.call(`listen(${master.fd(LISTENER)}, 1024`, ')', 0);
  herd(nextGeneration(trace, [201, 202], 310), 320, 12);
  const { metrics } = only(await analyzed(trace), 'thundering-herd');
  assert.equal(metrics.connections, 23);
});
