import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { canBeStopped } from '../../../src/sources/live/code/let-go.ts';
import { runSampler } from '../../../src/sources/live/code/run-sampler.ts';
import type { Sampler } from '../../../src/sources/live/code/sampler.ts';
import { processesWith, until } from '../../support/live-server.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

function script(text: string): Sampler {
  return { name: 'py-spy', stops: false, command: () => ['sh', '-c', text], read: () => [] };
}

async function timed<Result>(action: () => Promise<Result>): Promise<readonly [Result, number]> {
  const started = performance.now();
  const result = await action();
  return [result, performance.now() - started];
}

const never = new AbortController().signal;

describe('a program that looks at a process', () => {
  it('gives what it printed, whatever its exit code', async () => {
    assert.equal(await runSampler(script('echo seen; exit 3'), 7, 7, never), 'seen\n');
  });

  it('is not waited for when it left somebody behind who holds its output', async () => {
    const word = join(temporaryFolder(), 'behind');
    const behind = `setsid timeout 13 sh -c 'while :; do sleep 0.1; done' ${word} & echo seen`;
    const [printed, ms] = await timed(() => runSampler(script(behind), 7, 7, never));
    assert.equal(printed, 'seen\n');
    assert.ok(ms < 3_000, `${ms} ms`);
    await until('nobody to be left', () => processesWith(word).length === 0);
  });

  it('is ended when nobody wants to know any more', async () => {
    const cancelling = new AbortController();
    setTimeout(() => cancelling.abort(), 200);
    const words = 'trap "" TERM; echo begun; while :; do sleep 0.1; done';
    const [printed, ms] = await timed(() => runSampler(script(words), 7, 7, cancelling.signal));
    assert.equal(printed, 'begun\n');
    assert.ok(ms < 4_000, `${ms} ms`);
  });

  it('is ended when it prints too much', async () => {
    const [printed, ms] = await timed(() => runSampler(script('yes'), 7, 7, never));
    assert.equal(printed?.length, 2_000_000);
    assert.ok(ms < 4_000, `${ms} ms`);
  });
});

describe('a process that shall be stopped for a look', () => {
  const root = temporaryFolder();
  const NONE = '0'.repeat(16);
  /** Threads by their state, tracer, and pending signals. */
  function held(
    pid: number,
    ...threads: readonly (readonly [state: string, tracer: number, pending: string])[]
  ): boolean {
    threads.forEach(([state, tracer, pending], index) => {
      const task = join(root, String(pid), 'task', String(pid + index));
      mkdirSync(task, { recursive: true });
      const text = `Name:\tx\nState:\t${state} (some)\nTracerPid:\t${tracer}\nSigPnd:\t${pending}\nShdPnd:\t${NONE}\n`;
      writeFileSync(join(task, 'status'), text);
    });
    return canBeStopped(pid, root);
  }

  it('must run or sleep with all of its threads', () => {
    assert.equal(held(103, ['S', 0, NONE], ['R', 0, NONE], ['I', 0, NONE]), true);
    assert.equal(held(211, ['S', 0, NONE], ['D', 0, NONE]), false);
    assert.equal(held(307, ['T', 0, NONE]), false);
    assert.equal(held(401, ['S', 97, NONE]), false);
    assert.equal(held(503, ['S', 0, '0000000000040000']), false);
    assert.equal(held(601, ['S', 0, '0000000000020000']), true);
    assert.equal(canBeStopped(701, root), false);
  });
});
