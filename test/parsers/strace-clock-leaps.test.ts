import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LaneTable } from '../../parsers/lanes.ts';
import { straceFormat } from '../../parsers/strace/format.ts';
import { createTimeOrigin } from '../../src/trace/time.ts';
import { analyzed, ofKind } from '../support/analyzed.ts';
import { prefork } from '../support/server-lines.ts';
import { LISTENER, type ThreadLines } from '../support/thread-lines.ts';
import { readTrace } from './read-trace.ts';

const START = 1_795_200_000;

interface Capture {
  /** Seconds by which the clock leaps between 10.0 s and what follows; durations do not show it. */
  readonly leap?: number;
  /** Seconds for which nothing runs at that time: stamps and durations show it alike. */
  readonly silence?: number;
  readonly durations?: boolean;
  /** Threads that wait while thread 7 runs across the leap. */
  readonly waiting?: number;
  /** How long after the leap the first of them comes back. */
  readonly back?: number;
}

/** Thread 7 works, and others wait for 100 ms each, over and over: seconds since the start of a wait, and its line. */
function capture({ leap = 0, silence = 0, durations = true, waiting = 1, back = 0.06 }: Capture): string {
  const lines: [time: number, line: string][] = [];
  const shown = (time: number): number => (time < 10 ? time : time + leap);
  const took = (seconds: number): string => (durations ? ` <${seconds.toFixed(6)}>` : '');
  const add = (tid: number, time: number, text: string): void => {
    lines.push([time, `${tid} ${(START + shown(time)).toFixed(6)} ${text}`]);
  };
  for (let index = 0; index < 50; index++) add(7, 9 + index * 0.019, `getpid() = 7${took(0.00001)}`);
  for (let each = 0; each < waiting; each++) {
    const tid = 8 + each;
    const end = 10 + silence + back + each * 0.001;
    add(tid, 9.96, 'epoll_wait(3,  <unfinished ...>');
    add(tid, end, `<... epoll_wait resumed>[], 64, 100) = 0${took(end - 9.96)}`);
    add(tid, end + 0.001, `close(9) = 0${took(0.00001)}`);
  }
  for (let index = 0; index < 100; index++) add(7, 10 + silence + index * 0.01, `getppid() = 1${took(0.00001)}`);
  lines.sort(([one], [other]) => one - other);
  return `${lines.map(([, line]) => line).join('\n')}\n`;
}

/** When the first thread goes on after the leap, in seconds since the first stamp, and how often a leap was told. */
function read(text: string, chunks?: readonly number[]): [goesOn: number, leaps: number] {
  const { calls, codes } = readTrace(text, chunks === undefined ? {} : { chunks });
  const next = calls.find(({ name }) => name === 'getppid');
  return [Math.round((next?.start ?? 0) / 1e6) / 1e3, codes['clock-leap'] ?? 0];
}

