import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Finding, RequestActivity } from '../../src/analysis/report.ts';
import { requestTable, whereMostWent } from '../../src/output/requests.ts';
import { buildRequest } from '../support/activity-builder.ts';
import { buildFinding, buildReport } from '../support/report-builder.ts';

const reply = {
  pid: 7,
  request: 'GET /a',
  errno: 'EPIPE',
  ageMs: 1_300,
  ownMs: 100,
  waitingMs: 200,
  behindMs: 1_000,
  behind: 'GET /b',
  atMs: 1_000,
};

function rows(...metrics: readonly Finding['metrics'][]): readonly (readonly string[])[] {
  return requestTable(buildReport({ findings: metrics.map((each) => buildFinding({ metrics: each })) })).rows;
}

test('each request that a finding names is told once, with what happened to it, the longest first', () => {
  assert.deepEqual(
    rows(
      { worker: 17, stalls: [{ startMs: 900, request: 'GET /b', stallMs: 700, call: 'fsync' }] },
      { replies: [reply, reply, { ...reply, behindMs: 0, ageMs: 300, request: 'GET /c' }] },
      { requests: ['GET /x', { pid: 9, request: 'GET /d', hungUpMs: 2_000, ageMs: 5_000, answered: false }] },
      { retries: [{ pid: 7, request: 'GET /a', firstAtMs: 0, againAtMs: 3_000 }] },
      {
        stalls: [
          { startMs: null, request: 'GET /e', stallMs: 11, call: '' },
          { startMs: 5, request: '', stallMs: 13 },
        ],
      },
    ),
    [
      ['02:13:31.100', 'GET /d', '9', '5.00 s', 'its client hung up before the reply'],
      [
        '02:13:30.100',
        'GET /a',
        '7',
        '1.30 s',
        'its reply met EPIPE: worked 100 ms, waited 200 ms, 1.00 s behind GET /b',
      ],
      ['02:13:30.000', 'GET /b', '17', '700 ms', 'held its worker in fsync'],
      ['02:13:30.100', 'GET /c', '7', '300 ms', 'its reply met EPIPE: worked 100 ms, waited 200 ms'],
      ['-', 'GET /e', '4127', '11 ms', 'held its worker, without a system call'],
      ['02:13:32.100', 'GET /a', '7', '-', 'came again'],
    ],
  );
});

test('of several hosts each request has its host, and the time on the clock of that host', () => {
  const { window, verdict } = buildReport();
  const host = (name: string, startTime: string) => ({
    name,
    paths: [name],
    verdict,
    window: { ...window, startTime },
    grade: 'good' as const,
    workers: 1,
    causes: 1,
    cause: null,
  });
  const finding = buildFinding({ hosts: ['b'], metrics: { replies: [reply] } });
  const hosts = [host('a', '2026-11-20T02:13:29.100000Z'), host('b', '2026-11-20T05:00:00.000000Z')];
  const table = requestTable({ ...buildReport({ findings: [finding] }), hosts });
  assert.equal(table.columns[0]?.title, 'HOST');
  assert.deepEqual(table.rows[0]?.slice(0, 3), ['b', '05:00:01.000', 'GET /a']);
});

test('where most of the age of a request went has a name, and had half of it or more', () => {
  const most = (parts: Partial<RequestActivity>): string => whereMostWent(buildRequest({ ageMs: 406, ...parts }));
  const waited = { waitedFor: '10.0.0.5:5432', waitedMs: 400 };
  assert.equal(most({ behindMs: 402, ...waited }), 'waited for 10.0.0.5:5432');
  assert.equal(most({ behindMs: 402, behind: 'GET /b', ...waited }), 'behind GET /b');
  assert.equal(most({ behindMs: 402 }), 'not known');
  const behind = { behindMs: 402, behind: 'GET /b' };
  assert.equal(most({ ...behind, behindLongestMs: 201 }), 'behind GET /b');
  assert.equal(most({ ...behind, behindLongestMs: 200 }), 'behind several others');
  // That the loop was busy meanwhile does not say that this delayed what a thread of a pool was to do.
  assert.equal(most({ ...behind, behindLongestMs: 200, mayBeInPool: true }), 'behind others or its thread pool');
  assert.equal(most({ inCall: 'futex', inCallMs: 300 }), 'still in futex');
  assert.equal(most({ inCall: 'futex', inCallMs: 202 }), 'not known');
  assert.equal(most({ ownMs: 203 }), 'its own work');
  assert.equal(most({ ownMs: 202 }), 'not known');
});
