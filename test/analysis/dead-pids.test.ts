import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { analyzed, only } from '../support/analyzed.ts';
import { prefork } from '../support/server-lines.ts';
import type { ThreadLines } from '../support/thread-lines.ts';
import { turn } from '../support/turns.ts';

/** The commands of a stall of worker 101 that ends at `endsAt`, in a capture of 12 s of two workers. */
async function commands(endsAt: number): Promise<(string | undefined)[]> {
  const { trace, workers } = prefork([101, 102], { argv: ['gunicorn'] });
  const [first, second] = workers as [ThreadLines, ThreadLines];
  turn(first, 1000, 1500);
  first.waitUntil(endsAt).exits();
  second.waitUntil(12_000);
  const { next } = only(await analyzed(trace), 'loop-stall');
  return next.filter(({ command }) => command !== undefined).flatMap(({ command, needs }) => [command, needs]);
}

describe('what to type about a worker', () => {
  it('names no process that ended while the server ran on', async () => {
    const all = await commands(10_900);
    assert.ok(all.includes('py-spy dump --pid PID'), all.join('\n'));
    assert.ok(all.includes('py-spy; PID of a worker that runs now: 101 has ended'));
    assert.doesNotMatch(all.join('\n'), /(?:pid|-p) 101\b/);
  });

  it('names one that ended with the capture, which may have been ended for it', async () => {
    const all = await commands(11_100);
    assert.ok(all.includes('py-spy dump --pid 101'), all.join('\n'));
    assert.ok(all.includes('py-spy'));
  });
});
