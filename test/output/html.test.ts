import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { HostRequest, Report, Timeline } from '../../src/analysis/report.ts';
import { renderHtml } from '../../src/output/html/html.ts';
import { buildRequest } from '../support/activity-builder.ts';
import { complaintsOfPage } from '../support/page-checks.ts';
import { buildEvidence, buildFinding, buildReport, nightReport } from '../support/report-builder.ts';
import { PAGE_ASSETS, pageAssets } from '../tools/page-assets.ts';
import { overfullReport } from './overfull-report.ts';

const TIMELINE: Timeline = {
  startMs: 0,
  columnMs: 5_820,
  columns: 10,
  isOnOneClock: true,
  rows: [
    { pid: 4127, host: null, states: '.rrbb.e..n' },
    { pid: 4128, host: null, states: '  ..hh....' },
  ],
};
/** Columns 2 and 5. */
const EARLY = { startMs: 11_640, endMs: 17_460 };
const LATER = { startMs: 29_100, endMs: 34_920 };
const night: Report = { ...nightReport, timeline: TIMELINE };

/** Text of the page without its markup. */
function textOf(page: string): string {
  return page
    .replace(/<(style|script)>[\s\S]*?<\/\1>/g, '')
    .replace(/<[^>]*>/g, ' ')
    .replace(/&lt;/g, '<')
    .replace(/&gt;/g, '>')
    .replace(/&#39;/g, "'")
    .replace(/&amp;/g, '&')
    .replace(/ +/g, ' ');
}

test('a page is a whole document that works alone', () => {
  for (const report of [night, nightReport, buildReport()]) {
    assert.deepEqual(complaintsOfPage(renderHtml(report)), []);
    assert.equal(renderHtml(report), renderHtml(report));
  }
});

test('a page tells the verdict first, then findings, timeline, requests, proof, what is clear and what is not', () => {
  const text = textOf(renderHtml(night));
  const parts = [
    /CRITICAL likely: Worker 4127 does not yield: 13 turns over 100 ms/,
    /Do first \( 1 \): See who syncs on the request path\. lsof -p 4127 -a -d 9/,
    /2026-11-20 02:13:29\.100 to 02:14:27\.300 UTC/,
    /2 findings, worst first/,
    /1 CRITICAL Loop of worker 4127 blocked in fsync for 2\.41 s/,
    /Why it hurts An event-loop worker does one thing at a time/,
    /Move the sync to a thread, on one host first\. needs: a release of the application caveat: a crash may/,
    /2 INFO 37 replies met EPIPE/,
    /drover explain loop-stall says what that means/,
    /Timeline/,
    /02:13:29\.100/,
    /4127 event-loop/,
    /Requests and dependencies/,
    /02:13:37\.902 POST \/login 4127 2\.41 s held its worker in fsync/,
    /Proof/,
    /web-01\.strace:812004 4127 02:13:37\.902000 fsync\(9<\/srv\/app\/sessions\.db>\) = 0 <2\.410113>/,
    /Looked for and not seen \(1\)/,
    /thundering-herd 1\.00 wake-ups per connection/,
    /Cannot be told \(1\)/,
    /gc-io this trace has no stacks; record with strace -k/,
    /12 of 1,204,331 lines unread/,
    /Wake-ups seen through strace are an upper bound/,
    /Traceback/,
    /drover recipe gunicorn/,
    /Read by drover 0\.1\.0; payload removed\./,
  ];
  let from = text.indexOf('drover CRITICAL');
  assert.ok(from >= 0, text.slice(0, 400));
  for (const part of parts) {
    const at = text.slice(from).search(part);
    assert.ok(at >= 0, `${part} is not behind ${text.slice(from, from + 200)}`);
    from += at;
  }
});

test('payload stays out unless asked for', () => {
  assert.ok(!renderHtml(night).includes('sesame'));
  const whole = renderHtml(night, { withPayload: true });
  assert.ok(whole.includes('sesame'));
  assert.match(textOf(whole), /with payload: keep it private/);
});

test('each worker has one row, with a bar for each state it was in, and a mark that leads to its finding', () => {
  const page = renderHtml(night);
  const lanes = [...page.matchAll(/<g class="lane" data-name="(\d+)" data-states="([^"]*)">(.*?)<\/g>/g)];
  assert.deepEqual(
    lanes.map(([, name, states]) => [name, states]),
    [
      ['4127', '.2r2b.e2.n'],
      ['4128', '2 2.2h4.'],
    ],
  );
  const states = (lane = ''): string[] => [...lane.matchAll(/<path class="(\w+)"/g)].map(([, name = '']) => name);
  assert.deepEqual(states(lanes[0]?.[3]), ['idle', 'running', 'silent', 'blocked', 'broken']);
  assert.deepEqual(states(lanes[1]?.[3]), ['idle', 'herd']);
  // 8.802 s and 11.212 s of columns of 5.82 s.
  assert.match(
    lanes[0]?.[3] ?? '',
    /<a href="#finding-1"><path class="mark critical" d="M1\.51 \d+h0\.41"><title>1 CRITICAL Loop of worker 4127/,
  );
  assert.doesNotMatch(lanes[1]?.[3] ?? '', /mark/);
});

test('what a finding lists of one worker is drawn in its row alone, also where the finding speaks for others', () => {
  const findings = [
    buildFinding({ workers: [4127, 4128], members: ['loop-stall-2'], metrics: { worker: 4127, stalls: [EARLY] } }),
    buildFinding({
      id: 'loop-stall-2',
      memberOf: 'loop-stall-1',
      workers: [4128],
      metrics: { worker: 4128, stalls: [LATER] },
    }),
  ];
  const page = renderHtml({ ...buildReport({ findings, workers: nightReport.workers }), timeline: TIMELINE });
  const marks = [...page.matchAll(/data-name="(\d+)".*?class="mark critical" d="([^"]*)"/g)];
  assert.deepEqual(
    marks.map(([, pid, d = '']) => [pid, d.replace(/ \d+h/g, ' ')]),
    [
      ['4127', 'M2 1'],
      ['4128', 'M5 1'],
    ],
  );
  assert.equal(page.match(/class="mark/g)?.length, 2);
});

test('a report that was saved without a timeline has the rows all the same, and says what they lack', () => {
  const page = renderHtml(nightReport);
  assert.equal(page.match(/<g class="lane"/g)?.length, 2);
  assert.match(textOf(page), /saved without what each worker did over time/);
  assert.match(page, /class="seen"/);
});

test('a capture without times has no timeline and says so', () => {
  const page = renderHtml(
    buildReport({ window: { startTime: null, endTime: null, timeOfDay: null, durationMs: null } }),
  );
  assert.deepEqual(complaintsOfPage(page), []);
  assert.match(textOf(page), /This capture has no times: there is no timeline\./);
  assert.match(textOf(page), /no clock in this trace/);
});

test('no finding is not health: the page names what was looked for, and does not look like a finding', () => {
  const page = renderHtml(buildReport());
  assert.match(page, /<header class="none">/);
  assert.match(textOf(page), /No finding does not mean healthy: drover judged only these lines/);
  const untold = renderHtml(
    buildReport({ verdict: { severity: 'none', confidence: 'cannot-tell', text: 'Cannot tell: too short.' } }),
  );
  assert.match(untold, /<header class="untold">/);
  assert.match(textOf(untold), /Cannot tell: too short\./);
});

test('members, effects and what belongs together are told with the cause', () => {
  const findings = [
    buildFinding({ members: ['loop-stall-2'], effects: ['broken-pipe-1'] }),
    buildFinding({ id: 'loop-stall-2', memberOf: 'loop-stall-1', workers: [4128] }),
    buildFinding({
      id: 'broken-pipe-1',
      kind: 'broken-pipe',
      effectOf: 'loop-stall-1',
      effect: '3 replies came too late',
      evidence: [buildEvidence({ line: 17, text: 'write(14, "x", 1) = -1 EPIPE (Broken pipe)' })],
    }),
    buildFinding({ id: 'loop-stall-3', related: ['loop-stall-1'] }),
  ];
  const text = textOf(renderHtml(buildReport({ findings })));
  assert.match(
    text,
    /Workers 4127 up to 2\.41 s, 13 times 4128 up to 2\.41 s, 13 times Effects 3 replies came too late/,
  );
  assert.match(text, /See finding 1/);
  assert.match(text, /as in 1: See who syncs/);
  assert.match(text, /web-01\.strace:17 write\(14/);
  assert.match(text, /2 findings, worst first/);
});

test('a page is under 1 MB, whatever was found, and names what it leaves out', () => {
  const page = renderHtml(overfullReport(31));
  assert.deepEqual(complaintsOfPage(page), []);
  assert.match(textOf(page), /\+\d+ more: \d+ loop-stall/);
  assert.equal(page.match(/<g class="lane"/g)?.length, 128);
});

test('style and script of the page are those of their files: npm run page writes them', () => {
  assert.equal(readFileSync(PAGE_ASSETS, 'utf8'), pageAssets(), 'out of date; type: npm run page');
});

test('a page lists the requests without an answer and the late ones, masked, escaped and bounded', () => {
  const late = { request: 'GET /late', pid: 4127, readMs: 1_000, ageMs: 1_200, ownMs: 1_100 };
  const readAt = { file: 'a.strace', line: 17 };
  const request = (parts: Partial<HostRequest>): HostRequest => ({
    host: null,
    ...buildRequest({ ...late, readAt, ...parts }),
  });
  const requests = [
    request({ request: 'GET /<b>?token=hunter2', isOpen: true, waitedFor: '10.0.0.5:5432', waitedMs: 1_150, ownMs: 0 }),
    request({ behind: 'GET /b', behindMs: 1_150, ownMs: 11 }),
    ...Array.from({ length: 130 }, (_, index) => request({ request: `GET /many/a${index}b` })),
  ];
  const page = renderHtml({ ...night, requests });
  assert.deepEqual(complaintsOfPage(page), []);
  assert.doesNotMatch(page, /hunter2|<b>\?/);
  const text = textOf(page);
  assert.match(text, /Slow requests .*Read Request PID Age Own Behind Waited Where most of it went Line/);
  assert.match(text, /GET \/<b>\S* 4127 >= 1\.20 s 0 ms 0 ms 1\.15 s waited for 10\.0\.0\.5:5432 17/);
  assert.match(text, /02:13:30\.100 GET \/late 4127 1\.20 s 11 ms 1\.15 s 0 ms behind GET \/b 17/);
  assert.match(text, /\+32 more in the report of --json/);
  assert.doesNotMatch(textOf(renderHtml(night)), /Slow requests/);
});
