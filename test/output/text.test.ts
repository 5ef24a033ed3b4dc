import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderMarkdown } from '../../src/output/markdown.ts';
import { renderText } from '../../src/output/text.ts';
import {
  buildEvidence,
  buildFinding,
  buildReport,
  buildWorker,
  nightReport as small,
} from '../support/report-builder.ts';

const plain = { width: 80, colour: false, ascii: false, verbose: 0 } as const;

test('at 80 columns: the verdict first, then what to act on, then proof and what was checked', () => {
  assert.equal(
    renderText(small, plain),
    `FILE        web-01.strace   gunicorn, 2 workers
            2026-11-20 02:13:29.100 to 02:14:27.300 UTC   58.20 s
            1,204,331 lines   strace with times, durations, pids, fd names
CRITICAL    likely: Worker 4127 does not yield: 13 turns over 100 ms, the
            longest 2.41 s in fsync.
DATA        good   12 of 1,204,331 lines unread   no event lost
            Wake-ups seen through strace are an upper bound.
────────────────────────────────────────────────────────────────────────────────
 1  CRITICAL  Loop of worker 4127 blocked in fsync for 2.41 s
    loop-stall   likely   02:13:37.902 to 02:13:40.312 UTC   worker 4127
    fsync(9</srv/app/sessions.db>) took 2.41 s. 13 calls over 100 ms on this
    file, together 9.30 s of 58.20 s.
    WHY    An event-loop worker does one thing at a time: until fsync returns it
           accepts and answers nobody.
    NEXT   1 See who syncs on the request path.
               lsof -p 4127 -a -d 9
           2 Move the sync to a thread, on one host first.
             needs: a release of the application
             caveat: a crash may then lose the last sessions
    PROOF  2 lines of web-01.strace
      811990  4127 02:13:37.890 recvfrom(14<TCP:[10.0.0.4:80... = 118 <0.000010>
      812004  4127 02:13:37.902 fsync(9</srv/app/sessions.db>) = 0 <2.410113>
    SEE    finding 2: 37 replies met EPIPE: the client had left

 2  INFO      37 replies met EPIPE: the client had left   possible

    drover explain loop-stall says what that means and when it is wrong.

WORKERS  wasted: woken for nothing; longest: a turn of the loop; -: not measured
   PID  ROLE        ACCEPTED  WASTED  BUSY %  LONGEST  EPIPE
  4127  event-loop     1,009       0      88   2.41 s     37
  4128  event-loop     1,009       0       -        -      0

CLEAR       1 kind: thundering-herd
NOT JUDGED  1 kind: gc-io; -v says why
────────────────────────────────────────────────────────────────────────────────
CRITICAL    likely: Worker 4127 does not yield: 13 turns over 100 ms, the
            longest 2.41 s in fsync.
`,
  );
});

test('at 60 columns in ASCII', () => {
  assert.equal(
    renderText(small, { ...plain, width: 60, ascii: true }),
    `FILE        web-01.strace   gunicorn, 2 workers
            2026-11-20 02:13:29.100 to 02:14:27.300 UTC
            58.20 s   1,204,331 lines
            strace with times, durations, pids, fd names
CRITICAL    likely: Worker 4127 does not yield: 13 turns
            over 100 ms, the longest 2.41 s in fsync.
DATA        good   12 of 1,204,331 lines unread
            no event lost
            Wake-ups seen through strace are an upper bound.
------------------------------------------------------------
 1  CRITICAL  Loop of worker 4127 blocked in fsync for
              2.41 s
    loop-stall   likely   02:13:37.902 to 02:13:40.312 UTC
    worker 4127
    fsync(9</srv/app/sessions.db>) took 2.41 s. 13 calls
    over 100 ms on this file, together 9.30 s of 58.20 s.
    WHY    An event-loop worker does one thing at a time:
           until fsync returns it accepts and answers
           nobody.
    NEXT   1 See who syncs on the request path.
               lsof -p 4127 -a -d 9
           2 Move the sync to a thread, on one host first.
             needs: a release of the application
             caveat: a crash may then lose the last sessions
    PROOF  2 lines of web-01.strace
      811990  4127 02:13:37.890 recvfrom... = 118 <0.000010>
      812004  4127 02:13:37.902 fsync(9</s... = 0 <2.410113>
    SEE    finding 2: 37 replies met EPIPE: the client had
           left

 2  INFO      37 replies met EPIPE: the client had left

    drover explain loop-stall says what that means and when
    it is wrong.

WORKERS  wasted: woken for nothing; longest: a turn of the
         loop; -: not measured
   PID  ROLE        ACCEPTED  WASTED  BUSY %  LONGEST  EPIPE
  4127  event-loop     1,009       0      88   2.41 s     37
  4128  event-loop     1,009       0       -        -      0

CLEAR       1 kind: thundering-herd
NOT JUDGED  1 kind: gc-io; -v says why
------------------------------------------------------------
CRITICAL    likely: Worker 4127 does not yield: 13 turns
            over 100 ms, the longest 2.41 s in fsync.
NEXT        See who syncs on the request path. (finding 1)
               lsof -p 4127 -a -d 9
`,
  );
});

