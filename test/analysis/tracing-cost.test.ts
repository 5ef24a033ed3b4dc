import assert from 'node:assert/strict';
import test from 'node:test';
import { readCost } from '../../parsers/text/cost-line.ts';
import { analyzed } from '../support/analyzed.ts';

const CALLS = [
  '4711  1700000000.000000 epoll_wait(5<anon_inode:[eventpoll]>, [], 64, 1000) = 0 <1.000000>',
  '4711  1700000001.000100 epoll_wait(5<anon_inode:[eventpoll]>, [], 64, 1000) = 0 <1.000000>',
];
const START = 'event=start program=calls version=1 machine=x86-64 ts=1404330235524 clock=1795568264.330464';
const CALL = 'ts=1404330535524 dur=2028 pid=7 tid=7 nr=3 ret=0 a=5,0,0,0 data=';
const COST = 'event=cost ts=1404330235524 for=20000000000 tracer=600000000 drover=200000000';

test('what tracing cost is in the report, with what is not counted', async () => {
  const report = await analyzed([START, CALL, `${COST} kernel=100000000`].join('\n'));
  assert.deepEqual(report.cost, { percent: 4.5, durationMs: 20_000, tracerMs: 600, droverMs: 200, kernelMs: 100 });
  assert.ok(
    report.quality.notes.includes(
      'Tracing took 4.5 % of a CPU over 20.00 s: bpftrace 600 ms, drover 200 ms, programs in the kernel 100 ms.',
    ),
    report.quality.notes.join('\n'),
  );
  const uncounted = await analyzed([START, CALL, COST].join('\n'));
  assert.equal(uncounted.cost?.kernelMs, null);
  assert.match(uncounted.quality.notes.join(' '), /4 % of a CPU .* in the kernel is not counted: .*stats_enabled=1/);
});

test('of less than a second no share is told: hardly more was measured than the beginning', async () => {
  const short = COST.replace('for=20000000000', 'for=272000').replace(
    'tracer=600000000 drover=200000000',
    'tracer=0 drover=106000',
  );
  const { cost, quality } = await analyzed([START, CALL, short].join('\n'));
  assert.equal(cost?.percent, 38.97);
  assert.match(quality.notes.join(' '), /Tracing took bpftrace 0 ms, drover 0\.106 ms of a CPU within 0\.272 ms\./);
});

test('the same behind a capture of strace; other captures, and a broken line, tell no cost', async () => {
  const strace = await analyzed([...CALLS, `strace: drover: ${COST}`, ''].join('\n'));
  assert.deepEqual(strace.cost, { percent: 4, durationMs: 20_000, tracerMs: 600, droverMs: 200, kernelMs: null });
  assert.match(strace.quality.notes.join(' '), /strace 600 ms, drover 200 ms\. What its stops cost .* not counted/);
  assert.equal((await analyzed(CALLS.join('\n'))).cost, undefined);
  for (const broken of ['for=0 tracer=1 drover=1', 'for=1000 tracer=x drover=1', 'for=1000 drover=1'])
    assert.equal(readCost(broken), null);
});
