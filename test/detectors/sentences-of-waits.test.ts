import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BusyTurns, type Place } from '../../src/detectors/busy-at-once/busy-turns.ts';
import type { Context } from '../../src/detectors/detector.ts';
import { THRESHOLDS } from '../../src/detectors/registry.ts';
import { finding as slowFinding } from '../../src/detectors/slow-dependency/finding.ts';
import type { Slow } from '../../src/detectors/slow-dependency/judge.ts';
import { causesFirst } from '../../src/detectors/slow-dependency/passed-on.ts';
import { type BusyCrew, finding } from '../../src/detectors/worker-saturation/finding.ts';
import { judge, type Weighing } from '../../src/detectors/worker-saturation/judge.ts';
import { Listener } from '../../src/model/machine/listener.ts';
import type { Thread } from '../../src/model/machine/thread.ts';
import { threadIn } from '../../src/model/machine/threads-of.ts';
import type { Model } from '../../src/model/model.ts';
import { MILLISECOND } from '../../src/trace/time.ts';
import { lane, threadOf } from '../support/model-objects.ts';

/** What findings say of workers that are all busy, and of slow peers, of made-up facts: times are milliseconds. */
const ms = (of: number): number => of * MILLISECOND;
const line = (number: number) => ({ file: 'trace', line: number, text: '' });
const model = {
  calibration: { queue: null },
  zero: 0,
  firstTime: 0,
  lastTime: ms(10_000),
  options: { from: 0, to: Number.POSITIVE_INFINITY },
  pauses: { rhythmOf: () => null, covers: () => false },
  processes: { threads: () => [], all: () => [] },
} as unknown as Model;
const context = {
  model,
  goesOn: false,
  capabilities: { times: true },
  threshold: (name: keyof typeof THRESHOLDS) => THRESHOLDS[name].default,
} as unknown as Context;

type Busy = readonly [start: number, end: number, request?: string, target?: string, call?: string];

/** A worker that was busy then, in such requests, and in such calls. */
function busy(tid: number, ...turns: readonly Busy[]): { readonly thread: Thread; readonly turns: BusyTurns } {
  const own = new BusyTurns();
  for (const [start, end, request = 'GET /a', target = '', call = target === '' ? '' : 'read'] of turns) {
    const place: Place = { cause: call === '' ? 'no-syscall' : 'blocking-call', call, target, isBrief: false, request };
    own.add(
      { start: ms(start), end: ms(end), outside: 0, open: false, lines: [line(start)], pauseStart: 0, pauseEnd: 0 },
      place,
    );
  }
  const thread = threadOf(tid);
  thread.firstTime = 0;
  return { thread, turns: own };
}

const crewOf = (workers: readonly ReturnType<typeof busy>[], served = 2, parts: Partial<BusyCrew> = {}): BusyCrew => ({
  threads: workers.map(({ thread }) => thread),
  kind: { noun: 'sync workers', unit: 'request', why: '', next: [] },
  turns: new Map(workers.map(({ thread, turns }) => [thread, turns])),
  requests: new Map(workers.map(({ thread }) => [thread, served])),
  ...parts,
});

