import type {
  Diagnostic,
  Evidence,
  Finding,
  Kind,
  Outcome,
  Quality,
  Report,
  Source,
  Verdict,
  Window,
  Worker,
} from '../../src/analysis/report.ts';

/** What a test wants to differ from the plain report. */
export interface ReportParts {
  readonly source?: Partial<Source>;
  readonly window?: Partial<Window>;
  readonly quality?: Partial<Quality>;
  readonly verdict?: Partial<Verdict>;
  readonly outcomes?: Readonly<Partial<Record<Kind, Outcome>>>;
  readonly workers?: readonly Worker[];
  readonly time?: Report['time'];
  readonly dependencies?: Report['dependencies'];
  readonly calls?: Report['calls'];
  readonly findings?: readonly Finding[];
}

/** A report of a good 58.2 s capture of three gunicorn workers in which nothing was found. */
export function buildReport(parts: ReportParts = {}): Report {
  return {
    schemaVersion: 1,
    tool: { name: 'drover', version: '0.1.0' },
    source: {
      kind: 'file',
      paths: ['web-01.strace'],
      format: 'strace',
      flags: { timestamps: 'epoch', durations: true, pids: true, fdDecoration: 'paths', stacks: false, others: [] },
      ...parts.source,
    },
    window: {
      startTime: '2026-11-20T02:13:29.100000Z',
      endTime: '2026-11-20T02:14:27.300000Z',
      timeOfDay: null,
      monotonicSeconds: null,
      startMs: 0,
      durationMs: 58_200,
      ...parts.window,
    },
    quality: {
      grade: 'good',
      lines: 1_204_331,
      events: 1_204_319,
      unparsedLines: 0,
      lostEvents: 0,
      notes: [],
      diagnostics: [],
      ...parts.quality,
    },
    verdict: {
      severity: 'none',
      confidence: 'likely',
      text: 'No herd, no turn of 100 ms or more and no EPIPE in these 58.2 s of 3 workers.',
      ...parts.verdict,
    },
    outcomes: parts.outcomes ?? {
      'thundering-herd': { status: 'clear', reason: '1.00 wake-ups per connection over 12,007 connections on :8000' },
      'loop-stall': { status: 'clear', reason: 'no turn of 100 ms or more in 1,237 turns' },
    },
    workers: parts.workers ?? [buildWorker({ pid: 4127 }), buildWorker({ pid: 4128 }), buildWorker({ pid: 4129 })],
    time: parts.time ?? [],
    dependencies: parts.dependencies ?? [],
    calls: parts.calls ?? [],
    findings: parts.findings ?? [],
  };
}

/** An event-loop worker that was busy for 31 % of its time. */
export function buildWorker(parts: Partial<Worker> = {}): Worker {
  return {
    pid: 4127,
    tids: [4127],
    role: 'event-loop',
    comm: 'gunicorn',
    server: 'gunicorn',
    accepted: 1009,
    wastedWakeups: 0,
    busyPercent: 31,
    longestTurnMs: 23,
    brokenPipes: 0,
    host: null,
    atEnd: null,
    requests: 1009,
    firstMs: 0,
    lastMs: 58_200,
    ...parts,
  };
}

/** A loop that was blocked in fsync, 8.8 s after the start of the capture. */
export function buildFinding(parts: Partial<Finding> = {}): Finding {
  return {
    id: 'loop-stall-1',
    kind: 'loop-stall',
    severity: 'critical',
    confidence: 'likely',
    title: 'Loop of worker 4127 blocked in fsync for 2.41 s',
    summary:
      'fsync(9</srv/app/sessions.db>) took 2.41 s. 13 calls over 100 ms on this file, together 9.30 s of 58.20 s.',
    why: 'An event-loop worker does one thing at a time: until fsync returns it accepts and answers nobody.',
    startMs: 8_802,
    endMs: 11_212,
    startTime: '2026-11-20T02:13:37.902000Z',
    endTime: '2026-11-20T02:13:40.312000Z',
    openEnded: false,
    workers: [4127],
    metrics: buildStallMetrics(),
    evidence: [buildEvidence()],
    next: [{ text: 'See who syncs on the request path.', command: 'lsof -p 4127 -a -d 9' }],
    hosts: [],
    related: [],
    members: [],
    memberOf: null,
    effects: [],
    effectOf: null,
    effect: null,
    ...parts,
  };
}

