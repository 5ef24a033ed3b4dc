import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { upstreamOf } from '../../src/detectors/broken-pipe/tally.ts';
import type { Context } from '../../src/detectors/detector.ts';
import { finding as collectorFinding } from '../../src/detectors/gc-io/finding.ts';
import { noLoopReason } from '../../src/detectors/loop-stall/no-loop-reason.ts';
import { gapFinding } from '../../src/detectors/service-stall/gap-finding.ts';
import type { FailedWrite } from '../../src/model/facts.ts';
import { foundConnection } from '../../src/model/machine/accepted-by.ts';
import { Descriptor } from '../../src/model/machine/descriptors.ts';
import { Listener } from '../../src/model/machine/listener.ts';
import type { Role } from '../../src/model/machine/roles.ts';
import type { Thread } from '../../src/model/machine/thread.ts';
import type { Model } from '../../src/model/model.ts';
import { Peer } from '../../src/model/topics/dependencies/peer.ts';
import { syscall } from '../../src/trace/syscalls.ts';
import { MILLISECOND } from '../../src/trace/time.ts';
import { threadOf } from '../support/model-objects.ts';

/** Facts that stand exactly at a limit, or of which there are exactly as many as are shown. */
const ms = (number: number): number => number * MILLISECOND;
const model = { zero: 0, lastTime: ms(9000), startTime: 0 } as unknown as Model;

describe('times in which no worker accepted', () => {
  const listener = new Listener(0, '127.0.0.1:8000', 'same-socket');
  const gap = (start: number, end: number, taken: number, before = [101, 103]) => ({
    listener,
    start: ms(start),
    end: ms(end),
    before,
    after: [107],
    taken,
    lines: Array.from({ length: 7 }, (_, line) => ({ file: 'trace', line: start + line, text: '' })),
  });
  const told = (...gaps: readonly ReturnType<typeof gap>[]) => gapFinding(model, gaps, ms(2000));

  it('are from the first to the last, with the lines of the longest', () => {
    const { start, end, severity, workers, evidence, title, metrics } = told(
      gap(100, 600, 3),
      gap(1000, 2700, 11),
      gap(3000, 3130, 5),
    );
    assert.deepEqual([start, end, severity, workers], [ms(100), ms(3130), 'warning', [101, 103, 107]]);
    assert.deepEqual(
      evidence.map(({ line }) => line),
      [1000, 1001, 1002, 1003, 1004, 1005],
    );
    assert.equal(title, 'No worker accepted for 1.70 s: at least 11 connections waited');
    assert.deepEqual(
      [metrics.count, metrics.totalMs, metrics.longestMs, metrics.waited, metrics.workers],
      [3, 2330, 1700, 11, 1],
    );
  });

  it('are critical from the limit on', () => {
    assert.deepEqual(
      [1999, 2000].map((length) => told(gap(0, length, 2)).severity),
      ['warning', 'critical'],
    );
  });

  it('name four workers, and count the others', () => {
    const summary = (before: number[]): string => told(gap(0, 500, 2, before)).summary;
    assert.match(
      summary([1, 2, 3, 4]),
      /for 500 ms: the old workers \(1, 2, 3, 4\) had stopped accepting, and the new ones \(107\) began later\./,
    );
    assert.match(summary([1, 2, 3, 4, 5]), /\(1, 2, 3, 4 \+1 more\) had stopped accepting/);
    assert.match(told(gap(0, 500, 2), gap(700, 800, 2)).summary, /for 500 ms, 2 times and 600 ms in all: /);
  });
});

