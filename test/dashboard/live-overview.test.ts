import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { textOf, UNICODE } from '../../src/dashboard/row.ts';
import { type DashboardState, initialState, type LiveStatus } from '../../src/dashboard/state.ts';
import { liveData } from '../../src/dashboard/views/live-head.ts';
import { drawLiveOverview } from '../../src/dashboard/views/live-overview.ts';
import { LIVE_STATUS } from '../support/live-status.ts';
import { buildFinding, buildReport, buildWorker } from '../support/report-builder.ts';

const SENTENCE = 'Worker 101 did not get back to its event loop for at least 5.24 s while it served a request. ';

/** A live screen with so many workers and findings; each finding has more to say than there is room for. */
function screen(columns: number, rows: number, workers: number, findings: number): readonly string[] {
  const text = 'cat /proc/101/stack';
  const step = { text: `See what it waits for: ${SENTENCE.repeat(3)}`, command: text, needs: 'root', caveat: SENTENCE };
  const lines = [3, 5, 7].map((line) => ({ file: 'x', line, text: `101 1795140800.${line} fsync(7) = 0` }));
  const one = (index: number) =>
    buildFinding({
      id: `loop-stall-${index + 1}`,
      summary: SENTENCE.repeat(7),
      workers: [101 + index],
      next: [step, step],
      evidence: lines,
    });
  const state: DashboardState = {
    ...initialState({ columns, rows, glyphs: UNICODE, source: 'live', files: ['x'], mouse: false }),
    report: buildReport({
      workers: Array.from({ length: workers }, (_, index) => buildWorker({ pid: 101 + index })),
      findings: Array.from({ length: findings }, (_, index) => one(index)),
    }),
    live: LIVE_STATUS,
  };
  return drawLiveOverview(state).map(textOf);
}

describe('below the findings of a live screen', () => {
  for (const [columns, rows] of [
    [80, 24],
    [100, 30],
    [160, 48],
  ] as const)
    it(`stand facts, what to do next and a line that proves it, in this order, at ${columns}x${rows}`, () => {
      for (const workers of [1, 3, 5, 23])
        for (const findings of [1, 2, 7]) {
          const shown = screen(columns, rows, workers, findings);
          const what = `${workers} workers, ${findings} findings:\n${shown.join('\n')}`;
          const next = shown.findIndex((line) => line.startsWith(' NEXT  1 See what'));
          const proof = shown.findIndex((line) => line.startsWith(' PROOF '));
          const facts = shown.findIndex((line) => line.startsWith(' likely') || line.startsWith(' FACTS'));
          assert.ok(facts >= 0 && facts < next, what);
          assert.ok(next + 1 < proof, what);
          assert.match(shown[proof + 1] ?? '', / 3 {2}\S.*fsync/, what);
          assert.match(shown.at(-1) ?? '', /^ Capture so far/, what);
        }
    });

  it('stands the beginning of a first step that has no room, and says so', () => {
    const shown = screen(80, 24, 23, 7);
    const proof = shown.findIndex((line) => line.startsWith(' PROOF '));
    assert.match(shown[proof - 1] ?? '', / \.\.\.$/, shown.join('\n'));
  });
});

describe('the data line of a live screen', () => {
  const line = (parts: Partial<LiveStatus>): string => {
    const state = initialState({ columns: 80, rows: 24, glyphs: UNICODE, source: 'live', files: ['x'], mouse: false });
    return textOf(liveData(state, { ...LIVE_STATUS, ...parts }));
  };

  it('says how much was not read, and how old what is shown therefore is', () => {
    assert.match(
      line({ behindBytes: 27_000_000, behindMs: 4_700 }),
      /^ DATA {5}no event lost {3}25\.7 MB, 4 s behind {3}7 /,
    );
    assert.match(line({ behindBytes: 2_700_000, behindMs: 700 }), / 2\.6 MB behind /);
    assert.match(line({}), / all read /);
  });

  it('tells no calls of a tracer that counts and prints none', () => {
    assert.match(line({}), / 7 calls\/s /);
    assert.doesNotMatch(line({ callsPerSecond: null }), /calls/);
  });

  it('calls silence stale only where the kernel shows processes that went on meanwhile', () => {
    const stayed = (...stays: readonly number[]): Partial<LiveStatus> => ({
      silentMs: 7_000,
      processes: stays.map((stayMs, index) => ({
        pid: 101 + index,
        innerPid: 101 + index,
        name: 'nginx',
        call: 'epoll_wait',
        target: '',
        isWaiting: true,
        ageMs: stayMs,
        stayMs,
        awayMs: 0,
        isFromStart: true,
      })),
    });
    assert.match(line(stayed(5_000, 9_000)), /^ DATA {5}no event lost {3}no call for 7 s {3}/);
    assert.match(line(stayed(9_000, 4_999)), /^ STALE {4}no event lost {3}no data for 7 s \(tracer alive\) {3}/);
    assert.match(line({ silentMs: 7_000 }), /^ STALE /);
  });
});
