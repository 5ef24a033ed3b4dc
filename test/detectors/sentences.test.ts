import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  codeSentence,
  commonPlace,
  framesMember,
  placeOf,
  stepsWithCode,
  withCode,
  withPlace,
} from '../../src/detectors/code-line.ts';
import type { Context } from '../../src/detectors/detector.ts';
import { sharedLockFinding } from '../../src/detectors/lock-contention/shared-lock-finding.ts';
import type { LockStory } from '../../src/detectors/lock-contention/shared-lock-waits.ts';
import {
  contenders,
  handsOver,
  isQueueOfMany,
  threadLockFinding,
} from '../../src/detectors/lock-contention/thread-lock-finding.ts';
import { LongestWaits } from '../../src/detectors/longest-waits.ts';
import { finding as deathFinding } from '../../src/detectors/worker-death/finding.ts';
import type { CodeSample } from '../../src/model/measuring/code-samples.ts';
import type { Death } from '../../src/model/topics/deaths/death-tracker.ts';
import type { LastWords } from '../../src/model/topics/deaths/last-words.ts';
import { FutexWord, PARKED } from '../../src/model/topics/locks/futex-words.ts';
import { MILLISECOND, UNKNOWN } from '../../src/trace/time.ts';
import { threadOf } from '../support/model-objects.ts';

/** What findings say of made-up facts, whole sentences: times are milliseconds. */
const ms = (of: number): number => of * MILLISECOND;
const line = (number: number) => ({ file: 'trace', line: number, text: '' });
const model = { zero: 0, processes: { threads: () => [], all: () => [] } };
const context = { model, capabilities: { times: true, resolution: 0 }, threshold: () => 1000 } as unknown as Context;

