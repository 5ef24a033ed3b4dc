import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Activity, WorkerActivity } from '../../src/analysis/activity.ts';
import { stateBetween, type WorkerState } from '../../src/analysis/worker-states.ts';
import { ASCII, textOf, UNICODE } from '../../src/dashboard/row.ts';
import { drawLegend, drawTimelineRow, type StateBetween } from '../../src/dashboard/views/timeline-rows.ts';
import { buildActivity, buildLane } from '../support/activity-builder.ts';
import { buildFinding, buildReport, buildWorker, nightReport } from '../support/report-builder.ts';
import { PaperDashboard } from '../support/screens.ts';

/** Columns of 100 ms. */
function state(
  parts: Partial<Record<keyof WorkerActivity, readonly number[]>>,
  over: Partial<WorkerActivity> = {},
): WorkerState {
  const activity = buildActivity([buildLane(4127, 1, parts, over)], 100);
  return stateBetween(activity, activity.workers[0] as WorkerActivity, 0, 100);
}

describe('a cell of a lane', () => {
  it('is idle when it mostly waited, and running when it did not', () => {
    assert.equal(state({ waiting: [0.051] }), 'idle');
    assert.equal(state({ waiting: [0.049] }), 'running');
  });
  it('is blocked when it was for most of the time, or in a long stay', () => {
    assert.equal(state({ blocked: [0.051], waiting: [0.049] }), 'blocked');
    assert.equal(state({ blocked: [0.049], waiting: [0.051] }), 'idle');
    assert.equal(state({ blocked: [0.003], waiting: [0.097], long: [1] }), 'blocked');
  });
  it('is silent likewise', () => {
    assert.equal(state({ silent: [0.051], waiting: [0.049] }), 'silent');
    assert.equal(state({ silent: [0.003], waiting: [0.097], long: [2] }), 'silent');
  });
  it('shows a herd when more wake-ups were for nothing than connections were taken', () => {
    assert.equal(state({ waiting: [0.1], wasted: [3], accepted: [2] }), 'herd');
    assert.equal(state({ waiting: [0.1], wasted: [3], accepted: [3] }), 'idle');
    assert.equal(state({ waiting: [0.1], wasted: [1] }), 'idle');
  });
  it('shows the worst of several: a failed reply, then blocked, then a herd, then a silence', () => {
    const all = { brokenPipes: [1], blocked: [0.06], wasted: [7], long: [3], silent: [0.04] };
    assert.equal(state(all), 'broken');
    assert.equal(state({ ...all, brokenPipes: [0] }), 'blocked');
    assert.equal(state({ ...all, brokenPipes: [0], blocked: [0], long: [2] }), 'herd');
    assert.equal(state({ ...all, brokenPipes: [0], blocked: [0], long: [2], wasted: [0] }), 'silent');
  });
  it('is empty before the worker was there and after it ended', () => {
    assert.equal(state({}, { firstMs: 300 }), 'absent');
    const activity = buildActivity([buildLane(4127, 5, {}, { ended: true, lastMs: 100 })], 100);
    assert.equal(stateBetween(activity, activity.workers[0] as WorkerActivity, 300, 400), 'absent');
  });
  it('is empty from where on nothing was heard of the worker', () => {
    const activity = buildActivity([buildLane(4127, 5, {}, { knownMs: 150 })], 100);
    const [lane] = activity.workers;
    assert.ok(lane);
    assert.equal(stateBetween(activity, lane, 200, 300), 'running');
    assert.equal(stateBetween(activity, lane, 300, 400), 'absent');
  });
  it('of a master is not called blocked when it sleeps', () =>
    assert.equal(state({ blocked: [0.1] }, { role: 'master' }), 'idle'));
});

