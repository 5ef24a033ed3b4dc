import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Kind } from '../../src/analysis/report.ts';
import { analyzed, ofKind } from '../support/analyzed.ts';
import { Backend } from '../support/database-lines.ts';
import { openModules, parentOf, startWorker } from '../support/loading.ts';
import { ask } from '../support/name-lookups.ts';
import { attached, connectTo, oneWorker, openHub, openListener, prefork } from '../support/server-lines.ts';
import { LISTENER, QUICK, type ThreadLines } from '../support/thread-lines.ts';
import { TraceLines } from '../support/trace-lines.ts';
import { turn } from '../support/turns.ts';

/** What a finding shows of very many things: lists, lines of evidence and subjects have bounds, counts have none. */
interface Shown {
  readonly counts: Readonly<Record<string, unknown>>;
  readonly lists: Readonly<Record<string, number>>;
  readonly workers: number;
  readonly evidence: number;
  readonly more?: RegExp;
}

const pids = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => 101 + index);

/** One request after the other, in turns of so many milliseconds. */
function requests(count: number, ms: number, inside: (worker: ThreadLines, index: number) => void): TraceLines {
  const { trace, worker } = oneWorker();
  for (let index = 0; index < count; index++)
    turn(
      worker,
      50 + index * (ms + 50),
      ms,
      (own) => inside(own, index),
      `GET /${'abcdefghijklmnopqrstuvwxyz'.repeat(3).slice(index, index + 24)}`,
    );
  worker.waitUntil(worker.now + 1000);
  return trace;
}

const ENOSPC = '-1 ENOSPC (No space left on device)';

