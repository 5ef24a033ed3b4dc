import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Finding, Report } from '../../src/analysis/report.ts';
import { compareReports } from '../../src/comparison/compare.ts';
import type { CauseChange, Comparison } from '../../src/comparison/comparison.ts';
import {
  buildFinding,
  buildReport,
  buildStallMetrics,
  buildWorker,
  type ReportParts,
} from '../support/report-builder.ts';

interface Stalls {
  readonly count?: number;
  readonly eachMs?: number;
  readonly request?: string;
  readonly parts?: Partial<Finding>;
}

/** Stalls all over a capture of 58.2 s. */
function stalls({ count = 40, eachMs = 200, request = 'POST /login', parts = {} }: Stalls = {}): Finding {
  const metrics = { ...buildStallMetrics(), count, totalMs: count * eachMs, longestMs: eachMs, requests: [request] };
  const title = `${request} holds worker 4127 ${eachMs} ms (${count}x)`;
  return buildFinding({ title, startMs: 500, endMs: 57_000, metrics, ...parts });
}

function capture(findings: readonly Finding[], parts: ReportParts = {}): Report {
  const clear = { status: 'clear', reason: 'looked' } as const;
  const outcomes = {
    'loop-stall': findings.length > 0 ? ({ status: 'found', reason: 'looked' } as const) : clear,
    'worker-saturation': clear,
    'backlog-overflow': clear,
  };
  return buildReport({ findings, outcomes, ...parts });
}

function served(requests: number): ReportParts {
  return { workers: [buildWorker({ requests, accepted: requests })] };
}

function only({ causes }: Comparison): CauseChange {
  assert.equal(causes.length, 1);
  return causes[0] as CauseChange;
}