test('at 120 columns with everything', () => {
  assert.equal(
    renderText(small, { ...plain, width: 120, verbose: 1 }),
    `FILE        web-01.strace   gunicorn, 2 workers   2026-11-20 02:13:29.100 to 02:14:27.300 UTC   58.20 s
            1,204,331 lines   strace with times, durations, pids, fd names
CRITICAL    likely: Worker 4127 does not yield: 13 turns over 100 ms, the longest 2.41 s in fsync.
DATA        good   12 of 1,204,331 lines unread   no event lost
            Wake-ups seen through strace are an upper bound.
────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
 1  CRITICAL  Loop of worker 4127 blocked in fsync for 2.41 s
    loop-stall   likely   02:13:37.902 to 02:13:40.312 UTC   worker 4127
    fsync(9</srv/app/sessions.db>) took 2.41 s. 13 calls over 100 ms on this file, together 9.30 s of 58.20 s.
    WHY    An event-loop worker does one thing at a time: until fsync returns it accepts and answers nobody.
    NEXT   1 See who syncs on the request path.
               lsof -p 4127 -a -d 9
           2 Move the sync to a thread, on one host first.
             needs: a release of the application
             caveat: a crash may then lose the last sessions
    PROOF  2 lines of web-01.strace
      811990  4127 02:13:37.890 recvfrom(14<TCP:[10.0.0.4:8000->10.2.0.7:51544]>, "POST /login"..., ... = 118 <0.000010>
      812004  4127 02:13:37.902 fsync(9</srv/app/sessions.db>) = 0 <2.410113>
    SEE    finding 2: 37 replies met EPIPE: the client had left

 2  INFO      37 replies met EPIPE: the client had left
    broken-pipe   possible   02:13:37.902 to 02:13:40.312 UTC   worker 4127
    fsync(9</srv/app/sessions.db>) took 2.41 s. 13 calls over 100 ms on this file, together 9.30 s of 58.20 s.
    WHY    An event-loop worker does one thing at a time: until fsync returns it accepts and answers nobody.
    NEXT   1 See who syncs on the request path.
               lsof -p 4127 -a -d 9
    PROOF  1 line of web-01.strace
      812004  4127 02:13:37.902000 fsync(9</srv/app/sessions.db>) = 0 <2.410113>

    drover explain loop-stall says what that means and when it is wrong.

WORKERS  wasted: woken for nothing; longest: a turn of the loop; -: not measured
   PID  ROLE        ACCEPTED  WASTED  BUSY %  LONGEST  EPIPE
  4127  event-loop     1,009       0      88   2.41 s     37
  4128  event-loop     1,009       0       -        -      0

CALLS  time between entry and return, waiting included
  CALL   COUNT   TOTAL     P50     P99  LONGEST  ERRORS
  fsync     13  9.30 s  612 ms  2.41 s   2.41 s  EINTR 1

CHECKED  clear: not seen; n/a: this trace cannot tell
  n/a     gc-io            this trace has no stacks; record with strace -k
  clear   thundering-herd  1.00 wake-ups per connection over 12,007 connections on the listener :8000; reported from
                           1.50

DIAGNOSTICS  what the reader of the trace stumbled over
  warning  unparsed-line, 12 x: Lines of no known shape; often output of the traced program.
           web-01.strace:93  Traceback (most recent call last):
────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
CRITICAL    likely: Worker 4127 does not yield: 13 turns over 100 ms, the longest 2.41 s in fsync.
NEXT        See who syncs on the request path. (finding 1)
               lsof -p 4127 -a -d 9
`,
  );
});

