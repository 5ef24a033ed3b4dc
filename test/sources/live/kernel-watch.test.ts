import assert from 'node:assert/strict';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { KernelWatch } from '../../../src/sources/live/kernel-watch.ts';
import { sightLines } from '../../../src/sources/live/sight-lines.ts';
import type { ThreadSight } from '../../../src/sources/live/sights.ts';
import { isInWait } from '../../../src/sources/live/waiting.ts';
import { FakeProc, type FakeProcess, tcpRow } from '../../support/fake-proc.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const FOLDER = temporaryFolder();
const SECOND = 1e9;
const SLEEP = '230 0x0 0x0 0x7ffe10 0x7ffe10 0x7f01 0x7f02 0x7ffe00 0x7f03';
const POLL = '7 0x10 0x1 0xffffffff 0x0 0x0 0x0 0x7ffe00 0x7f03';
const RECEIVE = '45 0xb 0x7f01 0x10 0x0 0x0 0x0 0x7ffe00 0x7f03';
const WAIT = '232 0x7 0x7f01 0x40 0x3e8 0x0 0x0 0x7ffe00 0x7f03';
const RESTARTED = '219 0x0 0x0 0x0 0x0 0x0 0x0 0x7ffe00 0x7f03';

/** Looks once a second at process 101, which is each time as given. */
function looks(...times: readonly (Partial<FakeProcess> & Pick<FakeProcess, 'threads'>)[]) {
  const proc = new FakeProc(mkdtempSync(join(FOLDER, 'proc-')));
  let now = 100 * SECOND;
  const watch = new KernelWatch({ machine: 'x86-64', root: proc.root, now: () => now });
  return times.map((parts) => {
    proc.set({ pid: 101, ...parts });
    watch.look([101]);
    now += SECOND;
    const [process] = watch.processes;
    assert.ok(process !== undefined);
    return process;
  });
}

/** The same for its only thread: the call, and for how many seconds. */
function calls(...times: readonly (readonly [syscall: string, ran: number, slices: number, wchan?: string])[]) {
  return looks(
    ...times.map(([syscall, ran, slices, wchan = '']) => ({
      threads: [{ tid: 101, syscall, ran: [ran, slices] as const, wchan }],
    })),
  ).map(({ threads: [thread] }) => inShort(thread));
}

function inShort(thread: ThreadSight | undefined): readonly [call: string, seconds: number] {
  return [thread?.call ?? '', ((thread?.at ?? 0) - (thread?.since ?? 0)) / SECOND];
}

