import assert from 'node:assert/strict';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { type Shown, shownByChrome, shownByPerfetto, timelinesOf } from '../support/timeline.ts';

const SAMPLES = join(import.meta.dirname, '../../../samples');
const STALLED = join(SAMPLES, 'distracted-worker/trace.strace.gz');
const FOLDER = temporaryFolder();
const SECOND = 1_000_000_000;

interface Truth {
  readonly stalls: readonly { readonly start: number; readonly end: number; readonly request: string }[];
  readonly brokenPipes: readonly { readonly failedAt: number }[];
}

const TRUTH = JSON.parse(readFileSync(join(SAMPLES, 'distracted-worker/truth.json'), 'utf8')) as Truth;

/** A capture of lines that tell times since 1970. */
function captureOf(name: string, lines: readonly string[]): string {
  const path = join(FOLDER, name);
  writeFileSync(path, `${lines.join('\n')}\n`);
  return path;
}

const startOf = (shown: readonly Shown[]): number =>
  Number(shown.find(({ name }) => name === 'about this file')?.details['startSeconds']);

test('the long turns of a timeline are those that the application measured', async () => {
  const { perfetto } = await timelinesOf([STALLED]);
  const shown = shownByPerfetto(perfetto);
  const zero = startOf(shown);
  const long = shown.filter(({ category, length }) => category === 'turn' && (length ?? 0) > SECOND / 2);
  assert.equal(long.length, TRUTH.stalls.length);
  for (const [index, { start, end, request }] of TRUTH.stalls.entries()) {
    const { process, name, length, ...turn } = long[index] ?? assert.fail();
    assert.deepEqual([process, name], ['gunicorn gevent 4870 (event-loop)', `turn: ${request}`]);
    // The turn holds what the application did in it, and a few milliseconds of the loop.
    const from = zero + turn.start / SECOND;
    const to = from + (length ?? 0) / SECOND;
    assert.ok(from < start && start - from < 0.02 && end < to && to - end < 0.02, `${from} ${start} ${end} ${to}`);
  }
});

test('where all is well no thread has a long turn, and what a pool thread waits in is no turn of it', async () => {
  const { perfetto } = await timelinesOf([join(SAMPLES, 'c-client-flush/healthy/trace.strace.gz')]);
  const shown = shownByPerfetto(perfetto);
  const turns = shown.filter(({ category }) => category === 'turn');
  assert.ok(turns.length > 100);
  assert.deepEqual(
    turns.filter(({ length }) => (length ?? 0) > SECOND / 10),
    [],
  );
  assert.ok(shown.some(({ track, category }) => track === 'pool-thread' && category === 'call'));
});

test('a request is a slice of its own, and a flow leads to each turn that read or answered it', async () => {
  const shown = shownByPerfetto((await timelinesOf([STALLED])).perfetto);
  const requests = shown.filter(({ category }) => category === 'request');
  const held = requests.filter(({ name }) => name === 'GET /b');
  assert.equal(held.length, TRUTH.stalls.length);
  for (const { track, flows, length, start } of held) {
    assert.match(track, /^requests \d+$/);
    assert.ok((length ?? 0) > SECOND && (length ?? 0) < 1.02 * SECOND, String(length));
    const turns = shown.filter((each) => each.category === 'turn' && each.flows.includes(flows[0] ?? -1));
    assert.ok(turns.some((turn) => turn.start <= start && turn.start + (turn.length ?? 0) >= start));
  }
  assert.equal(new Set(requests.flatMap(({ flows }) => flows)).size, requests.length);
});

