import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { gunzipSync } from 'node:zlib';
import type { Activity } from '../../src/analysis/activity.ts';
import type { Report } from '../../src/analysis/report.ts';
import { analyzeFiles } from '../../src/index.ts';
import type { Progress } from '../../src/pipeline/progress.ts';
import { buildActivity, buildRequest } from '../support/activity-builder.ts';
import { buildReport } from '../support/report-builder.ts';
import { PaperDashboard } from '../support/screens.ts';
import { prefork } from '../support/server-lines.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import type { ThreadLines } from '../support/thread-lines.ts';

const SAMPLES = new URL('../../../samples/', import.meta.url);
const FOLDER = temporaryFolder();

async function pictureOf(path: string): Promise<{ readonly report: Report; readonly activity: Activity }> {
  const seen: Activity[] = [];
  const progress = (at: Progress): void => {
    seen.push(...[at.activity()].filter((each) => each !== null));
  };
  const report = await analyzeFiles([path], { activity: true }, { progress });
  const activity = seen.at(-1);
  assert.ok(activity !== undefined);
  return { report, activity };
}

const sampleOf = (name: string): Promise<Awaited<ReturnType<typeof pictureOf>>> =>
  pictureOf(new URL(`${name}/trace.strace.gz`, SAMPLES).pathname);
const truthOf = (name: string): unknown => JSON.parse(readFileSync(new URL(`${name}/truth.json`, SAMPLES), 'utf8'));