describe('a thread that is looked at once a second', () => {
  it('has not come back from its call while it was given no processor', () => {
    assert.deepEqual(calls([SLEEP, 5, 3], [SLEEP, 5, 3], [SLEEP, 5, 3]), [
      ['clock_nanosleep', 0],
      ['clock_nanosleep', 1],
      ['clock_nanosleep', 2],
    ]);
  });

  it('is in another call of the same kind when it was given one in between, as in a ladder of short sleeps', () => {
    assert.deepEqual(calls([SLEEP, 5, 3], [SLEEP, 9, 103], [SLEEP, 13, 203]).at(-1), ['clock_nanosleep', 0]);
  });

  it('goes on with its sleep when a tracer interrupted that', () => {
    assert.deepEqual(calls([SLEEP, 5, 3], [RESTARTED, 6, 5], [RESTARTED, 6, 5]).at(-1), ['clock_nanosleep', 2]);
  });

  it('was in a sleep that was interrupted before the first look, as the kernel shows where it waits', () => {
    assert.deepEqual(calls([RESTARTED, 6, 5, 'hrtimer_nanosleep']), [['clock_nanosleep', 0]]);
    assert.deepEqual(calls([RESTARTED, 6, 5, 'somewhere_new']), [['restart_syscall', 0]]);
  });

  it('computes as long as it is in no call', () => {
    const [, , last] = looks(
      { threads: [{ tid: 101, syscall: 'running', ran: [7, 1] }] },
      { threads: [{ tid: 101, syscall: 'running', ran: [7 + 0.9e9, 40] }] },
      { threads: [{ tid: 101, syscall: '-1 0x7ffe00 0x7f03', ran: [7 + 1.9e9, 80] }] },
    );
    const [thread] = last?.threads ?? [];
    assert.deepEqual([...inShort(thread), thread?.ran], ['', 2, 1.9e9]);
  });

  it('is stopped, and waits for nothing, where a signal or the freezer of its cgroup keeps it from running', () => {
    const held = (wchan: string, state: string, tracer = 0) => {
      const thread = { tid: 101, syscall: WAIT, ran: [5, 3], wchan, state, tracer } as const;
      const [first, second] = looks({ threads: [thread] }, { threads: [thread] });
      const [at] = second?.threads ?? [];
      assert.ok(at !== undefined);
      return [first?.threads[0]?.held, at.held, at.holder, isInWait(at)];
    };
    assert.deepEqual(held('do_signal_stop', 'T'), ['stopped', 'stopped', 0, false]);
    assert.deepEqual(held('0', 'T'), ['stopped', 'stopped', 0, false]);
    assert.deepEqual(held('__refrigerator', 'D'), ['frozen', 'frozen', 0, false]);
    assert.deepEqual(held('get_signal', 'S'), ['frozen', 'frozen', 0, false]);
    // A tracer stops it for a moment at each call: only who stands still there for a second is held.
    assert.deepEqual(held('ptrace_stop', 't', 97), ['', 'traced', 97, false]);
    assert.deepEqual(held('ep_poll', 'S'), ['', '', 0, true]);
    assert.deepEqual(held('0', 'S'), ['', '', 0, true]);
  });

  it('was stopped in its wait since it ran last, and goes on when it runs again', () => {
    const [, , third, fourth, fifth] = looks(
      ...([3, 5, 5, 5, 7] as const).map((slices) => ({
        threads: [
          {
            tid: 101,
            syscall: WAIT,
            ran: [5, slices] as const,
            ...(slices === 5 ? { wchan: 'do_signal_stop', state: 'T' } : { wchan: 'ep_poll' }),
          },
        ],
      })),
    ).map(({ threads: [thread] }) => [thread?.held, ...inShort(thread)]);
    assert.deepEqual(third, ['stopped', 'epoll_wait', 1]);
    assert.deepEqual(fourth, ['stopped', 'epoll_wait', 2]);
    assert.deepEqual(fifth, ['', 'epoll_wait', 0]);
  });

  it('serves, and does not compute, when it slept between two looks at which it was in no call', () => {
    const running = (ran: number, sleeps: number) => ({
      threads: [{ tid: 101, syscall: 'running', ran: [ran * 1e9, 40 * sleeps] as const, sleeps }],
    });
    const lasted = (...times: readonly ReturnType<typeof running>[]) => inShort(looks(...times).at(-1)?.threads[0]);
    // An interpreter hands its lock over a few times a second.
    assert.deepEqual(lasted(running(1, 0), running(1.9, 7), running(2.8, 17)), ['', 2]);
    assert.deepEqual(lasted(running(1, 0), running(1.9, 7), running(2.8, 18)), ['', 0]);
    // It was ready for a processor, or on one, in half of the time.
    assert.deepEqual(lasted(running(1, 0), running(1.5, 3)), ['', 0]);
  });

  it('is gone when it has ended, also while its parent has not asked how', () => {
    const proc = new FakeProc(mkdtempSync(join(FOLDER, 'proc-')));
    const watch = new KernelWatch({ machine: 'x86-64', root: proc.root });
    const threads = (state: string) => [{ tid: 101, syscall: '-1 0x0 0x0', ran: [7, 9] as const, state }];
    for (const [state, seen] of [
      ['R', 1],
      ['Z', 0],
      ['X', 0],
    ] as const) {
      proc.set({ pid: 101, threads: threads(state) });
      watch.look([101]);
      assert.equal(watch.processes.length, seen);
    }
  });

  it('that goes from one call to another begins anew, somewhere between the two looks', () => {
    const [, last] = looks(
      { threads: [{ tid: 101, syscall: WAIT, ran: [7, 1] }] },
      { threads: [{ tid: 101, syscall: SLEEP, ran: [8, 2] }] },
    );
    const [thread] = last?.threads ?? [];
    assert.deepEqual([thread?.call, thread?.before, thread?.since], ['clock_nanosleep', 100e9, 101e9]);
    assert.equal(thread?.isFromStart, false);
  });

  it('is away from its wait as long as no look shows it in one', () => {
    const seen = looks(
      { threads: [{ tid: 101, syscall: WAIT, ran: [7, 1] }] },
      { threads: [{ tid: 101, syscall: SLEEP, ran: [8, 2] }] },
      { threads: [{ tid: 101, syscall: SLEEP, ran: [9, 102] }] },
      { threads: [{ tid: 101, syscall: 'running', ran: [10, 202] }] },
      { threads: [{ tid: 101, syscall: WAIT, ran: [11, 203] }] },
    );
    assert.deepEqual(
      seen.map(({ threads: [thread] }) => ((thread?.at ?? 0) - (thread?.awayFrom ?? 0)) / SECOND),
      [0, 0, 1, 2, 0],
    );
  });

  it('of a kernel that does not tell of processors is in the call of each look anew', () => {
    const seen = looks({ threads: [{ tid: 101, syscall: SLEEP }] }, { threads: [{ tid: 101, syscall: SLEEP }] });
    assert.deepEqual(
      seen.map(({ threads: [thread] }) => [...inShort(thread), thread?.ran]),
      [
        ['clock_nanosleep', 0, -1],
        ['clock_nanosleep', 0, -1],
      ],
    );
  });
});

