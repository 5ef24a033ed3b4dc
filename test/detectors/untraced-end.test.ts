import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { analyzed, none, only } from '../support/analyzed.ts';
import { bytes, printed, START } from '../support/printed-lines.ts';

const SECOND = 1_000_000;
const LISTENER = 5;
const LISTENS = bytes([1, 4], [LISTENER, 8]);

/**
 * Two loops of calls.bt under load; the last that is heard of both is that they left their waits. bpftrace says that it
 * ends so much later, and drover looks once more behind that.
 */
function capture(untracedMs: number): string {
  const lines = [101, 103].flatMap((pid) => [
    `event=fd pid=${pid} fd=${LISTENER} is=socket:[1]`,
    `event=fd pid=${pid} fd=7 is=anon_inode:[eventpoll]`,
  ]);
  lines.push(START);
  for (const tid of [101, 103])
    lines.push(printed({ tid, call: 'epoll_ctl', at: 1_000, args: [7, 1, LISTENER, 1], data: LISTENS }));
  for (let at = 10_000; at < 3 * SECOND; at += 20_000)
    for (const tid of [101, 103]) {
      const fd = 10 + (at % 7);
      const address = '\\x02\\x00\\xe6>\\x7f\\x00\\x00\\x01';
      lines.push(printed({ tid, call: 'epoll_wait', at, took: 9_000, ret: 1, args: [7, 1, 64, -1] }));
      if (at + 20_000 < 3 * SECOND)
        lines.push(
          printed({ tid, call: 'accept4', at: at + 9_010, ret: fd, args: [LISTENER, 0, 0, 0x80800], data: address }),
        );
    }
  const end = 1_000_000_000 + (3 * SECOND - 1_000 + untracedMs * 1_000) * 1_000;
  const seen = (pid: number): string =>
    `event=seen ts=${end + 90_000_000} for=0 pid=${pid} tid=${pid} parent=100 call=epoll_wait ran=0 clients=0 comm=web`;
  return `${[...lines, `event=end ts=${end}`, seen(101), seen(103)].join('\n')}\n`;
}

describe('bpftrace takes its probes away before it says that it ends', () => {
  it('so that workers of which nothing is heard then did not stand still', async () => {
    const report = await analyzed(capture(490));
    none(report, 'loop-stall');
    none(report, 'service-stall');
    assert.equal(report.window.durationMs, 2_998);
  });

  it('which takes no second: who is silent for longer is', async () => {
    const report = await analyzed(capture(1_490));
    const [stall] = report.findings.filter(({ kind }) => kind === 'loop-stall');
    assert.equal(stall?.openEnded, true);
    assert.equal(Number(only(report, 'service-stall').metrics.longestMs) > 1_400, true);
  });
});
