import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MOST_WORKERS } from '../../src/analysis/omitted.ts';
import { analyzed } from '../support/analyzed.ts';
import { Lines } from '../support/lives.ts';

describe('the tables of a report', () => {
  it('list every worker up to a thousand, and of more those in findings and those that served most', async () => {
    const full = new Lines();
    for (let i = 0; i < MOST_WORKERS; i++) full.serve(1_000 + i);
    const whole = await analyzed(full.toString());
    assert.deepEqual([whole.workers.length, whole.omitted], [MOST_WORKERS, undefined]);

    const more = new Lines();
    for (let i = 0; i < MOST_WORKERS + 13; i++) more.serve(1_000 + i);
    // The last one serves more than any other.
    more.serve(1_000 + MOST_WORKERS + 12, 11);
    // A long turn of one in the middle, which served no more than its siblings.
    more.add(1_500, 'fsync(9) = 0 <0.000005>');
    for (let i = 0; i < 30_000; i++) more.add(999, 'getppid() = 1 <0.000010>');
    more.add(1_500, 'epoll_wait(7, [], 64, 0) = 0 <0.000005>');
    const { workers, omitted, findings, verdict } = await analyzed(more.toString());
    const pids = new Set(workers.map(({ pid }) => pid));
    assert.deepEqual([workers.length, omitted?.workers], [MOST_WORKERS, 13]);
    assert.ok(pids.has(1_000 + MOST_WORKERS + 12));
    const named = findings.flatMap((finding) => finding.workers);
    assert.ok(named.length > 0, verdict.text);
    for (const pid of named.slice(0, 200)) assert.ok(pids.has(pid), `${pid} is named and has no row`);
  });
});
