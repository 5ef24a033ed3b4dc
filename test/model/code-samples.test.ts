import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Thread } from '../../src/model/machine/thread.ts';
import { CodeSamples } from '../../src/model/measuring/code-samples.ts';
import { codeFrame } from '../../src/trace/code-frame.ts';
import type { Sampled } from '../../src/trace/record.ts';
import { MILLISECOND } from '../../src/trace/time.ts';
import { callOf, threadOf } from '../support/model-objects.ts';

/** py-spy looked at a thread for a millisecond that ended at `ms`, and saw it in this function. */
function look({ lane }: Thread, ms: number, name: string): Sampled {
  const [from, time] = [(ms - 1) * MILLISECOND, ms * MILLISECOND];
  const frames = name === '' ? [] : [codeFrame(name, '/srv/app.py', 7)];
  return { kind: 'sampled', lane, from, time, by: 'py-spy', frames, file: 'trace', line: 1, text: name };
}

/** A call of so many milliseconds that ended at `ms`, with the stack that strace -k prints behind it. */
function traced(samples: CodeSamples, thread: Thread, ms: number, length: number, symbol: string): void {
  const call = callOf('fsync', (ms - length) * MILLISECOND, ms * MILLISECOND);
  samples.blocked(call, thread);
  thread.lastTime = call.end;
  for (const offset of [0x3ff, 0x400])
    samples.frame({ kind: 'frame', lane: thread.lane, symbol, offset, object: '/srv/app', line: 2 }, thread);
}

/** The innermost function that it was seen in between two moments. */
function within(samples: CodeSamples, { lane }: Thread, from: number, to: number, call = ''): string {
  return samples.within(lane, from * MILLISECOND, to * MILLISECOND, call)?.frames[0]?.name ?? '';
}

describe('the code that a thread was seen in', () => {
  it('is what a look found between two moments, the look included; another thread has its own', () => {
    const [samples, thread, other] = [new CodeSamples(), threadOf(101), threadOf(103)];
    for (const [ms, name] of [
      [30, 'early'],
      [50, 'render'],
      [70, 'late'],
    ] as const)
      samples.add(look(thread, ms, name));
    samples.add(look(other, 50, 'elsewhere'));
    samples.add(look(thread, 49, ''));
    assert.equal(within(samples, thread, 49, 50), 'render');
    assert.equal(within(samples, thread, 49.5, 69.9), '');
    assert.equal(within(samples, thread, 40, 49.9), '');
    assert.equal(within(samples, other, 0, 100), 'elsewhere');
  });

  it('is what a capture at work has seen so far, while it is not written yet', () => {
    const [samples, thread, other] = [new CodeSamples(), threadOf(101), threadOf(103)];
    samples.setLately([look(other, 50, 'elsewhere'), look(thread, 40, ''), look(thread, 50, 'render')]);
    assert.equal(within(samples, thread, 0, 100), 'render');
  });

  it('is the stack of the longest call of that name where nobody looked, and a look comes first', () => {
    const [samples, thread] = [new CodeSamples(), threadOf(101)];
    traced(samples, thread, 100, 13, 'save');
    traced(samples, thread, 200, 17, 'flush');
    traced(samples, thread, 300, 11, 'sync');
    assert.equal(within(samples, thread, 0, 400, 'fsync'), 'flush');
    assert.equal(within(samples, thread, 0, 400, 'write'), '');
    assert.equal(within(samples, thread, 0, 400), '');
    samples.add(look(thread, 350, 'render'));
    assert.equal(within(samples, thread, 0, 400, 'fsync'), 'render');
  });

  it('is not that of a call of less than 10 ms', () => {
    const [samples, thread] = [new CodeSamples(), threadOf(101)];
    traced(samples, thread, 100, 9.999, 'short');
    assert.equal(within(samples, thread, 0, 400, 'fsync'), '');
    traced(samples, thread, 100, 10, 'long');
    assert.equal(within(samples, thread, 0, 400, 'fsync'), 'long');
  });

  it('has no name far behind the last one that a library exports', () => {
    const [samples, thread] = [new CodeSamples(), threadOf(101)];
    traced(samples, thread, 100, 13, 'save');
    const frames = samples.within(thread.lane, 0, 400 * MILLISECOND, 'fsync')?.frames ?? [];
    assert.deepEqual(
      frames.map(({ name }) => name),
      ['save', codeFrame('', '/srv/app', 0).name],
    );
  });

  it('is none of frames that stand behind another line of the thread', () => {
    const [samples, thread] = [new CodeSamples(), threadOf(101)];
    samples.blocked(callOf('fsync', 0, 20 * MILLISECOND), thread);
    thread.lastTime = 21 * MILLISECOND;
    samples.frame({ kind: 'frame', lane: thread.lane, symbol: 'save', offset: 1, object: '', line: 2 }, thread);
    assert.equal(within(samples, thread, 0, 400, 'fsync'), '');
  });

  it('is kept of 50 calls of a thread: the longest ones, and what somebody saw', () => {
    const [samples, thread] = [new CodeSamples(), threadOf(101)];
    samples.add(look(thread, 1, 'render'));
    for (let index = 0; index < 60; index++) traced(samples, thread, 100 + 100 * index, 20 + index, `call${index}`);
    traced(samples, thread, 9_000, 15, 'short');
    // 49 places for calls: the 11 shortest went.
    assert.equal(within(samples, thread, 1_150, 1_250, 'fsync'), 'call11');
    assert.equal(within(samples, thread, 1_050, 1_150, 'fsync'), '');
    assert.equal(within(samples, thread, 8_900, 9_100, 'fsync'), '');
    assert.equal(within(samples, thread, 0, 2), 'render');
  });

  it('is kept 1,000 times in all: a thread that comes later has none', () => {
    const samples = new CodeSamples();
    const threads = Array.from({ length: 21 }, (_, index) => threadOf(101 + index));
    for (const thread of threads) for (let ms = 1; ms <= 50; ms++) samples.add(look(thread, ms, 'render'));
    assert.equal(within(samples, threads[19] as Thread, 49, 50), 'render');
    assert.deepEqual(
      threads.map((thread) => within(samples, thread, 0, 100)),
      threads.map((_, index) => (index < 20 ? 'render' : '')),
    );
  });
});
