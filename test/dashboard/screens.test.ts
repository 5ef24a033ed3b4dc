import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { nightReport } from '../support/report-builder.ts';
import { PaperDashboard, type ScreenOptions } from '../support/screens.ts';

/** That the screen after these keys is this text; blanks at the ends of lines do not count. */
function expectScreen(expected: string, options: ScreenOptions, ...keys: readonly string[]): void {
  const dashboard = new PaperDashboard(nightReport, options).press(...keys);
  assert.equal(`\n${dashboard.screen}\n`, expected);
}

describe('the dashboard', () => {
  it('opens with the verdict, the worst finding selected, and what to do next', () =>
    expectScreen(
      `
 FILE     web-01.strace   gunicorn, 2 workers   58.20 s   1,204,331 lines
 CRITICAL likely: Worker 4127 does not yield: 13 turns over 100 ms, the longest
          2.41 s in fsync.
 DATA     good   12 of 1,204,331 lines unread   no event lost   1 note        D
────────────────────────────────────────────────────────────────────────────────
    SEVERITY FINDING                                                 WHEN (UTC)
▸ 1 CRITICAL Loop of worker 4127 blocked in fsync for 2.41 s         02:13:37
  2 INFO     37 replies met EPIPE: the client had left               02:13:37
────────────────────────────────────────────────────────── 1 of 2, worst first ─
 likely, 02:13:37.902 to 02:13:40.312 UTC, worker 4127, loop-stall
 FACTS fsync(9</srv/app/sessions.db>) took 2.41 s. 13 calls over 100 ms on this
       file, together 9.30 s of 58.20 s.
 WHY   An event-loop worker does one thing at a time: until fsync returns it
       accepts and answers nobody.

 NEXT  1 See who syncs on the request path.
           lsof -p 4127 -a -d 9
       2 Move the sync to a thread, on one host first.
       needs: a release of the application
       caveat: a crash may then lose the last sessions
 PROOF Enter shows every line (2)
   811990  4127 02:13:37.890 recvfrom(14<TCP:[10.0.0.4:8000-... = 118 <0.000010>

 ?Help  j k move  Enter open  n N kind  y copy  / filter  s sort  q quit
`,
      { columns: 80, rows: 24 },
    ));

  it('shows facts and proof on a small terminal, in ASCII', () =>
    expectScreen(
      `
 FILE     web-01.strace   gunicorn, 2 workers   58.20 s
 CRITICAL likely: Worker 4127 does not yield: 13 turns ov...
 DATA     good   12 of 1,204,331 lines unread   no eve... D
------------------------------------------------------------
    SEV  FINDING
> 1 CRIT Loop of worker 4127 blocked in fsync for 2.41 s
  2 INFO 37 replies met EPIPE: the client had left
-------------------------------------- 1 of 2, worst first -
 likely, 02:13:37.902 to 02:13:40.312 UTC, worker 4127
 FACTS fsync(9</srv/app/sessions.db>) took 2.41 s. 13 calls
       over 100 ms on this file, together 9.30 s of
       58.20 s.
 PROOF Enter shows every line (2)
   811990  4127 02:13:37.890 recvfrom(14... = 118 <0.000010>

 ?Help  j k move  Enter open  n N kind  y copy  q quit
`,
      { columns: 60, rows: 16, ascii: true },
    ));

  it('shows one line of verdict and the findings on the smallest terminal', () =>
    expectScreen(
      `
 CRITICAL likely: Worker 4127 does no...
────────────────────────────────────────
    SEV  FINDING
▸ 1 CRIT Loop of worker 4127 blocked ...
  2 INFO 37 replies met EPIPE: the cl...
────────────────── 1 of 2, worst first ─

 ?Help  j k move  Enter open  q quit
`,
      { columns: 40, rows: 8 },
    ));

  it('shows what to do first, then the proof of a finding, right behind its facts', () =>
    expectScreen(
      `
 FILE     web-01.strace   gunicorn, 2 workers   58.20 s   1,204,331 lines
 CRITICAL likely: Worker 4127 does not yield: 13 turns over 100 ms, the longest
          2.41 s in fsync.
 DATA     good   12 of 1,204,331 lines unread   no event lost   1 note        D
── FINDING 1 of 2 ─────────────────────────────────────────────── 1 of 2 lines ─
 CRITICAL Loop of worker 4127 blocked in fsync for 2.41 s
 likely, 02:13:37.902 to 02:13:40.312 UTC, worker 4127, loop-stall
 FACTS fsync(9</srv/app/sessions.db>) took 2.41 s. 13 calls over 100 ms on this
       file, together 9.30 s of 58.20 s.
 NEXT  1 See who syncs on the request path.
           lsof -p 4127 -a -d 9
 PROOF  Enter opens the marked line among its neighbours
 ▸ 811990  4127 02:13:37.890 recvfrom(14<TCP:[10.0.0.4:8000-... = 118 <0.000010>
   812004  4127 02:13:37.902 fsync(9</srv/app/sessions.db>) = 0 <2.410113>
 NEXT  2 Move the sync to a thread, on one host first.
       needs: a release of the application
       caveat: a crash may then lose the last sessions
 WHY   An event-loop worker does one thing at a time: until fsync returns it
       accepts and answers nobody.
 SEE   finding 2: 37 replies met EPIPE: the client had left
 MORE  drover explain loop-stall says how it is found and when it is wrong.


 ?Help  j k move  Enter open  y copy  ( ) findings  n N kind  1-7 views  q back
`,
      { columns: 80, rows: 24 },
      'enter',
    ));

  it('names the keys that work, from the table that makes them work', () =>
    expectScreen(
      `
 FILE     web-01.strace   gunicorn, 2 workers   58.20 s   1,204,331 lines
 CRITICAL likely: Worker 4127 does not yield: 13 turns over 100 ms, the longe...
── KEYS  overview ──────────────────────────────────────── j k: more   q: back ─
 ?        this page
 j k      move (also the arrows, PgUp PgDn, Ctrl-d Ctrl-u, g G)
 Enter    show the proof: finding, its lines, one line in full
 n N      next and previous finding of another kind
 y        copy the selection as Markdown, and write it to a file (payload left
          out)
 /        show only rows with a text; Esc clears
 s        sort by the next column; S turns the order
 1-7      1 overview, 2 workers, 3 timeline, 4 calls, 5 lines, 6 services, 7

 ?Help  j k move  e export  D data  q back
`,
      { columns: 80, rows: 14 },
      '?',
    ));
});

