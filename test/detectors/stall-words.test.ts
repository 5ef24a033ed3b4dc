import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Capabilities } from '../../src/detectors/capabilities.ts';
import {
  helperNote,
  helperPeers,
  isMostlyStarved,
  isStarved,
  percentQueued,
  summaryOf,
} from '../../src/detectors/loop-stall/sentences.ts';
import { causesOf, foldedByRequest, type StallCause } from '../../src/detectors/loop-stall/stall-causes.ts';
import { addStall, mergedGroups, type Stall, type StallGroup } from '../../src/detectors/loop-stall/stall-group.ts';
import { memberTitleOf, titleOf } from '../../src/detectors/loop-stall/title.ts';
import type { Cause, Reason } from '../../src/detectors/stall-cause/cause.ts';
import type { Thread } from '../../src/model/machine/thread.ts';
import { MILLISECOND } from '../../src/trace/time.ts';
import { threadOf } from '../support/model-objects.ts';

/** What is said of a stall, and how stalls are put together, of made-up stalls: times are milliseconds. */
const ms = (of: number): number => of * MILLISECOND;
const worker = threadOf(101);
const TOLD = { resolution: 1, times: true, durations: true } as Capabilities;

interface Parts extends Partial<Omit<Stall, 'reason'>> {
  readonly reason?: Partial<Reason>;
}

/** A stall of a second, from the first one on, in which the worker served GET /a and made no call for 900 ms. */
function stall({ reason = {}, ...parts }: Parts = {}): Stall {
  const length = parts.length ?? ms(1000);
  const start = parts.start ?? 0;
  return {
    start,
    end: start + length,
    length,
    corrected: length,
    tracer: 0,
    held: () => 0,
    open: false,
    beganBefore: false,
    request: 'GET /a',
    afterReply: false,
    waiting: [],
    waitingCount: () => 0,
    calls: 7,
    outside: ms(950),
    spinsIn: '',
    longestGap: ms(900),
    requestsRead: 1,
    isOfAny: false,
    gapOffCpu: null,
    offCpu: null,
    rhythm: null,
    ...parts,
    reason: {
      cause: 'no-syscall',
      confidence: 'likely',
      call: '',
      callTime: 0,
      total: ms(950),
      rungs: 0,
      estimated: false,
      target: '',
      query: '',
      lines: [],
      stop: null,
      isBrief: false,
      pauseStart: 0,
      pauseEnd: 0,
      start: 0,
      end: 0,
      ...reason,
    },
  };
}

const inCall = (call: string, cause: Cause, parts: Partial<Reason> = {}): Partial<Reason> => ({
  call,
  cause,
  callTime: ms(900),
  total: ms(900),
  rungs: 1,
  ...parts,
});

const said = (parts: Parts = {}, count = 1, total = 1000, told = TOLD): string =>
  summaryOf(worker, stall(parts), count, ms(total), told);

