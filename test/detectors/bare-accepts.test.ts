import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { analyzed, none, only } from '../support/analyzed.ts';
import { LISTENER, QUICK, type ThreadLines } from '../support/thread-lines.ts';
import { TraceLines } from '../support/trace-lines.ts';

const KIND = 'thundering-herd';

/** A capture with `-e trace=accept4`: no wait of any thread is in it. */
function accepts(pids: readonly number[]): { readonly trace: TraceLines; readonly workers: readonly ThreadLines[] } {
  const trace = new TraceLines();
  const workers = pids.map((pid) => trace.thread(pid));
  for (const worker of workers) worker.labels.set(LISTENER, 'socket:[4711]');
  return { trace, workers };
}

/**
 * So many connections to the first worker; the second tries `apart` milliseconds after the winner's accept returned, or
 * before it.
 */
function races(connections: number, apart: number): TraceLines {
  const { trace, workers } = accepts([101, 102]);
  const [winner, loser] = workers as [ThreadLines, ThreadLines];
  for (let index = 0; index < connections; index++) {
    const at = 50 + index * 100;
    winner.at(at).accept(11).close(11);
    // Apart is measured from the end of the one accept to the begin (after) or the end (before) of the other.
    if (apart >= 0) loser.at(at + QUICK + apart).acceptNothing();
    else loser.at(at + apart).acceptNothing();
  }
  return trace;
}

describe('in a capture of accepts alone', () => {
  it('an EAGAIN within 5 ms after another worker accepted is a lost race', async () => {
    const { metrics, confidence, severity } = only(await analyzed(races(13, 5)), KIND);
    assert.deepEqual([metrics.connections, metrics.productiveWakeups, metrics.wastedWakeups], [13, 13, 13]);
    assert.deepEqual([metrics.herdFactor, confidence, severity], [2, 'possible', 'info']);
    none(await analyzed(races(13, 5.01)), KIND);
  });

  it('and so is one within 5 ms before it', async () => {
    assert.equal(only(await analyzed(races(13, -5)), KIND).metrics.wastedWakeups, 13);
    none(await analyzed(races(13, -5.03)), KIND);
  });

  it('an EAGAIN after an own accept, with nobody else near, ends an accept loop', async () => {
    const { trace, workers } = accepts([101, 102]);
    for (const [place, worker] of workers.entries())
      for (let index = 0; index < 13; index++)
        worker
          .at(50 + index * 200 + place * 100)
          .accept(11)
          .acceptNothing();
    assert.match(none(await analyzed(trace), KIND), /\(0 of 26 found nothing\) over 26 connections, 2 acceptors/);
  });

  it('who never wins counts as an acceptor', async () => {
    const { trace, workers } = accepts([101, 102, 103, 104, 105]);
    const [winner, ...losers] = workers as [ThreadLines, ...ThreadLines[]];
    for (let index = 0; index < 11; index++) {
      winner
        .at(50 + index * 100)
        .accept(11)
        .close(11);
      for (const loser of losers) loser.at(50.5 + index * 100).acceptNothing();
    }
    const { metrics } = only(await analyzed(trace), KIND);
    assert.deepEqual(
      [metrics.acceptors, metrics.wastedWakeups, metrics.herdFactor, metrics.shares],
      [5, 44, 5, [11, 0, 0, 0, 0]],
    );
  });
});
