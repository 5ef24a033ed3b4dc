import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Activity, WorkerActivity } from '../../src/analysis/activity.ts';
import { analyzeInputs, type Progress } from '../../src/pipeline/analyze-inputs.ts';
import { arrivals } from '../support/arrivals.ts';
import { memoryInput } from '../support/memory-input.ts';
import { PaperDashboard } from '../support/screens.ts';
import { oneWorker, prefork } from '../support/server-lines.ts';
import { LISTENER } from '../support/thread-lines.ts';
import type { TraceLines } from '../support/trace-lines.ts';

async function activityOf(trace: TraceLines): Promise<Activity> {
  const input = memoryInput('trace', trace.text({}), { chunkBytes: 4_096 });
  let latest: Progress | null = null;
  const keep = (progress: Progress): void => {
    latest = progress;
  };
  await analyzeInputs(
    { kind: 'file', paths: ['trace'], inputs: [input], leftOut: [], notices: [] },
    { activity: true },
    { progress: keep },
  );
  const activity = (latest as Progress | null)?.activity();
  assert.ok(activity);
  return activity;
}

function sum(column: Float32Array | Uint32Array): number {
  return Array.from(column).reduce((total, each) => total + each, 0);
}

/** Columns in which something is, first and last, in milliseconds. */
function span(column: Float32Array, { columnMs }: Activity): readonly [number, number] {
  const first = column.findIndex((each) => each > 0);
  const last = column.findLastIndex((each) => each > 0);
  return [first * columnMs, (last + 1) * columnMs];
}

function worker({ workers }: Activity): WorkerActivity {
  const found = workers.find(({ role }) => role === 'event-loop');
  assert.ok(found, `roles ${workers.map(({ role }) => role)}`);
  return found;
}

describe('what a worker did over time', () => {
  it('shows a silence where it was, as long as it was', async () => {
    const { trace, worker: lines } = oneWorker();
    lines.waitUntil(50, LISTENER).accept(11).read(11, 'GET /a').gap(701).reply(11).close(11).waitUntil(2_003);
    const activity = await activityOf(trace);
    const { silent, long, brokenPipes } = worker(activity);
    assert.ok(Math.abs(sum(silent) - 0.701) < 0.01, String(sum(silent)));
    const [from, to] = span(silent, activity);
    assert.ok(Math.abs(from - 50) <= 3 && Math.abs(to - 752) <= 4, `${from} to ${to}`);
    assert.equal(long[Math.floor(400 / activity.columnMs)], 2);
    assert.equal(sum(brokenPipes), 0);
  });

  it('tells waiting in the loop from being blocked elsewhere', async () => {
    const { trace, worker: lines } = oneWorker();
    lines
      .waitUntil(50, LISTENER)
      .accept(11)
      .read(11, 'GET /a')
      .call('fsync(9</srv/x.db>', ')', 0, 301)
      .reply(11)
      .close(11)
      .waitUntil(1_009);
    const { blocked, waiting, accepted } = worker(await activityOf(trace));
    assert.ok(Math.abs(sum(blocked) - 0.301) < 0.01, String(sum(blocked)));
    assert.ok(sum(waiting) > 0.6, String(sum(waiting)));
    assert.equal(sum(accepted), 1);
  });

  it('fits into the same columns however long the trace is', async () => {
    const { trace, worker: lines } = oneWorker();
    lines.waitUntil(50, LISTENER).accept(11).read(11, 'GET /a').gap(307).reply(11).close(11).waitUntil(3_600_000);
    const activity = await activityOf(trace);
    assert.ok(activity.columns <= 2_048);
    assert.ok(activity.columnMs >= 3_600_000 / 2_048);
    assert.ok(Math.abs(sum(worker(activity).silent) - 0.307) < 0.01);
  });
});

it('counts what a worker accepted, and how often it was woken for nothing', async () => {
  const { trace, workers } = prefork([101, 102, 103]);
  arrivals(workers, { connections: 23, wasted: 37 });
  const activity = await activityOf(trace);
  const loops = activity.workers.filter(({ role }) => role === 'event-loop');
  assert.deepEqual(
    loops.map(({ accepted }) => sum(accepted)),
    [8, 8, 7],
  );
  assert.equal(
    loops.reduce((total, { wasted }) => total + sum(wasted), 0),
    37,
  );
});