test('colour goes with the severity word and changes nothing else', () => {
  const coloured = renderText(small, { ...plain, colour: true });
  assert.deepEqual(coloured.split('\n').slice(3, 4), [
    '\x1b[1;37;41mCRITICAL\x1b[0m    \x1b[1mlikely: Worker 4127 does not yield: 13 turns over 100 ms, the\x1b[0m',
  ]);
  assert.ok(coloured.includes('\x1b[36mINFO\x1b[0m'));
  assert.equal(coloured.replace(/\x1b\[[0-9;]*m/g, ''), renderText(small, plain));
});

test('payload is shown only on request', () => {
  assert.ok(!renderText(small, { ...plain, width: 160, verbose: 2 }).includes('sesame'));
  assert.ok(renderText(small, { ...plain, width: 160, verbose: 2, withPayload: true }).includes('sesame'));
});

test('nothing found: says what was looked at, and that this is not health', () => {
  assert.equal(
    renderText(
      buildReport({
        outcomes: {
          ...buildReport().outcomes,
          'fd-leak': { status: 'failed', reason: 'TypeError: it broke' },
          'gc-io': { status: 'not-applicable', reason: 'this trace has no stacks; record with strace -k' },
        },
      }),
      plain,
    ),
    `FILE        web-01.strace   gunicorn, 3 workers
            2026-11-20 02:13:29.100 to 02:14:27.300 UTC   58.20 s
            1,204,331 lines   strace with times, durations, pids, fd names
NO FINDING  No herd, no turn of 100 ms or more and no EPIPE in these 58.2 s of 3
            workers.
DATA        good   every line read   no event lost
────────────────────────────────────────────────────────────────────────────────
No finding does not mean healthy: drover judged only these lines and processes,
by these thresholds (drover explain thresholds).

LOOKED AT   1,204,319 events   gunicorn, 3 workers   58.20 s   1,204,331 lines

WORKERS  wasted: woken for nothing; longest: a turn of the loop; -: not measured
   PID  ROLE        ACCEPTED  WASTED  BUSY %  LONGEST  EPIPE
  4127  event-loop     1,009       0      31    23 ms      0
  4128  event-loop     1,009       0      31    23 ms      0
  4129  event-loop     1,009       0      31    23 ms      0

CLEAR       2 kinds: thundering-herd, loop-stall
NOT JUDGED  1 kind: gc-io; -v says why
CRASHED     fd-leak: TypeError: it broke
`,
  );
});

test('more than ten serious findings: the rest is counted by kind', () => {
  const findings = Array.from({ length: 17 }, (_, index) =>
    buildFinding({
      id: `loop-stall-${index + 1}`,
      ...(index > 12 ? ({ kind: 'disk-sync', severity: 'warning' } as const) : {}),
    }),
  );
  const text = renderText(buildReport({ ...small, findings }), plain);
  assert.match(text, /^10 {2}CRITICAL/m);
  assert.doesNotMatch(text, /^11 {2}CRITICAL/m);
  assert.match(text, /^\+7 more {7}3 loop-stall, 4 disk-sync; -v shows all$/m);
  assert.match(renderText(buildReport({ ...small, findings }), { ...plain, verbose: 1 }), /^17 {2}WARNING/m);
});

test('an info finding by which the verdict cannot tell is in full, and no other one', () => {
  const finding = buildFinding({ severity: 'info', title: '3 of 5 pids are in futex', summary: 'Pid 8613 waits.' });
  const other = buildFinding({ id: 'disk-sync-1', kind: 'disk-sync', severity: 'info', summary: 'It synced.' });
  const withVerdict = (confidence: 'cannot-tell' | 'possible', text: string) =>
    buildReport({ findings: [finding, other], verdict: { severity: 'info', confidence, text } });
  const named = withVerdict('cannot-tell', `Cannot tell: no worker was seen. The capture shows: ${finding.title}`);
  for (const text of [renderText(named, plain), renderMarkdown(named)]) {
    assert.match(text, /Pid 8613 waits\./);
    assert.match(text, /See who syncs/);
    assert.doesNotMatch(text, /It synced/);
  }
  assert.match(renderMarkdown(named), /^Do first \(1\): See who syncs/m);
  for (const report of [
    withVerdict('cannot-tell', 'Cannot tell: no check explains why GET /a had no reply for 4.20 s.'),
    withVerdict('possible', `Nothing urgent. Possible: ${finding.title}`),
  ])
    for (const text of [renderText(report, plain), renderMarkdown(report)])
      assert.doesNotMatch(text, /Pid 8613 waits|See who syncs/);
});

test('a note that ends with a command is a paragraph of its own', () => {
  const { quality } = buildReport();
  const notes = ['Record with: strace -f -p PID', 'The capture holds no close.'];
  const text = renderText(buildReport({ quality: { ...quality, notes } }), plain);
  assert.match(text, /^ +Record with: strace -f -p PID\n +The capture holds no close\.$/m);
});

test('more than ten info findings: the rest is counted by kind', () => {
  const findings = Array.from({ length: 13 }, (_, index) =>
    buildFinding({ id: `loop-stall-${index + 1}`, severity: 'info' }),
  );
  const text = renderText(buildReport({ ...small, findings }), plain);
  assert.match(text, /^10 {2}INFO/m);
  assert.match(text, /^\+3 more {7}3 loop-stall; -v shows all$/m);
});

test('what an earlier finding said already is not said again, unless everything is wanted', () => {
  const step = { text: 'See the code that runs.', command: 'py-spy dump -p 4127', needs: 'py-spy' };
  const findings = [
    buildFinding({ next: [step] }),
    buildFinding({ id: 'loop-stall-2', next: [{ text: 'Look.' }, step] }),
  ];
  const text = renderText(buildReport({ findings }), plain);
  assert.match(text, /^ {4}WHY {4}as in 1\n {4}NEXT {3}1 Look\.\n {11}2 as in 1: See the code that runs\.\n {4}PROOF/m);
  assert.equal(text.split('py-spy dump').length - 1, 1);
  // A long one repeats the first step below the verdict at its end.
  assert.equal(renderText(buildReport({ findings }), { ...plain, verbose: 1 }).split('py-spy dump').length - 1, 3);
});

test('a report of several screens ends with its worst findings and its verdict', () => {
  const findings = Array.from({ length: 7 }, (_, index) =>
    buildFinding({ id: `loop-stall-${index + 1}`, title: `Stall ${index + 1}` }),
  );
  const lines = renderText(buildReport({ ...small, findings }), plain)
    .trimEnd()
    .split('\n');
  assert.deepEqual(
    lines.slice(-9).map((line) => line.slice(0, 29)),
    [
      ' 1  CRITICAL  Stall 1   likel',
      ' 2  CRITICAL  Stall 2   likel',
      ' 3  CRITICAL  Stall 3   likel',
      ' 4  CRITICAL  Stall 4   likel',
      ' 5  CRITICAL  Stall 5   likel',
      'CRITICAL    likely: Worker 41',
      '            longest 2.41 s in',
      'NEXT        See who syncs on ',
      '               lsof -p 4127 -',
    ],
  );
});

test('more than three findings are listed under the verdict, so that the first screen shows them all', () => {
  const report = (count: number) =>
    buildReport({
      ...small,
      findings: Array.from({ length: count }, (_, index) =>
        buildFinding({ id: `loop-stall-${index + 1}`, title: `Stall ${index + 1}` }),
      ),
    });
  assert.ok(!renderText(report(3), plain).includes('FINDINGS'));
  const lines = renderText(report(4), plain).split('\n');
  const index = lines.findIndex((line) => line.startsWith('FINDINGS    4, in the order to act on them'));
  assert.deepEqual(
    lines.slice(index + 1, index + 5).map((line) => line.slice(0, 21)),
    [' 1  CRITICAL  Stall 1', ' 2  CRITICAL  Stall 2', ' 3  CRITICAL  Stall 3', ' 4  CRITICAL  Stall 4'],
  );
  const many = renderText(report(23), plain).split('\n');
  assert.ok(many.findIndex((line) => line.startsWith('+13 more')) < 23);
});

test('a short report does not repeat its verdict', () => {
  const text = renderText(buildReport({ workers: [], outcomes: Object.fromEntries([]) }), plain);
  assert.equal(text.split('No herd').length - 1, 1);
});

test('of many workers, those with findings and long turns are shown', () => {
  const workers = Array.from({ length: 40 }, (_, index) => buildWorker({ pid: 5000 + index, longestTurnMs: index }));
  const findings = [buildFinding({ workers: [5003] })];
  const text = renderText(buildReport({ workers, findings }), plain);
  assert.equal(text.match(/^ {2}50\d\d {2}event-loop/gm)?.length, 24);
  assert.match(text, /^ {2}5003 /m);
  assert.match(text, /^ {2}5017 /m);
  assert.doesNotMatch(text, /^ {2}5016 /m);
  assert.match(text, /^ {2}\+16 more, -vv shows all$/m);
  assert.match(renderText(buildReport({ workers, findings }), { ...plain, verbose: 2 }), /^ {2}5016 /m);
});

test('evidence names files without folders when paths are long, unless that makes two files alike', () => {
  const at = (...files: string[]): string =>
    renderText(
      buildReport({ findings: [buildFinding({ evidence: files.map((file) => buildEvidence({ file })) })] }),
      plain,
    );
  assert.match(at('/var/tmp/captures/web-01.strace'), /PROOF {2}1 line of web-01\.strace\n {6}812004 {2}/);
  assert.match(
    at('/var/tmp/captures/a/trace.17', '/var/tmp/captures/b/trace.17'),
    /^ {6}\/var\/tmp\/captures\/b\/trace\.17:812004 {2}/m,
  );
  assert.match(at('a/trace.17'), /PROOF {2}1 line of a\/trace\.17\n {6}812004 {2}/);
});

test('the width stays within 60 and 160', () => {
  const longest = (width: number): number =>
    Math.max(
      ...renderText(small, { ...plain, width })
        .split('\n')
        .map((line) => line.length),
    );
  assert.deepEqual([longest(20), longest(79), longest(500)], [60, 79, 160]);
  assert.equal(longest(Number.NaN), 60);
});

test('the first line names what was read', () => {
  const first = (kind: 'file' | 'live' | 'stdin', ...paths: string[]): string =>
    renderText(buildReport({ source: { kind, paths } }), plain).split('   gunicorn')[0] ?? '';
  assert.equal(first('file', 'a.1', 'a.2'), 'FILE        a.1, a.2');
  assert.equal(first('file', 'a.1', 'a.2', 'a.3', 'a.4'), 'FILE        a.1, a.2 +2 more');
  assert.equal(first('stdin', '-'), 'STDIN       standard input');
  assert.equal(first('live'), 'LIVE        live capture');
});

test('flags are words, and what the capture lacks is said', () => {
  const flags = {
    timestamps: 'clock',
    durations: false,
    pids: true,
    fdDecoration: 'none',
    stacks: true,
    others: ['-z'],
  };
  const text = renderText(buildReport({ source: { flags } }), { ...plain, width: 160 });
  assert.match(text, / strace with times without a date, pids, stacks, -z; without durations, fd names$/m);
});

test('a number and its unit stay on one line', () => {
  for (let width = 60; width < 120; width++)
    assert.doesNotMatch(renderText(small, { ...plain, width }), /^ *(?:ms|s|%)\b/m);
});
