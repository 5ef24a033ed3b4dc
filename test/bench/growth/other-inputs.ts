import { type GrowthClass, oneFile } from './growth-class.ts';
import { each, NOTHING_READY, Pen } from './pen.ts';

const FIRST_PID = 1_009;
const EVENT_START = 'event=start program=calls version=1 machine=x86-64 ts=1000000000 clock=1795140800.000000\n';
const SUMMARY_HEAD =
  '% time     seconds  usecs/call     calls    errors syscall\n------ ----------- ----------- --------- --------- ----------------\n';

/** Captures of several files, and of other tracers. */
export const OTHER_INPUTS: readonly GrowthClass[] = [
  {
    name: 'files-of-threads',
    grows: 'files of strace -ff, one after the other',
    most: 10_007,
    full: 40_009,
    quick: 5_003,
    files: (count) => threadFiles(count, (index) => index * 1_000),
  },
  {
    name: 'files-of-threads-at-once',
    grows: 'files of strace -ff that overlap',
    most: 5_003,
    full: 40_009,
    quick: 2_003,
    files: (count) => threadFiles(count, () => 0),
  },
  {
    name: 'captures-that-overlap',
    grows: 'lines in each of 13 files that take turns',
    most: 20_011,
    quick: 5_003,
    files: (count) =>
      Array.from({ length: 13 }, (_, file) => {
        const pen = new Pen({ step: 91, from: file * 7 });
        return {
          name: `capture-${file}.strace`,
          text: each(count, () => pen.call(FIRST_PID + file, 'read(9<pipe:[5]>, "x", 4096) = 1')),
        };
      }),
  },
  oneFile('bpftrace-calls', 'calls of a bpftrace program', { most: 200_003, quick: 50_021 }, (count) =>
    bpftraceLines(
      count,
      (index, at) =>
        `ts=${at} dur=5000 pid=${FIRST_PID + (index % 7)} tid=${FIRST_PID + (index % 7)} call=accept4 fd=5 ret=-11`,
    ),
  ),
  oneFile('bpftrace-threads', 'threads of a bpftrace program', { most: 200_003, quick: 50_021 }, (count) =>
    bpftraceLines(
      count,
      (index, at) => `ts=${at} dur=5000 pid=${FIRST_PID + index} tid=${FIRST_PID + index} call=getpid ret=7`,
    ),
  ),
  oneFile(
    'bpftrace-descriptors',
    'descriptors that a bpftrace program lists',
    { most: 200_003, quick: 50_021 },
    (count) =>
      bpftraceLines(count, (index, at) =>
        index === count - 1
          ? `ts=${at} dur=5 pid=7 tid=7 call=getpid ret=7`
          : `event=fd pid=${FIRST_PID + (index % 7)} fd=${9 + index} is=socket:[${index}]`,
      ),
  ),
  oneFile('bpftrace-earlier', 'calls that began before bpftrace', { most: 200_003, quick: 50_021 }, (count) =>
    silentThreads(count),
  ),
  oneFile('bpftrace-losses', 'times that bpftrace lost events', { most: 200_003, quick: 50_021 }, (count) =>
    bpftraceLines(count, (index, at) =>
      index % 2 === 0 ? `ts=${at} dur=5000 pid=101 tid=101 call=getpid ret=7` : 'Lost 3 events',
    ),
  ),
  oneFile('bpftrace-keys', 'keys of a map that counts', { most: 200_003, quick: 50_021 }, (count) =>
    each(count, (index) => `@count[${callOf(index)}]: 23\n`),
  ),
  oneFile('bpftrace-processors', 'lines half a second out of order', { most: 200_003, quick: 50_021 }, (count) =>
    bpftraceLines(
      count,
      (index, at) => `ts=${at + (index % 2) * 500_000_000} dur=5000 pid=101 tid=101 call=getpid ret=7`,
    ),
  ),
  oneFile('bpftrace-json', 'records of bpftrace -f json', { most: 100_003, quick: 25_013 }, (count) =>
    bpftraceLines(count, (_, at) =>
      JSON.stringify({ type: 'printf', data: `ts=${at} dur=5000 pid=101 tid=101 call=getpid ret=7\n` }),
    ),
  ),
  oneFile('perf-trace-threads', 'threads of perf trace', { most: 200_003, quick: 50_021 }, (count) =>
    each(
      count,
      (index) =>
        `${(index / 100).toFixed(3).padStart(10)} ( 0.003 ms): job/${FIRST_PID + index} getpid()                = 7\n`,
    ),
  ),
  oneFile('perf-trace-open-calls', 'calls of perf trace that never return', { most: 200_003, quick: 50_021 }, (count) =>
    each(
      count,
      (index) =>
        `${(index / 100).toFixed(3).padStart(10)} (         ): job/${FIRST_PID + index} epoll_wait(epfd: 4, maxevents: 8)     ...\n`,
    ),
  ),
  oneFile('summary-rows', 'rows of a table of strace -c', { most: 100_003, quick: 25_013 }, (count) =>
    summary(count, callOf),
  ),
  oneFile('summary-tables', 'tables of strace -c', { most: 20_011, quick: 5_003 }, (count) =>
    each(count, () => summary(3, (index) => ['read', 'write', 'futex'][index] ?? '')),
  ),
];

/** One call that there is, so that the file is a trace, and names that nobody knows. */
function callOf(index: number): string {
  return index === 0 ? 'read' : `call_${index}`;
}

/** Files of 17 lines each; when each begins in microseconds. */
function* threadFiles(count: number, from: (index: number) => number) {
  for (let index = 0; index < count; index++) {
    const pen = new Pen({ from: from(index) });
    const line = (text: string): string => pen.call(0, text).replace(/^0 /, '');
    yield {
      name: `capture.${FIRST_PID + index}`,
      text: each(17, (at) => (at % 3 === 0 ? line(NOTHING_READY) : line('read(9<pipe:[5]>, "x", 4096) = 1'))),
    };
  }
}

function* bpftraceLines(count: number, line: (index: number, at: number) => string): Generator<string> {
  yield EVENT_START;
  yield* each(count, (index) => `${line(index, 1_000_000_000 + index * 7_000)}\n`);
}

/** In front of a capture and behind it what each thread was in. */
function* silentThreads(count: number): Generator<string> {
  const lines = () =>
    each(
      count,
      (index) => `event=in ts=5 pid=${FIRST_PID + (index % 7)} tid=${FIRST_PID + index} nr=45 a=b,7f,40,0,0,0 data=\n`,
    );
  yield* lines();
  yield EVENT_START;
  yield 'ts=1000000000 dur=5 pid=7 tid=7 call=getpid ret=7\nevent=end ts=2000000000\n';
  yield* lines();
}

function* summary(count: number, name: (index: number) => string): Generator<string> {
  yield SUMMARY_HEAD;
  yield* each(count, (index) => `  0.01    0.000229          28         8         1 ${name(index)}\n`);
  yield '------ ----------- ----------- --------- --------- ----------------\n100.00    3.178868       20776       153        24 total\n';
}