describe('the view of requests', () => {
  it('keeps those without an answer when the capture has ended, with the call that their thread is in', async () => {
    const { trace, workers } = prefork([101]);
    const [worker] = workers as [ThreadLines];
    worker.waitUntil(100, 5).serve(11, 'GET /quick').waitUntil(200, 5).accept(12).read(12, 'GET /held');
    worker.stays('flock(13</run/report.lock>, LOCK_EX');
    trace.thread(100).at(2200).call('getpid(', ')', 100);
    const path = join(FOLDER, 'held.strace');
    writeFileSync(path, trace.text());
    const { requests = [] } = await analyzeFiles([path], { timeline: true });
    const open = requests.filter(({ isOpen }) => isOpen);
    assert.deepEqual(
      open.map(({ request: name, inCall }) => [name, inCall]),
      [['GET /held', 'flock on /run/report.lock']],
    );
    const [held] = open;
    assert.ok(Math.abs((held?.inCallMs ?? 0) - 2000) < 20, String(held?.inCallMs));
    // It waits for the lock: that is no work.
    assert.ok((held?.ownMs ?? Number.POSITIVE_INFINITY) < 20, String(held?.ownMs));
  });

  it('shows those that stood behind another one for as long as the server measured', async () => {
    const { report, activity } = await sampleOf('distracted-worker');
    const truth = truthOf('distracted-worker') as {
      readonly brokenPipes: readonly { readonly connectedAt: number; readonly failedAt: number }[];
      readonly stalls: readonly { readonly start: number; readonly end: number }[];
    };
    const late = activity.requests.filter(({ request: name, ageMs }) => name === 'GET /a' && ageMs > 500);
    const ages = truth.brokenPipes.map(({ connectedAt, failedAt }) => (failedAt - connectedAt) * 1000);
    assert.equal(late.length, ages.length);
    for (const { ageMs, behindMs, behind, isOpen } of late) {
      assert.ok(
        ages.some((age) => Math.abs(age - ageMs) < 60),
        `${ageMs} of ${ages}`,
      );
      assert.ok(
        truth.stalls.some(({ start, end }) => Math.abs((end - start) * 1000 - behindMs) < 60),
        `${behindMs}`,
      );
      assert.deepEqual([behind, isOpen], ['GET /b', false]);
    }
    const { screen } = new PaperDashboard(report, { activity }).press('7', '/').type('get /a');
    assert.match(screen, /^ REQUEST +PID +AGE {2}WHERE MOST OF IT WENT$/m);
    assert.match(screen, /^ GET \/a +4870 +1\.0\d s {2}behind GET \/b$/m);
    assert.match(screen, /── GET \/a {2}answered after 1\.0\d s ─.*read by 4870 at /);
    assert.match(screen, /1\.0\d s behind GET \/b/);
  });

  it('shows whom a request waited for, as long as that service took', async () => {
    const { report, activity } = await sampleOf('servers/puma-single-slow');
    const { upstreamWaits } = truthOf('servers/puma-single-slow') as {
      readonly upstreamWaits: readonly { readonly ms: number }[];
    };
    const waited = activity.requests.filter(({ waitedFor }) => waitedFor === '127.0.0.1:18081');
    assert.equal(waited.length, upstreamWaits.length);
    for (const { waitedMs } of waited)
      assert.ok(
        upstreamWaits.some(({ ms }) => Math.abs(ms - waitedMs) < 20),
        `${waitedMs}`,
      );
    const { screen } = new PaperDashboard(report, { activity }).press('7');
    assert.match(screen, /^ GET \/up +\d+ +1\.5\d s {2}waited for 127\.0\.0\.1:18081$/m);
  });

  it('shows whom a request still waits for, since the service got the question', async () => {
    const truth = truthOf('servers/node-slow') as {
      readonly upstreamWaits: readonly { readonly at: number }[];
      readonly load: readonly { readonly slow: readonly { readonly at: number; readonly ms: number }[] }[];
    };
    const got = truth.upstreamWaits[1]?.at ?? 0;
    const asked = Math.max(...truth.load.flatMap(({ slow }) => slow.map(({ at }) => at)).filter((at) => at <= got));
    const until = got + 1;
    const whole = gunzipSync(readFileSync(new URL('servers/node-slow/trace.strace.gz', SAMPLES))).toString('latin1');
    const path = join(FOLDER, 'cut.strace');
    const isBefore = (line: string): boolean => Number(line.split(' ', 2)[1]) <= until;
    const lines = whole.split('\n').filter(isBefore);
    writeFileSync(path, `${lines.join('\n')}\n`);
    // A call that began before that is told with the time that it took.
    const ends = lines.map((line) => Number(line.split(' ', 2)[1]) + Number(/<([\d.]+)>$/.exec(line)?.[1] ?? 0));
    const end = Math.max(...ends);
    const [{ request: name, isOpen, waitedFor, waitedMs } = buildRequest({})] = (await pictureOf(path)).activity
      .requests;
    assert.deepEqual([name, isOpen, waitedFor], ['GET /up', true, '127.0.0.1:18081']);
    assert.ok(waitedMs > (end - got) * 1000 - 5 && waitedMs < (end - asked) * 1000 + 5, `${waitedMs}`);
  });

  it('begins with those that have no answer, and leaves their query out', async () => {
    const { trace, workers } = prefork([101, 102], { argv: ['gunicorn'] });
    const [first, second] = workers as [ThreadLines, ThreadLines];
    for (let index = 0; index < 9; index++) second.waitUntil(100 + index * 100, 5).serve(11, 'GET /quick');
    second.waitUntil(1200, 5).accept(11).read(11, 'GET /late').gap(900).reply(11).close(11);
    first.waitUntil(900, 5).serve(11, 'GET /quick').waitUntil(1000, 5).accept(11).read(11, 'GET /open?token=7');
    for (const worker of [first, second]) worker.waitUntil(5000);
    const path = join(FOLDER, 'open.strace');
    writeFileSync(path, trace.text());
    const { report, activity } = await pictureOf(path);
    assert.deepEqual(
      activity.requests.map(({ request: name, pid, isOpen }) => [name, pid, isOpen]),
      [
        ['GET /open', 101, true],
        ['GET /late', 102, false],
      ],
    );
    const [open, late] = activity.requests;
    assert.ok(Math.abs((open?.ageMs ?? 0) - 4000) < 50 && Math.abs((late?.ownMs ?? 0) - 900) < 5);
    const { screen } = new PaperDashboard(report, { activity }).press('7');
    assert.match(screen, /^ GET \/open +101 +>= (?:3\.99|4\.00) s {2}not known$/m);
    assert.match(screen, /^ GET \/late +102 +90\d ms {2}its own work$/m);
    assert.doesNotMatch(screen, /token/);
  });

  it('opens the line on which a request was read, and Escape comes back to its row', async () => {
    const { report, activity } = await sampleOf('distracted-worker');
    const path = new URL('distracted-worker/trace.strace.gz', SAMPLES).pathname;
    const lines = gunzipSync(readFileSync(path)).toString('latin1').split('\n');
    const dashboard = new PaperDashboard(report, { activity }).press('7', '/').type('get /a').press('enter');
    const chosen = activity.requests.filter(({ request: name }) => name === 'GET /a')[1];
    const { screen } = dashboard.press('j', 'enter');
    const { file = '', line = 0 } = chosen?.readAt ?? {};
    assert.equal(file, path);
    assert.match(lines[line - 1] ?? '', new RegExp(`^${chosen?.pid}\\b.*"GET /a`));
    assert.match(screen, new RegExp(`line ${line.toLocaleString('en')}`));
    assert.match(screen, new RegExp(`Here ${chosen?.pid} read GET /a\\.`));
    const back = dashboard.press('escape').screen;
    assert.match(back, /WHERE MOST OF IT WENT/);
    assert.match(back, /2 of \d+, worst first/);
  });

  it('is moved in and sorted, has its figures where there is room, and says why it is empty', () => {
    const activity: Activity = {
      ...buildActivity([], 1000),
      requests: [
        buildRequest({ ageMs: 10, isOpen: true }),
        buildRequest({ request: 'GET /slow', ageMs: 90, ownMs: 88 }),
      ],
    };
    assert.match(
      new PaperDashboard(buildReport(), { activity }).press('7', 'enter').screen,
      /No single line shows it\./,
    );
    const dashboard = new PaperDashboard(buildReport(), { activity, columns: 140 }).press('7');
    assert.match(dashboard.screen, /^ REQUEST +PID +AGE +OWN +BEHIND +WAITED {2}WHERE MOST OF IT WENT$/m);
    assert.match(dashboard.screen, /── GET \/a {2}no answer for 10 ms/);
    assert.match(dashboard.press('j', 'j').screen, /── GET \/slow {2}answered after 90 ms.*\n 88 ms own work/);
    assert.match(dashboard.press('s', 'g').screen, /── GET \/slow .*/);
    const none = new PaperDashboard(buildReport(), { activity }).press('7', '/').type('zebra');
    assert.match(none.screen, /No request has that text\. Esc clears the filter\./);
    const empty = new PaperDashboard(buildReport(), { activity: buildActivity([], 1000) }).press('7');
    assert.match(empty.screen, /No request of known text was without an answer, or answered late\./);
    assert.match(new PaperDashboard(buildReport()).press('7').screen, /Requests are shown of one capture/);
  });
});