describe('workers that are all busy', () => {
  const told = (
    workers: readonly ReturnType<typeof busy>[],
    stretches: readonly (readonly [number, number])[],
    served = 2,
    parts: Partial<BusyCrew> = {},
  ) =>
    finding(
      model,
      crewOf(workers, served, parts),
      {
        stretches: stretches.map(([start, end]) => ({ start: ms(start), end: ms(end) })),
        total: ms(stretches.reduce((sum, [start, end]) => sum + end - start, 0)),
        share: 0.37,
        severity: 'warning',
      },
      workers.length,
    );
  const two = [busy(101, [0, 1000], [2000, 2500]), busy(103, [0, 900], [2000, 2600])];

  it('were so for as long as their stretches, and can serve as many as their mean time allows', () => {
    const { title, summary, metrics, start, end, evidence } = told(two, [
      [0, 900],
      [2000, 2500],
    ]);
    // 3,000 ms in 4 requests: two workers can serve 2.67 a second.
    assert.equal(
      summary,
      'Both sync workers were busy with requests at the same time for 1.40 s, 37 % of the time; the longest such stretch took 900 ms. ' +
        'GET /a took all of the time of these workers in all such stretches. The 4 requests took 750 ms on average: ' +
        'these workers can serve at most 2.67 such requests a second.',
    );
    assert.equal(title, 'GET /a holds both sync workers 37 % of the time, longest 900 ms');
    assert.deepEqual([start, end, evidence.length], [0, ms(2500), 2]);
    assert.deepEqual(
      [metrics.workers, metrics.share, metrics.totalMs, metrics.longestMs, metrics.meanRequestMs, metrics.served],
      [2, 0.37, 1400, 900, 750, 4],
    );
    assert.deepEqual(metrics.stretches, [
      { startMs: 0, endMs: 900 },
      { startMs: 2000, endMs: 2500 },
    ]);
  });

  it('in one stretch have it named so, and more requests than turns are a mix', () => {
    const { summary } = told(two, [[0, 900]], 3);
    assert.match(
      summary,
      /^Both sync workers were busy with requests at the same time for 900 ms, 37 % of the time, in one stretch\. /,
    );
    assert.match(
      summary,
      / of the time of these workers in that stretch\. The 6 requests took .* 4 requests of such a mix a second\.$/,
    );
    assert.doesNotMatch(told(two, [[0, 900]], 0).summary, /on average/);
    assert.equal(told(two, [[0, 900]], 0).metrics.meanRequestMs, null);
  });

  it('waited for what more than half of them were in', () => {
    const at = (...targets: readonly string[]) =>
      targets.map((target, index) => busy(101 + index, [0, 1000, index % 2 === 0 ? 'GET /a' : 'GET /b', target]));
    const found = (...targets: readonly string[]) => told(at(...targets), [[0, 1000]]);
    const lock = found('/run/a.lock', '/run/a.lock', '');
    assert.equal(lock.title, 'All 3 sync workers busy 37 % of the time: read on /run/a.lock');
    assert.match(
      lock.summary,
      / Of the 3 requests in that stretch 2 were in read on \/run\/a\.lock\. GET \/a took 66\.7 % of/,
    );
    assert.equal(found('/a', '/b').title, 'Both sync workers busy 37 % of the time, longest 1.00 s');
    assert.doesNotMatch(found('/a', '/a', '', '').summary, / Of the /);
    assert.match(found('/a').summary, / The one request in that stretch was in read on \/a\./);
    const long = `/srv/${'deep/'.repeat(9)}run/app.lock`;
    assert.match(found(long, long).title, /: …\/deep\/deep\/run\/app\.lock$/);
  });

  it('have the request in the title where it took four fifths of the time', () => {
    const of = (first: number) =>
      told([busy(101, [0, 1000]), busy(103, [0, first], [first, 1000, 'GET /b'])], [[0, 1000]]);
    assert.match(of(600).title, /^GET \/a holds both sync workers/);
    assert.match(of(599).title, /^Both sync workers busy/);
    assert.match(of(599).summary, /GET \/a took 80 % of the time of these workers/);
    const half = told([busy(101, [0, 1000]), busy(103, [0, 1000, 'GET /b'])], [[0, 1000]]);
    assert.doesNotMatch(half.summary, / of the time of these workers/);
    const cut = told([busy(101, [0, 3000]), busy(103, [0, 1000, 'GET /b'], [1000, 3000])], [[0, 1100]]);
    // Within the stretch: 1,100 + 100 of 2,200 ms.
    assert.match(cut.summary, /GET \/a took 54\.5 % of the time of these workers/);
  });

  it('are told by the longest stretch where they seldom were', () => {
    const rare = finding(
      model,
      crewOf(two),
      { stretches: [{ start: 0, end: ms(900) }], total: ms(900), share: 0.0999, severity: 'info' },
      2,
    );
    assert.equal(rare.title, 'GET /a holds both sync workers for 900 ms');
  });

  it('show the 20 longest stretches in order of time, and 6 lines', () => {
    const many = Array.from(
      { length: 23 },
      (_, index) => [index * 100, index * 100 + 10 + ((index * 7) % 23)] as const,
    );
    const workers = Array.from({ length: 9 }, (_, index) => busy(101 + index, ...many));
    const { metrics, evidence } = told(workers, many);
    assert.deepEqual([metrics.stretches.length, evidence.length, metrics.busyIn.length], [20, 6, 9]);
    assert.equal(Math.min(...metrics.stretches.map(({ startMs, endMs }) => endMs - startMs)), 13);
    assert.deepEqual(
      metrics.stretches.map(({ startMs }) => startMs),
      metrics.stretches.map(({ startMs }) => startMs).toSorted((a, b) => a - b),
    );
  });

  it('of one worker are told by its name', () => {
    const { title, summary } = told([busy(101, [0, 1000])], [[0, 1000]], 2, { name: 'Sync worker 101' });
    assert.equal(title, 'GET /a holds sync worker 101 37 % of the time, longest 1.00 s');
    assert.match(summary, /^Sync worker 101 was busy with requests for 1\.00 s, 37 % of the time, in one stretch\. /);
    assert.match(
      summary,
      / took all of the time of this worker in that stretch\. The 2 requests took 500 ms on average: this worker can serve/,
    );
  });
});

