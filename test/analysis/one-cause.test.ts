import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { causesIn, effectsInWords, effectsOf } from '../../src/analysis/causes.ts';
import { effect as stuckEffect } from '../../src/detectors/stuck-call/effect.ts';
import type { Report } from '../../src/index.ts';
import { analyzed } from '../support/analyzed.ts';
import { ask } from '../support/name-lookups.ts';
import { prefork } from '../support/server-lines.ts';
import { LISTENER, type ThreadLines } from '../support/thread-lines.ts';
import type { TraceLines } from '../support/trace-lines.ts';

type Work = (worker: ThreadLines) => unknown;

/** Loops of which each serves three requests with that work in them. */
function served(pids: readonly number[], work: Work): TraceLines {
  const { trace, workers } = prefork(pids);
  for (const worker of workers)
    for (let request = 1; request <= 3; request++) {
      worker
        .waitUntil(request * 3000, LISTENER)
        .accept(11)
        .read(11, 'GET /order');
      work(worker);
      worker.reply(11).close(11);
    }
  for (const worker of workers) worker.waitUntil(60_000);
  return trace;
}

/** Causes that are worse than information, each with what came of it in words. */
function told({ findings }: Report): readonly (readonly [title: string, effects: readonly string[]])[] {
  return causesIn(findings)
    .filter(({ severity }) => severity !== 'info')
    .map((cause) => [cause.title, effectsInWords(cause, findings)]);
}

const lookUp: Work = (worker) => ask(worker, 'db.example', 1300);

describe('a loop that stands still because it looks a name up', () => {
  it('is one cause: the lookup, with the request, the worker and the name server in its title', async () => {
    assert.deepEqual(told(await analyzed(served([101], lookUp))), [
      [
        'GET /order holds worker 101 up to 1.30 s (3x): name server 10.0.0.2:53',
        ['the event loop stood still 3 times, up to 1.30 s, together 3.90 s'],
      ],
    ]);
  });

  it('is one cause and one sentence for several workers', async () => {
    const report = await analyzed(served([101, 102], lookUp));
    const [[title, effects] = ['', []], ...others] = told(report);
    assert.equal(title, 'GET /order holds 2 workers up to 1.30 s (6x): name server 10.0.0.2:53');
    assert.equal(effects.filter((words) => words.startsWith('the event loop')).length, 1, effects.join('; '));
    assert.ok(!effects.includes(''));
    assert.deepEqual(others, []);
    const [cause] = causesIn(report.findings);
    assert.ok(cause !== undefined);
    assert.equal(effectsOf(cause, report.findings).filter(({ kind }) => kind === 'loop-stall').length, 2);
  });

  it('is two causes where the loop stands still for something else as well', async () => {
    const both: Work = (worker) => {
      lookUp(worker);
      worker.reply(11).close(11);
      worker
        .waitUntil(worker.now + 20, LISTENER)
        .accept(11)
        .read(11, 'GET /sleep');
      worker.call('clock_nanosleep(CLOCK_REALTIME, 0, {tv_sec=1, tv_nsec=100000000}, NULL', ')', 0, 1100);
    };
    const titles = told(await analyzed(served([101], both))).map(([title]) => title);
    assert.equal(titles.length, 2, titles.join('; '));
    assert.ok(titles.some((title) => title.startsWith('GET /sleep holds worker 101')));
  });
});

describe('a thread that never came back', () => {
  const thread = { pid: 101, tid: 101, call: 'recvfrom', target: '10.0.0.7:6379 (Redis)', forMs: 9000 };
  const slow = (totalMs: number) => ({
    kind: 'slow-dependency',
    findings: [{ workers: [101], metrics: { dependencies: [{ peer: '10.0.0.7:6379', totalMs }] } }],
  });

  it('came of a service that others waited for longer before', () => {
    assert.equal(stuckEffect.share({ threads: [thread] }, slow(18_001)), 1);
  });

  it('is the cause of the waiting that is mostly its own', () => {
    assert.equal(stuckEffect.share({ threads: [thread] }, slow(18_000)), 0);
  });

  it('did not come of a service that it does not wait for', () => {
    const elsewhere = { ...thread, target: '10.0.0.8:6379 (Redis)' };
    assert.equal(stuckEffect.share({ threads: [elsewhere] }, slow(18_001)), 0);
  });

  it('came of the stall of its loop that had not ended, and of none that had', () => {
    const stall = (open: boolean) => ({
      kind: 'loop-stall',
      findings: [{ workers: [101], metrics: { worker: 101, stalls: [{ open, call: 'recvfrom' }] } }],
    });
    assert.equal(stuckEffect.share({ threads: [thread] }, stall(true)), 1);
    assert.equal(stuckEffect.share({ threads: [thread] }, stall(false)), 0);
  });
});