describe('facts that have no room', () => {
  const rowsOf = (summary: string, why = 'A loop does one thing at a time.'): readonly string[] => {
    const report = { ...nightReport, findings: nightReport.findings.map((each) => ({ ...each, summary, why })) };
    return new PaperDashboard(report, { columns: 80, rows: 24 }).lines;
  };

  it('end with a whole sentence and dots', () => {
    for (const count of [13, 17, 30]) {
      const lines = rowsOf('Worker 4127 waited for the disk again and again. '.repeat(count).trim());
      const last = lines.find((line) => line.endsWith(' ...')) ?? '';
      assert.match(last, /again\. \.\.\.$/, lines.join('\n'));
      assert.ok(last.length <= 80);
    }
  });

  it('end with a whole word and dots where not even one sentence fits', () => {
    const lines = rowsOf(`${'Worker 4127 waited for the disk again and again, '.repeat(30)}.`);
    const last = lines.find((line) => line.endsWith(' ...')) ?? '';
    assert.match(last, /^ {7}\w.* (?:Worker|4127|waited|for|the|disk|again|and|again,) \.\.\.$/);
  });

  it('leave out a reason of which only a part has room', () => {
    for (const count of [1, 3, 5, 7, 30]) {
      const why = rowsOf('Worker 4127 waited. ', 'This is the reason for the wait. '.repeat(count).trim())
        .join('\n')
        .match(/ WHY [\s\S]*? NEXT/);
      assert.ok(why === null || why[0].split('wait.').length - 1 === count, why?.[0]);
      if (count === 1) assert.ok(why);
    }
  });
});