test('replies that met EPIPE are marks, and findings are marks on a track of their own', async () => {
  const { report, perfetto } = await timelinesOf([STALLED]);
  const shown = shownByPerfetto(perfetto);
  const zero = startOf(shown);
  const failed = shown.filter(({ category }) => category === 'failed-write');
  assert.deepEqual(
    failed.map(({ name }) => name),
    TRUTH.brokenPipes.map(() => 'failed write EPIPE GET /a'),
  );
  for (const [index, { failedAt }] of TRUTH.brokenPipes.entries())
    assert.ok(Math.abs(zero + (failed[index]?.start ?? 0) / SECOND - failedAt) < 0.01);
  const marks = shown.filter(({ track, category }) => track === 'findings' && category === 'finding');
  assert.deepEqual(
    marks.map(({ name, details }) => [name, details['kind'], details['severity']]).toSorted(),
    report.findings.map(({ severity, title, kind }) => [`${severity}: ${title}`, kind, severity]).toSorted(),
  );
  const first = report.findings[0];
  const mark = marks.find(({ details }) => details['id'] === first?.id);
  assert.equal(mark?.start, Math.round((first?.startMs ?? 0) * 1e6));
});

for (const sample of [
  'distracted-worker',
  'herd-gunicorn-gevent',
  'hang-gunicorn-gthread',
  'crowded-loop',
  'hang-gunicorn-sync',
])
  test(`every slice of ${sample} is nested on its track, in both files alike`, async () => {
    const { perfetto, chrome } = await timelinesOf([join(SAMPLES, sample, 'trace.strace.gz')]);
    const [inPerfetto, inChrome] = [shownByPerfetto(perfetto), shownByChrome(chrome)].map((all) =>
      all
        .filter(({ name }) => name !== 'about this file')
        .map(({ process, track, category, name, start, length }) =>
          [track === 'findings' ? '' : process, track, category, name, start, length].join(),
        )
        .toSorted(),
    );
    assert.ok((inPerfetto?.length ?? 0) > 3);
    assert.deepEqual(inChrome, inPerfetto);
    const shown = shownByPerfetto(perfetto);
    for (const { category, depth, length } of shown) {
      if (category !== 'call')
        assert.equal(depth, category === 'failed-write' || category === 'wasted-wakeup' ? depth : 0);
      else assert.ok(depth <= 1 && (length ?? 0) >= 1_000_000, `${length}`);
    }
  });

test('what has no room is counted by kind, and slices that are long are kept to the end', async () => {
  const all = await timelinesOf([STALLED]);
  assert.equal(all.leftOut, '');
  const { perfetto, leftOut } = await timelinesOf([STALLED], { mostEvents: 20 });
  const shown = shownByPerfetto(perfetto);
  const kept = shown.filter(({ category }) => ['turn', 'call', 'request'].includes(category)).length;
  assert.ok(kept <= 20 && kept >= 10, String(kept));
  const before = shownByPerfetto(all.perfetto).filter(({ category }) => category !== 'finding').length;
  const lost = [...leftOut.matchAll(/\d+/g)].reduce((sum, [count]) => sum + Number(count), 0);
  assert.equal(shown.filter(({ category }) => category !== 'finding').length + lost, before);
  assert.equal(shown.find(({ name }) => name === 'about this file')?.details['leftOut'], leftOut);
});

test('processes of two hosts are two, also where they have the same pid, and stand on one clock', async () => {
  const lines = (second: number): string[] => [
    `101 ${second}.000000007 read(3<TCP:[10.0.0.1:80->10.0.0.2:7]>, "x", 7) = 1 <0.013000>`,
    `101 ${second}.100000000 read(3<TCP:[10.0.0.1:80->10.0.0.2:7]>, "x", 7) = 1 <0.017000>`,
  ];
  const captures = [captureOf('late.strace', lines(1_700_000_019)), captureOf('early.strace', lines(1_700_000_002))];
  const { perfetto, chrome } = await timelinesOf(captures);
  const shown = shownByPerfetto(perfetto);
  const calls = shown.filter(({ category }) => category === 'call');
  assert.equal(new Set(calls.map(({ pid }) => pid)).size, 2);
  assert.deepEqual(new Set(calls.map(({ process }) => process.split(':')[0])), new Set(['late', 'early']));
  const of = (host: string): number => calls.find(({ process }) => process.startsWith(host))?.start ?? Number.NaN;
  assert.equal(of('late') - of('early'), 17 * SECOND);
  assert.equal(new Set(shownByChrome(chrome).map(({ pid }) => pid)).size, 2);
});

