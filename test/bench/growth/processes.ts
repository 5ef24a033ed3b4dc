import { type GrowthClass, oneFile } from './growth-class.ts';
import {
  accepted,
  answered,
  asked,
  closed,
  each,
  LISTENER_READY,
  NOTHING_READY,
  NOTHING_TO_ACCEPT,
  Pen,
} from './pen.ts';

const MASTER = 97;
const FIRST_CHILD = 1_009;
const FORK = 'clone(child_stack=NULL, flags=CLONE_CHILD_CLEARTID|CLONE_CHILD_SETTID|SIGCHLD, child_tidptr=0x7f5a50)';
const THREAD =
  'clone(child_stack=0x7f5a50, flags=CLONE_VM|CLONE_FS|CLONE_FILES|CLONE_SIGHAND|CLONE_THREAD|CLONE_SYSVSEM)';
const CHILD_ENDED = '{si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=101, si_uid=0, si_status=0, si_utime=0, si_stime=0}';

/** Captures with more and more processes and threads: alive, ended, silent, of several generations. */
export const PROCESSES: readonly GrowthClass[] = [
  oneFile('forks-that-end', 'forks, each of which ends', { most: 200_003, full: 1_000_003, quick: 50_021 }, (count) => {
    const pen = new Pen();
    return each(count, (index) => [
      pen.call(MASTER, `${FORK} = ${FIRST_CHILD + index}`, 90),
      pen.line(FIRST_CHILD + index, 'exit_group(0)                         = ?'),
      pen.line(FIRST_CHILD + index, '+++ exited with 0 +++'),
    ]);
  }),
  oneFile(
    'forks-that-end-quietly',
    'forks of strace -qq, whose end is a call',
    { most: 200_003, full: 1_000_003, quick: 50_021 },
    (count) => {
      const pen = new Pen();
      return each(count, (index) => [
        pen.call(MASTER, `${FORK} = ${FIRST_CHILD + index}`, 90),
        pen.line(FIRST_CHILD + index, 'exit_group(0)                         = ?'),
      ]);
    },
  ),
  oneFile('threads-that-end-quietly', 'threads of strace -qq', { most: 100_003, quick: 50_021 }, (count) => {
    const pen = new Pen();
    return each(count, (index) => [
      pen.call(MASTER, `${THREAD} = ${FIRST_CHILD + index}`, 90),
      pen.line(FIRST_CHILD + index, 'exit(0)                               = ?'),
    ]);
  }),
  oneFile('processes-of-one-line', 'processes that are seen once', { most: 200_003, quick: 50_021 }, (count) => {
    const pen = new Pen();
    return each(count, (index) => pen.call(FIRST_CHILD + index, 'getpid() = 7'));
  }),
  oneFile(
    'processes-of-a-resumed-line',
    'processes of which half a call is seen',
    { most: 200_003, quick: 50_021 },
    (count) => {
      const pen = new Pen();
      return each(count, (index) => pen.call(FIRST_CHILD + index, '<... read resumed>"", 4096) = 0'));
    },
  ),
  oneFile(
    'processes-of-an-unfinished-line',
    'calls of a process each that never return',
    { most: 200_003, quick: 50_021 },
    (count) => {
      const pen = new Pen();
      return each(count, (index) => pen.line(FIRST_CHILD + index, 'read(9<pipe:[5]>,  <unfinished ...>'));
    },
  ),
  oneFile('processes-of-a-signal', 'processes of which a signal is seen', { most: 200_003, quick: 50_021 }, (count) => {
    const pen = new Pen();
    return each(count, (index) => pen.line(FIRST_CHILD + index, `--- SIGCHLD ${CHILD_ENDED} ---`));
  }),
  oneFile('processes-of-an-execve', 'programs that are started', { most: 200_003, quick: 50_021 }, (count) => {
    const pen = new Pen();
    return each(count, (index) =>
      pen.call(FIRST_CHILD + index, 'execve("/usr/bin/true", ["true"], 0x7ffd1b9950a8 /* 5 vars */) = 0'),
    );
  }),
  oneFile(
    'processes-that-wake-for-nothing',
    'processes that wake and find nothing to accept',
    { most: 40_009, quick: 20_011 },
    (count) => {
      const pen = new Pen();
      return each(count, (index) => [
        pen.call(FIRST_CHILD + index, LISTENER_READY, 2),
        pen.call(FIRST_CHILD + index, NOTHING_TO_ACCEPT),
      ]);
    },
  ),
  oneFile(
    'processes-that-only-wait',
    'processes that wait in an epoll set',
    { most: 200_003, quick: 50_021 },
    (count) => {
      const pen = new Pen();
      return each(count, (index) => pen.call(FIRST_CHILD + index, NOTHING_READY, 2));
    },
  ),
  oneFile(
    'workers-of-one-listener',
    'workers that serve, wake in vain and wait',
    { most: 20_011, quick: 10_007 },
    (count) => {
      const pen = new Pen();
      return each(count, (index) => {
        const pid = FIRST_CHILD + index;
        return [
          pen.call(pid, LISTENER_READY, 2),
          pen.call(pid, accepted(11, 5_000 + index)),
          pen.call(pid, asked(11, 5_000 + index, 'GET /a')),
          pen.call(pid, answered(11, 5_000 + index)),
          pen.call(pid, closed(11, 5_000 + index)),
          pen.call(pid, LISTENER_READY, 2),
          pen.call(pid, NOTHING_TO_ACCEPT),
          pen.call(pid, NOTHING_READY, 2),
        ];
      });
    },
  ),
  oneFile('workers-replaced', 'workers, each replaced after a request', { most: 40_009, quick: 20_011 }, (count) => {
    const pen = new Pen();
    return each(count, (index) => {
      const pid = FIRST_CHILD + index;
      return [
        pen.call(MASTER, `${FORK} = ${pid}`, 90),
        pen.call(pid, LISTENER_READY, 2),
        pen.call(pid, accepted(11, 5_000 + index)),
        pen.call(pid, asked(11, 5_000 + index, 'GET /a')),
        pen.call(pid, answered(11, 5_000 + index)),
        pen.line(pid, 'exit_group(0)                         = ?'),
        pen.line(pid, '+++ exited with 0 +++'),
      ];
    });
  }),
  oneFile('workers-killed', 'workers that are killed', { most: 40_009, quick: 20_011 }, (count) => {
    const pen = new Pen();
    return each(count, (index) => {
      const pid = FIRST_CHILD + index;
      return [
        pen.call(MASTER, `${FORK} = ${pid}`, 90),
        pen.call(pid, LISTENER_READY, 2),
        pen.call(pid, accepted(11, 5_000 + index)),
        pen.call(MASTER, `kill(${pid}, SIGABRT) = 0`),
        pen.line(pid, `--- SIGABRT {si_signo=SIGABRT, si_code=SI_USER, si_pid=${MASTER}, si_uid=0} ---`),
        pen.line(pid, '+++ killed by SIGABRT +++'),
        pen.line(MASTER, `--- SIGCHLD ${CHILD_ENDED} ---`),
      ];
    });
  }),
  oneFile('herd-on-one-listener', 'wake-ups of the same 97 workers', { most: 400_009, quick: 100_003 }, (count) => {
    const pen = new Pen({ step: 13 });
    const workers = 97;
    return each(Math.ceil(count / workers), (round) =>
      each(workers, (index) => [
        pen.call(FIRST_CHILD + index, LISTENER_READY, 200),
        ...(index === round % workers
          ? [
              pen.call(FIRST_CHILD + index, accepted(11, 5_000 + round)),
              pen.call(FIRST_CHILD + index, closed(11, 5_000 + round)),
            ]
          : [pen.call(FIRST_CHILD + index, NOTHING_TO_ACCEPT)]),
      ]),
    );
  }),
  oneFile(
    'modules-of-a-worker',
    'modules that 7 workers each load after the fork',
    { most: 20_011, quick: 5_003 },
    (count) => {
      const pen = new Pen();
      const workers = 7;
      const names = Array.from({ length: workers }, (_, index) => FIRST_CHILD + index);
      function* lines(): Generator<string> {
        yield pen.call(
          MASTER,
          'execve("/usr/bin/gunicorn", ["gunicorn", "-w", "7", "app:app"], 0x7ffd1b9950a8 /* 5 vars */) = 0',
          283,
        );
        for (const pid of names) yield pen.call(MASTER, `${FORK} = ${pid}`, 500);
        for (let index = 0; index < count; index++) {
          const path = `/srv/shop/__pycache__/part_${index}.cpython-311.pyc`;
          for (const pid of names)
            yield pen.call(pid, `openat(AT_FDCWD</srv/shop>, "${path}", O_RDONLY|O_CLOEXEC) = 9<${path}>`);
        }
        for (const pid of names) yield pen.call(pid, NOTHING_TO_ACCEPT);
      }
      return lines();
    },
  ),
  oneFile(
    'workers-that-load-modules',
    'workers that each load 29 modules after the fork',
    { most: 5_003, quick: 2_003 },
    (count) => {
      const pen = new Pen();
      function* lines(): Generator<string> {
        yield pen.call(
          MASTER,
          'execve("/usr/bin/gunicorn", ["gunicorn", "-w", "7", "app:app"], 0x7ffd1b9950a8 /* 5 vars */) = 0',
          283,
        );
        for (let worker = 0; worker < count; worker++) {
          const pid = FIRST_CHILD + worker;
          yield pen.call(MASTER, `${FORK} = ${pid}`, 500);
          for (let index = 0; index < 29; index++) {
            const path = `/srv/shop/__pycache__/part_${index}.cpython-311.pyc`;
            yield pen.call(pid, `openat(AT_FDCWD</srv/shop>, "${path}", O_RDONLY|O_CLOEXEC) = 9<${path}>`);
          }
          yield pen.call(pid, NOTHING_TO_ACCEPT);
        }
      }
      return lines();
    },
  ),
  oneFile('names-of-threads', 'names that one thread gives itself', { most: 200_003, quick: 50_021 }, (count) => {
    const pen = new Pen();
    return each(count, (index) => pen.call(MASTER, `prctl(PR_SET_NAME, "job-${index}") = 0`));
  }),
  oneFile(
    'names-beside-pids',
    'processes with a name beside each pid (strace -Y)',
    { most: 100_003, quick: 50_021 },
    (count) => {
      const pen = new Pen();
      return each(count, (index) => pen.call(FIRST_CHILD + index, 'getpid() = 7').replace(' ', `<job-${index}> `));
    },
  ),
  oneFile(
    'processes-named-in-a-chain',
    'processes, each of which says that it is a thread of the next',
    { most: 100_003, quick: 25_013 },
    (count) => {
      const pen = new Pen();
      return each(count, (index) => pen.call(FIRST_CHILD + index, `getpid() = ${FIRST_CHILD + index + 1}`));
    },
  ),
  oneFile(
    'threads-that-end-together',
    'threads that live at the same time and then end',
    { most: 100_003, quick: 25_013 },
    (count) => {
      const pen = new Pen();
      function* lines(): Generator<string> {
        for (let index = 0; index < count; index++) {
          yield pen.call(MASTER, `${THREAD} = ${FIRST_CHILD + index}`, 90);
          yield pen.call(FIRST_CHILD + index, NOTHING_READY, 2);
        }
        for (let index = 0; index < count; index++)
          yield pen.line(FIRST_CHILD + count - 1 - index, '+++ exited with 0 +++');
      }
      return lines();
    },
  ),
  oneFile(
    'processes-over-days',
    'processes that are seen once, a minute apart',
    { most: 100_003, quick: 25_013 },
    (count) => {
      const pen = new Pen({ step: 60_000_000 });
      return each(count, (index) => pen.call(FIRST_CHILD + index, 'getpid() = 7'));
    },
  ),
  oneFile(
    'accepts-without-waits',
    'accepts that find nothing in a capture without times and waits',
    { most: 400_009, quick: 100_003 },
    (count) => each(count, (index) => `${FIRST_CHILD + (index % 7)} ${NOTHING_TO_ACCEPT}\n`),
  ),
  oneFile('signals-to-one-process', 'signals to one process', { most: 400_009, quick: 100_003 }, (count) => {
    const pen = new Pen();
    return each(count, () => [pen.call(MASTER, 'getpid() = 97'), pen.line(MASTER, `--- SIGCHLD ${CHILD_ENDED} ---`)]);
  }),
  oneFile(
    'threads-on-a-terminal',
    'threads that strace on a terminal attaches to',
    { most: 100_003, quick: 25_013 },
    (count) => {
      return each(count, (index) => [
        `strace: Process ${FIRST_CHILD + index} attached\n`,
        `[pid ${FIRST_CHILD + index}] 02:13:20.000007 getppid() = 1\n`,
      ]);
    },
  ),
  oneFile(
    'lines-of-nobody-on-a-terminal',
    'lines without a pid among eight thousand threads',
    { most: 400_009, quick: 100_003 },
    function* (count) {
      for (let index = 0; index < 8_009; index++) yield `[pid ${FIRST_CHILD + index}] 02:13:20.000007 getppid() = 1\n`;
      yield* each(count, () => '02:13:20.000007 <... read resumed>"x", 1) = 1\n');
    },
  ),
];