describe('a death is told', () => {
  const parent = threadOf(100).process;
  const death = (pid: number, parts: Partial<Death> = {}): Death => ({
    pid,
    process: threadOf(pid).process,
    parent: null,
    at: ms(pid),
    signal: '',
    status: 3,
    coreDumped: false,
    sender: 0,
    abortedBy: 0,
    isAssumed: false,
    isOwnDoing: false,
    lastCall: '',
    lastFd: -1,
    hasServed: false,
    cutOff: null,
    isFork: true,
    wasAsked: false,
    replacedBy: 0,
    words: null,
    lines: [line(pid)],
    ...parts,
  });
  const told = (parts: Partial<Death>, more: readonly Partial<Death>[] = [], isLoop = false) =>
    deathFinding(context, {
      deaths: [death(101, parts), ...more.map((each, index) => death(102 + index, each))],
      severity: 'warning',
      isLoop,
    });
  const summary = (...of: Parameters<typeof told>) => told(...of).summary;

  it('with how it ended, and whether it had served', () => {
    assert.equal(summary({}), 'Process 101 exited with status 3.');
    assert.equal(summary({ hasServed: true }), 'Process 101 exited with status 3 after it had served.');
    const start = 'Process 101 exited with status 3. It had not accepted a connection before.';
    assert.equal(summary({ parent }), start);
    assert.equal(summary({ parent, hasServed: true }), 'Process 101 exited with status 3 after it had served.');
    const fault = { signal: 'SIGSEGV', status: null };
    assert.equal(summary(fault), 'Process 101 was killed by SIGSEGV.');
    assert.equal(summary({ ...fault, coreDumped: true }), 'Process 101 was killed by SIGSEGV (core dumped).');
    const assumed = 'Process 101 got SIGSEGV, and no later line of it is in the capture';
    assert.equal(summary({ ...fault, isAssumed: true }), `${assumed}.`);
    assert.equal(summary({ ...fault, isAssumed: true, hasServed: true }), `${assumed}; it had served before.`);
  });

  it('with who sent the signal', () => {
    const killed = { signal: 'SIGKILL', status: null };
    const begin = 'Process 101 was killed by SIGKILL.';
    assert.equal(summary({ ...killed, sender: 7 }), `${begin} Process 7 sent the signal.`);
    assert.equal(summary({ ...killed, sender: 100, parent }), `${begin} Process 100, its parent, sent the signal.`);
    assert.equal(summary({ ...killed, sender: 7, isOwnDoing: true }), `${begin} Its own code caused the signal.`);
    const nobody = 'The trace does not show who sent it: an operator, a supervisor, or the kernel when memory ran out.';
    assert.equal(summary(killed), `${begin} ${nobody}`);
    assert.equal(summary({ signal: 'SIGTERM', status: null }), 'Process 101 was killed by SIGTERM.');
    const pipe = { signal: 'SIGPIPE', status: null, isOwnDoing: true, sender: 7 };
    assert.equal(summary(pipe), 'Process 101 was killed by SIGPIPE. Its own code caused the signal.');
    assert.equal(
      summary({ ...pipe, pid: 0 }),
      'The process was killed by SIGPIPE. The kernel sent the signal for its own write: it is process 7.',
    );
    assert.equal(
      summary({ ...killed, sender: 7, abortedBy: 9 }),
      `${begin} Process 7 sent the signal. Process 9 had sent it SIGABRT, as gunicorn does with a worker that is late.`,
    );
  });

  it('with its last call, who came next, and five others', () => {
    assert.equal(
      summary({ parent, hasServed: true, lastCall: 'read', replacedBy: 7 }),
      'Process 101 exited with status 3 after it had served. Its last call was read. Process 100 started 7 next.',
    );
    const others = (count: number) =>
      summary(
        {},
        Array.from({ length: count }, () => ({})),
      );
    assert.equal(others(1), 'Process 101 exited with status 3. So did 102.');
    assert.equal(others(5), 'Process 101 exited with status 3. So did 102, 103, 104, 105, 106.');
    assert.equal(others(7), 'Process 101 exited with status 3. So did 102, 103, 104, 105, 106 and 2 more.');
  });

  it('with what it printed: the error, else the first line', () => {
    const shown = (text: string, number: number) => ({ text, shown: line(number) });
    const [first, error] = [shown('Traceback:', 3), shown('KeyError: x. ', 5)];
    const words = (parts: Partial<LastWords> = {}): LastWords => ({
      lines: [first, shown('  File', 4), error],
      error,
      leftOut: 0,
      isCut: false,
      log: '',
      ...parts,
    });
    const begin = 'Process 101 exited with status 3.';
    assert.equal(summary({ words: words() }), `${begin} Before that it printed: KeyError: x.`);
    assert.equal(summary({ words: words({ log: '/a.log' }) }), `${begin} Before that it wrote to /a.log: KeyError: x.`);
    assert.equal(summary({ words: words({ error: null }) }), `${begin} Before that it printed: Traceback:.`);
    const cut = words({ error: null, isCut: true, lines: [shown('Trace ...', 3)] });
    assert.equal(
      summary({ words: cut }),
      `${begin} Before that it printed: Trace ... The capture has only the beginning of that.`,
    );
    assert.equal(summary({}, [{ words: words() }]), `${begin} Process 102 printed: KeyError: x. So did 102.`);
    const found = told({ words: words(), lines: [line(9), line(5)] }, [{ lines: [line(9), line(10)] }]);
    assert.deepEqual(
      found.evidence.map((each) => each.line),
      [3, 5, 9, 10],
    );
    assert.deepEqual(found.metrics.deaths[0]?.printed, {
      lines: ['Traceback:', '  File', 'KeyError: x. '],
      error: 'KeyError: x. ',
      leftOut: 0,
    });
  });

  it('in a title that counts them', () => {
    assert.equal(told({}).title, 'Process 101 exited with status 3');
    assert.equal(told({}, [{}, {}]).title, '3 processes exited with status 3');
    assert.equal(told({}, [{}, {}], true).title, 'Crash loop: 3 processes exited with status 3');
    const killed = { signal: 'SIGKILL', status: null };
    assert.equal(told(killed, [killed]).title, '2 processes were killed by SIGKILL');
    const ended = { signal: 'SIGTERM', status: null, cutOff: '', replacedBy: 7 };
    assert.equal(told(ended).title, '1 worker was ended by SIGTERM in a request');
    assert.equal(
      told(ended, [{ ...ended, cutOff: 'GET /b' }]).title,
      '2 workers were ended by SIGTERM in a request: GET /b',
    );
    assert.match(told(ended).summary, /\. The request that it had read got no answer\. /);
  });

  it('in order of time, with what is not known left open', () => {
    const found = told({ at: ms(300) }, [{ at: ms(200), sender: 7, lastCall: 'read', replacedBy: 9 }]);
    assert.deepEqual([found.start, found.end, found.workers], [ms(200), ms(300), [102, 101]]);
    const [first, second] = found.metrics.deaths;
    assert.deepEqual(
      [first?.atMs, first?.killedBy, first?.lastCall, first?.replacedBy, first?.signal, first?.status],
      [200, 7, 'read', 9, null, 3],
    );
    assert.deepEqual([second?.killedBy, second?.lastCall, second?.replacedBy], [null, null, null]);
    assert.equal(told({ at: UNKNOWN }).metrics.deaths[0]?.atMs, null);
    assert.deepEqual(told({ pid: 0 }).workers, []);
  });

  it('as likely where something says that it mattered', () => {
    const confidence = (...of: Parameters<typeof told>) => told(...of).confidence;
    assert.equal(confidence({}), 'possible');
    assert.equal(confidence({ hasServed: true }), 'likely');
    assert.equal(confidence({ parent }), 'likely');
    assert.equal(confidence({}, [], true), 'likely');
    assert.equal(confidence({ signal: 'SIGSEGV', status: null }), 'likely');
    assert.equal(confidence({ signal: 'SIGSEGV', status: null, isAssumed: true, hasServed: true }), 'possible');
    assert.match(told({ hasServed: true }).why, /the service has one worker less/);
    assert.match(told({}).why, /shows nobody who accepts/);
  });

  it('with what to do about that signal', () => {
    const steps = (parts: Partial<Death>) => told({ status: null, ...parts }).next.map(({ text }) => text.slice(0, 33));
    assert.deepEqual(steps({ signal: 'SIGKILL', sender: 7 }), ['See who 7 is. When it has ended, ']);
    assert.equal(steps({ signal: 'SIGKILL' }).length, 2);
    assert.equal(steps({ signal: 'SIGKILL', sender: 7, isOwnDoing: true }).length, 2);
    assert.match(steps({ signal: 'SIGTERM' })[0] ?? '', /^See what the request waited for/);
    assert.deepEqual(steps({ signal: 'SIGSEGV' }), ['See what the kernel says about it']);
    assert.equal(steps({ signal: 'SIGSEGV', coreDumped: true }).length, 2);
    assert.match(steps({ signal: 'SIGABRT' })[1] ?? '', /^A library calls abort/);
    assert.match(steps({ signal: 'SIGPIPE' })[1] ?? '', /^Ignore SIGPIPE/);
    assert.equal(steps({ status: 3 }).length, 2);
    const words = { lines: [], error: null, leftOut: 0, isCut: true, log: '' };
    assert.match(steps({ status: 3, words })[1] ?? '', /^Record more of each write/);
    assert.equal(told({ pid: 0, signal: 'SIGSEGV', coreDumped: true }).next[0]?.command, 'coredumpctl info PID');
    assert.match(told({ process: null }).next[0]?.caveat ?? '', /^The process itself was not traced/);
  });
});