describe('a crew', () => {
  const share = THRESHOLDS['saturation-share'].default;
  const critical = THRESHOLDS['saturation-critical-share'].default;
  const judged = (until: number, weighing: Weighing = {}, parts: Partial<BusyCrew> = {}) => {
    const found = judge(context, crewOf([busy(101, [0, until]), busy(103, [0, until])], 1, parts), weighing);
    return typeof found === 'string' ? found : found.severity;
  };

  it('is saturated from a share of the time on, and critically so from another one', () => {
    assert.equal(judged(10_000 * share), 'warning');
    assert.match(
      judged(10_000 * share - 1),
      /^both sync workers were busy at once [\d.]+ % of the time, with requests of 100 ms or more$/,
    );
    assert.deepEqual([judged(10_000 * critical), judged(10_000 * critical - 1)], ['critical', 'warning']);
  });

  it('is told as information where nobody was seen to wait, and all the same where somebody waited long', () => {
    assert.equal(judged(10_000 * critical, { isFelt: () => false }), 'info');
    assert.equal(judged(10_000 * critical, { isFelt: () => true }), 'critical');
    const full = THRESHOLDS['pool-full-ms'].default;
    assert.equal(judged(full, { isProven: true }), 'warning');
    assert.equal(judged(full, { isFelt: () => true }), 'warning');
    assert.match(judged(full - 1, { isProven: true }), /^both sync workers were busy at once/);
    assert.match(judged(full, {}), /^both sync workers were busy at once/);
  });

  it('counts where one of it was awaited, and says so', () => {
    const awaited: Weighing['awaited'] = () => [];
    assert.match(judged(9000, { awaited }), /, as far as a request was seen to wait 500 ms for one of them$/);
    const jobs = { kind: { noun: 'workers', unit: 'job' as const, why: '', next: [] } };
    assert.match(
      judged(9000, { awaited, isProven: true }, jobs),
      /jobs of 100 ms or more, as far as more of them were/,
    );
    assert.match(judged(9000, { awaited }, jobs), /jobs of 100 ms or more$/);
    assert.match(judged(500, {}, { name: 'Sync worker 101' }), /^sync worker 101 was busy 5 % of the time/);
  });

  it('of which some always wait is saturated where three quarters of the most are busy', () => {
    const workers = [101, 103, 107, 109].map((tid, index) => busy(tid, ...(index < 3 ? [[0, 9000] as const] : [])));
    const found = (most: number) => judge(context, crewOf(workers, 1, { most }));
    assert.equal(typeof found(4) === 'string', false);
    assert.match(String(found(5)), /^all 5 sync workers were busy at once 0 %/);
  });

  it('of one worker is busy in its own turns, until its end', () => {
    const [own] = [busy(101, [0, 9000])];
    own.thread.ended = true;
    own.thread.lastTime = ms(4000);
    const found = judge(context, crewOf([own], 1, { name: 'Sync worker 101' }));
    assert.equal(typeof found === 'string' ? found : found.metrics.totalMs, 4000);
  });
});

