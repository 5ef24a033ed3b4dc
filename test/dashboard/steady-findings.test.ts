import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Finding, Report } from '../../src/analysis/report.ts';
import { type FindingMemory, steadied } from '../../src/dashboard/steady-findings.ts';
import { buildFinding, buildReport, buildStallMetrics } from '../support/report-builder.ts';

function stall(worker: number, count: number, parts: Partial<Finding> = {}): Finding {
  const metrics = { ...buildStallMetrics(), count };
  return buildFinding({
    id: `loop-stall-${worker}`,
    title: `stall of ${worker}`,
    workers: [worker],
    metrics,
    ...parts,
  });
}

/** Plays reports one after the other, given by second; returns the titles that each showed. */
function shown(...reports: readonly (readonly [number, readonly Finding[]])[]): string[][] {
  let memory: FindingMemory = [];
  return reports.map(([second, findings]) => {
    const next = steadied(memory, buildReport({ findings }), second * 1_000, second * 1_000);
    memory = next.memory;
    return next.report.findings.map(({ title }) => title);
  });
}

function verdict(second: number, findings: readonly Finding[]): Report['verdict'] {
  return steadied([], buildReport({ findings }), second * 1_000, second * 1_000).report.verdict;
}

describe('a live finding', () => {
  it('that happened twice waits until it held for five seconds', () => {
    assert.deepEqual(shown([7, [stall(1, 2)]], [11, [stall(1, 2)]], [12, [stall(1, 2)]]), [[], [], ['stall of 1']]);
  });

  it('that happened three times, or has not ended, is shown at once', () => {
    assert.deepEqual(shown([7, [stall(1, 3)]]), [['stall of 1']]);
    assert.deepEqual(shown([7, [stall(1, 1, { openEnded: true })]]), [['stall of 1']]);
  });

  it('that all workers were busy is shown once three requests held them for a second and a half', () => {
    const full = (served: number, totalMs: number): Finding =>
      buildFinding({ id: 'f-1', kind: 'worker-saturation', title: 'full', metrics: { served, totalMs } });
    assert.deepEqual(shown([2, [full(3, 1_499)]], [3, [full(2, 1_500)]]), [[], []]);
    assert.deepEqual(shown([2, [full(3, 1_500)]]), [['full']]);
  });

  it('that is a death is shown at once', () => {
    const death = buildFinding({ id: 'd-1', kind: 'worker-death', title: 'killed', metrics: { count: 1 } });
    assert.deepEqual(shown([2, [death]]), [['killed']]);
  });

  it('keeps its place when its number or its weight changes', () => {
    const [first, second] = shown(
      [7, [stall(1, 3), stall(2, 5)]],
      [8, [stall(2, 7, { id: 'loop-stall-1' }), stall(1, 3, { id: 'loop-stall-2' })]],
    );
    assert.deepEqual(first, ['stall of 1', 'stall of 2']);
    assert.deepEqual(second, first);
  });

  it('goes behind one that is more severe', () => {
    const info = stall(1, 3, { severity: 'info' });
    assert.deepEqual(shown([7, [info]], [8, [stall(2, 3), info]]).at(-1), ['stall of 2', 'stall of 1']);
  });

  it('stays for half a minute when reports lack it', () => {
    assert.deepEqual(shown([7, [stall(1, 3)]], [36, []], [37, []]), [['stall of 1'], ['stall of 1'], []]);
  });

  it('is the same when more workers are seen in it', () => {
    const herd = (workers: readonly number[], id: string): Finding =>
      buildFinding({ id, kind: 'thundering-herd', title: 'herd', workers, metrics: { listener: ':8000' } });
    assert.deepEqual(shown([7, [herd([1, 2], 'a-1')]], [12, [herd([1, 2, 3], 'a-2')]]), [[], ['herd']]);
  });

  it('has an id of its own even when another one came to have it', () => {
    const next = steadied(
      steadied([], buildReport({ findings: [stall(1, 3, { id: 'loop-stall-1' })] }), 7_000, 7_000).memory,
      buildReport({ findings: [stall(2, 3, { id: 'loop-stall-1' })] }),
      8_000,
      8_000,
    );
    const ids = next.report.findings.map(({ id }) => id);
    assert.equal(new Set(ids).size, 2, ids.join(' '));
  });
});

describe('the verdict of a live capture', () => {
  it('does not judge in the first seconds', () =>
    assert.match(verdict(3, []).text, /^Cannot tell so early: watching \(3 s of data\)/));
  it('is that of the report once there is some data', () => assert.match(verdict(10, []).text, /^No herd/));
  it('says that something is waited for', () => assert.match(verdict(13, [stall(1, 1)]).text, /happened once/));
  it('speaks of what is shown, and of how much more', () =>
    assert.deepEqual(verdict(3, [stall(1, 3), stall(2, 5), stall(3, 1)]), {
      severity: 'critical',
      confidence: 'likely',
      text: 'Likely: stall of 1 (+1 more)',
    }));
});

describe('a finding that goes on', () => {
  const open = (worker: number): Finding => stall(worker, 1, { openEnded: true, severity: 'critical' });

  it('is the verdict at once, which says that it goes on', () => {
    assert.deepEqual(verdict(1, [open(1)]), {
      severity: 'critical',
      confidence: 'likely',
      text: 'Likely, still going on: stall of 1',
    });
  });

  it('stays as one that has ended until that can have been reported, and no longer', () => {
    assert.deepEqual(shown([7, [open(1)]], [9.4, []], [9.5, []]), [['stall of 1'], ['stall of 1'], []]);
    const { memory } = steadied([], buildReport({ findings: [open(1)] }), 7_000, 7_000);
    const { report } = steadied(memory, buildReport({ findings: [] }), 8_000, 8_000);
    assert.equal(report.verdict.text, 'Likely: stall of 1');
    assert.equal(report.findings[0]?.openEnded, false);
  });

  it('gives way to what is known of it when it has ended', () => {
    const known = stall(1, 3, { title: 'stall of 1 in flock', metrics: { ...buildStallMetrics(), cause: 'lock' } });
    assert.deepEqual(shown([7, [open(1)]], [8, [known]]).at(-1), ['stall of 1 in flock']);
    assert.deepEqual(shown([7, [open(1)]], [8, [stall(2, 3)]]).at(-1), ['stall of 1', 'stall of 2']);
  });

  it('stays where it is when it has ended and is reported as ended', () => {
    assert.deepEqual(shown([7, [open(1)]], [8, [stall(1, 1)]]), [['stall of 1'], ['stall of 1']]);
  });

  it('is shown again when it is reported as ended later', () => {
    const reports = shown([7, [open(1)]], [10, []], [11, [stall(1, 1)]], [12, [stall(1, 1)]]);
    assert.deepEqual(reports, [['stall of 1'], [], ['stall of 1'], ['stall of 1']]);
  });

  it('stands before what has ended and is as severe, whichever came first', () => {
    const ended = stall(2, 3);
    assert.deepEqual(shown([7, [ended]], [8, [ended, open(1)]]).at(-1), ['stall of 1', 'stall of 2']);
  });
});