describe('a clock that is set forward while all threads are silent', () => {
  for (const leap of [30, 0.8, 0.3, 86_400])
    it(`by ${leap} s is taken out: a wait that was open tells how long it really was`, () => {
      const [goesOn, leaps] = read(capture({ leap }));
      assert.ok(Math.abs(goesOn - 1) < 0.002, String(goesOn));
      assert.equal(leaps, 1);
    });

  it('is no leap when the waits were as long as their stamps say: everybody stood still', () => {
    assert.deepEqual(read(capture({ silence: 30 })), [31, 0]);
  });

  it('is told from the silence around it', () => {
    const [goesOn, leaps] = read(capture({ leap: 30, silence: 5 }));
    assert.ok(Math.abs(goesOn - 6) < 0.002, String(goesOn));
    assert.equal(leaps, 1);
  });

  it('is not told by anybody where no call was open', () => {
    assert.deepEqual(read(capture({ leap: 30, waiting: 0 })), [31, 0]);
  });

  it('is told by a time limit where calls have no durations', () => {
    const [goesOn, leaps] = read(capture({ leap: 30, durations: false }));
    // The limit is 100 ms: as much of the wait as was before and after the leap.
    assert.ok(Math.abs(goesOn - 1) < 0.05, String(goesOn));
    assert.equal(leaps, 1);
  });

  it('is not told by a wait that took as long as its limit, or a little longer, whatever it takes at a time', () => {
    for (const most of [1, 64, 1_023])
      for (const late of [0, 0.15]) {
        const waits = Array.from({ length: 4 }, (_, index) => {
          const [from, to] = [START + index * (1 + late), START + (index + 1) * (1 + late)];
          return (
            `8 ${from.toFixed(6)} epoll_wait(3,  <unfinished ...>\n7 ${(from + 0.01).toFixed(6)} getpid() = 7\n` +
            `8 ${(to - 0.001).toFixed(6)} <... epoll_wait resumed>[], ${most}, 1000) = 0\n`
          );
        });
        const { codes } = readTrace(waits.join(''));
        assert.equal(codes['clock-leap'], undefined, `${most} events, ${late} s late`);
      }
  });

  it('is found however the bytes come', () => {
    const text = capture({ leap: 30, waiting: 3, back: 0.9 });
    const whole = readTrace(text);
    assert.equal(whole.codes['clock-leap'], 1);
    for (const chunks of [[1], [7], [64, 3], [1_000], [4_096], [5_000, 1]]) {
      const { records, account, codes } = readTrace(text, { chunks });
      assert.deepEqual(records, whole.records, `chunks of ${chunks}`);
      assert.deepEqual([account, codes], [whole.account, whole.codes], `chunks of ${chunks}`);
    }
  });

  it('is looked for to the end of the capture, and a line without its end is still the last', () => {
    const text = capture({ leap: 30, waiting: 1, back: 2.5 });
    const cut = text.slice(0, text.lastIndexOf('getppid') + 9);
    for (const chunks of [[1 << 20], [5]]) {
      const { account, codes, calls } = readTrace(cut, { chunks });
      assert.deepEqual([codes['clock-leap'], calls.length], [undefined, 149]);
      assert.equal(account.lines, 151);
    }
  });

  it('is looked for as often as it happens', () => {
    const first = capture({ leap: 30 });
    const second = capture({ leap: 30 }).replace(/179520(\d{4})/g, (_, rest: string) => `179520${Number(rest) + 100}`);
    assert.equal(readTrace(first + second).codes['clock-leap'], 2);
  });
});

it('a leap makes no stall, and the report says that the clock leapt', async () => {
  const { trace, workers } = prefork([101, 102]);
  const [worker, other] = workers as [ThreadLines, ThreadLines];
  for (let index = 0; index < 40; index++) {
    worker.waitUntil(50 + index * 50, LISTENER).serve(11, 'GET /a', { work: 20 });
    other.waitUntil(60 + index * 50, LISTENER).serve(12, 'GET /b');
  }
  for (const each of workers) each.waitUntil(4000);
  // In the middle of a request of the first worker, while the other one waits.
  const text = trace.text({});
  const first = Number(/\d{10}\.\d+/.exec(text)?.[0]);
  const leapt = text.replace(/^(\d+\s+)(\d+\.\d+)/gm, (_, pid: string, stamp: string) => {
    const at = Number(stamp);
    return `${pid}${(at - first > 1.012 ? at + 30 : at).toFixed(6)}`;
  });
  const report = await analyzed(leapt);
  assert.deepEqual([ofKind(report, 'loop-stall'), ofKind(report, 'service-stall')], [[], []]);
  assert.match(report.quality.notes.join('\n'), /The clock was set forward during the capture/);
  assert.ok((report.window.durationMs ?? 0) < 5000);
});

describe('a line behind a silence in which a call stays open', () => {
  /** Lines that were read when this was pushed, and nothing after it. */
  function linesRead(isGrowing: boolean): number {
    const text = [
      `7 ${START}.000000 clock_nanosleep(CLOCK_REALTIME, 0, {tv_sec=14, tv_nsec=0},  <unfinished ...>`,
      `8 ${START}.100000 pselect6(4, [3], NULL, NULL, {tv_sec=1, tv_nsec=0}, NULL) = 0 (Timeout) <1.000000>`,
      `8 ${START + 1}.200000 getpid() = 8 <0.000010>`,
    ].join('\n');
    const bytes = Buffer.from(`${text}\n`);
    const parser = straceFormat.createParser(bytes, {
      file: 'live.strace',
      lanes: new LaneTable(),
      origin: createTimeOrigin(),
      isGrowing,
    });
    parser.push(bytes);
    while (parser.next() !== null);
    return parser.account.lines;
  }

  it('waits in a file for those that may tell of a clock that was set forward', () => {
    assert.equal(linesRead(false), 2);
  });

  it('is read at once where the capture still grows: the next one may take seconds', () => {
    assert.equal(linesRead(true), 3);
  });
});
