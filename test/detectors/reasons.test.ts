import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { reasonOf } from '../../src/detectors/stall-cause/cause.ts';
import type { LongTurn } from '../../src/model/facts.ts';
import type { BlockClass } from '../../src/model/machine/block-class.ts';
import type { LeftIn } from '../../src/model/machine/left-in.ts';
import type { BlockedIn, Gap } from '../../src/model/machine/turn.ts';
import { syscall } from '../../src/trace/syscalls.ts';
import { MILLISECOND } from '../../src/trace/time.ts';
import { threadOf } from '../support/model-objects.ts';

/** Why a turn was long, from what is known of it: times are milliseconds, a turn is 1,000 long and begins at 0. */
const ms = (of: number): number => of * MILLISECOND;
const line = (number: number) => ({ file: 'trace', line: number, text: '' });

function blocked(name: BlockClass, call: string, totalMs: number, parts: Partial<BlockedIn> = {}): BlockedIn {
  return {
    class: name,
    syscall: syscall(call),
    key: 0,
    target: `of ${call}`,
    query: '',
    count: 1,
    total: ms(totalMs),
    longest: ms(totalMs),
    detailed: 0,
    firstAt: ms(10),
    lastAt: ms(10 + totalMs),
    lines: [line(totalMs)],
    addresses: null,
    estimated: false,
    isBrief: false,
    ...parts,
  };
}

interface Parts {
  readonly blocked?: readonly BlockedIn[];
  readonly turn?: Partial<LongTurn['turn']> | undefined;
  readonly fact?: Partial<LongTurn>;
}

/** A turn of a second in which these calls were made, and the rest of which passed without one. */
function turn({ blocked: groups = [], turn: own = {}, fact = {} }: Parts): LongTurn {
  const inCalls = groups.reduce((sum, { total }) => sum + total, 0);
  return {
    thread: threadOf(101),
    length: ms(1000),
    open: false,
    stuckIn: null,
    turn: {
      start: 0,
      end: ms(1000),
      number: 7,
      tracer: 0,
      stopped: null,
      blocked: groups,
      modulesOpened: 0,
      moduleLine: null,
      endLine: line(9),
      inCalls,
      requestsRead: 1,
      ownerTime: ms(1000),
      untold: 0,
      severalConnections: false,
      gap: null,
      longestGap: 0,
      afterReply: false,
      crowdLine: null,
      ...own,
    },
    ...fact,
  } as unknown as LongTurn;
}

const reason = (parts: Parts, timed = true) => reasonOf(turn(parts), timed);
const causeOf = (parts: Parts, timed = true) => reason(parts, timed).cause;
const crowd = { requestsRead: 3, ownerTime: ms(599) };