describe('a comparison', () => {
  it('says that a cause is gone which should have shown many times, and what the user may take from it', () => {
    const comparison = compareReports(capture([stalls()]), capture([]));
    assert.equal(comparison.verdict.outcome, 'better');
    assert.equal(comparison.verdict.confidence, 'likely');
    assert.equal(comparison.verdict.text, 'Better: the only cause is gone.');
    const cause = only(comparison);
    assert.deepEqual([cause.change, cause.confidence, cause.after], ['gone', 'likely', null]);
    assert.equal(cause.before?.count, 40);
    // 40 in 3,027 requests of the three workers of the builder.
    assert.ok(Math.abs((cause.before?.rate ?? 0) - 40 / 3.027) < 1e-9);
  });

  it('does not give the reason of a kind that found something else as if nothing had been found', () => {
    const other = capture([stalls({ request: 'GET /', count: 3, parts: { id: 'loop-stall-2' } })]);
    const gone = compareReports(capture([stalls()]), other).causes.find(({ change }) => change === 'gone');
    assert.match(gone?.reason ?? '', / times\. AFTER reports others of this kind, and not this one\.$/);
    const none = only(compareReports(capture([stalls()]), capture([])));
    assert.match(none.reason, / times\. None is reported: looked\.$/);
  });

  it('turns round when its sides do', () => {
    for (const [before, after] of [
      [capture([stalls()]), capture([])],
      [capture([stalls()]), capture([stalls({ count: 4 })])],
      [capture([stalls({ eachMs: 900 })]), capture([stalls({ eachMs: 150 })])],
    ] as const) {
      const there = only(compareReports(before, after)).change;
      const back = only(compareReports(after, before)).change;
      assert.equal(`${there} ${back}`, there === 'gone' ? 'gone new' : 'better worse');
    }
  });

  it('finds no difference between a report and itself, nor between numbers as two recordings have them', () => {
    const report = capture([stalls()]);
    const { outcome, text } = compareReports(report, report).verdict;
    assert.deepEqual([outcome, text], ['same', 'BEFORE and AFTER hold the same capture: nothing to compare.']);
    const later = capture([stalls()], { window: { startTime: '2026-11-20T02:20:00.300000Z' } });
    assert.equal(compareReports(report, later).verdict.text, 'No difference: the only cause is as before.');
    for (const count of [28, 35, 55, 70]) {
      const change = only(compareReports(report, capture([stalls({ count, eachMs: 250 })])));
      assert.equal(change.change, 'same', `${count}`);
    }
  });

  it('does not take a cause that came once for gone, and says for how long to record', () => {
    const parts = { severity: 'warning' } as const;
    const comparison = compareReports(capture([stalls({ count: 1, eachMs: 150, parts })]), capture([]));
    assert.deepEqual([only(comparison).change, only(comparison).confidence], ['gone', 'cannot-tell']);
    assert.equal(comparison.verdict.outcome, 'cannot-tell');
    // 99 times as long: (1 / 100) ** (1 / 1) is the chance that is not believed.
    assert.deepEqual(comparison.next, []);
    const thrice = compareReports(capture([stalls({ count: 3, eachMs: 150, parts })]), capture([]));
    assert.match(thrice.next.join(), /^Record again for 212 s under the same load/);
  });

  it('calls what was rare and took much of the time possibly gone', () => {
    const comparison = compareReports(capture([stalls({ count: 1, eachMs: 12_000 })]), capture([]));
    assert.deepEqual([only(comparison).change, only(comparison).confidence], ['gone', 'possible']);
    assert.deepEqual([comparison.verdict.outcome, comparison.verdict.confidence], ['better', 'possible']);
  });

  it('takes what came in one go for one incident', () => {
    const burst = stalls({ parts: { startMs: 20_000, endMs: 21_000 } });
    assert.equal(only(compareReports(capture([burst]), capture([]))).confidence, 'possible');
    assert.equal(only(compareReports(capture([stalls()]), capture([]))).confidence, 'likely');
  });

  it('adds up rare causes: together they may be no chance', () => {
    const rare = Array.from({ length: 9 }, (_, index) =>
      stalls({
        count: 1,
        eachMs: 150,
        request: `GET /page${'abcdefghi'[index]}`,
        parts: { id: `loop-stall-${index}` },
      }),
    );
    const { verdict } = compareReports(capture(rare), capture([]));
    assert.equal(verdict.outcome, 'better');
    assert.match(verdict.text, /all 9 causes may be gone\. The rare ones together/);
  });

  it('measures by requests where both served some, so that less load is no improvement', () => {
    const before = capture([stalls({ count: 400 })], served(4_000));
    const after = capture([stalls({ count: 100 })], served(1_000));
    assert.equal(only(compareReports(before, after)).change, 'same');
    assert.match(compareReports(before, after).conditions.join(), /The load differs: BEFORE served 68.7 requests/);
  });

  it('cannot tell of a capture in which hardly anybody asked for anything', () => {
    const { verdict } = compareReports(capture([stalls()], served(4_000)), capture([], served(7)));
    assert.equal(verdict.text, 'Cannot tell: AFTER served 7 requests, too few to show what BEFORE showed under load.');
  });

  it('cannot tell of a detector that could not look, of poor data, and of other software', () => {
    const blind = capture([], { outcomes: { 'loop-stall': { status: 'not-applicable', reason: 'it has no times.' } } });
    const change = only(compareReports(capture([stalls()]), blind));
    assert.deepEqual([change.change, change.reason], ['unclear', 'AFTER cannot show it: it has no times.']);
    const older = capture([], { outcomes: {} });
    assert.equal(only(compareReports(capture([stalls()]), older)).change, 'unclear');
    const poor = capture([], { quality: { grade: 'poor' } });
    assert.equal(compareReports(capture([stalls()]), poor).verdict.text, 'Cannot tell: the data of AFTER are poor.');
    const other = capture([], { workers: [buildWorker({ server: 'nginx' })] });
    assert.match(
      compareReports(capture([stalls()]), other).verdict.text,
      /^Cannot tell: BEFORE is a capture of gunicorn/,
    );
  });

  it('calls a cause possibly gone where the other capture holds nothing of the kind, or is judged in part', () => {
    const reason = 'No wait for another service is in the capture';
    const none = (flags = {}) => {
      const report = capture([], { outcomes: { 'loop-stall': { status: 'not-applicable', reason, absent: true } } });
      return { ...report, source: { ...report.source, flags: { ...report.source.flags, ...flags } } };
    };
    const gone = compareReports(capture([stalls()]), none());
    assert.deepEqual([only(gone).change, only(gone).confidence], ['gone', 'possible']);
    assert.match(only(gone).reason, /AFTER: No wait for another service is in the capture\.$/);
    assert.equal(gone.verdict.text, 'Possibly better: the only cause may be gone.');
    assert.equal(
      compareReports(none(), capture([stalls()])).verdict.text,
      'Possibly worse: the only cause may be new.',
    );
    // With other flags the other one may not have seen it.
    assert.equal(only(compareReports(capture([stalls()]), none({ durations: false }))).change, 'unclear');
    const verdict = {
      severity: 'none',
      confidence: 'cannot-tell',
      text: 'Cannot tell: 3 requests had no reply.',
    } as const;
    const inPart = compareReports(capture([stalls()]), capture([], { verdict }));
    assert.deepEqual(
      [inPart.verdict.outcome, inPart.verdict.confidence, inPart.verdict.text],
      [
        'better',
        'possible',
        'Possibly better: the only cause is gone. But nobody can judge AFTER: 3 requests had no reply.',
      ],
    );
  });

  it('calls a rare cause possibly gone where it is critical, or five times as often as chance would have it', () => {
    const confidence = (parts: Stalls): string =>
      only(compareReports(capture([stalls(parts)]), capture([]))).confidence;
    const rare = { count: 1, eachMs: 150 };
    assert.equal(confidence({ ...rare, parts: { severity: 'warning' } }), 'cannot-tell');
    assert.equal(confidence({ ...rare, parts: { severity: 'critical' } }), 'possible');
    // 1 of 2 ** 4 is more than 5 of 100, and 1 of 2 ** 5 less.
    assert.deepEqual(
      [4, 5, 7].map((count) => confidence({ count, eachMs: 150, parts: { severity: 'warning' } })),
      ['cannot-tell', 'possible', 'likely'],
    );
  });

  it('finds no trouble only where both captures could show it, and says that an info changed', () => {
    const info = stalls({ parts: { severity: 'info' } });
    const gone = compareReports(capture([info]), capture([])).verdict;
    const nothing = 'neither capture shows any trouble';
    assert.deepEqual([gone.outcome, gone.text], ['better', `Slightly better: ${nothing}; the only info is gone.`]);
    const come = compareReports(capture([]), capture([info])).verdict;
    assert.deepEqual([come.outcome, come.text], ['worse', `Slightly worse: ${nothing}; the only info is new.`]);
    const later = capture([info], { window: { startTime: '2026-11-20T02:20:00.300000Z' } });
    assert.equal(compareReports(capture([info]), later).verdict.text, `No difference: ${nothing}.`);
    // What is rare may be chance.
    const rare = capture([stalls({ count: 2, parts: { severity: 'info' } })]);
    assert.equal(compareReports(rare, capture([])).verdict.text, `No difference: ${nothing}.`);
    const verdict = { severity: 'none', confidence: 'cannot-tell', text: 'Cannot tell: no worker was seen.' } as const;
    const unjudged = capture([info], { verdict });
    for (const [before, after, name] of [
      [unjudged, capture([info]), 'BEFORE'],
      [capture([info]), unjudged, 'AFTER'],
    ] as const) {
      const { outcome, text } = compareReports(before, after).verdict;
      assert.deepEqual([outcome, text], ['cannot-tell', `Cannot tell: nobody can judge ${name}: no worker was seen.`]);
    }
  });

  it('takes another request for another cause', () => {
    const { causes, verdict } = compareReports(capture([stalls()]), capture([stalls({ request: 'GET /report' })]));
    assert.deepEqual(
      causes.map(({ change }) => change),
      ['new', 'gone'],
    );
    assert.equal(verdict.outcome, 'mixed');
  });

  it('tells what came of a cause when the cause itself is the same', () => {
    const cause = stalls({ parts: { effects: ['backlog-overflow-1'] } });
    const effect = buildFinding({
      id: 'backlog-overflow-1',
      kind: 'backlog-overflow',
      title: 'Queue of :8000 full: 14 waiting, backlog 13',
      effectOf: cause.id,
      startMs: 500,
      endMs: 57_000,
      metrics: { count: 30 },
    });
    const { causes } = compareReports(capture([cause, effect]), capture([stalls()]));
    assert.deepEqual(
      causes.map(({ kind, change }) => `${kind} ${change}`),
      ['loop-stall same', 'backlog-overflow gone'].sort(),
    );
  });

  it('takes a cause that came of another one in the second capture for the same cause', () => {
    const lookups = buildFinding({
      id: 'blocking-dns-1',
      kind: 'blocking-dns',
      title: 'GET /order holds worker 4127 up to 200 ms (40x): name server 10.0.0.2:53',
      startMs: 500,
      endMs: 57_000,
      metrics: { count: 40, totalMs: 8_000, longestMs: 200, place: 'loop', servers: [{ server: '10.0.0.2:53' }] },
      effects: ['loop-stall-1'],
    });
    const stall = stalls({ parts: { effectOf: 'blocking-dns-1', effect: 'the event loop stood still 40 times' } });
    const alone = capture([stalls(), { ...lookups, effects: [] }]);
    const together = capture([lookups, stall]);
    for (const [before, after] of [
      [alone, together],
      [together, alone],
    ] as const)
      assert.deepEqual(
        compareReports(before, after)
          .causes.map(({ kind, change }) => `${kind} ${change}`)
          .sort(),
        ['blocking-dns same', 'loop-stall same'],
      );
  });

  it('compares states by their share, and one that is gone by the length of the capture', () => {
    const saturated = (share: number): Finding =>
      buildFinding({ kind: 'worker-saturation', title: 'All 3 workers busy', metrics: { share, longestMs: 9_000 } });
    const change = (a: number, b: number): string =>
      only(compareReports(capture([saturated(a)]), capture([saturated(b)]))).change;
    assert.deepEqual(
      [change(0.9, 0.2), change(0.2, 0.9), change(0.65, 0.77), change(0.01, 0.04)],
      ['better', 'worse', 'same', 'same'],
    );
    const short = capture([], { window: { durationMs: 9_000 } });
    assert.equal(only(compareReports(capture([saturated(0.9)]), capture([]))).change, 'gone');
    assert.equal(only(compareReports(capture([saturated(0.9)]), short)).change, 'unclear');
  });

  it('does not take a state for gone, or for new, where the other capture had less load', () => {
    const saturated = (share: number): Finding =>
      buildFinding({ kind: 'worker-saturation', title: 'All 3 workers busy', metrics: { share, longestMs: 9_000 } });
    const [much, little] = [served(4_000), served(1_500)];
    for (const [before, after] of [
      [capture([saturated(0.9)], much), capture([], little)],
      [capture([], little), capture([saturated(0.9)], much)],
      [capture([saturated(0.9)], much), capture([saturated(0.2)], little)],
    ] as const)
      assert.equal(only(compareReports(before, after)).change, 'unclear');
    assert.equal(only(compareReports(capture([saturated(0.9)], little), capture([], much))).change, 'gone');
  });

  it('does not compare how often something came where one capture tells neither times nor requests', () => {
    const nothing = { window: { durationMs: null }, workers: [buildWorker({ requests: 0, accepted: 0 })] };
    const { verdict } = compareReports(capture([stalls()], served(4_000)), capture([stalls()], nothing));
    assert.equal(verdict.outcome, 'cannot-tell');
  });

  it('does not compare how long something took in captures of different tracers', () => {
    const [slow, quick] = [stalls({ eachMs: 900 }), stalls({ eachMs: 150 })];
    assert.equal(only(compareReports(capture([slow]), capture([quick]))).change, 'better');
    const other = { ...capture([quick]), source: { ...capture([]).source, format: 'bpftrace' } };
    assert.equal(only(compareReports(capture([slow]), other)).change, 'same');
  });

  it('says what else differs', () => {
    const after = capture([], {
      source: {
        format: 'bpftrace',
        flags: { timestamps: 'epoch', durations: false, pids: true, fdDecoration: 'none', stacks: false, others: [] },
      },
      window: { durationMs: 600_000 },
      quality: { lostEvents: 1_204 },
      workers: [buildWorker({ pid: 1 })],
    });
    assert.deepEqual(compareReports(capture([]), after).conditions, [
      'The load differs: BEFORE served 52 requests a second, AFTER 1.7.',
      'BEFORE lasts 58.20 s, AFTER 600.00 s.',
      'BEFORE shows 3 workers, AFTER 1.',
      'BEFORE was recorded by strace and AFTER by bpftrace, which slow a process down differently: lengths do not compare.',
      'Only BEFORE tells how long calls took (-T).',
      'Only BEFORE tells what descriptors are (-y).',
      'AFTER lost 1,204 events.',
    ]);
    assert.deepEqual(compareReports(capture([]), capture([])).conditions, []);
  });
});
