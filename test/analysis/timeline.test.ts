import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { Activity } from '../../src/analysis/activity-types.ts';
import { type FindingInterval, intervalsOf } from '../../src/analysis/finding-intervals.ts';
import type { Finding } from '../../src/analysis/report.ts';
import { combinedTimeline, stateOf, withTimeline } from '../../src/analysis/timeline.ts';
import { analyzeFiles } from '../../src/index.ts';
import { buildActivity, buildLane } from '../support/activity-builder.ts';
import { buildFinding, buildReport, buildWorker } from '../support/report-builder.ts';
import { strictComplaints } from '../support/strict-schema.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { workerLines } from '../support/worker-lines.ts';

const START = '2026-11-20T02:13:29.100000Z';
const WINDOW = { ...buildReport().window, startTime: START, endTime: '2026-11-20T02:13:29.800000Z', durationMs: 700 };

/** A worker in each of the states, 100 ms long each, and one that was there for the last 300 ms. */
function activity(): Activity {
  const first = buildLane(17, 7, {
    waiting: [0.1, 0, 0, 0, 0, 0, 0.1],
    silent: [0, 0, 0.1, 0, 0, 0, 0],
    wasted: [0, 0, 0, 5, 0, 0, 0],
    blocked: [0, 0, 0, 0, 0.1, 0, 0],
    brokenPipes: [0, 0, 0, 0, 0, 1, 0],
  });
  return buildActivity([first, buildLane(19, 7, {}, { firstMs: 450, ended: true, lastMs: 500 })], 100);
}

const workers = [buildWorker({ pid: 17 }), buildWorker({ pid: 19 }), buildWorker({ pid: 23 })];

describe('the timeline of a report', () => {
  it('shows who came back from no call as blocked in it, however short the capture is', async () => {
    const sample = new URL('../../../samples/hang-uvicorn/trace.strace.gz', import.meta.url).pathname;
    const { timeline, requests } = await analyzeFiles([sample], { timeline: true });
    assert.equal(timeline?.rows.length, 4);
    for (const { pid, states } of timeline?.rows ?? []) assert.match(states, /^b+$/, `${pid}`);
    assert.deepEqual(requests, []);
  });

  it('has a letter for the worst of each column, in the order of the workers', () => {
    const { timeline } = withTimeline(buildReport({ workers, window: WINDOW }), activity());
    assert.deepEqual(timeline, {
      startMs: 0,
      columnMs: 100,
      columns: 7,
      isOnOneClock: true,
      rows: [
        { pid: 17, host: null, states: '.rnhbe.' },
        { pid: 19, host: null, states: '   rrr ' },
        { pid: 23, host: null, states: '' },
      ],
    });
    assert.deepEqual([...' .rnhbe'].map(stateOf), ['absent', 'idle', 'running', 'silent', 'herd', 'blocked', 'broken']);
  });

  it('covers the part of the time that was asked for', () => {
    const window = { ...WINDOW, startTime: '2026-11-20T02:13:29.300000Z', startMs: 200, durationMs: 300 };
    const { timeline } = withTimeline(buildReport({ workers, window }), activity());
    assert.deepEqual([timeline?.startMs, timeline?.columns, timeline?.rows[0]?.states], [200, 3, 'nhb']);
  });

  it('has as many columns as a page can hold, each the worst of what it stands for', () => {
    const lane = buildLane(17, 2_048, {
      waiting: Array.from({ length: 2_048 }, () => 0.001),
      brokenPipes: [0, 0, 0, 1],
    });
    const report = buildReport({ workers: [buildWorker({ pid: 17 })], window: { ...WINDOW, durationMs: 2_048 } });
    const { timeline } = withTimeline(report, buildActivity([lane], 1));
    assert.deepEqual([timeline?.columns, timeline?.columnMs], [1_024, 2]);
    assert.equal(timeline?.rows[0]?.states, `.e${'.'.repeat(1_022)}`);
    const many = Array.from({ length: 131 }, (_, index) => buildWorker({ pid: index + 1 }));
    const wide = withTimeline(buildReport({ ...report, workers: many }), buildActivity([lane], 1)).timeline;
    assert.deepEqual([wide?.rows.length, wide?.columns], [128, 293]);
  });

  it('is left out without times, and where nobody asked for it', async () => {
    const untimed = { startTime: null, endTime: null, timeOfDay: null, durationMs: null };
    assert.equal(withTimeline(buildReport({ window: untimed }), activity()).timeline, undefined);
    assert.equal(withTimeline(buildReport(), null).timeline, undefined);
    const path = join(temporaryFolder(), 'a.strace');
    writeFileSync(path, workerLines({ pid: 17 }));
    assert.equal((await analyzeFiles([path])).timeline, undefined);
    const report = await analyzeFiles([path], { timeline: true });
    assert.deepEqual(
      report.timeline?.rows.map(({ pid }) => pid),
      report.workers.map(({ pid }) => pid),
    );
    assert.deepEqual(strictComplaints(report), []);
  });

  it('of several hosts is on one axis, each host from its own beginning on', () => {
    const one = withTimeline(buildReport({ workers: workers.slice(0, 1), window: WINDOW }), activity());
    const later = { ...one, window: { ...WINDOW, startTime: '2026-11-20T02:13:29.500000Z' } };
    const whole = { ...WINDOW, endTime: '2026-11-20T02:13:30.200000Z' };
    const timeline = combinedTimeline(
      [
        { host: 'a', report: one },
        { host: 'b', report: later },
      ],
      whole,
      [],
    );
    assert.deepEqual(timeline?.rows, [
      { pid: 17, host: 'a', states: '.rnhbe.    ' },
      { pid: 17, host: 'b', states: '    .rnhbe.' },
    ]);
    assert.equal(timeline?.isOnOneClock, true);
    assert.equal(combinedTimeline([{ host: 'a', report: buildReport() }], whole, []), null);
  });

  it('of hosts that were recorded at other times, or have no date, counts from the beginning of each', () => {
    const one = withTimeline(buildReport({ workers: workers.slice(0, 1), window: WINDOW }), activity());
    const later = { ...one, window: { ...WINDOW, startTime: '2026-11-20T03:13:29.500000Z' } };
    const hosts = [
      { host: 'a', report: one },
      { host: 'b', report: later },
    ];
    for (const whole of [
      { ...WINDOW, endTime: '2026-11-20T03:13:30.200000Z' },
      { ...WINDOW, startTime: null, endTime: null },
    ]) {
      const timeline = combinedTimeline(hosts, whole, []);
      assert.equal(timeline?.isOnOneClock, false);
      assert.deepEqual(
        timeline?.rows.map(({ states }) => states),
        ['.rnhbe.', '.rnhbe.'],
      );
    }
  });
});