describe('calls by what they were made on', () => {
  it('have 40 rows a call, and one for all others', async () => {
    const { trace, worker: lines } = oneWorker();
    lines.waitUntil(50, LISTENER);
    for (let file = 0; file < 43; file++) lines.call(`fsync(9</srv/${file}.db>`, ')', 0, 3).call('close(9', ')', 0);
    lines.waitUntil(500);
    const rows = (await activityOf(trace)).targets.filter(({ call }) => call === 'fsync');
    assert.equal(rows.length, 41);
    assert.equal(rows.find(({ target }) => target === 'others')?.count, 3);
  });

  it('are counted apart for a listener, for clients and for a file', async () => {
    const { trace, worker: lines } = oneWorker();
    for (let index = 0; index < 7; index++)
      lines
        .waitUntil(50 + index * 10, LISTENER)
        .accept(11)
        .read(11, 'GET /a')
        .call('fsync(9</srv/x.db>', ')', 0, 3)
        .reply(11)
        .close(11);
    lines.waitUntil(500);
    const { targets } = await activityOf(trace);
    const told = new Map(targets.map(({ call, target, count }) => [`${call} ${target}`, count]));
    assert.equal(told.get('fsync /srv/x.db'), 7);
    assert.equal([...told].find(([name]) => name.startsWith('accept4 listener'))?.[1], 7);
    assert.equal([...told].find(([name]) => name === 'recvfrom clients')?.[1], 7);
    const fsync = targets.find(({ call }) => call === 'fsync');
    assert.equal(
      fsync?.octaves.reduce((total, each) => total + each, 0),
      7,
    );
    // 3 ms lie between 2,048 and 4,096 us.
    assert.equal(fsync?.octaves[12], 7);
  });
});

describe('a worker that was in one call all the time', () => {
  const hung = (call: string): string =>
    `103 1795140800.000000 ${call} <unfinished ...>\n` +
    '100 1795140800.000100 select(0, NULL, NULL, NULL, {tv_sec=3, tv_usec=0}) = 0 (Timeout) <2.999000>\n' +
    '100 1795140803.000000 getpid() = 100 <0.000002>\n';
  const drawn = async (call: string) => {
    let latest: Progress | null = null;
    const keep = (progress: Progress): void => {
      latest = progress;
    };
    const inputs = [memoryInput('trace', hung(call))];
    const report = await analyzeInputs(
      { kind: 'file', paths: ['trace'], inputs, leftOut: [], notices: [] },
      { activity: true },
      { progress: keep },
    );
    const activity = (latest as Progress | null)?.activity();
    assert.ok(activity);
    return { report, activity, row: activity.workers.find(({ pid }) => pid === 103) };
  };

  it('is drawn as blocked up to the end, with what it is in and since when', async () => {
    const { report, activity, row } = await drawn('recvfrom(9<TCP:[10.0.0.7:40000->10.0.0.2:5432]>, ');
    assert.ok(row);
    assert.deepEqual([row.now.state, row.now.call, row.now.sinceMs], ['blocked', 'recvfrom', 0]);
    assert.match(row.now.target, /10\.0\.0\.2:5432/);
    assert.ok(Math.abs(sum(row.blocked) - 3) < 0.01, `${sum(row.blocked)} s`);
    const workers = new PaperDashboard(report, { columns: 100, activity }).press('2').screen;
    assert.match(workers, /103 +unknown +≥3\.00 s in rec.*█{20}/);
  });

  it('is drawn as waiting where that is what it is there for', async () => {
    const { row } = await drawn('epoll_wait(9<anon_inode:[eventpoll]>, ');
    assert.ok(row);
    assert.equal(row.now.state, 'waiting');
    assert.ok(sum(row.waiting) > 2.9 && sum(row.blocked) === 0);
  });

  it('is drawn as blocked in a poll, too, when it waits for the answer of another service', async () => {
    const { row } = await drawn('poll([{fd=9<TCP:[10.0.0.7:40000->10.0.0.2:5432]>, events=POLLIN}], 1, -1');
    assert.equal(row?.now.state, 'blocked');
  });
});
