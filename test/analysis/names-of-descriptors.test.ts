import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Report } from '../../src/analysis/report.ts';
import { analyzed } from '../support/analyzed.ts';
import { attached } from '../support/server-lines.ts';
import { LISTENER, type ThreadLines } from '../support/thread-lines.ts';
import type { TraceLines } from '../support/trace-lines.ts';

/** Recorded without `-y`. */
const unnamed = (trace: TraceLines): string => trace.text().replaceAll(/(\d)<[a-z_]+:\[[^\]]*\]>/g, '$1');

function noteOf({ quality }: Report): string {
  return quality.notes.filter((note) => note.includes('no names of descriptors')).join('\n');
}

/**
 * One thread accepts and another, of which nothing tells whose it is, reads and answers. `end` is what becomes of the
 * connection.
 */
function handedOver(
  connections: number,
  end: (acceptor: ThreadLines, pool: ThreadLines, fd: number) => void,
  fdOf = (_: number): number => 11,
): TraceLines {
  const { trace, workers } = attached([101, 112]);
  const [acceptor, pool] = workers as [ThreadLines, ThreadLines];
  for (let index = 0; index < connections; index++) {
    const fd = fdOf(index);
    acceptor.waitUntil(50 + index * 100, LISTENER).accept(fd);
    pool
      .at(acceptor.now + 1)
      .read(fd, 'GET /a')
      .reply(fd);
    end(acceptor.gap(20), pool, fd);
  }
  acceptor.waitUntil(connections * 100 + 1_300);
  return trace;
}

const left = (): void => undefined;
const closedByPool = (_: ThreadLines, pool: ThreadLines, fd: number): void => void pool.close(fd);
const closedByAcceptor = (acceptor: ThreadLines, _: ThreadLines, fd: number): void => void acceptor.close(fd);

describe('a capture without names of descriptors', () => {
  it('says how many connections threads served whose requests it counts nowhere, and asks for -y', async () => {
    for (const end of [closedByPool, closedByAcceptor]) {
      const report = await analyzed(unnamed(handedOver(7, end)));
      assert.match(noteOf(report), /Such threads served 7 of 7 connections, .* Record with -y/);
      assert.equal(report.quality.grade, 'partial');
      assert.match(report.verdict.text, /^Cannot tell: many connections .* Record with -y/);
      assert.match(report.outcomes['abandoned-request']?.reason ?? '', /Record with -y/);
    }
  });

  it('clears nobody from a tenth of the connections on', async () => {
    const verdict = async (own: number): Promise<string> => {
      const { trace, workers } = attached([101, 112]);
      const [acceptor, pool] = workers as [ThreadLines, ThreadLines];
      for (let index = 0; index < 3; index++) {
        acceptor.waitUntil(50 + index * 100, LISTENER).accept(11);
        pool
          .at(acceptor.now + 1)
          .read(11, 'GET /a')
          .reply(11)
          .close(11);
        acceptor.gap(20);
      }
      for (let index = 0; index < own; index++) acceptor.waitUntil(400 + index * 100, LISTENER).serve(12, 'GET /b');
      acceptor.waitUntil(4_000);
      return (await analyzed(unnamed(trace))).verdict.text;
    };
    assert.match(await verdict(27), /^Cannot tell: many connections/);
    assert.doesNotMatch(await verdict(28), /many connections/);
  });

  it('counts those that stay open, too', async () => {
    const report = await analyzed(unnamed(handedOver(5, left, (index) => 11 + index)));
    assert.match(noteOf(report), /5 of 5 connections/);
  });

  it('says nothing of two, which may be chance', async () => {
    assert.equal(noteOf(await analyzed(unnamed(handedOver(2, closedByPool)))), '');
  });

  it('says nothing where names tell whose the threads are', async () => {
    const named = handedOver(7, closedByPool);
    // The other thread names what the first one opened.
    const labels = new Map<string, string>();
    const text = named
      .text()
      .split('\n')
      .map((line) => {
        const accepted = /= 11<(socket:\[\d+\])>/.exec(line)?.[1];
        if (accepted !== undefined) labels.set('11', accepted);
        return line.replace(/\b(recvfrom|sendto|close)\(11(?=[,)])/, `$1(11<${labels.get('11')}>`);
      })
      .join('\n');
    const report = await analyzed(text);
    assert.equal(noteOf(report), '');
    assert.deepEqual([report.quality.grade, report.workers.map(({ requests }) => requests)], ['good', [7]]);
  });

  it('says nothing of workers that serve what they accept, nor of clients that say nothing', async () => {
    const { trace, workers } = attached([101, 103]);
    for (const [at, worker] of workers.entries()) {
      for (let index = 0; index < 5; index++) {
        worker.waitUntil(50 + index * 100 + at * 30, LISTENER).serve(11 + index, 'GET /a');
        // A browser that connects before it has anything to ask for; the other worker has had these numbers.
        worker.accept(30 + index);
      }
      worker.waitUntil(2_000);
    }
    const report = await analyzed(unnamed(trace));
    assert.equal(noteOf(report), '');
    assert.equal(report.quality.grade, 'good');
  });
});