it('of very many workers those have a row that findings name', () => {
  const many = Array.from({ length: 400 }, (_, index) => buildWorker({ pid: index + 1 }));
  const findings = [buildFinding({ workers: [397] }), buildFinding({ severity: 'info', workers: [399] })];
  const { timeline } = withTimeline(buildReport({ workers: many, window: WINDOW, findings }), activity());
  const pids = timeline?.rows.map(({ pid }) => pid) ?? [];
  assert.deepEqual([pids.length, pids[0], pids[126], pids[127]], [128, 1, 127, 397]);
  const hosts = ['a', 'b', 'c'].map((host) => ({
    host,
    report: withTimeline(buildReport({ workers: many.slice(0, 100), window: WINDOW }), activity()),
  }));
  const whole = combinedTimeline(hosts, WINDOW, [buildFinding({ hosts: ['c'], workers: [100] })]);
  assert.deepEqual(whole?.rows.at(-1), { pid: 100, host: 'c', states: '' });
  assert.equal(whole?.rows.length, 128);
});

it('a finding tells when each thing was that it lists, and whose', () => {
  const intervals = (metrics: Finding['metrics']): FindingInterval[] => intervalsOf(buildFinding({ metrics }));
  assert.deepEqual(intervals({ stalls: [{ startMs: 3, endMs: 5 }], count: 17 }), [{ startMs: 3, endMs: 5, pid: null }]);
  assert.deepEqual(intervals({ worker: 19, stalls: [{ startMs: 3, endMs: 5 }] }), [{ startMs: 3, endMs: 5, pid: 19 }]);
  assert.deepEqual(intervals({ replies: [{ pid: 7, atMs: 11 }] }), [{ startMs: 11, endMs: 11, pid: 7 }]);
  assert.deepEqual(intervals({ requests: ['GET /', { pid: 7, hungUpMs: 13 }] }), [{ startMs: 13, endMs: 13, pid: 7 }]);
  assert.deepEqual(intervals({ retries: [{ pid: 7, firstAtMs: 1, againAtMs: 17 }] }), [
    { startMs: 17, endMs: 17, pid: 7 },
  ]);
  assert.deepEqual(intervals({ replies: [{ pid: 7, atMs: null }] }), []);
});