describe('a slow peer', () => {
  const OF_PEER = threadOf(101).process;
  type Peer = Slow['peer'];
  const waitsOf = (timed: number, total: number, longest: number) => ({
    timed,
    total: ms(total),
    longest: ms(longest),
    percentile: () => ms(longest),
  });
  const peer = (name: string, parts: Partial<Peer> = {}): Peer =>
    ({
      name,
      protocol: 'HTTP',
      isKnown: true,
      processes: new Map([[OF_PEER, { process: OF_PEER }]]),
      first: ms(100),
      last: ms(2000),
      givenUp: 0,
      requests: 3,
      longRequests: 0,
      longRequest: '',
      longestOfRequest: ms(700),
      openAtEnd: 0,
      failures: 0,
      ranOut: 0,
      ranOutFor: 0,
      longest: null,
      longestServing: {
        length: ms(700),
        request: 'GET /a',
        query: 'GET /rows',
        isOpen: false,
        lines: [line(7)],
      },
      all: waitsOf(4, 1000, 700),
      ...parts,
    }) as unknown as Peer;
  const slow = (parts: Partial<Peer> = {}, own: Partial<Slow> = {}, name = '10.0.0.2:9000'): Slow => ({
    peer: peer(name, parts),
    by: 'requests',
    waits: waitsOf(4, 1000, 700) as unknown as Slow['waits'],
    severity: 'warning',
    ...own,
  });
  const summary = (...of: Parameters<typeof slow>) => slowFinding(context, [slow(...of)]).summary;
  const begin = '3 requests waited 4 times for 10.0.0.2:9000 (HTTP), together 1.00 s';
  const rest = '. The longest wait took 700 ms: GET /a waited for the answer to GET /rows.';

  it('is told with who waited how long for what', () => {
    const found = slowFinding(context, [slow()]);
    assert.equal(found.title, 'GET /a and 2 other requests waited up to 700 ms for 10.0.0.2:9000 (HTTP)');
    assert.equal(found.summary, `${begin}${rest}`);
    assert.deepEqual([found.start, found.end, found.openEnded, found.confidence], [ms(100), ms(2000), false, 'likely']);
    assert.match(summary({}, { by: 'main-work' }), /^1 process waited 4 times for/);
    assert.equal(
      slowFinding(context, [slow({ protocol: '' })]).title,
      'GET /a and 2 other requests waited up to 700 ms for 10.0.0.2:9000',
    );
  });

  it('is told with what else is known', () => {
    assert.equal(summary({ failures: 1 }), `${begin}${rest} 1 wait failed or timed out.`);
    assert.equal(summary({ givenUp: 2 }), `${begin}${rest} 2 requests had a reply before the answer came.`);
    assert.equal(summary({ openAtEnd: 1 }), `${begin}${rest} 1 wait had not ended when the capture did.`);
    const live = { ...context, goesOn: true } as Context;
    assert.match(slowFinding(live, [slow({ openAtEnd: 1 })]).summary, / 1 wait goes on\.$/);
    assert.match(slowFinding(live, [slow({ openAtEnd: 2 })]).summary, / 2 waits go on\.$/);
    assert.equal(summary({ longestOfRequest: ms(707) }), `${begin}${rest}`);
    assert.equal(summary({ longestOfRequest: ms(708) }), `${begin}${rest} The slowest request waited 708 ms in all.`);
    const part = (total: number) => summary({ all: waitsOf(9, total, 700) } as unknown as Partial<Peer>);
    assert.equal(part(1010), `${begin}${rest}`);
    assert.equal(part(2000), `${begin} (50 % of the time that all threads waited for it)${rest}`);
    assert.equal(part(0), `${begin}${rest}`);
    const open = { length: ms(700), request: '', query: '', isOpen: true, lines: [] };
    assert.equal(
      summary({ longestServing: open } as unknown as Partial<Peer>),
      `${begin}. The longest wait took at least 700 ms.`,
    );
  });

  it('is told by limits that ran out, which is possible only', () => {
    const limits = slowFinding(context, [slow({ ranOut: 3, ranOutFor: ms(1700) }, { by: 'limits' })]);
    assert.equal(limits.title, 'poll on 10.0.0.2:9000 (HTTP) timed out 3 times, 1.70 s in all');
    assert.equal(limits.summary, 'poll on 10.0.0.2:9000 (HTTP) timed out 3 times, 1.70 s in all: nothing came.');
    assert.equal(limits.confidence, 'possible');
    // Of four waits two had a reply before the answer came.
    assert.deepEqual(
      [1, 2].map((givenUp) => slowFinding(context, [slow({ givenUp })]).confidence),
      ['likely', 'possible'],
    );
  });

  it('stands beside two others, and the rest are counted', () => {
    const many = (count: number) =>
      slowFinding(
        context,
        Array.from({ length: count }, (_, index) => slow({}, {}, `10.0.0.${index}:9000`)),
      ).summary;
    assert.doesNotMatch(many(3), /as well/);
    assert.match(many(4), / 1 other peer was slow as well\.$/);
    assert.match(many(5), / 2 other peers were slow as well\.$/);
    assert.equal(many(5).split(' requests waited ').length - 1, 3);
  });

  it('is looked at where it is known, and found out where it is not', () => {
    const first = (...of: Parameters<typeof slow>) => slowFinding(context, [slow(...of)]).next[0];
    assert.equal(first()?.command, "ss -tnpi 'dst 10.0.0.2 and dport = :9000'");
    assert.equal(first({}, {}, 'unix:/run/db.sock')?.command, undefined);
    assert.match(first({ isKnown: false }, {}, 'socket fd 7')?.command ?? '', /^ls -l \/proc\/101\/fd\/7; ss -tnp/);
    assert.match(
      first({ isKnown: false, processes: new Map([[{ pid: 0 }, {}]]) } as never, {}, 'fd 7')?.command ?? '',
      /proc\/PID/,
    );
  });

  it('comes last where those who waited for it only passed a request on', () => {
    const [front, back] = [new Listener(0, ':80', 'same-socket'), new Listener(1, ':90', 'same-socket')];
    const serving = (pid: number, ...listeners: readonly Listener[]) => {
      const { process } = threadOf(pid);
      const thread = threadIn(process, lane(0, pid));
      for (const each of listeners) thread.accepts.listeners.add(each);
      return new Map([[process, { process }]]);
    };
    const order = (
      proxy: ReturnType<typeof serving>,
      server: ReturnType<typeof serving>,
      own: Partial<Slow> = {},
      parts: Partial<Peer> = {},
    ) =>
      causesFirst([
        slow({ processes: proxy } as unknown as Partial<Peer>, {}, 'server'),
        slow({ processes: server, ...parts } as unknown as Partial<Peer>, own, 'database'),
      ]).map(({ peer: { name } }) => name);
    const [passed, kept] = [
      ['database', 'server'],
      ['server', 'database'],
    ];
    const longer = { waits: waitsOf(1, 701, 701) as unknown as Slow['waits'] };
    const other = {
      length: 1,
      request: 'GET /b',
      query: '',
      isOpen: false,
      lines: [],
    } as unknown as Peer['longestServing'];
    const shorter = { waits: waitsOf(1, 699, 699) as unknown as Slow['waits'] };
    assert.deepEqual(order(serving(101, front), serving(103, back), shorter), passed);
    assert.deepEqual(order(serving(101, front), serving(103, back), longer), kept);
    assert.deepEqual(order(serving(101, front), serving(103, front), shorter), kept);
    assert.deepEqual(order(serving(101, front), serving(103, front, back), shorter), kept);
    assert.deepEqual(order(serving(101), serving(103, back), shorter), kept);
    assert.deepEqual(order(serving(101, front), serving(103), shorter), kept);
    const same = serving(101, front);
    assert.deepEqual(order(same, same, shorter), kept);
    assert.deepEqual(order(serving(101, front), serving(103, back), { ...shorter, by: 'main-work' }), kept);
    assert.deepEqual(order(serving(101, front), serving(103, back), shorter, { longestServing: other }), kept);
  });
});
