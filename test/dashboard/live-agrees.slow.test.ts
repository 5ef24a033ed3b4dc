import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { gunzipSync } from 'node:zlib';
import type { Activity } from '../../src/analysis/activity.ts';
import type { Finding, Report } from '../../src/analysis/report.ts';
import type { DashboardState } from '../../src/dashboard/state.ts';
import { longestOf, workerRows } from '../../src/dashboard/tables/workers.ts';
import { analyzeInputs } from '../../src/pipeline/analyze-inputs.ts';
import type { InputSet } from '../../src/sources/trace-input.ts';
import { LIVE_STATUS } from '../support/live-status.ts';
import { memoryInput } from '../support/memory-input.ts';
import { PaperDashboard } from '../support/screens.ts';
import { samples } from '../support/truth.ts';

/** Larger ones take minutes, and hold more of the same. */
const MOST_BYTES = 1_500_000;
const LEAST_BYTES = 400;
const PARTS = [0.35, 0.7, 1];
const SEVERITIES = ['none', 'info', 'warning', 'critical'];

function setOf(text: string): InputSet {
  return {
    kind: 'live',
    paths: ['trace'],
    inputs: [memoryInput('trace', text, { chunkBytes: MOST_BYTES })],
    leftOut: [],
    notices: [],
  };
}

/** The live screen when so much has been read, six seconds after that was first seen: nothing waits to be steady. */
async function screenOf(text: string): Promise<DashboardState> {
  const last: { report: Report; activity: Activity | null; open: readonly Finding[] }[] = [];
  await analyzeInputs(
    setOf(text),
    { activity: true, growing: true, goesOn: true },
    {
      progress: (progress) => {
        const open = progress.open({ lines: '', elsewhere: new Map() }).findings.filter(({ openEnded }) => openEnded);
        last[0] = { report: progress.snapshot(), activity: progress.activity(), open };
      },
    },
  );
  const [picture] = last;
  assert.ok(picture !== undefined);
  const { window, source } = picture.report;
  const durationMs = window.durationMs ?? 0;
  const live = {
    ...LIVE_STATUS,
    engine: source.format === 'strace' ? 'strace' : 'bpftrace',
    elapsedMs: Math.max(LIVE_STATUS.elapsedMs, durationMs),
    wallMs: Date.parse(window.startTime ?? '') + durationMs,
  };
  const board = new PaperDashboard(null, { source: 'live' }).tell({ type: 'live', live });
  board
    .tell({ type: 'picture', ...picture })
    .at(6_000)
    .tell({ type: 'picture', ...picture })
    .at(0);
  return board.state;
}

/** What the screen says and the report on the same bytes does not. */
async function contradictions(text: string): Promise<string[]> {
  const state = await screenOf(text);
  const shown = state.report;
  const report = await analyzeInputs(setOf(text), {});
  assert.ok(shown !== null);
  const told = (finding: Finding): boolean =>
    report.findings.some(
      ({ kind, workers }) =>
        kind === finding.kind && (finding.workers.length === 0 || workers.some((pid) => finding.workers.includes(pid))),
    );
  const longest = new Map(report.workers.map(({ pid, longestTurnMs }) => [pid, longestTurnMs]));
  const isMore = (level: string, other: string): boolean => SEVERITIES.indexOf(level) > SEVERITIES.indexOf(other);
  return [
    ...shown.findings.filter((each) => each.severity !== 'info' && !told(each)).map(({ title }) => title),
    ...workerRows(state).flatMap((row) => {
      const [here, there] = [longestOf(row), longest.get(row.worker.pid) ?? null];
      // Of a turn that goes on the report says how long at least.
      const isLonger = here !== null && there !== null && here > there + 1 && row.openMs === 0;
      return isLonger ? [`${row.worker.pid}: ${here} ms, and not ${there} ms`] : [];
    }),
    ...(isMore(shown.verdict.severity, report.verdict.severity)
      ? [`"${shown.verdict.text}", and not "${report.verdict.text}"`]
      : []),
  ];
}

describe('the live screen says nothing that the report on the same bytes does not', () => {
  for (const { name, trace } of samples()) {
    const text = gunzipSync(readFileSync(trace)).toString('latin1');
    if (text.length > MOST_BYTES) continue;
    for (const part of PARTS) {
      const whole = text.slice(0, text.lastIndexOf('\n', Math.floor(text.length * part)) + 1);
      if (whole.length < LEAST_BYTES) continue;
      it(`in the first ${part * 100} % of the sample ${name}`, async () => {
        assert.deepEqual(await contradictions(whole), []);
      });
    }
  }
});