describe('a turn was long by a call', () => {
  it('that took 60 % of the turn, apart from what the tracer added', () => {
    const { cause, confidence, call, callTime, total, rungs, target, lines, start, end } = reason({
      blocked: [blocked('sleep', 'nanosleep', 600, { longest: ms(590), count: 2 })],
    });
    assert.deepEqual([cause, confidence, call, target, rungs], ['sleep', 'likely', 'nanosleep', 'of nanosleep', 2]);
    assert.deepEqual(
      [callTime, total, start, end].map((time) => time / MILLISECOND),
      [590, 600, 10, 610],
    );
    assert.deepEqual(lines, [line(600)]);
    const nap = (length: number, tracer: number) =>
      reason({ blocked: [blocked('sleep', 'nanosleep', length)], turn: { tracer: ms(tracer) } }).confidence;
    assert.deepEqual([nap(599, 0), nap(540, 100), nap(539, 100)], ['possible', 'likely', 'possible']);
  });

  it('of the kind that took most in all, by the heaviest of that kind', () => {
    const all = [
      blocked('network', 'recvfrom', 200, { target: 'a' }),
      blocked('sleep', 'nanosleep', 250),
      blocked('network', 'connect', 220, { target: 'b' }),
      blocked('network', 'read', 210, { target: 'c' }),
    ];
    for (const groups of [all, all.toReversed()]) {
      const { call, target, total } = reason({ blocked: groups });
      assert.deepEqual([call, target, total / MILLISECOND], ['connect', 'b', 630]);
    }
  });

  it('of a disk, where writing a file and syncing it are one kind, unless it hardly was the sync', () => {
    const of = (writes: number, syncs: number) => {
      const groups = [blocked('disk', 'write', writes), blocked('disk-sync', 'fsync', syncs)];
      const found = [groups, groups.toReversed()].map((each) => reason({ blocked: each }));
      return found.map(({ cause, call, total }) => [cause, call, total / MILLISECOND].join(' '));
    };
    assert.deepEqual(of(400, 250), ['disk-sync fsync 650', 'disk-sync fsync 650']);
    assert.deepEqual(of(599, 200), ['disk-sync fsync 799', 'disk-sync fsync 799']);
    assert.deepEqual(of(600, 200), ['blocking-call write 600', 'blocking-call write 600']);
    assert.equal(causeOf({ blocked: [blocked('disk', 'write', 600)] }), 'blocking-call');
    const two = [
      blocked('disk-sync', 'fsync', 300),
      blocked('disk', 'write', 310),
      blocked('disk-sync', 'fdatasync', 320),
    ];
    for (const groups of [two, two.toReversed()]) assert.equal(reason({ blocked: groups }).call, 'fdatasync');
  });

  it('that took more than all time outside calls is possibly it', () => {
    const calls = (...lengths: readonly number[]) =>
      reason({
        blocked: lengths.map((length, index) => blocked(index === 0 ? 'sleep' : 'network', 'read', length)),
        turn: { endLine: null },
      });
    assert.deepEqual([calls(400, 250).cause, calls(400, 250).confidence], ['sleep', 'possible']);
    assert.equal(calls(400, 201).cause, 'sleep');
    assert.equal(calls(400, 200).cause, 'no-syscall');
  });

  it('that had not come back, where it lasted 60 % of the turn', () => {
    const left = (since: number) =>
      reason({
        fact: {
          stuckIn: {
            since: ms(since),
            class: 'network',
            syscall: syscall('recvfrom'),
            target: '10.0.0.2:9000',
            query: 'GET /a',
            line: line(5),
          } as unknown as LeftIn,
        },
      });
    const { cause, confidence, call, callTime, total, rungs, target, query, lines, start, pauseEnd } = left(400);
    assert.deepEqual([cause, confidence, call, rungs], ['blocking-call', 'likely', 'recvfrom', 1]);
    assert.deepEqual([target, query, lines], ['10.0.0.2:9000', 'GET /a', [line(5)]]);
    assert.deepEqual(
      [callTime, total, start, pauseEnd].map((time) => time / MILLISECOND),
      [600, 600, 400, 1000],
    );
    assert.equal(left(401).cause, 'no-syscall');
  });

  it('is only possible where the line does not tell how long it took, or where it is a small step on a file', () => {
    const of = (parts: Partial<BlockedIn>) => reason({ blocked: [blocked('log', 'write', 700, parts)] });
    assert.deepEqual([of({}).confidence, of({}).isBrief, of({}).estimated], ['likely', false, false]);
    assert.deepEqual([of({ estimated: true }).confidence, of({ estimated: true }).estimated], ['possible', true]);
    assert.deepEqual([of({ isBrief: true }).confidence, of({ isBrief: true }).isBrief], ['possible', true]);
  });
});

