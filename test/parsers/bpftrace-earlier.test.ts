import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { bpftraceFormat } from '../../parsers/bpftrace/format.ts';
import { straceFormat } from '../../parsers/strace/format.ts';
import { syscallNumber } from '../../src/trace/syscall-numbers.ts';
import { bytes, printed, START } from '../support/printed-lines.ts';
import { samples } from '../support/truth.ts';
import { type ReadTrace, readTrace, unaccounted } from './read-trace.ts';

const END = 'event=end ts=8000000000';

/** What a thread was in when somebody looked. */
function seenIn(
  tid: number,
  call: string,
  args: readonly (number | bigint)[] = [],
  { pid = tid, data = '', ts = 500_000_000 } = {},
): string {
  const raw = Array.from({ length: 6 }, (_, at) => BigInt.asUintN(64, BigInt(args[at] ?? 0)).toString(16));
  return `event=in ts=${ts} pid=${pid} tid=${tid} nr=${syscallNumber('x86-64', call)} a=${raw} data=${data}`;
}

function read(...lines: readonly string[]): ReadTrace {
  const result = readTrace(`${lines.join('\n')}\n`, { format: bpftraceFormat });
  assert.deepEqual([unaccounted(result.account), result.account.unparsed], [0, 0]);
  return result;
}

/** Thread and call of what is in flight. */
function inFlight(...lines: readonly string[]): (readonly [tid: number, text: string])[] {
  return read(...lines).inFlight.map(({ tid, name, args }) => [tid, `${name}(${args})`]);
}