describe('a process that is looked at', () => {
  const LISTENER = tcpRow('00000000:1F40', '00000000:0000', '0A', 4711);
  const CLIENT = tcpRow('0100007F:1F40', '0A00000A:C350', '01', 4713);
  const LEFT = tcpRow('0100007F:1F40', '0A00000A:C351', '08', 4714);
  const DATABASE = tcpRow('0100007F:9C40', '0500000A:1538', '01', 4715);

  function sight(descriptors: Readonly<Record<number, string>>) {
    const proc = new FakeProc(mkdtempSync(join(FOLDER, 'proc-')));
    proc.set({
      pid: 101,
      parent: 97,
      name: 'gunicorn: worker',
      innerPids: [101, 7],
      descriptors,
      threads: [{ tid: 101, syscall: RECEIVE, ran: [7, 1] }],
    });
    proc.table(101, 'tcp', [LISTENER, CLIENT, LEFT, DATABASE]);
    const watch = new KernelWatch({ machine: 'x86-64', root: proc.root, now: () => 100e9 });
    watch.look([101, 103]);
    return watch.processes;
  }

  it('holds connections of clients, also of those that have left, and none of others', () => {
    const [process, ...others] = sight({
      5: 'socket:[4711]',
      9: 'socket:[4713]',
      10: 'socket:[4714]',
      11: 'socket:[4715]',
    });
    assert.deepEqual([process?.pid, process?.innerPid, process?.parent, process?.clients], [101, 7, 97, 2]);
    assert.deepEqual(others, []);
  });

  it('has its clients counted anew when a thread of it has got stuck, also where that takes its time', () => {
    const proc = new FakeProc(mkdtempSync(join(FOLDER, 'proc-')));
    let now = 100 * SECOND;
    let spent = 0;
    // A look at the sockets takes 90 ms: the next one comes after 9 s.
    const stopwatch = () => (spent += 90);
    const watch = new KernelWatch({ machine: 'x86-64', root: proc.root, now: () => now, stopwatch });
    const clientsAfter = (syscall: string, slices: number): number | undefined => {
      const descriptors = slices === 1 ? { 5: 'socket:[4711]' } : { 5: 'socket:[4711]', 9: 'socket:[4713]' };
      proc.set({ pid: 101, descriptors, threads: [{ tid: 101, syscall, ran: [7, slices] }] });
      proc.table(101, 'tcp', [LISTENER, CLIENT]);
      watch.look([101]);
      now += SECOND;
      return watch.processes[0]?.clients;
    };
    assert.deepEqual(
      [clientsAfter(WAIT, 1), clientsAfter(WAIT, 1), clientsAfter(WAIT, 2), clientsAfter(SLEEP, 3)],
      [0, 0, 0, 0],
    );
    assert.deepEqual([clientsAfter(SLEEP, 3), clientsAfter(SLEEP, 3)], [1, 1]);
    assert.equal(spent, 4 * 90);
  });

  it('has a socket that it polls named in time, also where a look at the sockets takes long', () => {
    const proc = new FakeProc(mkdtempSync(join(FOLDER, 'proc-')));
    let now = 100 * SECOND;
    let spent = 0;
    const stopwatch = () => (spent += 90);
    const watch = new KernelWatch({ machine: 'x86-64', root: proc.root, now: () => now, stopwatch });
    const targetAfter = (syscall: string, slices: number): string | undefined => {
      proc.set({
        pid: 101,
        descriptors: { 5: 'socket:[4711]', 11: 'socket:[4715]' },
        threads: [{ tid: 101, syscall, ran: [7, slices] }],
      });
      // At 0x10 stands what it polls: descriptor 11.
      const polled = Buffer.alloc(24);
      polled.writeInt32LE(11, 16);
      writeFileSync(join(proc.root, '101/mem'), polled);
      proc.table(101, 'tcp', slices === 1 ? [LISTENER] : [LISTENER, DATABASE]);
      watch.look([101]);
      now += SECOND;
      return watch.processes[0]?.threads[0]?.target;
    };
    targetAfter(WAIT, 1);
    // By the usual measure after 9 s.
    assert.deepEqual([targetAfter(POLL, 2), targetAfter(POLL, 2)], ['socket:[4715]', '10.0.0.5:5432']);
  });

  it('has a ring of io_uring', () => {
    assert.equal(sight({ 5: 'socket:[4711]' })[0]?.hasRing, false);
    const ringed = sight({ 5: 'socket:[4711]', 9: 'anon_inode:[io_uring]' });
    assert.equal(ringed[0]?.hasRing, true);
    const notation = { prefix: '', stamp: (at: number) => (at / 1e9).toFixed(6) };
    assert.match(sightLines(ringed, { notation, from: 0 }), / clients=0 ring=1 /);
  });

  it('has what it was stuck in at the first look told when it has left that, and nothing of its waits', () => {
    const notation = { prefix: '', stamp: (at: number) => String(at / SECOND) };
    const lines = (first: string): string[] =>
      looks(
        { threads: [{ tid: 101, syscall: first, ran: [7, 1] }] },
        { threads: [{ tid: 101, syscall: first, ran: [7, 1] }] },
        { threads: [{ tid: 101, syscall: RECEIVE, ran: [8, 2] }] },
        { threads: [{ tid: 101, syscall: WAIT, ran: [9, 3] }] },
      )
        .slice(-1)
        .flatMap((process) =>
          sightLines([process], { notation, from: 100.5 * SECOND })
            .trimEnd()
            .split('\n'),
        );
    assert.deepEqual(
      lines(SLEEP).map((line) => /ts=(\S+) for=(\d+) .*call=(\w+) .*?(over=1)?(?: comm.*)?$/.exec(line)?.slice(1, 5)),
      [
        ['101', '500000000', 'clock_nanosleep', 'over=1'],
        ['103', '0', 'epoll_wait', undefined],
      ],
    );
    assert.equal(lines(WAIT).length, 1);
  });

  it('waits for a service at an address', () => {
    const [process] = sight({ 11: 'socket:[4715]' });
    const [thread] = process?.threads ?? [];
    assert.deepEqual([thread?.fd, thread?.target, thread?.isOfClient], [11, '10.0.0.5:5432', false]);
  });

  it('waits for a client', () => {
    const [process] = sight({ 11: 'socket:[4713]' });
    const [thread] = process?.threads ?? [];
    assert.deepEqual([thread?.target, thread?.isOfClient], ['10.0.0.10:50000', true]);
  });

  it('is told in a line for each thread, from the beginning of the capture on', () => {
    const lines = sightLines(sight({ 11: 'socket:[4715]' }), {
      notation: { prefix: 'strace: drover: ', stamp: (at) => (at / 1e9).toFixed(6) },
      from: 0,
    });
    assert.equal(
      lines,
      'strace: drover: event=seen ts=100.000000 for=0 pid=101 tid=101 parent=97 call=recvfrom ran=0 clients=0 ' +
        'peer=10.0.0.5:5432 comm=gunicorn:_worker\n',
    );
  });

  it('tells on its own for how long it had been in its call before the capture, and not of who computes', () => {
    const [process] = sight({ 11: 'socket:[4715]' });
    const [thread] = process?.threads ?? [];
    assert.ok(process !== undefined && thread !== undefined);
    const told = (call: string): string => {
      const earlier = { ...thread, call, since: 97e9, at: 103e9 };
      const notation = { prefix: '', stamp: (at: number) => `${at}` };
      return sightLines([{ ...process, threads: [earlier] }], { notation, from: 102e9 });
    };
    assert.match(told('recvfrom'), /^event=seen ts=103000000000 for=1000000000 before=5000000000 pid=101 /);
    assert.match(told(''), /^event=seen ts=103000000000 for=1000000000 pid=101 tid=101 parent=97 call=- /);
  });
});