describe('waits for a futex', () => {
  const waits = (count: number, total: number, longest: number) =>
    causeOf({ blocked: [blocked('futex', 'futex', total, { count, longest: ms(longest) })] });

  it('are a ladder from five on, where the longest is of 60 ms', () => {
    assert.deepEqual([waits(4, 600, 60), waits(20, 600, 60)], ['lock', 'futex-ladder']);
    assert.equal(waits(20, 900, 60), 'futex-ladder');
    assert.equal(waits(5, 700, 60), 'futex-ladder');
  });

  it('are one also where a slice is longer, if it is a tenth of all and they are short on average', () => {
    assert.equal(waits(20, 900, 90), 'futex-ladder');
    assert.equal(waits(20, 900, 91), 'lock');
    assert.equal(waits(15, 900, 61), 'futex-ladder');
    assert.equal(waits(14, 900, 61), 'lock');
  });

  it('are for the interpreter lock where they are known to be', () => {
    assert.equal(causeOf({ blocked: [blocked('gil', 'futex', 700, { count: 100, longest: ms(5) })] }), 'gil-wait');
  });
});

describe('a turn was long as its thread did not run', () => {
  const idle = (total: number, call = 'getpid') => blocked('not-running', call, total);

  it('where calls that wait for nothing took 30 % of it', () => {
    const { cause, confidence, rungs, total, call, target } = reason({ blocked: [idle(200), idle(100, 'getuid')] });
    assert.deepEqual([cause, confidence, call, target, rungs], ['not-running', 'likely', 'getpid', '', 2]);
    assert.equal(total / MILLISECOND, 300);
    assert.equal(reason({ blocked: [idle(100), idle(200, 'getuid')] }).call, 'getuid');
    assert.equal(causeOf({ blocked: [idle(200), idle(99, 'getuid')] }), 'no-syscall');
    assert.equal(causeOf({ blocked: [idle(269)], turn: { tracer: ms(100) } }), 'no-syscall');
    assert.equal(causeOf({ blocked: [idle(270)], turn: { tracer: ms(100) } }), 'not-running');
  });

  it('possibly, where one call of memory took 60 % of it', () => {
    const inMemory = (longest: number) =>
      reason({ blocked: [blocked('not-running', 'munmap', 700, { longest: ms(longest) })] });
    assert.deepEqual([inMemory(600).cause, inMemory(600).confidence], ['not-running', 'possible']);
    assert.equal(inMemory(600).target, 'of munmap');
    assert.equal(inMemory(599).cause, 'no-syscall');
  });

  it('where a signal had stopped the worker for 60 % of it', () => {
    const stopped = (total: number) =>
      reason({
        blocked: [blocked('sleep', 'nanosleep', 1000)],
        turn: {
          stopped: {
            stop: { signal: 'SIGSTOP', sender: 7 },
            total: ms(total),
            start: ms(100),
            end: ms(800),
            lines: [line(3)],
          },
        } as unknown as Parts['turn'],
      });
    const { cause, stop, total, callTime, rungs, start, end, lines } = stopped(600);
    assert.deepEqual([cause, stop, rungs, lines], ['stopped', { signal: 'SIGSTOP', sender: 7 }, 0, [line(3)]]);
    assert.deepEqual(
      [total, callTime, start, end].map((time) => time / MILLISECOND),
      [600, 600, 100, 800],
    );
    assert.equal(stopped(599).cause, 'sleep');
  });
});

describe('a turn was long as there was too much to do', () => {
  it('where it read three requests and none took 60 % of it', () => {
    const of = (own: Parts['turn']) => causeOf({ turn: { ...crowd, ...own } });
    assert.equal(of({ severalConnections: true }), 'many-requests');
    assert.equal(of({}), 'one-connection');
    assert.equal(of({ requestsRead: 2 }), 'no-syscall');
    assert.equal(of({ ownerTime: ms(600) }), 'no-syscall');
    assert.equal(of({ untold: ms(600) }), 'no-syscall');
    assert.equal(of({ untold: ms(599) }), 'one-connection');
  });

  it('unless a call took 60 % of it, or it did not run', () => {
    assert.equal(causeOf({ turn: crowd, blocked: [blocked('sleep', 'nanosleep', 600)] }), 'sleep');
    assert.equal(causeOf({ turn: crowd, blocked: [blocked('sleep', 'nanosleep', 599)] }), 'one-connection');
    assert.equal(causeOf({ turn: crowd, blocked: [blocked('not-running', 'getpid', 300)] }), 'not-running');
    assert.equal(causeOf({ turn: crowd, blocked: [blocked('not-running', 'getpid', 300)] }, false), 'one-connection');
  });

  it('with one of those requests as evidence', () => {
    const { lines, confidence } = reason({ turn: { ...crowd, crowdLine: line(4) } });
    assert.deepEqual([lines, confidence], [[line(4)], 'likely']);
    assert.deepEqual(reason({ turn: { crowdLine: line(4) } }).lines, [line(9)]);
  });
});