describe('threads that hand a lock to each other', () => {
  function word(address = '0x7f10'): FutexWord {
    const made = new FutexWord(address);
    made.add({ start: ms(0), end: ms(300), duration: ms(300) }, 'GET /a');
    made.add({ start: ms(200), end: ms(600), duration: ms(400) }, 'GET /b');
    made.add({ start: ms(700), end: ms(1000), duration: ms(300) }, 'GET /a');
    made.longest = ms(400);
    for (const [tid, total] of [
      [140, 300],
      [141, 400],
      [142, 299],
    ] as const)
      made.waiters.set(tid, { total: ms(total) } as never);
    made.handOffs = 9;
    made.otherWakes = 1;
    return made;
  }

  it('are those that waited for such a share of the time between the first and the last wait', () => {
    const tids = (share: number) => contenders(word(), share).map(({ tid }) => tid);
    assert.deepEqual([tids(0.3), tids(0.4), tids(0.41), tids(0)], [[141, 140], [141], [], [141, 140, 142]]);
  });

  it('may be many that come and go: as many, as often at once, and as long as so many for the share', () => {
    const many = (least: number, share: number) => isQueueOfMany(word(), least, share);
    // Three threads, two of them at once, 1,000 ms of waiting within 1,000 ms.
    assert.deepEqual([many(3, 0.3), many(3, 1 / 3), many(3, 0.34), many(4, 0.1)], [true, true, false, false]);
    const alone = word();
    alone.mostAtOnce = 1;
    assert.equal(isQueueOfMany(alone, 3, 0.1), false);
  });

  it('wake each other in nine of ten times, five times at least', () => {
    const hands = (handOffs: number, otherWakes: number) => handsOver(Object.assign(word(), { handOffs, otherWakes }));
    assert.deepEqual([hands(9, 1), hands(8, 1), hands(5, 0), hands(4, 0)], [true, false, true, false]);
  });

  const told = (made: FutexWord, threads: Parameters<typeof threadLockFinding>[2] = contenders(made, 0)) =>
    threadLockFinding(threadOf(101).process, made, threads, 'warning');
  const common =
    '1.00 s together within 1.00 s, the longest wait 400 ms. They waited for the same futex word, 0x7f10. 9 of 10 ' +
    'wake-ups came from threads that wait for it themselves: they hand a lock to each other.';
  const served = ' 2 waits came while GET /a was served.';

  it('are told with how long they waited, for what, and for whom', () => {
    const { title, summary, confidence, metrics, start, end } = told(word());
    assert.equal(title, 'GET /a: 3 threads of worker 101 wait up to 400 ms for one lock');
    assert.equal(summary, `3 threads of worker 101 waited ${common}${served}`);
    assert.deepEqual([confidence, start, end], ['likely', 0, ms(1000)]);
    assert.deepEqual([metrics.count, metrics.totalMs, metrics.longestMs, metrics.againShare], [3, 1000, 400, null]);
    assert.deepEqual(metrics.waiters[0], { pid: 101, tid: 141, waitedMs: 400 });
  });

  it('are told by how many waited at once where they come and go', () => {
    const { title, summary, metrics } = told(word(), []);
    assert.equal(title, 'GET /a: 2 threads of worker 101 wait up to 400 ms for one lock');
    assert.equal(summary, `Threads of worker 101 waited 3 times, up to 2 at once: ${common}${served}`);
    assert.equal(metrics.waiters.length, 3);
  });

  it('are told without a request where none has more than half of the waits', () => {
    const made = word();
    made.count = 4;
    assert.equal(told(made).title, '3 threads of worker 101 wait up to 400 ms for one lock');
  });

  it('are told with what the lock was held in, where that took more than half of the time', () => {
    const held = (total: number, target: string) => {
      const made = word();
      made.held = 5;
      made.heldFor = ms(500);
      made.heldIn.set('x', { call: 'fsync', target, count: 3, total: ms(total) });
      made.heldIn.set('y', { call: 'read', target: '', count: 1, total: ms(20) });
      return told(made);
    };
    assert.equal(held(251, '/a.db').title, 'GET /a: 3 threads wait up to 400 ms for one lock, held in fsync on /a.db');
    assert.match(
      held(300, '/a.db').summary,
      / The thread that had the lock kept it for 100 ms on average, 100 ms of that in fsync on \/a\.db\. 2 waits/,
    );
    assert.match(held(300, '').summary, / on average, 100 ms of that in fsync\. 2 waits/);
    assert.match(held(250, '/a.db').summary, / kept it for 100 ms on average\. 2 waits/);
    assert.equal(held(250, '/a.db').title, 'GET /a: 3 threads of worker 101 wait up to 400 ms for one lock');
    // What has no room in a title gives way: the worker, then the call, then the request.
    assert.equal(
      held(251, '/srv/data/of/all/customers.db').title,
      'GET /a: 3 threads of worker 101 wait up to 400 ms for one lock, held in fsync',
    );
  });

  it('are possible where each waits at an address of its own, as for what a pool hands out', () => {
    const { title, confidence, next } = told(word(PARKED));
    assert.deepEqual(
      [title, confidence],
      ['GET /a: 3 threads of worker 101 wait up to 400 ms for one lock or pool', 'possible'],
    );
    assert.deepEqual([next.length, told(word()).next.length], [3, 2]);
  });
});

