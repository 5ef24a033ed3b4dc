import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LookupTally } from '../../src/detectors/blocking-dns/lookup-tally.ts';
import type { Thread } from '../../src/model/machine/thread.ts';
import type { NameLookup } from '../../src/model/topics/names/name-lookup.ts';
import { threadOf } from '../support/model-objects.ts';

const [first, second] = [threadOf(101), threadOf(103)] as [Thread, Thread];
let lines = 0;

/** A lookup that was answered by the first question, unless it says otherwise. */
function lookup(start: number, blocked: number, parts: Partial<NameLookup> = {}): NameLookup {
  lines++;
  return {
    thread: first,
    start,
    end: start + blocked,
    request: '',
    name: 'db.example',
    servers: ['10.0.0.53'],
    silent: [],
    blocked,
    questions: 1,
    timeouts: 0,
    answers: 1,
    noSuchName: 0,
    failures: 0,
    names: 1,
    overTcp: false,
    openAtEnd: false,
    lines: [{ file: 'trace', line: lines, text: '' }],
    ...parts,
  } as NameLookup;
}

function tallyOf(...lookups: readonly NameLookup[]): LookupTally {
  const tally = new LookupTally();
  for (const each of lookups) tally.add(each);
  return tally;
}

const sums = ({ count, total, questions, timeouts, timedOut, noSuchName, failures, ...rest }: LookupTally) => [
  [count, total, questions],
  [timeouts, timedOut, noSuchName, failures],
  [rest.searched, rest.overTcp, rest.openAtEnd, rest.unanswered],
];

const some = [
  lookup(700, 30, { questions: 3, timeouts: 2, silent: ['10.0.0.53', '10.0.0.54'], names: 2, request: 'GET /a' }),
  lookup(200, 50, { questions: 5, noSuchName: 4, failures: 1, name: 'a.example', request: 'GET /b' }),
  lookup(900, 20, { questions: 2, timeouts: 1, answers: 0, overTcp: true, request: 'GET /a', silent: ['10.0.0.53'] }),
  lookup(1000, 10, { openAtEnd: true, answers: 0, servers: ['10.0.0.54'], thread: second }),
  lookup(1100, 5, { answers: 0, questions: 0 }),
];

describe('sums over lookups of names', () => {
  it('are those of all, whatever their order', () => {
    const expected = [
      [5, 115, 11],
      [3, 2, 4, 1],
      [1, 1, 1, 2],
    ];
    for (const lookups of [some, some.toReversed()]) {
      const tally = tallyOf(...lookups);
      assert.deepEqual(sums(tally), expected);
      assert.deepEqual([tally.first, tally.last, tally.threads.size, tally.longest?.start], [200, 1105, 2, 200]);
      assert.deepEqual(tally.names.get('db.example'), { count: 4, total: 65, longest: 30 });
      assert.deepEqual(tally.names.get('a.example'), { count: 1, total: 50, longest: 50 });
      assert.deepEqual(Object.fromEntries(tally.servers), { '10.0.0.53': 4, '10.0.0.54': 1 });
      assert.deepEqual(Object.fromEntries(tally.silent), { '10.0.0.53': 2, '10.0.0.54': 1 });
      const asked = tally.requests.get('GET /a');
      assert.deepEqual([asked?.count, asked?.total, asked?.longest.start], [2, 50, 700]);
      assert.equal(tally.requests.size, 2);
    }
  });

  it('have the lines of the longest first, and six at most', () => {
    const [a, b, c] = [lookup(0, 10), lookup(100, 30), lookup(200, 20)] as [NameLookup, NameLookup, NameLookup];
    const numbers = (tally: LookupTally) => tally.lines.map(({ line }) => line);
    const lineOf = (each: NameLookup) => each.lines[0]?.line;
    assert.deepEqual(numbers(tallyOf(a, b, c)), [b, a].map(lineOf));
    const growing = Array.from({ length: 9 }, (_, index) => lookup(index * 100, 10 + index));
    assert.deepEqual(numbers(tallyOf(...growing)), growing.toReversed().slice(0, 6).map(lineOf));
  });

  it('hold 100 names, 100 requests and 8 servers, the first ones', () => {
    const many = Array.from({ length: 103 }, (_, index) =>
      lookup(index, 1, { name: `n${index}`, request: `GET /${index}`, servers: [`s${index}`], silent: [`t${index}`] }),
    );
    const tally = tallyOf(
      ...many,
      lookup(500, 3, { name: 'n99', request: 'GET /99', servers: ['s7'], silent: ['t7'] }),
    );
    assert.deepEqual(
      [tally.names.size, tally.requests.size, tally.servers.size, tally.silent.size, tally.count],
      [100, 100, 8, 8, 104],
    );
    assert.deepEqual(tally.names.get('n99'), { count: 2, total: 4, longest: 3 });
    assert.deepEqual([tally.servers.get('s7'), tally.silent.get('t7'), tally.servers.get('s8')], [2, 2, undefined]);
  });
});

describe('sums of several threads', () => {
  it('are what one thread would have that did it all', () => {
    const apart = [some.slice(0, 2), [], some.slice(2, 3), some.slice(3)].map((each) => tallyOf(...each));
    for (const tallies of [apart, apart.toReversed()]) {
      const all = LookupTally.of(tallies);
      const whole = tallyOf(...some);
      assert.deepEqual(sums(all), sums(whole));
      assert.deepEqual([all.last, all.threads.size, all.longest?.start], [1105, 2, 200]);
      assert.deepEqual(all.names, whole.names);
      assert.deepEqual([all.servers, all.silent], [whole.servers, whole.silent]);
      const asked = all.requests.get('GET /a');
      assert.deepEqual([asked?.count, asked?.total, asked?.longest.start], [2, 50, 700]);
      assert.equal(all.lines[0]?.line, some[1]?.lines[0]?.line);
      // 50 ns, 30, 20, 10 of the other thread, 5.
      assert.deepEqual(
        all.longestWaits.told({ zero: 0 }).map(({ pid }) => pid),
        [101, 101, 101, 103, 101],
      );
    }
  });

  it('begin with the first and end with the last of all', () => {
    const [early, late] = [tallyOf(lookup(100, 7)), tallyOf(lookup(300, 5))];
    for (const tallies of [
      [early, late],
      [late, early],
    ])
      assert.deepEqual([LookupTally.of(tallies).first, LookupTally.of(tallies).last], [100, 305]);
  });
});