describe('a turn was long by imports', () => {
  it('where it opened ten program files, and calls took less than 30 % of it', () => {
    const imports = (modulesOpened: number, waited: number) =>
      reason({ blocked: [blocked('disk', 'read', waited)], turn: { modulesOpened, moduleLine: line(2) } });
    assert.deepEqual([imports(10, 299).cause, imports(10, 299).confidence], ['import', 'likely']);
    assert.equal(imports(9, 299).cause, 'no-syscall');
    assert.equal(imports(10, 300).cause, 'no-syscall');
    assert.deepEqual(imports(10, 100).lines, [line(2), line(9)]);
  });
});

describe('a turn was long outside calls', () => {
  const gap: Gap = { length: ms(700), start: ms(200), before: line(3), after: line(4), isTimed: true, offCpu: null };

  it('with the lines around its longest gap, or the one on which it ended', () => {
    const { cause, confidence, call, callTime, total, rungs, estimated, lines, pauseStart, pauseEnd, start, end } =
      reason({ blocked: [blocked('disk', 'read', 100)], turn: { gap, longestGap: ms(700) } });
    assert.deepEqual([cause, confidence, call, rungs, estimated], ['no-syscall', 'likely', '', 0, false]);
    assert.deepEqual(
      [callTime, total, pauseStart, pauseEnd, start, end].map((time) => time / MILLISECOND),
      [700, 900, 200, 900, 0, 1000],
    );
    assert.deepEqual(lines, [line(3), line(4)]);
    assert.deepEqual(reason({ turn: { gap: { ...gap, before: line(0) } } }).lines, [line(4)]);
    const bare = reason({});
    assert.deepEqual([bare.lines, bare.pauseStart, bare.pauseEnd / MILLISECOND], [[line(9)], 0, 1000]);
    assert.equal(reason({ turn: { gap: { ...gap, isTimed: false } } }).estimated, true);
  });

  it('in a pool of threads that are greenlets, where it asked for its own id, or works on after the reply', () => {
    const python = (parts: Parts & { startedThreadIn?: number; threadsStarted?: number; length?: number }) => {
      const fact = turn(parts) as LongTurn & { length: number };
      const { process: own, loop } = threadOf(101);
      own.argv = ['python3', 'app.py'];
      loop.startedThreadIn = parts.startedThreadIn ?? 0;
      own.threadsStarted = parts.threadsStarted ?? 0;
      const { cause, confidence } = reasonOf(
        { ...fact, length: ms(parts.length ?? 1000), thread: { process: own, loop } as unknown as LongTurn['thread'] },
        true,
      );
      return `${cause}, ${confidence}`;
    };
    const [pool, none] = ['patched-thread-pool', 'no-syscall, likely'];
    const after = { afterReply: true };
    // It is turn 7.
    assert.deepEqual([python({ startedThreadIn: 5 }), python({ startedThreadIn: 4 })], [`${pool}, possible`, none]);
    assert.equal(python({ startedThreadIn: 1, turn: after }), `${pool}, likely`);
    assert.equal(python({ turn: after }), `${pool}, possible`);
    assert.equal(python({ turn: after, threadsStarted: 1 }), none);
    assert.equal(python({ turn: after, length: 999 }), none);
    assert.equal(python({}), none);
  });
});