describe('the queues of its listeners', () => {
  const LISTENING = {
    threads: [{ tid: 101, syscall: SLEEP, ran: [5, 3] as const }],
    descriptors: { 5: 'socket:[4711]' },
  };

  /** Looks once a second at a process with one listener, in whose queue so many connections are. */
  function queues(rowsAt: readonly (readonly string[])[], name: 'tcp' | 'unix' = 'tcp', served: object = LISTENING) {
    const proc = new FakeProc(mkdtempSync(join(FOLDER, 'proc-')));
    let now = 100 * SECOND;
    const watch = new KernelWatch({ machine: 'x86-64', root: proc.root, now: () => now });
    proc.set({ pid: 101, ...LISTENING, ...served });
    for (const rows of rowsAt) {
      proc.table(101, name, rows);
      watch.look([101]);
      now += SECOND;
    }
    const inSeconds = (at: number): number => at / SECOND - 100;
    const { now: last = null, longest = null } = watch.processes[0]?.queues ?? {};
    const lines = (queue: 'now' | 'longest'): string =>
      / queue=.*(?= comm)/.exec(
        sightLines(watch.processes, { notation: { prefix: '', stamp: String }, from: 0, queue }),
      )?.[0] ?? '';
    return {
      last: last === null ? null : [last.least, inSeconds(last.since), inSeconds(last.at)],
      longest: longest === null ? null : [longest.least, inSeconds(longest.since), inSeconds(longest.at)],
      lineNow: lines('now'),
      lineAtEnd: lines('longest'),
    };
  }

  const listener = (queued: string, inode = 4711): string =>
    tcpRow('0100007F:1F40', '00000000:0000', '0A', inode).replace('00000000:00000000', `00000000:${queued}`);

  it('are kept with the least that waited at each look, hexadecimal as the kernel prints it', () => {
    const { last, longest, lineNow } = queues([[listener('0000001F')], [listener('00000011')], [listener('0000001D')]]);
    assert.deepEqual(
      [last, longest],
      [
        [17, 0, 2],
        [17, 0, 2],
      ],
    );
    assert.equal(lineNow, ' queue=17 queued=2000000000');
  });

  it('are over at the first look at which nobody waits; the longest time is kept for the end', () => {
    const { last, longest, lineNow, lineAtEnd } = queues([
      [listener('00000003')],
      [listener('00000002')],
      [listener('00000000')],
      [listener('00000007')],
    ]);
    assert.deepEqual(last, [7, 3, 3]);
    assert.deepEqual(longest, [2, 0, 1]);
    // One look is told to nobody.
    assert.equal(lineNow, '');
    assert.equal(lineAtEnd, ' queue=2 queued=1000000000 unqueued=2000000000');
  });

  it('are those of its own listeners, whatever bytes others have not read', () => {
    const other = tcpRow('0100007F:1F40', '0100007F:9999', '01', 4711).replace(':00000000 00:', ':0000002F 00:');
    assert.equal(queues([[listener('00000005', 4713), other]]).last, null);
  });

  it('are not asked for while everybody waits for whoever comes', () => {
    const idle = { threads: [{ tid: 101, syscall: WAIT, ran: [5, 3] as const }] };
    assert.equal(queues([[listener('00000005')]], 'tcp', idle).last, null);
  });

  it('are told of unix sockets by who has their address and no inode yet', () => {
    const row = (flags: string, state: string, inode: string): string =>
      `0000000073eff7b1: 00000003 00000000 ${flags} 0001 ${state} ${inode.padStart(5)} /run/php.sock`;
    const waiting = row('00000000', '02', '0');
    assert.deepEqual(
      queues([[waiting, waiting, row('00010000', '01', '4711'), row('00000000', '03', '4719')]], 'unix').last,
      [2, 0, 0],
    );
    assert.equal(queues([[row('00010000', '01', '4711'), row('00000000', '03', '4719')]], 'unix').last, null);
  });
});
