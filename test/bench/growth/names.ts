import { type GrowthClass, oneFile } from './growth-class.ts';
import { accepted, answered, asked, closed, each, LISTENER_READY, Pen } from './pen.ts';

const PID = 101;
const FIRST_THREAD = 1_009;

/** Captures with more and more names: of errors, calls, files, locks, requests, hosts, functions. */
export const NAMES: readonly GrowthClass[] = [
  oneFile('errors', 'names of errors', { most: 200_003, full: 1_000_003, quick: 50_021 }, (count) => {
    const pen = new Pen();
    return each(count, (index) => pen.call(PID, `read(9<pipe:[5]>, 0x7ffc, 1) = -1 E${letters(index)} (Invented)`));
  }),
  oneFile('calls', 'names of system calls', { most: 200_003, quick: 50_021 }, (count) => {
    const pen = new Pen();
    return each(count, (index) => [pen.call(PID, 'getpid() = 101'), pen.call(PID, `call_${index}(9) = 0`)]);
  }),
  oneFile('requests', 'different requests', { most: 100_003, quick: 25_013 }, (count) => {
    const pen = new Pen();
    return each(count, (index) => [
      pen.call(PID, LISTENER_READY, 2),
      pen.call(PID, accepted(11, 5_000 + index)),
      pen.call(PID, asked(11, 5_000 + index, `GET /item/${index}`)),
      pen.call(PID, answered(11, 5_000 + index)),
      pen.call(PID, closed(11, 5_000 + index)),
    ]);
  }),
  oneFile('files', 'files that are opened and closed', { most: 200_003, quick: 50_021 }, (count) => {
    const pen = new Pen();
    return each(count, (index) => [
      pen.call(
        PID,
        `openat(AT_FDCWD, "/var/lib/data/item-${index}", O_RDONLY|O_CLOEXEC) = 9</var/lib/data/item-${index}>`,
      ),
      pen.call(PID, `close(9</var/lib/data/item-${index}>) = 0`),
    ]);
  }),
  oneFile(
    'files-synced',
    'files that a worker writes through to the disk',
    { most: 50_021, quick: 12_503 },
    (count) => {
      const pen = new Pen();
      return each(count, (index) => [
        pen.call(PID, LISTENER_READY, 2),
        pen.call(PID, accepted(11, 5_000 + index)),
        pen.call(PID, asked(11, 5_000 + index, 'POST /item')),
        ...slow(pen, `fsync(21</var/lib/data/item-${index}>) = 0`, 127_000),
        pen.call(PID, answered(11, 5_000 + index)),
        pen.call(PID, closed(11, 5_000 + index)),
      ]);
    },
  ),
  oneFile('files-locked', 'files that are locked', { most: 100_003, quick: 25_013 }, (count) => {
    const pen = new Pen();
    return each(count, (index) => [
      pen.call(PID, `flock(21</var/lib/item-${index}.lock>, LOCK_EX) = 0`, 20_000),
      pen.call(PID, `flock(21</var/lib/item-${index}.lock>, LOCK_UN) = 0`),
    ]);
  }),
  oneFile(
    'files-locked-and-waited-for',
    'locked files that a second worker waits for',
    { most: 50_021, quick: 12_503 },
    (count) => {
      const pen = new Pen();
      return each(count, (index) => [
        pen.call(PID, `flock(21</var/lib/item-${index}.lock>, LOCK_EX) = 0`),
        pen.line(PID + 1, `flock(21</var/lib/item-${index}.lock>, LOCK_EX <unfinished ...>`),
        pen.pass(20_000),
        pen.call(PID, `flock(21</var/lib/item-${index}.lock>, LOCK_UN) = 0`),
        pen.call(PID + 1, '<... flock resumed>) = 0', 20_000),
        pen.call(PID + 1, `flock(21</var/lib/item-${index}.lock>, LOCK_UN) = 0`),
      ]);
    },
  ),
  oneFile('futex-words', 'futex words', { most: 200_003, quick: 50_021 }, (count) => {
    const pen = new Pen();
    return each(count, (index) =>
      pen.call(
        PID,
        `futex(0x7f${(index * 8).toString(16).padStart(10, '0')}, FUTEX_WAIT_BITSET_PRIVATE, 0, NULL, FUTEX_BITSET_MATCH_ANY) = 0`,
        20_000,
      ),
    );
  }),
  oneFile('futex-waiters', 'threads that wait for one futex word', { most: 100_003, quick: 50_021 }, (count) => {
    const pen = new Pen();
    function* lines(): Generator<string> {
      for (let index = 0; index < count; index++)
        yield pen.line(FIRST_THREAD + index, 'futex(0x7f5a50, FUTEX_WAIT_PRIVATE, 2, NULL <unfinished ...>');
      for (let index = 0; index < count; index++) {
        yield pen.call(PID, 'futex(0x7f5a50, FUTEX_WAKE_PRIVATE, 1) = 1');
        yield pen.call(FIRST_THREAD + index, '<... futex resumed>) = 0', 20_000);
      }
    }
    return lines();
  }),
  oneFile('hosts-looked-up', 'host names that are looked up', { most: 50_021, quick: 12_503 }, (count) => {
    const pen = new Pen();
    return each(count, (index) => {
      const fd = `12<socket:[${5_000 + index}]>`;
      const host = `h${String(index).padStart(6, '0')}`;
      return [
        pen.call(PID, `socket(AF_INET, SOCK_DGRAM|SOCK_CLOEXEC|SOCK_NONBLOCK, IPPROTO_IP) = ${fd}`),
        pen.call(
          PID,
          `connect(${fd}, {sa_family=AF_INET, sin_port=htons(53), sin_addr=inet_addr("10.0.0.2")}, 16) = 0`,
        ),
        pen.call(
          PID,
          `sendto(${fd}, "\\20\\6\\1\\0\\0\\1\\0\\0\\0\\0\\0\\0\\7${host}\\7example\\0\\0\\1\\0\\1", 33, MSG_NOSIGNAL, NULL, 0) = 33`,
        ),
        ...slow(pen, `poll([{fd=${fd}, events=POLLIN}], 1, 1000) = 1 ([{fd=12, revents=POLLIN}])`, 50_000),
        pen.call(
          PID,
          `recvfrom(${fd}, "\\20\\6\\201\\200\\0\\1\\0\\1\\0\\0\\0\\0\\7${host}\\7example\\0\\0\\1\\0\\1", 1024, 0, NULL, NULL) = 49`,
        ),
        pen.call(PID, `close(${fd}) = 0`),
      ];
    });
  }),
  oneFile(
    'functions-on-stacks',
    'functions on recorded stacks (strace -k)',
    { most: 100_003, quick: 25_013 },
    (count) => {
      const pen = new Pen();
      return each(count, (index) => [
        pen.call(PID, 'sendto(7<socket:[5001]>, "<14>session expired\\0", 20, 0, NULL, 0) = 20'),
        ' > /usr/lib/x86_64-linux-gnu/libc.so.6(send+0x19) [0x10ab59]\n',
        ` > /usr/bin/python3.11(function_${index}+0x63) [0x${(0x10b780 + index).toString(16)}]\n`,
        ` > /usr/lib/part_${index}.so(handle_weakrefs+0xf3) [0x10b840]\n`,
        ' > /usr/bin/python3.11(gc_collect_main+0x785) [0x10b880]\n',
      ]);
    },
  ),
  oneFile('frames-of-one-stack', 'frames below one call', { most: 400_009, quick: 100_003 }, (count) => {
    const pen = new Pen();
    function* lines(): Generator<string> {
      yield pen.call(PID, 'sendto(7<socket:[5001]>, "x", 1, 0, NULL, 0) = 1');
      yield* each(count, (index) => ` > /usr/bin/python3.11(function_${index}+0x63) [0x10b780]\n`);
    }
    return lines();
  }),
];

/** Letters of which every number gives others. */
function letters(index: number): string {
  return [...index.toString(26)].map((digit) => String.fromCharCode(65 + Number.parseInt(digit, 26))).join('');
}

function* slow(pen: Pen, call: string, microseconds: number): Generator<string> {
  yield pen.call(PID, call, microseconds);
  pen.pass(microseconds);
}