describe('the summary of a stall', () => {
  const away = 'Worker 101 did not get back to its event loop for';
  const gap = 'no system call for 900 ms (running, or waiting for a CPU)';

  it('says for how long, while what, and what the worker was in', () => {
    assert.equal(said(), `${away} 1.00 s while serving GET /a: ${gap}.`);
    assert.equal(said({ open: true }), `${away} at least 1.00 s while serving GET /a: ${gap}.`);
    assert.equal(said({ beganBefore: true }), `${away} at least 1.00 s while serving GET /a: ${gap}.`);
    assert.equal(said({ afterReply: true }), `${away} 1.00 s after its reply to GET /a: ${gap}.`);
    assert.equal(said({ request: 'connection fd 7' }), `${away} 1.00 s while serving the connection fd 7: ${gap}.`);
    assert.equal(said({ request: '' }), `${away} 1.00 s: ${gap}.`);
    assert.equal(
      said({ request: '', isOfAny: true, requestsRead: 3 }),
      `${away} 1.00 s for one of 3 requests that it had read, and nothing tells for which: ${gap}.`,
    );
  });

  it('says how often it happened, and how many waited', () => {
    const begin = `${away} 1.00 s while serving GET /a: ${gap}.`;
    assert.equal(said({}, 3, 1700), `${begin} 3 stalls of this kind, together 1.70 s.`);
    assert.equal(said({ waitingCount: () => 1 }), `${begin} Meanwhile at least 1 other request was kept waiting.`);
    assert.equal(
      said({ waitingCount: () => 3 }, 2, 1100),
      `${begin} 2 stalls of this kind, together 1.10 s. Meanwhile at least 3 other requests were kept waiting.`,
    );
  });

  it('says what the tracer added from a tenth on, and what whole seconds hide', () => {
    const begin = `${away} 1.00 s while serving GET /a: ${gap}.`;
    assert.equal(said({ tracer: ms(100) }), begin);
    assert.equal(said({ tracer: ms(101) }), `${begin} About 899 ms without what the tracer added.`);
    const coarse = { ...TOLD, resolution: ms(1.001) };
    const hidden = ' With times in whole seconds the stall may have been up to a second shorter or longer.';
    assert.equal(said({ tracer: ms(300) }, 1, 1000, coarse), `${begin}${hidden}`);
    assert.equal(said({}, 1, 1000, { ...TOLD, resolution: ms(1) }), begin);
  });

  it('tells one gap that is 60 % of it from time outside many calls', () => {
    const what = (parts: Parts) => said(parts).split(': ').slice(1).join(': ');
    assert.equal(what({ longestGap: ms(600) }), 'no system call for 600 ms (running, or waiting for a CPU).');
    const outside = '950 ms outside system calls (running, or waiting for a CPU), with 7 calls in between';
    assert.equal(what({ longestGap: ms(599) }), `${outside} and no gap over 599 ms.`);
    assert.equal(what({ longestGap: ms(1) }), `${outside} and no gap over 1 ms.`);
    assert.equal(what({ longestGap: ms(0.999) }), `${outside}.`);
    assert.match(
      what({ reason: { cause: 'patched-thread-pool' } }),
      /^no system call for 900 ms \(.*\)\. The work goes on beside the request or after its reply, and the process started no native thread\. /,
    );
    assert.match(what({ reason: { estimated: true } }), /^no line for 900 ms \(in the call before, running, or/);
  });

  it('says what the scheduler tells of the time: a tenth is worth a word', () => {
    const time = (queued: number, blocked: number) =>
      said({ gapOffCpu: { queued: ms(queued), blocked: ms(blocked) } }).split(': ')[1];
    assert.equal(time(89, 89), 'no system call for 900 ms (on CPU 722 ms of 900 ms).');
    assert.equal(
      time(90, 91),
      'no system call for 900 ms (on CPU 719 ms of 900 ms, waiting for a CPU 90 ms, blocked 91 ms).',
    );
    assert.equal(
      time(900, 100),
      'no system call for 900 ms (on CPU 0 ms of 900 ms, waiting for a CPU 900 ms, blocked 100 ms).',
    );
    const outside = said({ longestGap: ms(100), offCpu: { queued: ms(300), blocked: 0 } });
    assert.match(outside, /: 950 ms outside system calls \(on CPU 650 ms of 950 ms, waiting for a CPU 300 ms\)/);
  });

  it('names the call, what it was made on, and how often', () => {
    const what = (parts: Partial<Reason>) => said({ reason: parts }).split(': ').slice(1).join(': ');
    assert.equal(what(inCall('fsync', 'disk-sync', { target: '/a.db' })), 'fsync on /a.db took 900 ms (a disk sync).');
    assert.equal(what(inCall('nanosleep', 'sleep')), 'nanosleep took 900 ms (a sleep).');
    assert.equal(
      what(inCall('read', 'blocking-call', { rungs: 3, callTime: ms(400), target: '/a', query: 'GET x' })),
      '3 read calls on /a took 900 ms together, the longest 400 ms (a blocking call, asked: GET x).',
    );
    assert.equal(
      what(inCall('read', 'blocking-call', { estimated: true })),
      'read took 900 ms up to the next line (a blocking call).',
    );
    assert.equal(
      what(inCall('read', 'blocking-call', { estimated: true, rungs: 2 })),
      '2 read calls took 900 ms together up to the next line, the longest 900 ms (a blocking call).',
    );
    assert.match(
      what(inCall('write', 'log', { isBrief: true, target: '/a.log' })),
      /^write on \/a\.log took 900 ms \(writing a log\)\. A call this short rarely waits for a disk/,
    );
    assert.match(what(inCall('write', 'log', { isBrief: true, rungs: 2 })), /^2 write calls took 900 ms \(/);
  });

  it('says why it did not run', () => {
    const what = (parts: Parts) => said(parts).split(': ').slice(1).join(': ');
    const why = 'the worker did not run';
    const reasons = 'Possible reasons: a CPU quota, no free CPU, page faults, or the tracer.';
    const idle = inCall('getpid', 'not-running', { total: ms(700), callTime: ms(700) });
    assert.equal(
      what({ reason: idle, outside: ms(10) }),
      `${why}: getpid, which never blocks, took 700 ms. ${reasons}`,
    );
    assert.equal(
      what({ reason: { ...idle, rungs: 3, callTime: ms(300) }, longestGap: ms(9.999) }),
      `${why}: 3 calls that never block took 700 ms (the longest: getpid, 300 ms). ${reasons}`,
    );
    assert.equal(
      what({ reason: idle, outside: ms(700), longestGap: ms(10) }),
      `${why}: getpid, which never blocks, took 700 ms, and no system call for 10 ms. ${reasons}`,
    );
    assert.equal(
      what({ reason: idle, outside: ms(699), longestGap: ms(300) }),
      `${why}: getpid, which never blocks, took 700 ms. ${reasons}`,
    );
    assert.equal(
      what({ reason: { ...idle, isBrief: true, target: '/a' }, outside: 0 }),
      `${why}: getpid on /a, which rarely waits, took 700 ms. ${reasons}`,
    );
    assert.equal(
      what({ reason: { ...idle, isBrief: true }, outside: 0 }),
      `${why}: getpid, which rarely waits, took 700 ms. ${reasons}`,
    );
    assert.equal(what({ reason: { cause: 'not-running' } }), `${why}: no system call for 900 ms. ${reasons}`);
    assert.equal(
      what({ reason: { cause: 'not-running' }, gapOffCpu: { queued: ms(500), blocked: 0 } }),
      'the worker did not run (on CPU 400 ms of 900 ms, waiting for a CPU 500 ms): no system call for 900 ms.',
    );
    assert.equal(
      what({ reason: { cause: 'not-running' }, rhythm: { period: ms(100), phase: 0, beats: 17 } }),
      'the worker did not run: no system call for 900 ms. A pause ended every 100 ms (17 pauses), as with a CPU quota.',
    );
  });

  it('says that it was stopped, and by whom', () => {
    const stop = { signal: 'SIGSTOP', sender: 0, since: 0, line: { file: '', line: 0, text: '' } };
    const what = (sender: number) => said({ reason: { cause: 'stopped', total: ms(900), stop: { ...stop, sender } } });
    const did = 'Worker 101 did nothing for 1.00 s while serving GET /a: SIGSTOP';
    const stopped = ' stopped the worker for 900 ms.';
    assert.deepEqual([what(0), what(7)], [`${did}${stopped}`, `${did}, sent by pid 7,${stopped}`]);
  });

  it('says that there was too much to do, or what was loaded', () => {
    const what = (cause: Cause) => said({ requestsRead: 17, reason: { cause } }).split(': ')[1];
    assert.match(
      what('many-requests') ?? '',
      /^the worker served 17 requests in a row before the loop waited again, and none of them took most of/,
    );
    assert.equal(
      what('one-connection'),
      'the worker served 17 requests of one connection before the loop waited again.',
    );
    assert.equal(what('import'), 'the worker opened program files, as an import does, with 7 calls in all.');
  });
});

describe('a worker that waited for a processor', () => {
  it('was starved for 30 % of the stall, and mostly so for half of it', () => {
    const starved = (queued: number) => {
      const one = stall({ offCpu: { queued: ms(queued), blocked: 0 } });
      return [isStarved(one), isMostlyStarved(one), percentQueued(one)];
    };
    assert.deepEqual(starved(299), [false, false, 30]);
    assert.deepEqual(starved(300), [true, false, 30]);
    assert.deepEqual(starved(499), [true, false, 50]);
    assert.deepEqual(starved(500), [true, true, 50]);
    assert.deepEqual([isStarved(stall()), isMostlyStarved(stall()), percentQueued(stall())], [false, false, 0]);
  });
});

describe('what other threads connect to', () => {
  it('is a hint for waits of a futex alone, three at most', () => {
    const process = threadOf(1).process;
    for (const peer of ['10.0.0.7:9092', '10.0.0.7:53', '10.0.0.7:4711', '10.0.0.8:6379']) process.noteHelperPeer(peer);
    const peers = helperPeers(process);
    assert.deepEqual(peers, ['10.0.0.7:9092 (Kafka by convention)', '10.0.0.8:6379 (Redis by convention)']);
    const note = ' Other threads of this process connect to a, b, c; the library may wait for that service.';
    assert.deepEqual(
      (['lock', 'futex-ladder', 'sleep'] as const).map((cause) => helperNote(cause, ['a', 'b', 'c', 'd'])),
      [note, note, ''],
    );
    assert.equal(helperNote('lock', []), '');
  });
});

/** Groups of stalls, each told to its thread. */
function groupsOf(...stalls: readonly (readonly [Thread, Parts])[]): StallGroup[] {
  const own = new Map<Thread, Map<string, StallGroup>>();
  for (const [thread, parts] of stalls) {
    const groups = own.get(thread) ?? new Map<string, StallGroup>();
    own.set(thread, groups);
    addStall(groups, thread, stall(parts));
  }
  return [...own.values()].flatMap((groups) => [...groups.values()]);
}

function causeOf(...stalls: readonly (readonly [Thread, Parts])[]): StallCause {
  const [cause] = causesOf(groupsOf(...stalls));
  if (cause === undefined) throw new Error('no stall');
  return cause;
}

describe('the title of a stall', () => {
  type Seen = Parameters<typeof titleOf>[2];
  const nothing: Seen = { helpers: [], place: '' };
  const title = (parts: Parts, seen = nothing, loops = 3): string =>
    titleOf(causeOf([worker, parts]), loops, seen).text;
  const begin = 'GET /a holds worker 101 for 1.00 s: ';

  it('says what the worker was in', () => {
    // What says most comes first where it fits into 70 characters, without "for" if need be.
    const what = (parts: Parts, seen = nothing) =>
      title(parts, seen).replace(/^GET \/a holds worker 101 (?:for )?1\.00 s: /, '');
    assert.equal(what({}), 'computes, or waits for a CPU');
    assert.equal(what({ longestGap: ms(599) }), 'mostly computes, or no CPU');
    assert.equal(what({ longestGap: ms(600) }), 'computes, or waits for a CPU');
    assert.equal(what({ reason: inCall('nanosleep', 'sleep') }), 'sleeps (nanosleep)');
    assert.equal(what({ reason: inCall('fsync', 'disk-sync', { target: '/a.db' }) }), 'waits in fsync on /a.db');
    assert.equal(what({ reason: inCall('read', 'blocking-call') }), 'waits in read (a blocking call)');
    assert.equal(
      what({ reason: inCall('poll', 'foreign-poll', { target: '10.0.0.7:90 (HTTP)' }) }),
      'waits for HTTP 10.0.0.7:90 (poll)',
    );
    assert.equal(
      what({ reason: inCall('poll', 'foreign-poll', { target: '10.0.0.7:90' }) }),
      'waits for 10.0.0.7:90 (poll)',
    );
    assert.equal(what({ reason: inCall('wait4', 'child-wait', { target: '/bin/a' }) }), 'waits for child /bin/a');
    assert.equal(what({ reason: inCall('wait4', 'child-wait') }), 'waits for a child process (wait4)');
    assert.equal(what({ reason: inCall('futex', 'lock') }), 'waits for a lock (futex)');
    assert.equal(what({ reason: inCall('futex', 'futex-ladder') }), 'a library polls a futex');
    assert.equal(
      what({ reason: inCall('futex', 'gil-wait') }),
      'Worker 101 stalled 1.00 s: waits for the interpreter lock (GET /a)',
    );
    assert.equal(
      what({ reason: inCall('futex', 'lock') }, { helpers: ['10.0.0.7:90 (X by convention)'], place: '' }),
      'a library may wait for X 10.0.0.7:90',
    );
  });

  it('says that it did not run, or waited for a processor', () => {
    const what = (parts: Parts) => title(parts).replace(/^.* 1\.00 s: /, '');
    const idle: Partial<Reason> = { cause: 'not-running' };
    assert.equal(what({ reason: idle }), 'did not run');
    assert.equal(what({ reason: idle, rhythm: { period: ms(100), phase: 0, beats: 3 } }), 'throttled every 100 ms');
    assert.equal(what({ reason: idle, offCpu: { queued: ms(500), blocked: 0 } }), 'waits for a CPU');
    assert.equal(what({ offCpu: { queued: ms(500), blocked: 0 } }), 'waits for a CPU');
    assert.equal(what({ offCpu: { queued: ms(310), blocked: 0 } }), 'no CPU for 31 % of that time');
    assert.equal(what({ offCpu: { queued: ms(299), blocked: 0 } }), 'computes, or waits for a CPU');
    const stop = { signal: 'SIGSTOP', sender: 0, since: 0, line: { file: '', line: 0, text: '' } };
    assert.equal(what({ reason: { cause: 'stopped', stop } }), 'stopped by SIGSTOP');
  });

  it('names the worker or all of them, the request, and how often', () => {
    const all = (count: number, parts: Parts = {}) =>
      causeOf(...[101, 103, 107].slice(0, count).map((pid) => [threadOf(pid), parts] as const));
    const text = (cause: StallCause, loops: number) => titleOf(cause, loops, nothing).text;
    assert.equal(text(all(2), 2), 'GET /a holds both workers up to 1.00 s (2x): computes, or no CPU');
    assert.equal(text(all(2), 3), 'GET /a holds 2 workers up to 1.00 s (2x): computes, or waits for a CPU');
    assert.equal(text(all(3), 3), 'GET /a holds all 3 workers up to 1.00 s (3x): computes, or no CPU');
    assert.equal(
      text(all(3, { request: '' }), 3),
      'All 3 workers stalled up to 1.00 s (3x): computes, or waits for a CPU',
    );
    assert.equal(text(all(1, { request: '' }), 3), 'Worker 101 stalled 1.00 s: computes, or waits for a CPU');
    assert.equal(
      text(all(1, { open: true }), 3),
      'GET /a holds worker 101 at least 1.00 s: computes, or waits for a CPU',
    );
    assert.equal(
      text(all(2, { open: true }), 3),
      'GET /a holds 2 workers, once at least 1.00 s (2x): computes, or no CPU',
    );
    assert.equal(
      text(all(1, { beganBefore: true }), 3),
      'GET /a holds worker 101 at least 1.00 s: computes, or waits for a CPU',
    );
    const after = 'Work after GET /a holds worker 101 for 1.00 s: computes, or no CPU';
    assert.equal(text(all(1, { afterReply: true }), 3), after);
    assert.equal(
      memberTitleOf(all(3), 103, nothing).text,
      'GET /a holds worker 103 for 1.00 s: computes, or waits for a CPU',
    );
  });

  it('has the code where somebody looked, and says that no thread was free', () => {
    assert.equal(
      title({}, { helpers: [], place: 'app.py:12 application()' }),
      'GET /a holds worker 101 1.00 s: computes, or no CPU, app.py:12 application()',
    );
    assert.equal(
      title({}, { helpers: [], place: `app.py:12 ${'application'.repeat(3)}()` }),
      'GET /a holds worker 101 for 1.00 s: computes, or waits for a CPU, app.py:12',
    );
    assert.equal(title({}, { ...nothing, isFull: true }), `${begin}may wait for a free thread`);
  });

  it('tells how it names a request that is too long, else nothing', () => {
    const named = (request: string) => titleOf(causeOf([worker, { request }]), 3, nothing).request;
    assert.equal(named('GET /a'), '');
    const long = `GET /${'x'.repeat(60)}`;
    assert.equal(named(long), `GET /${'x'.repeat(16)}...`);
  });
});

describe('stalls of one worker', () => {
  const request = (name: string, parts: Parts = {}) => [worker, { request: name, ...parts }] as const;

  it('are one group for each cause, target and shape of a request', () => {
    const groups = groupsOf(
      request('GET /item/1', { length: ms(300), start: ms(100) }),
      request('GET /item/2', { length: ms(500), start: ms(1000), open: true }),
      request('GET /item/3', { length: ms(400), start: ms(600) }),
      request('GET /b'),
      request('GET /b', { reason: inCall('read', 'blocking-call', { target: 'socket fd 7' }) }),
      request('GET /b', { reason: inCall('read', 'blocking-call', { target: 'socket fd 9' }) }),
      request('GET /c', { reason: { cause: 'not-running' } }),
      request('GET /d', { reason: { cause: 'not-running' } }),
    );
    assert.deepEqual(
      groups.map(({ cause, request: shape, count, total, longest, first, last, open }) => [
        cause,
        shape,
        count,
        ...[total, longest.length, first, last].map((time) => time / MILLISECOND),
        open,
      ]),
      [
        ['no-syscall', 'GET /item/*', 3, 1200, 500, 100, 1500, true],
        ['no-syscall', 'GET /b', 1, 1000, 1000, 0, 1000, false],
        ['blocking-call', 'GET /b', 2, 2000, 1000, 0, 1000, false],
        ['not-running', '', 2, 2000, 1000, 0, 1000, false],
      ],
    );
  });

  it('keep the 20 longest, five requests of one cause and target, and 40 groups', () => {
    const lengths = Array.from({ length: 23 }, (_, index) => 100 + ((index * 7) % 23));
    const [group] = groupsOf(...lengths.map((length) => request('GET /a', { length: ms(length) })));
    assert.deepEqual([group?.count, group?.stalls.length, group?.longest.length], [23, 20, ms(122)]);
    assert.equal(Math.min(...(group?.stalls ?? []).map(({ length }) => length)), ms(103));
    const many = groupsOf(...'abcdefgh'.split('').map((name) => request(`GET /${name}`)));
    assert.deepEqual(
      many.map(({ request: shape, count }) => [shape, count]),
      [...'abcde'.split('').map((name) => [`GET /${name}`, 1]), ['', 3]],
    );
    const targets = groupsOf(
      ...Array.from({ length: 50 }, (_, index) =>
        request('GET /a', { reason: inCall('read', 'blocking-call', { target: `/${index}` }) }),
      ),
    );
    assert.deepEqual([targets.length, targets.at(-1)?.count, targets.at(-1)?.request], [41, 10, '']);
  });

  it('are folded where they are of many requests, or of one request and of none that is known', () => {
    const fold = (names: readonly string[], target = '/a') =>
      foldedByRequest(
        groupsOf(...names.map((name) => request(name, { reason: inCall('read', 'blocking-call', { target }) }))),
      ).map(({ request: shape, count }) => [shape, count]);
    assert.deepEqual(fold(['GET /a', 'GET /b', 'GET /c', 'GET /d']).length, 4);
    assert.deepEqual(fold(['GET /a', 'GET /b', 'GET /c', 'GET /d', 'GET /e']), [['', 5]]);
    assert.deepEqual(fold(['GET /a', '', '']), [['GET /a', 3]]);
    assert.deepEqual(fold(['GET /a', '', 'GET /b']).length, 3);
    assert.deepEqual(fold(['GET /a', ''], '').length, 2);
    assert.deepEqual(fold(['', '']), [['', 2]]);
  });

  it('put together are one group, with the first request where both have it', () => {
    const groups = groupsOf(
      request('GET /a', { length: ms(300), start: ms(500), open: true }),
      request('GET /b', { length: ms(700), start: ms(100) }),
    );
    const [one, other] = groups as [StallGroup, StallGroup];
    for (const merged of [mergedGroups(one, other), mergedGroups(other, one)])
      assert.deepEqual(
        [merged.request, merged.count, merged.open, ...[merged.total, merged.first, merged.last].map((at) => at / 1e6)],
        ['', 2, true, 1000, 100, 800],
      );
    assert.deepEqual(mergedGroups(one, other).longest.length, ms(700));
    assert.equal(mergedGroups(one, one).request, 'GET /a');
  });

  it('of several workers are one cause, the one with the longest first', () => {
    const [cause, another] = causesOf(
      groupsOf(
        [threadOf(103), { length: ms(300) }],
        [worker, { length: ms(500) }],
        [worker, { length: ms(200) }],
        [worker, { reason: { cause: 'import' } }],
      ),
    );
    assert.deepEqual(
      [cause?.members.map(({ thread }) => thread.tid), cause?.count, (cause?.total ?? 0) / 1e6, cause?.requests],
      [[101, 103], 3, 1000, ['GET /a']],
    );
    assert.deepEqual([another?.members.length, another?.count], [1, 1]);
  });
});