describe('processes that waited for one lock', () => {
  const story = (parts: Partial<LockStory> = {}): LockStory => ({
    lock: { name: '/run/app.lock' } as LockStory['lock'],
    waits: 5,
    polled: 0,
    refused: 0,
    open: 0,
    total: ms(1000),
    longest: ms(400),
    longestHeld: ms(700),
    first: ms(100),
    last: ms(2000),
    waiters: new Map([
      [threadOf(101), { count: 2, total: ms(300), served: 0, inTurns: 0 }],
      [threadOf(103), { count: 3, total: ms(700), served: 0, inTurns: 0 }],
    ]),
    holders: new Map([
      [107, { waits: 1, total: ms(100) }],
      [109, { waits: 3, total: ms(500) }],
    ]),
    unknownHolder: 0,
    unknownTotal: 0,
    requests: new Map([
      ['GET /a', 1],
      ['GET /b', 3],
    ]),
    longestWaits: new LongestWaits(),
    lines: [line(7)],
    ...parts,
  });
  const told = (parts: Partial<LockStory> = {}) => sharedLockFinding(context, story(parts), 'warning', ms(170));
  const waited = '2 processes waited 5 times for /run/app.lock: 1.00 s in all, the longest 400 ms.';
  const held = 'It was held by pid 109 (in 3 waits), 107 (in 1 wait), for up to 700 ms at a time';
  const whom = 'Most waited while serving GET /b.';

  it('are told with who held it, and what most of them served', () => {
    const { title, summary, confidence, workers, metrics } = told();
    assert.equal(title, '2 processes waited 1.00 s for /run/app.lock');
    assert.equal(summary, `${waited} ${held}. ${whom}`);
    assert.deepEqual([confidence, workers], ['likely', [101, 103]]);
    assert.deepEqual([metrics.count, metrics.totalMs, metrics.servingMs, metrics.longestHeldMs], [5, 1000, 170, 700]);
    assert.deepEqual(metrics.waiters[0], { pid: 103, tid: 103, waits: 3, waitedMs: 700 });
    assert.deepEqual(metrics.holders?.[0], { pid: 109, waits: 3, waitedMs: 500 });
    assert.deepEqual(metrics.requests, [
      { request: 'GET /b', waits: 3 },
      { request: 'GET /a', waits: 1 },
    ]);
  });

  it('are told with what is not known', () => {
    const nobody = told({ holders: new Map() });
    assert.equal(nobody.summary, `${waited} The capture does not show who held it. ${whom}`);
    assert.deepEqual([nobody.confidence, nobody.metrics.longestHeldMs], ['possible', null]);
    assert.equal(
      told({ unknownHolder: 2, unknownTotal: ms(499) }).summary,
      `${waited} ${held}; in 2 of 5 waits the capture does not show who held it. ${whom}`,
    );
    assert.equal(
      told({ unknownHolder: 2, unknownTotal: ms(500) }).summary,
      `${waited} The capture does not show who held it in 2 waits, 500 ms in all. In the others it was held by ` +
        `pid 109 (in 3 waits), 107 (in 1 wait), for up to 700 ms at a time. ${whom}`,
    );
    assert.equal(told({ requests: new Map() }).summary, `${waited} ${held}.`);
  });

  it('are told with who asked again and again, and who did not get it', () => {
    assert.equal(
      told({ polled: 3, refused: 1 }).summary,
      `${waited} In 3 of them the process asked again and again, as the busy handler of SQLite does. ` +
        `1 wait ended without the lock: the process gave up. ${held}. ${whom}`,
    );
    const one = told({ waits: 1, requests: new Map([['GET /b', 1]]) });
    assert.equal(
      one.summary,
      `2 processes waited once for /run/app.lock: 1.00 s. ${held}. The process waited while serving GET /b.`,
    );
    assert.match(told({ waits: 6 }).summary, / 3 of them waited while serving GET \/b\.$/);
  });

  it('are told with five holders, and with the end of a long name', () => {
    const holders = new Map(Array.from({ length: 7 }, (_, index) => [201 + index, { waits: 1, total: ms(7 - index) }]));
    assert.match(told({ holders }).summary, /held by pid 201 \(in 1 wait\), .*, 205 \(in 1 wait\) and 2 more, for up/);
    const waiters = new Map(
      Array.from({ length: 23 }, (_, index) => [
        threadOf(301 + index),
        { count: 1, total: ms(index), served: 0, inTurns: 0 },
      ]),
    );
    const many = new Map(Array.from({ length: 23 }, (_, index) => [201 + index, { waits: 1, total: ms(index) }]));
    const { metrics } = told({ waiters, holders: many });
    assert.deepEqual([metrics.waiters.length, metrics.holders?.length, metrics.waiters[0]?.pid], [20, 20, 323]);
    const name = `/srv/${'deep/'.repeat(20)}app.lock`;
    const { title } = told({ lock: { name } as LockStory['lock'] });
    assert.equal(title, `2 processes waited 1.00 s for …${name.slice(-47)}`);
    assert.equal(title.length, 78);
  });

  it('are told what to do, by what the lock is', () => {
    const steps = (name: string, parts: Partial<LockStory> = {}) =>
      told({ lock: { name } as LockStory['lock'], ...parts }).next.map(({ text }) => text.slice(0, 24));
    const own = ['While processes wait: se', 'Let one process do what ', 'See the code of the wait'];
    assert.deepEqual(steps('/run/app.lock'), own);
    assert.deepEqual(steps('semaphore 7', { polled: 3 }), own);
    assert.equal(steps('/srv/a.db')[1], 'A SQLite database has on');
    assert.equal(steps('/srv/a.lock', { polled: 1 })[1], 'A SQLite database has on');
    assert.equal(steps('/var/lib/php/sess_abc')[1], 'PHP holds the file of a ');
    assert.match(told().next[0]?.command ?? '', /^lslocks/);
    assert.match(told({ lock: { name: 'semaphore 7' } as LockStory['lock'] }).next[0]?.command ?? '', /^ipcs/);
    assert.equal(told({ waiters: new Map() }).next.length, 2);
  });
});