describe('calls inside a garbage collection', () => {
  const context = { model, capabilities: { times: true } } as unknown as Context;
  const call = (length: number, parts: object = {}) => ({
    thread: threadOf(101),
    call: 'sendto',
    target: '10.0.0.5:6379',
    start: ms(100),
    duration: ms(length),
    frame: 'gc_collect_main',
    inside: 'collector',
    line: { file: 'trace', line: length, text: '' },
    frameLine: { file: 'trace', line: length + 1, text: '' },
    ...parts,
  });
  const told = (parts: object = {}) =>
    collectorFinding(
      context,
      {
        count: 7,
        total: ms(70),
        first: ms(100),
        last: ms(900),
        workers: new Set([101, 103]),
        targets: new Map([['10.0.0.5:6379', 7]]),
        kept: [call(11), call(31), call(13), call(17)],
        switching: 0,
        gaveWay: 0,
        green: false,
        ...parts,
      } as never,
      false,
      'warning',
    );

  it('name three targets, the most frequent first, and say so where there are more', () => {
    const targets = (...counts: readonly number[]) => new Map(counts.map((times, index) => [`target ${index}`, times]));
    const list = 'in 2 workers: target 1 (5), target 2 (3), target 0 (2)';
    assert.ok(told({ targets: targets(2, 5, 3) }).summary.includes(`${list}, the longest 31 ms`));
    assert.ok(told({ targets: targets(2, 5, 3, 1) }).summary.includes(`${list} and others, the longest 31 ms`));
  });

  it('show the lines of the three longest', () => {
    const lines = told().evidence.map(({ line }) => line);
    assert.deepEqual(lines, [31, 32, 17, 18, 13, 14]);
  });

  it('have a length where the capture tells durations, 0 included', () => {
    const of = (length: number) => told({ kept: [call(length)] });
    assert.deepEqual([of(-1).metrics.longestMs, of(0).metrics.longestMs], [null, 0]);
    assert.match(of(0).summary, /, the longest 0 ms\. /);
    assert.doesNotMatch(of(-1).summary, /the longest/);
    assert.deepEqual(
      [-1, 0].map((length) => of(length).metrics.calls.map(({ durationMs }) => durationMs)),
      [[null], [0]],
    );
  });

  it('are likely where one frame at least is known to be of the collector', () => {
    const confidence = (...inside: readonly string[]) =>
      told({ kept: inside.map((each) => call(11, { inside: each })) }).confidence;
    assert.deepEqual([confidence('nearby', 'nearby'), confidence('nearby', 'collector')], ['possible', 'likely']);
  });

  it('say how many were on a socket of a process with greenlets, and how many had to wait', () => {
    assert.match(told({ switching: 7 }).summary, / All were on a socket, in a process with greenlets\.$/);
    assert.match(
      told({ switching: 5, gaveWay: 1 }).summary,
      / 5 were on a socket, in a process with greenlets\. 1 of them had to wait \(EAGAIN\)/,
    );
    assert.doesNotMatch(told().summary, /greenlets/);
  });

  it('fit in a title', () => {
    const title = (length: number) => told({ targets: new Map([['t'.repeat(length), 7]]) }).title;
    const begin = '7 calls inside the garbage collector: ';
    assert.equal(title(78 - begin.length), `${begin}${'t'.repeat(40)}`);
    assert.equal(title(79 - begin.length), `${begin}${'t'.repeat(37)}...`);
  });
});

describe('a service behind that a failed reply had waited for', () => {
  const failure = (waited: number, age: number): FailedWrite => {
    const { process } = threadOf(101);
    const { request } = foundConnection(new Descriptor('connection', '', true), 11, threadOf(101), 0, 1);
    new Peer('10.0.0.7:3306', true, 'MySQL').add(
      { process, request, isOpen: false, isMainWork: false, query: '', length: ms(waited), start: 0, end: ms(waited) },
      () => [],
    );
    return { request, time: ms(age) } as FailedWrite;
  };
  const told = (waited: number, age: number): number | null => {
    const wait = upstreamOf(failure(waited, age));
    return wait === null ? null : wait.total / MILLISECOND;
  };

  it('is told from half of the life of the request on', () => {
    assert.deepEqual([told(50, 100), told(50, 101), told(50, 99)], [50, null, 50]);
  });

  it('is told from 10 ms on', () => {
    assert.deepEqual([told(10, 10), told(9.999, 10)], [10, null]);
  });

  it('is none of a reply of which no request was read', () => {
    assert.equal(upstreamOf({ ...failure(50, 60), request: null }), null);
  });
});

describe('why there is no event loop', () => {
  const loop = (hasListener: boolean) => ({ hub: { hasListener }, formerHub: null });
  const thread = (untold: boolean, hasListener = true): Thread =>
    ({
      accepts: { optionsUntold: untold },
      loop: loop(hasListener),
      process: { setSocketOptions: true, parent: null },
    }) as never;
  const reasonAfter = (calls: readonly string[], ...roles: readonly (readonly [Thread, Role])[]): string => {
    const all = calls.map((name) => ({ syscall: syscall(name), count: 1 }));
    return noLoopReason({ statistics: { all: () => all } } as unknown as Model, new Map(roles));
  };
  const reason = (...roles: readonly (readonly [Thread, Role])[]): string => reasonAfter([], ...roles);

  it('is that there are only workers of one request at a time', () => {
    const sync = /^These are sync workers/;
    assert.match(reason([thread(false, false), 'sync-worker']), sync);
    assert.match(reason([thread(false, false), 'blocking-acceptor']), sync);
    assert.match(reason([thread(false, false), 'sync-worker'], [thread(true), 'unknown']), sync);
  });

  it('is that nobody is known, or that nobody waits for connections', () => {
    assert.match(reason([thread(false), 'unknown']), /^Cannot tell what these processes are/);
    assert.match(reason([thread(false), 'master']), /^No event loop seen/);
    assert.match(reason(), /^No event loop seen/);
  });

  it('is that nothing tells how the sockets of a waiter wait, whatever others are', () => {
    const waiter = [thread(true), 'unknown'] as const;
    assert.match(reason(waiter, [thread(false), 'blocking-acceptor']), /no ioctl or fcntl call was recorded/);
    for (const name of ['ioctl', 'fcntl'])
      assert.match(reasonAfter(['read', name], waiter), /does not show to what ioctl and fcntl set/);
    // Whoever waits for no listener is none of them, nor who has another role.
    assert.match(reason([thread(true, false), 'unknown']), /^Cannot tell what these processes are/);
    assert.match(reason([thread(true), 'master']), /^No event loop seen/);
  });
});