/** The contract's metrics of a `loop-stall`. */
export function buildStallMetrics(): Finding['metrics'] {
  return {
    stallMs: 2410,
    worker: 4127,
    cause: 'disk-sync',
    call: 'fsync',
    callMs: 2410,
    target: '/srv/app/sessions.db',
    request: 'POST /login',
    waiting: [],
    waitingCount: 0,
    turnCalls: 17,
    cpuOrWaitMs: 0,
    onCpuMs: null,
    queuedMs: null,
    longestGapMs: 0.3,
    correctedMs: 2409,
    quotaPeriodMs: null,
    stopSignal: '',
    stopSender: null,
    rungs: 1,
    query: '',
    helperPeers: [],
    requests: ['POST /login'],
    requestInTitle: '',
    allCount: 13,
    allTotalMs: 9300,
    afterReply: false,
    count: 13,
    longestMs: 2410,
    totalMs: 9300,
    stalls: [
      {
        startMs: 8_802,
        endMs: 11_212,
        stallMs: 2410,
        call: 'fsync',
        callMs: 2410,
        blockedFromMs: 8_802,
        blockedToMs: 11_212,
        request: 'POST /login',
        turnCalls: 17,
        open: false,
      },
    ],
    share: 0.16,
  };
}

export function buildEvidence(parts: Partial<Evidence> = {}): Evidence {
  return {
    file: 'web-01.strace',
    line: 812_004,
    text: '4127 1795140817.902000 fsync(9</srv/app/sessions.db>) = 0 <2.410113>',
    ...parts,
  };
}

export function buildDiagnostic(parts: Partial<Diagnostic> = {}): Diagnostic {
  return {
    code: 'unparsed-line',
    severity: 'warning',
    count: 12,
    meaning: 'Lines of no known shape; often output of the traced program.',
    samples: [{ file: 'web-01.strace', line: 93, text: 'Traceback (most recent call last):' }],
    ...parts,
  };
}

/**
 * A worker whose loop was blocked in fsync, and 37 replies that nobody waited for: findings, notes, diagnostics and
 * calls in one small report.
 */
export const nightReport: Report = buildReport({
  quality: {
    unparsedLines: 12,
    notes: ['Wake-ups seen through strace are an upper bound.'],
    diagnostics: [buildDiagnostic()],
  },
  verdict: {
    severity: 'critical',
    confidence: 'likely',
    text: 'Worker 4127 does not yield: 13 turns over 100 ms, the longest 2.41 s in fsync.',
  },
  outcomes: {
    'loop-stall': { status: 'found', reason: '13 turns over 100 ms' },
    'thundering-herd': {
      status: 'clear',
      reason: '1.00 wake-ups per connection over 12,007 connections on the listener :8000; reported from 1.50',
    },
    'gc-io': { status: 'not-applicable', reason: 'this trace has no stacks; record with strace -k' },
  },
  workers: [
    buildWorker({ busyPercent: 88, longestTurnMs: 2410, brokenPipes: 37 }),
    buildWorker({ pid: 4128, busyPercent: null, longestTurnMs: null }),
  ],
  calls: [{ call: 'fsync', count: 13, errors: { EINTR: 1 }, totalMs: 9300, maxMs: 2410, p50Ms: 612, p99Ms: 2410 }],
  findings: [
    buildFinding({
      evidence: [
        buildEvidence({
          line: 811_990,
          text:
            '4127 1795140817.890000 recvfrom(14<TCP:[10.0.0.4:8000->10.2.0.7:51544]>, "POST /login?token=sesame HTTP/1.1\\r\\n"..., ' +
            '8192, 0, NULL, NULL) = 118 <0.000010>',
        }),
        buildEvidence(),
      ],
      next: [
        { text: 'See who syncs on the request path.', command: 'lsof -p 4127 -a -d 9' },
        {
          text: 'Move the sync to a thread, on one host first.',
          needs: 'a release of the application',
          caveat: 'a crash may then lose the last sessions',
        },
      ],
      related: ['broken-pipe-1'],
    }),
    buildFinding({
      id: 'broken-pipe-1',
      kind: 'broken-pipe',
      severity: 'info',
      confidence: 'possible',
      title: '37 replies met EPIPE: the client had left',
      metrics: { count: 37, target: 'client', requests: 1009, replies: [] },
    }),
  ],
});