describe('a lane', () => {
  const activity = buildActivity(
    [
      buildLane(4127, 6, {
        waiting: [0.1, 0, 0, 0, 0.1, 0.1],
        blocked: [0, 0.1, 0, 0, 0, 0],
        silent: [0, 0, 0.1, 0, 0, 0],
        wasted: [0, 0, 0, 0, 9, 0],
        brokenPipes: [0, 0, 0, 0, 0, 1],
      }),
    ],
    100,
  );
  const worker = activity.workers[0] as WorkerActivity;
  const lane: StateBetween = (fromMs, toMs) => stateBetween(activity, worker, fromMs, toMs);
  const draw = (cells: number, glyphs = UNICODE): string =>
    textOf(drawTimelineRow(lane, { fromMs: 0, toMs: 600, cells }, glyphs));

  it('is drawn in letters and shades', () => assert.equal(draw(6), '░█▒▓x!'));
  it('has its ASCII form', () => assert.equal(draw(6, ASCII), '.Bc#x!'));
  it('shows the worst of the columns that share a cell', () => assert.equal(draw(3), '█▒!'));
  it('shows a column in several cells when it is zoomed', () => assert.equal(draw(12), '░░██▒▒▓▓xx!!'));
  it('is explained by the legend, as far as there is room', () => {
    assert.equal(textOf(drawLegend(ASCII, 60)), '.waits #runs cno call Bblocked xherd !EPIPE ');
    assert.equal(textOf(drawLegend(ASCII, 14)), '.waits #runs ');
  });
});

describe('the timeline', () => {
  const activity: Activity = buildActivity(
    [buildLane(4127, 582, {}), buildLane(4128, 582, {}), buildLane(4129, 582, {})],
    100,
  );
  const timeline = (): PaperDashboard => new PaperDashboard(nightReport, { activity }).press('3');

  it('begins at the selected finding', () => {
    const dashboard = timeline();
    assert.equal(dashboard.state.timeline.cursorMs, 8_802);
    assert.match(dashboard.screen, /cursor 02:13:37\.902 UTC/);
    assert.match(dashboard.screen, /Enter: Loop of worker 4127 blocked in fsync/);
  });

  it('moves its cursor by a cell, and never out of the trace', () => {
    const dashboard = timeline().press(']');
    const step = 58_200 / 70;
    assert.ok(Math.abs(dashboard.state.timeline.cursorMs - 8_802 - step) < 1);
    assert.equal(dashboard.press('g', '[').state.timeline.cursorMs, 0);
    assert.ok(dashboard.press('G', ']', ']').state.timeline.cursorMs < 58_200);
  });

  it('zooms around the cursor down to one column of data a cell, and out to the whole trace', () => {
    const dashboard = timeline().press('+');
    const { fromMs, toMs } = dashboard.state.timeline;
    assert.ok(Math.abs(toMs - fromMs - 29_100) < 1 && fromMs <= 8_802 && toMs > 8_802, `${fromMs} to ${toMs}`);
    dashboard.press('+', '+', '+', '+', '+');
    assert.match(dashboard.screen, /1 column = 100 ms/);
    dashboard.press('0');
    assert.match(dashboard.screen, /1 column = 831 ms/);
  });

  it('opens the finding under the cursor, else the lines of that time', () => {
    assert.match(timeline().press('enter').screen, /FINDING 1 of 2/);
    const elsewhere = timeline().press('G', 'enter');
    assert.equal(elsewhere.lastEffect?.type, 'seek-time');
  });

  it('of a finding of many stalls covers only the stalls', () => {
    const finding = buildFinding({
      startMs: 1_000,
      endMs: 50_000,
      metrics: {
        stalls: [
          { startMs: 1_000, endMs: 1_100 },
          { startMs: 49_000, endMs: 50_000 },
        ],
      },
    });
    const report = buildReport({ findings: [finding], workers: [buildWorker()] });
    const dashboard = new PaperDashboard(report, { activity: buildActivity([buildLane(4127, 582, {})], 100) }).press(
      '3',
    );
    assert.match(dashboard.screen, /Enter: Loop of worker/);
    for (let press = 0; press < 5; press++) dashboard.press(']');
    assert.match(dashboard.screen, /No finding covers this moment/);
  });

  it('says so when the trace has no times', () => {
    const report = buildReport({ window: { startTime: null, endTime: null, durationMs: null } });
    assert.match(new PaperDashboard(report, { activity }).press('3').screen, /This trace has no times/);
  });
});
