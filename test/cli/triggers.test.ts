import assert from 'node:assert/strict';
import test from 'node:test';
import { Triggers } from '../../src/cli/capture/triggers.ts';
import { buildFinding, buildReport } from '../support/report-builder.ts';

function stall(endTime: string, longestMs: number, openEnded = false, pid = 4711) {
  return buildFinding({
    kind: 'loop-stall',
    title: `Worker ${pid} stalled`,
    workers: [pid],
    endTime,
    openEnded,
    metrics: { longestMs },
  });
}

const T1 = '2026-11-26T10:00:01.000000Z';
const T2 = '2026-11-26T10:00:02.000000Z';
const T3 = '2026-11-26T10:00:03.000000Z';
const T4 = '2026-11-26T10:00:04.000000Z';

test('a stall is told once, the next one again, and shorter ones never', () => {
  const triggers = new Triggers([{ kind: 'stall', ms: 500 }]);
  assert.equal(triggers.look(buildReport({ findings: [] })), null);
  assert.equal(triggers.look(buildReport({ findings: [stall(T1, 499)] })), null);
  assert.equal(triggers.look(buildReport({ findings: [stall(T1, 500)] })), 'Worker 4711 stalled');
  assert.equal(triggers.look(buildReport({ findings: [stall(T1, 500)] })), null);
  // A title is about the longest one, which may be long ago.
  assert.equal(
    triggers.look(buildReport({ findings: [stall(T2, 500)] })),
    'Another stall of at least 500 ms; the longest so far: Worker 4711 stalled',
  );
  assert.equal(triggers.look(buildReport({ findings: [stall(T3, 600)] })), 'Worker 4711 stalled');
});

test('a stall that goes on is told once, and not again when it ends', () => {
  const triggers = new Triggers([{ kind: 'stall', ms: 500 }]);
  const goesOn = buildReport({ findings: [stall(T1, 700, true)] });
  assert.equal(triggers.look(goesOn), null);
  assert.equal(triggers.lookAtOpen(goesOn), 'Worker 4711 stalled, which still goes on');
  assert.equal(triggers.lookAtOpen(goesOn), null);
  const other = buildReport({ findings: [stall(T2, 900, true), stall(T2, 900, true, 4713)] });
  assert.equal(triggers.lookAtOpen(other), 'Worker 4713 stalled, which still goes on');
  assert.equal(triggers.look(buildReport({ findings: [stall(T2, 900)] })), null);
  // Its end used its mark up: the next one is another one.
  assert.equal(triggers.lookAtOpen(other), 'Worker 4711 stalled, which still goes on');
});

test('a worker that is back is told again the next time, also while another one hangs for good', () => {
  const triggers = new Triggers([{ kind: 'stall', ms: 500 }]);
  const forGood = stall(T1, 700, true, 4711);
  triggers.lookAtOpen(buildReport({ findings: [forGood] }));
  for (const [second, end] of [T2, T3].entries()) {
    triggers.stillAway(new Set([4711, 4713]), second * 1_000);
    const both = buildReport({ findings: [forGood, stall(end, 700, true, 4713)] });
    assert.equal(triggers.lookAtOpen(both), 'Worker 4713 stalled, which still goes on');
    triggers.stillAway(new Set([4711]), second * 1_000 + 500);
    // Its end was told with its beginning.
    assert.equal(triggers.look(buildReport({ findings: [stall(end, 900, false, 4713)] })), null);
    assert.equal(triggers.isOpen(4713), false);
  }
  assert.equal(triggers.look(buildReport({ findings: [stall(T4, 600, false, 4713)] })), 'Worker 4713 stalled');
  assert.equal(triggers.isOpen(4711), true);
});

test('a worker that has been back for ten seconds without a word of a report is told again', () => {
  const triggers = new Triggers([{ kind: 'stall', ms: 500 }]);
  const goesOn = buildReport({ findings: [stall(T1, 700, true)] });
  triggers.lookAtOpen(goesOn);
  triggers.stillAway(new Set([4711]), 1_000);
  triggers.stillAway(new Set(), 10_999);
  assert.equal(triggers.isOpen(4711), true);
  triggers.stillAway(new Set(), 11_000);
  assert.equal(triggers.lookAtOpen(goesOn), 'Worker 4711 stalled, which still goes on');
  // A report that does not show it any more says the same at once.
  triggers.lookAtOpen(buildReport({ findings: [] }));
  assert.equal(triggers.isOpen(4711), false);
});

test('errors and deaths are told when there are more of them; what was read before is not new', () => {
  const triggers = new Triggers([{ kind: 'error', errno: 'EPIPE' }, { kind: 'death' }]);
  const failed = (count: number, deaths = 0) =>
    buildReport({
      calls: [
        { call: 'sendto', count: 97, errors: { EPIPE: count, EAGAIN: 3 }, totalMs: 1, maxMs: 1, p50Ms: 1, p99Ms: 1 },
      ],
      findings:
        deaths === 0
          ? []
          : [buildFinding({ kind: 'worker-death', title: 'SIGKILL killed', metrics: { count: deaths } })],
    });
  triggers.look(failed(2));
  assert.equal(triggers.look(failed(2)), null);
  assert.equal(triggers.look(failed(3)), 'EPIPE of sendto');
  assert.equal(triggers.look(failed(3, 1)), 'SIGKILL killed');
  assert.equal(triggers.look(failed(3, 1)), null);
  assert.equal(triggers.look(failed(3, 2)), 'SIGKILL killed');
});
