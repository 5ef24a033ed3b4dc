import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MOST_THREADS } from '../../parsers/lanes.ts';
import { analyzed } from '../support/analyzed.ts';
import { Lines } from '../support/lives.ts';

describe('threads beyond what is followed', () => {
  it('do not cost a worker that waits meanwhile: it is known again when its wait returns', async () => {
    const lines = new Lines().serve(101, 10).add(101, 'epoll_wait(7,  <unfinished ...>');
    lines.strangers(1_000, MOST_THREADS + 11);
    lines.add(101, '<... epoll_wait resumed>[{events=EPOLLIN, data={u32=5, u64=5}}], 64, -1) = 1 <0.080000>');
    lines.add(101, 'accept4(5, NULL, NULL, SOCK_NONBLOCK) = 11 <0.000005>').add(101, 'epoll_wait(7,  <unfinished ...>');
    const { workers, quality, omitted } = await analyzed(lines.toString());
    assert.deepEqual(
      workers.map(({ pid, accepted }) => [pid, accepted]),
      [[101, 2]],
    );
    const told = quality.diagnostics.find(({ code }) => code === 'silent-threads');
    assert.equal(quality.grade, 'partial');
    assert.equal(told?.count, omitted?.workers);
    assert.ok((told?.count ?? 0) > 1_000);
  });
});
