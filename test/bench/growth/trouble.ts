import { type GrowthClass, oneFile } from './growth-class.ts';
import { accepted, answered, asked, closed, each, LISTENER_READY, NOTHING_READY, Pen } from './pen.ts';

const PID = 101;
const SIGPIPE = '--- SIGPIPE {si_signo=SIGPIPE, si_code=SI_USER, si_pid=101, si_uid=0} ---';

/** Captures with more and more of what drover finds. */
export const TROUBLE: readonly GrowthClass[] = [
  oneFile('long-turns', 'turns of one loop that take 300 ms', { most: 100_003, quick: 25_013 }, (count) => {
    const pen = new Pen();
    return each(count, (index) => request(pen, PID, index, 'GET /slow', 300_000));
  }),
  oneFile(
    'long-turns-of-different-requests',
    'long turns, each for another request',
    { most: 50_021, quick: 12_503 },
    (count) => {
      const pen = new Pen();
      return each(count, (index) => request(pen, PID, index, `GET /slow/${index}`, 300_000));
    },
  ),
  oneFile(
    'long-turns-of-different-workers',
    'workers with a long turn each',
    { most: 10_007, quick: 5_003 },
    (count) => {
      const pen = new Pen();
      return each(count, (index) => request(pen, PID + index, index, 'GET /slow', 300_000));
    },
  ),
  oneFile(
    'long-turns-at-once',
    'long turns of 13 workers at the same time',
    { most: 50_021, quick: 12_503 },
    (count) => {
      const workers = 13;
      const pen = new Pen();
      function* lines(): Generator<string> {
        for (let round = 0; round * workers < count; round++) {
          for (let worker = 0; worker < workers; worker++) {
            const inode = round * workers + worker;
            yield pen.call(PID + worker, LISTENER_READY, 2);
            yield pen.call(PID + worker, accepted(11, inode));
            yield pen.call(PID + worker, asked(11, inode, 'GET /a'));
            yield pen.line(PID + worker, 'fsync(21</var/lib/queue> <unfinished ...>');
          }
          pen.pass(300_000);
          for (let worker = 0; worker < workers; worker++) {
            yield pen.call(PID + worker, '<... fsync resumed>) = 0', 300_000);
            yield pen.call(PID + worker, closed(11, round * workers + worker));
          }
        }
      }
      return lines();
    },
  ),
  oneFile('broken-pipes', 'replies to clients that have left', { most: 50_021, quick: 12_503 }, (count) => {
    const pen = new Pen();
    return each(count, (index) => [
      pen.call(PID, LISTENER_READY, 2),
      pen.call(PID, accepted(11, index)),
      pen.call(PID, asked(11, index, 'GET /a')),
      pen.pass(1_000_000),
      pen.call(PID, answered(11, index)),
      pen.call(PID, `sendto(11<socket:[${index}]>, "done", 4, 0, NULL, 0) = -1 EPIPE (Broken pipe)`),
      pen.line(PID, SIGPIPE),
      pen.call(PID, closed(11, index)),
    ]);
  }),
  oneFile(
    'broken-pipes-of-different-requests',
    'failed replies, each to another request',
    { most: 50_021, quick: 12_503 },
    (count) => {
      const pen = new Pen();
      return each(count, (index) => [
        pen.call(PID, LISTENER_READY, 2),
        pen.call(PID, accepted(11, index)),
        pen.call(PID, asked(11, index, `GET /a/${index}`)),
        pen.pass(1_000_000),
        pen.call(PID, `sendto(11<socket:[${index}]>, "done", 4, 0, NULL, 0) = -1 EPIPE (Broken pipe)`),
        pen.line(PID, SIGPIPE),
        pen.call(PID, closed(11, index)),
      ]);
    },
  ),
  oneFile('requests-abandoned', 'requests whose client leaves', { most: 50_021, quick: 12_503 }, (count) => {
    const pen = new Pen();
    return each(count, (index) => [
      pen.call(PID, LISTENER_READY, 2),
      pen.call(PID, accepted(11, index)),
      pen.call(PID, asked(11, index, 'GET /report')),
      pen.pass(500_000),
      pen.call(PID, `recvfrom(11<socket:[${index}]>, "", 8192, 0, NULL, NULL) = 0`),
      pen.call(PID, closed(11, index)),
    ]);
  }),
  oneFile('requests-repeated', 'the same order after a failed reply', { most: 50_021, quick: 12_503 }, (count) => {
    const pen = new Pen();
    return each(count, (index) => [
      pen.call(PID, LISTENER_READY, 2),
      pen.call(PID, accepted(11, index)),
      pen.call(PID, asked(11, index, 'POST /order')),
      pen.pass(1_000_000),
      ...(index % 2 === 0
        ? [
            pen.call(PID, `sendto(11<socket:[${index}]>, "done", 4, 0, NULL, 0) = -1 EPIPE (Broken pipe)`),
            pen.line(PID, SIGPIPE),
          ]
        : [pen.call(PID, answered(11, index))]),
      pen.call(PID, closed(11, index)),
    ]);
  }),
  oneFile(
    'requests-at-once',
    'connections that are open and asked at the same time',
    { most: 50_021, quick: 12_503 },
    (count) => {
      const pen = new Pen();
      function* lines(): Generator<string> {
        for (let index = 0; index < count; index++) {
          yield pen.call(PID, LISTENER_READY, 2);
          yield pen.call(PID, accepted(11 + index, index));
          yield pen.call(PID, asked(11 + index, index, 'GET /a'));
          yield pen.call(PID, NOTHING_READY, 2);
        }
        for (let index = 0; index < count; index++) {
          yield pen.call(PID, answered(11 + index, index));
          yield pen.call(PID, closed(11 + index, index));
        }
      }
      return lines();
    },
  ),
  oneFile(
    'long-turns-beside-open-requests',
    'requests that are never answered and stall the loop',
    { most: 20_011, quick: 5_003 },
    (count) => {
      const pen = new Pen();
      return each(count, (index) => [
        pen.call(PID, LISTENER_READY, 2),
        pen.call(PID, accepted(11 + index, index)),
        pen.call(PID, asked(11 + index, index, 'GET /a')),
        pen.pass(300_000),
        pen.call(PID, NOTHING_READY, 2),
      ]);
    },
  ),
  oneFile(
    'hang-ups-by-user-data',
    'clients that leave, told by user data that is no descriptor number',
    { most: 50_021, quick: 12_503 },
    (count) => {
      const pen = new Pen();
      const data = (index: number): string => `data={u32=${2_000_003 + index}, u64=${94_560_974_000_000 + index}}`;
      function* lines(): Generator<string> {
        for (let index = 0; index < count; index++) {
          const fd = `${11 + index}<socket:[${index}]>`;
          yield pen.call(PID, accepted(11 + index, index));
          yield pen.call(
            PID,
            `epoll_ctl(7<anon_inode:[eventpoll]>, EPOLL_CTL_ADD, ${fd}, {events=EPOLLIN, ${data(index)}}) = 0`,
          );
          yield pen.call(PID, asked(11 + index, index, 'GET /a'));
        }
        for (let index = 0; index < count; index++)
          yield pen.call(
            PID,
            `epoll_wait(7<anon_inode:[eventpoll]>, [{events=EPOLLIN|EPOLLHUP, ${data(index)}}], 64, 1000) = 1`,
            2,
          );
      }
      return lines();
    },
  ),
  oneFile('accepts-refused', 'accepts for which no descriptor is left', { most: 100_003, quick: 25_013 }, (count) => {
    const pen = new Pen();
    return each(count, () => [
      pen.call(PID, LISTENER_READY, 2),
      pen.call(PID, 'accept4(5<socket:[4711]>, 0x7ffc7e81a730, [16], SOCK_CLOEXEC) = -1 EMFILE (Too many open files)'),
    ]);
  }),
];

function* request(pen: Pen, pid: number, index: number, line: string, microseconds: number): Generator<string> {
  yield pen.call(pid, LISTENER_READY, 2);
  yield pen.call(pid, accepted(11, index));
  yield pen.call(pid, asked(11, index, line));
  pen.pass(microseconds);
  yield pen.call(pid, answered(11, index));
  yield pen.call(pid, closed(11, index));
  yield pen.call(pid, NOTHING_READY, 2);
}
