import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { analyzed, none, only } from '../support/analyzed.ts';
import { openHub, openListener, startThread } from '../support/server-lines.ts';
import { LISTENER } from '../support/thread-lines.ts';
import { TraceLines } from '../support/trace-lines.ts';

const KIND = 'accept-paused';

interface Limited {
  /** How long the one connection that the server may have lasts. */
  readonly servedMs?: number;
  /** From its end to the next accept. */
  readonly laterMs?: number;
  /** After a connection the server asks for the next one, where it may have more. */
  readonly asksAgain?: boolean;
  /** The next accept finds nobody. */
  readonly nobody?: boolean;
  /** Each connection is closed only after the next one was accepted. */
  readonly staysOpen?: boolean;
}

/**
 * Two threads take turns at one epoll set. One accepts a connection and no further one until that has ended, as behind
 * netutil.LimitListener; seven clients come one after another, and a last time nobody.
 */
async function limited({ servedMs = 300, laterMs = 0, asksAgain = true, nobody = false, staysOpen = false }: Limited) {
  const trace = new TraceLines();
  const main = trace.thread(101).at(0);
  openListener(main, LISTENER);
  openHub(main);
  startThread(main, 102);
  const other = trace.thread(102).at(5);
  for (const number of [LISTENER, 7]) other.labels.set(number, main.labels.get(number) ?? '');
  main.waitUntil(20);
  other.waitUntil(30, LISTENER);
  if (asksAgain) other.accept(9).acceptNothing().read(9, 'GET /a').reply(9).close(9);
  main.waitUntil(3000);
  for (let client = 0; client < 7; client++) {
    const fd = 11 + client;
    if (nobody && client > 0) other.acceptNothing().waitUntil(other.now + 1, LISTENER);
    other.accept(fd).read(fd, 'GET /a');
    other.waitUntil(other.now + servedMs, fd).reply(fd);
    if (!staysOpen) other.close(fd);
    if (laterMs > 0) other.waitUntil(other.now + laterMs);
  }
  other.acceptNothing().waitUntil(3000);
  return analyzed(trace);
}

describe('a server of threads that take turns, which does not call accept', () => {
  it('is at its limit where it goes on when a connection has ended, and somebody is there', async () => {
    const { severity, title, summary, metrics } = only(await limited({}), KIND);
    assert.equal(severity, 'critical');
    assert.match(title, /^Nobody accepted 60 % of the time \(1 connection open\): 127\.0\.0\.1:8000$/);
    assert.match(
      summary,
      /the server did not call accept\. At other times it calls accept again after each connection/,
    );
    assert.deepEqual([metrics.count, metrics.queued], [6, 6]);
  });

  it('is told in times from accept-pause-ms on', async () => {
    none(await limited({ servedMs: 97 }), KIND);
    only(await limited({ servedMs: 103 }), KIND);
  });

  it('is at no limit where it goes on at another time', async () => {
    only(await limited({ laterMs: 17 }), KIND);
    none(await limited({ laterMs: 23 }), KIND);
    none(await limited({ staysOpen: true }), KIND);
  });

  it('is at no limit where it asks after each connection, and nobody is there', async () => {
    none(await limited({ nobody: true }), KIND);
  });

  it('may wait for an event before each connection: one that never asks twice says nothing', async () => {
    none(await limited({ asksAgain: false }), KIND);
  });
});