describe('a call that began before the capture', () => {
  it('and was a wait at an epoll instance came back by the next call of its thread, nobody knows when', () => {
    const { calls, inFlight: open } = read(
      seenIn(7, 'epoll_wait', [6, 1, 64, 1000]),
      START,
      printed({ tid: 7, call: 'close', at: 1_000_000, args: [3], took: 5 }),
      printed({ tid: 7, call: 'close', at: 2_000_000, args: [4], took: 5 }),
      END,
    );
    assert.deepEqual(
      calls.map(({ name, fd, start, end, duration, result, inFlight: isOpen }) => [
        name,
        fd,
        start,
        end,
        duration,
        result,
        isOpen,
      ]),
      [
        ['epoll_wait', 6, 0, 0, -1, null, false],
        ['close', 3, 0, 5_000, 5_000, 0, false],
        ['close', 4, 1e9, 1e9 + 5_000, 5_000, 0, false],
      ],
    );
    assert.deepEqual(open, []);
  });

  it('and was none says nothing of the time up to the next call of its thread', () => {
    const { calls } = read(
      seenIn(7, 'recvfrom', [11, 1, 65_536]),
      START,
      printed({ tid: 7, call: 'close', at: 1_000_000, args: [3] }),
      END,
    );
    assert.deepEqual(
      calls.map(({ name }) => name),
      ['close'],
    );
  });

  it('is in flight from the beginning of the capture to its end', () => {
    const {
      inFlight: calls,
      others,
      flags,
    } = read(
      'event=fd pid=7 fd=11 is=socket:[4711]',
      seenIn(9, 'recvfrom', [11, 1, 65_536], { pid: 7 }),
      START,
      printed({ tid: 7, call: 'close', at: 1_000_000, args: [3] }),
      END,
    );
    assert.deepEqual(
      calls.map(({ tid, start, partial, inFlight: open, fd, line, text }) => [
        tid,
        start,
        partial,
        open,
        fd,
        line,
        text,
      ]),
      [
        [
          9,
          -1_000_000_000,
          true,
          true,
          11,
          2,
          '9 1795140800.000000 recvfrom(11<socket:[4711]>, ""..., 65536, 0x0) <unfinished ...>',
        ],
      ],
    );
    // Its process, and how long the capture lasted, are told with it.
    assert.deepEqual(
      others.map(({ kind, tid, pid, time }) => [kind, tid, pid, time]),
      [
        ['membership', 9, 7, -1_000_000_000],
        ['membership', 9, 7, 6_000_000_000],
      ],
    );
    assert.equal(flags.fdDecoration, 'path');
  });

  it('is there when nothing else is in the capture', () => {
    const { inFlight: calls, origin } = read(seenIn(7, 'flock', [6, 2]), START, END);
    assert.deepEqual(
      calls.map(({ name, args, start }) => [name, args, start]),
      [['flock', '6, LOCK_EX', 0]],
    );
    assert.equal(origin.seconds, 1_795_140_800);
  });

  it('says what it is about where an argument only points there', () => {
    const pollfd = bytes([13, 4], [1, 2], [0, 2]);
    const text = [
      seenIn(1, 'poll', [4096, 1, -1], { data: pollfd }),
      seenIn(2, 'ppoll', [4096, 1, 0], { data: pollfd }),
      seenIn(3, 'select', [8, 4096], { data: bytes([0xa0, 8]) }),
      seenIn(4, 'openat', [-100, 4096, 1], { data: '/run/audit\\x00' }),
      seenIn(5, 'connect', [9, 4096, 16], { data: `\\x02\\x00\\x00P${bytes([127, 1], [0, 2], [1, 1], [0, 8])}` }),
      seenIn(6, 'write', [1, 4096, 70_000], { data: 'a line' }),
      // Whoever looked could not read the memory.
      seenIn(7, 'select', [8, 4096]),
    ];
    assert.deepEqual(inFlight(...text, START), [
      [1, 'poll([{fd=13, events=POLLIN}], 1, -1)'],
      [2, 'ppoll([{fd=13, events=POLLIN}], 1, 0x0)'],
      [3, 'select(64, [5 7], NULL, NULL)'],
      [4, 'openat(AT_FDCWD, "/run/audit", O_WRONLY)'],
      [5, 'connect(9, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("127.0.0.1")}, 16)'],
      [6, 'write(1, "a line"..., 70000)'],
      [7, 'select(64, [], NULL, NULL)'],
    ]);
  });

  it('and one that began in it is told with what it waits for, as seen right behind the end', () => {
    const set = bytes([0xa0, 8]);
    const heard = (tid: number): string => printed({ tid, call: 'close', at: 1_000_000, args: [3] });
    assert.deepEqual(
      inFlight(
        START,
        heard(5),
        END,
        `@in[5]: (1000017000, ${syscallNumber('x86-64', 'select')}, 8, 4096, 0, 0)`,
        seenIn(5, 'select', [8, 4096], { data: set }),
      ),
      [[5, 'select(64, [5 7], NULL, NULL)']],
    );
    // It went on to another call before somebody looked.
    assert.deepEqual(
      inFlight(
        START,
        heard(6),
        END,
        `@in[6]: (1000017000, ${syscallNumber('x86-64', 'read')}, 8, 4096, 64, 0)`,
        seenIn(6, 'recvfrom', [11, 1, 64]),
      ),
      [[6, 'read(8, "", 64)']],
    );
  });

  it('that began in it and that bpftrace did not come to print began after the last one that was printed', () => {
    const begun = (ts: number) =>
      read(
        START,
        printed({ tid: 7, call: 'close', at: 1_000_000, args: [3] }),
        END,
        seenIn(7, 'recvfrom', [11, 1, 64], { ts }),
      ).inFlight.map(({ tid, name, start, inFlight: isOpen }) => [tid, name, start, isOpen]);
    assert.deepEqual(begun(2_000_003_000), [[7, 'recvfrom', 3000, true]]);
    // It was seen in it, and made another call after that.
    assert.deepEqual(begun(2_000_002_999), []);
  });

  it('is over when the thread is heard of again, in whatever way', () => {
    const heard = [
      printed({ tid: 7, call: 'close', at: 5 }),
      'event=exit ts=1000500000 pid=7 tid=7 nr=231 a=0',
      'event=deliver ts=1000600000 pid=7 tid=7 sig=17 code=0 handler=1',
      '@in[7]: (1000017000, 45, 11, 1, 65536, 0)',
    ];
    for (const line of heard) {
      const calls = read(seenIn(7, 'recvfrom', [11]), seenIn(8, 'recvfrom', [12]), START, line).inFlight;
      assert.deepEqual(
        calls.filter(({ partial }) => partial).map(({ tid }) => tid),
        [8],
        line,
      );
    }
    // One that it ignores ends nothing, and others are others.
    const ignored = 'event=signal ts=1000500000 pid=6 tid=6 to=7 sig=13 code=0 result=1';
    assert.equal(inFlight(seenIn(7, 'recvfrom', [11]), START, ignored).length, 1);
    assert.equal(inFlight(seenIn(7, 'recvfrom', [11]), START, printed({ tid: 8, call: 'close', at: 5 })).length, 1);
  });

  it('is the one that a look behind the capture finds, if the program traces such calls', () => {
    const before = seenIn(7, 'epoll_wait', [5, 4096, 64, 1_000]);
    const after = (call: string, ...args: number[]) => inFlight(before, START, END, seenIn(7, call, args));
    assert.deepEqual(after('epoll_wait', 5, 4_096, 64, 1_000), [[7, 'epoll_wait(5, [], 64, 1000)']]);
    assert.deepEqual(after('recvfrom', 11, 1, 64), [[7, 'recvfrom(11, ""..., 64, 0x0)']]);
    assert.deepEqual(after('newfstatat', 5), []);
    // Nothing says that the program wrote down what it knew.
    assert.deepEqual(inFlight(before, START, seenIn(7, 'recvfrom', [11])), [[7, 'epoll_wait(5, [], 64, 1000)']]);
    // Of a thread that it did not see at first it cannot tell for how long.
    assert.deepEqual(inFlight(START, END, seenIn(7, 'recvfrom', [11])), []);
  });

  it('has the numbers of the machine, which is told only behind it', () => {
    const flock = 'event=in ts=5 pid=7 tid=7 nr=32 a=6,2,0,0,0,0 data=';
    assert.deepEqual(inFlight(flock, START.replace('x86-64', 'arm64')), [[7, 'flock(6, LOCK_EX)']]);
    assert.deepEqual(inFlight(flock, START), [[7, 'dup(6)']]);
  });

  it('is not made of lines that cannot be', () => {
    for (const line of [
      'event=in ts=5 pid=7 nr=45 a=b,1',
      'event=in ts=5 pid=7 tid=7 a=b,1',
      'event=in ts=5 pid=7 tid=7 nr=-1 a=b,1',
      'event=in ts=5 pid=7 tid=99999999999 nr=45 a=b,1',
      'event=in ts=5 pid=7 tid=7 nr=45 a=x,1',
    ]) {
      const { account, inFlight: calls } = readTrace(`${line}\n${START}\n`, { format: bpftraceFormat });
      assert.deepEqual([account.unparsed, calls.length], [1, 0], line);
    }
    assert.deepEqual(inFlight('event=in ts=5 pid=7 tid=7 nr=99999 a=', START), []);
  });
});

/** strace finds a wait with a timeout as another call, and tells neither which nor on what. */
const RESUMED = 'restart_syscall';

for (const { name, trace, truth } of samples().filter(({ truth }) => truth.stuck !== undefined)) {
  describe(`sample ${name}`, () => {
    const isStrace = trace.endsWith('.strace.gz');
    const { inFlight: calls } = readTrace(gunzipSync(readFileSync(trace)), {
      format: isStrace ? straceFormat : bpftraceFormat,
    });

    it('ends with every stuck thread in its call, since before the capture', () => {
      for (const { tid, call, descriptor } of truth.stuck ?? []) {
        if (tid === null) continue;
        const found = calls.filter((each) => each.tid === tid);
        assert.deepEqual([found.length, found[0]?.partial], [1, !isStrace], `thread ${tid}`);
        const [{ name: told = '', args = '' } = {}] = found;
        if (isStrace && told === RESUMED) continue;
        assert.equal(told, call);
        if (descriptor !== null) assert.ok(args.includes(`${descriptor.fd}<${descriptor.is}>`), `${call}(${args})`);
      }
    });
  });
}