test('times are exact to the nanosecond, and a call that began before the first line says how much', async () => {
  const { perfetto, chrome } = await timelinesOf([
    captureOf('exact.bpf', [
      'ts=1000000000000007 pid=7 tid=7 comm=w call=read fd=3 ret=1 dur=1000000003',
      'ts=1000003600000018 pid=7 tid=7 comm=w call=read fd=3 ret=1 dur=1000001',
    ]),
  ]);
  for (const shown of [shownByPerfetto(perfetto), shownByChrome(chrome)]) {
    const calls = shown.filter(({ category }) => category === 'call');
    assert.equal(calls.length, 2);
    const lengths = calls.map(({ length, details }) => (length ?? 0) + Number(details['beganEarlierNs'] ?? 0));
    assert.deepEqual(lengths, [1_000_000_003, 1_000_001]);
  }
});

test('a timeline shows of a request its method and path, masked, in bounds, without control characters', async () => {
  const request = (head: string): string[] => [
    '101 1700000000.000000 epoll_wait(4<anon_inode:[eventpoll]>, [{events=EPOLLIN, data={u32=3}}], 8, -1) = 1 <0.000100>',
    '101 1700000000.001000 accept4(3<TCP:[0.0.0.0:80]>, {sa_family=AF_INET, sin_port=htons(7), sin_addr=inet_addr("10.0.0.2")}, [16], 0) = 5<TCP:[10.0.0.1:80->10.0.0.2:7]> <0.000010>',
    `101 1700000000.002000 recvfrom(5<TCP:[10.0.0.1:80->10.0.0.2:7]>, "${head}", 8192, 0, NULL, NULL) = 99 <0.000010>`,
    '101 1700000000.020000 sendto(5<TCP:[10.0.0.1:80->10.0.0.2:7]>, "HTTP/1.1 200 OK\\r\\n", 19, 0, NULL, 0) = 19 <0.000010>',
    '101 1700000000.021000 epoll_wait(4<anon_inode:[eventpoll]>, [], 8, 7) = 0 <0.007000>',
  ];
  const hostile = captureOf(
    'hostile.strace',
    request(`GET /reset/s3cr3tT0k3nAb9Zq2?password=hunter2 HTTP/1.1\\r\\nCookie: id=hunter3\\r\\n\\r\\n`),
  );
  const { perfetto, chrome } = await timelinesOf([hostile]);
  assert.ok(shownByPerfetto(perfetto).some(({ category, name }) => category === 'request' && name.startsWith('GET /')));
  for (const text of [Buffer.from(perfetto).toString('latin1'), chrome])
    assert.ok(!/s3cr3t|hunter/.test(text), 'a secret is in it');
  const long = captureOf('long.strace', request(`GET /\\33[31m\\303\\251${'a'.repeat(900)} HTTP/1.1\\r\\n\\r\\n`));
  for (const { name } of shownByPerfetto((await timelinesOf([long])).perfetto))
    assert.ok(name.length <= 150 && !/\p{Cc}/u.test(name), name);
});

test('a capture without times makes a timeline without slices', async () => {
  const untimed = captureOf('untimed.strace', ['101 read(3, "x", 7) = 1', '101 write(3, "x", 1) = 1']);
  const { perfetto, chrome } = await timelinesOf([untimed]);
  assert.deepEqual(
    shownByPerfetto(perfetto).filter(({ length }) => length !== null),
    [],
  );
  assert.deepEqual(
    shownByChrome(chrome).filter(({ length }) => length !== null),
    [],
  );
});

test('the report is the same with a timeline and without', async () => {
  const path = join(FOLDER, 'same.strace.gz');
  copyFileSync(STALLED, path);
  const { report } = await timelinesOf([path]);
  const { analyzeCaptures } = await import('../../src/pipeline/analyze-captures.ts');
  const { openCaptures } = await import('../../src/sources/open-captures.ts');
  assert.deepEqual(await analyzeCaptures(openCaptures([path]), {}), report);
});