const CASES: readonly (readonly [kind: Kind, capture: () => TraceLines | string, shown: Shown])[] = [
  [
    'stuck-call',
    () => {
      const { trace, workers } = attached(pids(53));
      for (const worker of workers) {
        worker.labels.set(20, 'socket:[900]');
        worker
          .gap(100)
          .call('socket(AF_INET, SOCK_STREAM, IPPROTO_TCP', ')', worker.fd(20))
          .call(
            `connect(${worker.fd(20)}, {sa_family=AF_INET, sin_port=htons(90), sin_addr=inet_addr("10.0.0.7")}, 16`,
            ')',
            0,
          )
          .stays(`recvfrom(${worker.fd(20)}, `);
      }
      trace.thread(99).at(5000).call('getpid(', ')', 99);
      return trace;
    },
    {
      counts: { count: 53 },
      lists: { threads: 50 },
      workers: 50,
      evidence: 5,
      more: /^Pids 101, 102, 103, 104, 105 and 48 more were/,
    },
  ],
  [
    'loop-stall',
    () => requests(23, 200, () => {}),
    { counts: { count: 23, totalMs: 4600 }, lists: { stalls: 20, requests: 20 }, workers: 1, evidence: 6 },
  ],
  [
    'broken-pipe',
    () => {
      const { trace, worker } = oneWorker();
      for (let index = 0; index < 203; index++)
        worker
          .waitUntil(50 + 20 * index, LISTENER)
          .accept(11)
          .read(11, `GET /${index}`)
          .waitUntil(worker.now + 10, 12)
          .replyFails(11)
          .close(11);
      worker.waitUntil(6000);
      return trace;
    },
    { counts: { count: 203 }, lists: { replies: 50 }, workers: 1, evidence: 6 },
  ],
  [
    'disk-sync',
    () =>
      requests(
        7,
        190,
        (worker, index) => void worker.call(`fsync(${20 + index}</var/lib/${index}.db>`, ')', 0, 180 + index),
      ),
    {
      counts: { count: 7, longestMs: 186 },
      lists: { files: 5, requests: 5, longestWaits: 7 },
      workers: 1,
      evidence: 6,
    },
  ],
  [
    'blocking-dns',
    () => requests(13, 300, (worker, index) => void ask(worker, `n${index}.example`, 250)),
    { counts: { count: 13 }, lists: { names: 10 }, workers: 1, evidence: 2 },
  ],
  [
    'slow-dependency',
    () =>
      requests(23, 1300, (worker, index) => {
        connectTo(worker, 12, 9000 + index);
        worker
          .send(12, 'GET /rows HTTP/1.0\\r\\n')
          .waitUntil(worker.now + 1200, 12)
          .read(12, 'HTTP/1.0 200 OK\\r\\n')
          .close(12);
      }),
    { counts: {}, lists: { dependencies: 20 }, workers: 1, evidence: 6, more: /20 other peers were slow as well\.$/ },
  ],
  [
    'error-storm',
    () =>
      requests(23, 10, (worker, index) => {
        worker.call(`write(${20 + index}</var/${index}.log>, "x", 1`, ')', ENOSPC);
      }),
    {
      counts: { failed: 23 },
      lists: { storms: 20 },
      workers: 1,
      evidence: 6,
      more: /^write failed 23 times with ENOSPC on 23 files in \/var, such as \d+\.log\. /,
    },
  ],
  [
    'service-stall',
    () => {
      const { trace, workers } = prefork([101, 102]);
      for (const worker of workers) {
        for (let index = 0; index < 23; index++) turn(worker, 50 + 400 * index, 300);
        worker.waitUntil(11_000);
      }
      return trace;
    },
    { counts: { count: 23, totalMs: 6900 }, lists: { stalls: 20 }, workers: 2, evidence: 2 },
  ],
  [
    'heartbeat-late',
    () => {
      const origin = 1_795_140_800;
      const line = (seconds: number, pid: number, call: string) =>
        `${pid} ${(origin + seconds).toFixed(6)} ${call} <0.000010>\n`;
      const beat = 'fchmod(7</tmp/wgunicorn-885aidgw>(deleted), 001) = 0';
      const [begins, ends] = [pids(23), pids(23)];
      return [
        line(0, 100, 'execve("/usr/bin/gunicorn", ["gunicorn", "-t", "4", "a:b"], 0x7ffd /* 5 vars */) = 0'),
        ...begins.map((pid) => line(1, 100, `clone(child_stack=NULL, flags=SIGCHLD, child_tidptr=0x7e) = ${pid}`)),
        ...begins.flatMap((pid) => [line(2, pid, beat)]),
        ...begins.flatMap((pid) => [line(3, pid, beat)]),
        ...ends.map((pid) => line(20, pid, beat)),
      ].join('');
    },
    { counts: { count: 23 }, lists: { workers: 20 }, workers: 23, evidence: 2 },
  ],
  [
    'lazy-import',
    () =>
      requests(73, 300, (worker, index) => {
        openModules(worker, 21, `/srv/m${index}`);
      }),
    { counts: { count: 73 }, lists: { requests: 20 }, workers: 1, evidence: 6 },
  ],
  [
    'stranded-queue',
    () => {
      const trace = new TraceLines();
      const [busy, idle] = [0, 1].map((index) => {
        const worker = trace.thread(101 + index).at(index);
        openListener(worker, LISTENER, { label: `socket:[${4711 + index}]`, port: 8000, reusePort: true });
        openHub(worker);
        return worker;
      }) as [ThreadLines, ThreadLines];
      for (let round = 0; round < 23; round++) {
        busy
          .waitUntil(50 + 1000 * round, LISTENER)
          .accept(11)
          .read(11, 'GET /slow')
          .gap(500)
          .reply(11)
          .close(11);
        busy.waitUntil(busy.now + QUICK, LISTENER);
        for (let index = 0; index < 7; index++) busy.accept(20 + index);
        busy.acceptNothing();
        for (let index = 0; index < 7; index++) busy.close(20 + index);
      }
      for (let round = 0; round < 240; round++) idle.waitUntil(30 + 100 * round, LISTENER).serve(11, 'GET /a');
      for (const worker of [busy, idle]) worker.waitUntil(25_000);
      return trace;
    },
    { counts: { connections: 161 }, lists: { stranded: 20 }, workers: 1, evidence: 6 },
  ],
  [
    'worker-death',
    () => {
      const { trace, workers } = prefork(pids(53));
      const master = trace.thread(100);
      for (const [index, worker] of workers.entries()) {
        worker
          .waitUntil(100 + 10 * index, LISTENER)
          .serve(11, 'GET /a')
          .killedBy('SIGKILL');
      }
      master.at(1000);
      return trace;
    },
    {
      counts: { count: 53 },
      lists: { deaths: 50 },
      workers: 50,
      evidence: 6,
    },
  ],
  [
    'fork-then-load',
    () => {
      const { trace, parent } = parentOf();
      for (const pid of pids(23)) startWorker(trace, parent, pid, (worker) => openModules(worker, 103));
      return trace;
    },
    { counts: { count: 23 }, lists: { workers: 20 }, workers: 20, evidence: 6 },
  ],
  [
    'request-retry',
    () => {
      const { trace, worker } = oneWorker();
      for (let index = 0; index < 53; index++) {
        const at = 50 + 1000 * index;
        const request = `POST /${index}`;
        worker
          .waitUntil(at, LISTENER)
          .accept(11)
          .read(11, request)
          .waitUntil(at + 10, 12)
          .replyFails(11)
          .close(11);
        worker.waitUntil(at + 500, LISTENER).serve(13, request);
      }
      worker.waitUntil(60_000);
      return trace;
    },
    { counts: { count: 53 }, lists: { retries: 50 }, workers: 1, evidence: 6 },
  ],
  [
    'clients-refused',
    () =>
      pids(67)
        .flatMap((pid, index) => {
          const session = new Backend(pid);
          return [...session.opened(0.1 + 0.05 * index), session.refused(0.11 + 0.05 * index, '53300')];
        })
        .join('\n'),
    { counts: { count: 67, accepted: 67 }, lists: { workers: 64 }, workers: 64, evidence: 4 },
  ],
];

for (const [kind, capture, { counts, lists, workers, evidence, more }] of CASES)
  it(`a finding counts all, and shows so many of them: ${kind}`, async () => {
    const report = await analyzed(capture());
    const [finding] = ofKind(report, kind);
    assert.ok(finding !== undefined, report.outcomes[kind]?.reason);
    const { metrics } = finding;
    const shown = (value: unknown): number => (Array.isArray(value) ? value.length : -1);
    assert.deepEqual(
      {
        counts: Object.fromEntries(Object.keys(counts).map((name) => [name, metrics[name]])),
        lists: Object.fromEntries(Object.keys(lists).map((name) => [name, shown(metrics[name])])),
        workers: finding.workers.length,
        evidence: finding.evidence.length,
      },
      { counts, lists, workers, evidence },
    );
    if (more !== undefined) assert.match(finding.summary, more);
  });