describe('the code that somebody saw', () => {
  const frame = (name: string, file: string, at: number) => ({ name, file, line: at });
  const sample = (by: string, ...frames: CodeSample['frames']): CodeSample => ({
    from: 0,
    time: 1,
    by,
    call: '',
    frames,
    line: line(9),
  });
  const app = frame('handle', '/srv/app.py', 12);
  const library = frame('wait', '/usr/lib/python3.11/x.py', 3);

  it('is told by the frame of the application', () => {
    assert.equal(placeOf(sample('py-spy', library, app)), 'app.py:12 handle()');
    assert.equal(placeOf(null), '');
    assert.equal(placeOf(sample('py-spy', library)), '');
    assert.equal(codeSentence(sample('py-spy', library, app)), ' py-spy saw handle() at /srv/app.py:12.');
    assert.equal(codeSentence(sample('py-spy', frame('', '/srv/app.py', 12))), ' py-spy saw code at /srv/app.py:12.');
    assert.equal(codeSentence(null), '');
    const native = sample('', frame('mysql_real_query', '/usr/lib/libmysqlclient.so.21', 0));
    assert.equal(codeSentence(native), ' It was called from mysql_real_query() of libmysqlclient.so.21.');
    assert.equal(
      codeSentence(sample('', frame('', '/usr/lib/libmysqlclient.so.21', 0))),
      ' It was called from libmysqlclient.so.21.',
    );
    assert.equal(
      codeSentence(sample('perf', frame('f', '/usr/lib/libmysqlclient.so.21', 0))),
      ' perf saw f() of /usr/lib/libmysqlclient.so.21.',
    );
  });

  it('has a place of 44 characters at most', () => {
    const name = (length: number) => 'x'.repeat(length);
    // app.py:12 and the parentheses are 12 characters.
    assert.equal(placeOf(sample('py-spy', frame(name(32), '/srv/app.py', 12))).length, 44);
    const cut = placeOf(sample('py-spy', frame(name(33), '/srv/app.py', 12)));
    assert.equal(cut, `app.py:12 ${name(31)}...`);
  });

  it('is one place where more than half of the threads were there', () => {
    const [here, there] = [sample('py-spy', app), sample('py-spy', frame('other', '/srv/b.py', 7))];
    assert.equal(commonPlace([here, here, there]), 'app.py:12 handle()');
    assert.equal(commonPlace([there, here, here, null]), '');
    assert.equal(commonPlace([there, here]), '');
    assert.equal(commonPlace([]), '');
  });

  it('stands behind a title that gives way to it', () => {
    const place = 'app.py:12 handle()';
    assert.equal(withPlace('0123456789', '', 5), '0123456789');
    assert.equal(withPlace('0123456789', place, 30), `0123456789, ${place}`);
    assert.equal(withPlace('0123456789', place, 29), '0123456789, app.py:12');
    assert.equal(withPlace('0123456789', place, 21), '0123456789, app.py:12');
    assert.equal(withPlace('0123456789', place, 20), '012345..., app.py:12');
  });

  it('is evidence, and what to open first', () => {
    const steps = [{ text: 'a', command: 'py-spy dump --pid 7' }, { text: 'b', command: 'perf top' }, { text: 'c' }];
    const texts = (of: CodeSample | null) => stepsWithCode(steps, of).map(({ text }) => text);
    assert.deepEqual(texts(sample('py-spy', library, app)), [
      'Open /srv/app.py:12: handle() is the code that ran.',
      'b',
      'c',
    ]);
    assert.deepEqual(texts(sample('py-spy', frame('<module>', '/srv/app.py', 1)))[0], 'Open /srv/app.py:1.');
    assert.deepEqual(texts(sample('py-spy', frame('', '/srv/app.py', 1)))[0], 'Open /srv/app.py:1.');
    for (const none of [
      null,
      sample('', app),
      sample('py-spy', library),
      sample('perf', frame('f', '/usr/lib/libx.so', 0)),
    ])
      assert.deepEqual(texts(none), ['a', 'b', 'c']);
    const numbers = (of: CodeSample | null) => withCode([line(1)], of).map((each) => each.line);
    assert.deepEqual([numbers(null), numbers(sample('', app)), numbers(sample('py-spy', app))], [[1], [1], [1, 9]]);
  });

  it('carries 20 frames, that of the application among them', () => {
    const many = Array.from({ length: 30 }, (_, index) => frame(`f${index}`, '/usr/lib/python3.11/x.py', index + 1));
    const names = (of: CodeSample) => framesMember(of).frames?.map((each) => each.function) ?? [];
    const inside = [...many.slice(0, 24), app, ...many.slice(24)];
    assert.deepEqual([names(sample('py-spy', ...inside))[0], names(sample('py-spy', ...inside)).length], ['f5', 20]);
    assert.equal(names(sample('py-spy', ...inside)).at(-1), 'handle');
    assert.deepEqual(
      [names(sample('py-spy', app, ...many))[0], names(sample('py-spy', app, ...many)).length],
      ['handle', 20],
    );
    assert.equal(names(sample('py-spy', ...many))[0], 'f0');
    assert.deepEqual(framesMember(sample('py-spy', frame('f', '/usr/lib/libx.so', 0))).frames?.[0], {
      function: 'f',
      file: '/usr/lib/libx.so',
      line: null,
      isApplication: true,
    });
    assert.equal(framesMember(sample('', frame('f', '/usr/lib/libx.so', 0))).frames?.[0]?.file, 'libx.so');
    assert.deepEqual(framesMember(null), {});
  });
});
