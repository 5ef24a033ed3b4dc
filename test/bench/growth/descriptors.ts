import { type GrowthClass, oneFile } from './growth-class.ts';
import { accepted, each, LISTENER_READY, NOTHING_READY, Pen } from './pen.ts';

const PID = 101;
const MASTER = 97;
const FIRST_CHILD = 1_009;
const FORK = 'clone(child_stack=NULL, flags=CLONE_CHILD_CLEARTID|CLONE_CHILD_SETTID|SIGCHLD, child_tidptr=0x7f5a50)';
const DESCRIPTORS_OF_THE_MASTER = 2_003;

/** Captures with more and more descriptors, sockets, listeners and epoll sets. */
export const DESCRIPTORS: readonly GrowthClass[] = [
  oneFile(
    'forks-of-2003-descriptors',
    'forks of a process with 2,003 descriptors',
    { most: 20_011, full: 100_003, quick: 10_007 },
    (count) => forksOfMany(count, 'exit_group(0)                         = ?\n', '+++ exited with 0 +++\n'),
  ),
  oneFile(
    'forks-of-2003-descriptors-quietly',
    'the same of strace -qq',
    { most: 20_011, full: 100_003, quick: 10_007 },
    (count) => forksOfMany(count, 'exit_group(0)                         = ?\n'),
  ),
  oneFile('forks-of-2003-descriptors-alive', 'the same, none of which ends', { most: 20_011, quick: 10_007 }, (count) =>
    forksOfMany(count, 'close(17) = 0 <0.000003>\n'),
  ),
  oneFile('descriptors-open', 'files that are opened and stay open', { most: 200_003, quick: 50_021 }, (count) => {
    const pen = new Pen();
    return each(count, (index) =>
      pen.call(PID, `openat(AT_FDCWD, "/var/lib/data", O_RDONLY|O_CLOEXEC) = ${9 + index}</var/lib/data>`),
    );
  }),
  oneFile(
    'descriptors-named',
    'descriptors that are read and were never opened',
    { most: 200_003, quick: 50_021 },
    (count) => {
      const pen = new Pen();
      return each(count, (index) => pen.call(PID, `read(${9 + index}<socket:[${5_000 + index}]>, "x", 4096) = 1`));
    },
  ),
  oneFile(
    'connections-never-closed',
    'connections that are accepted and never closed',
    { most: 200_003, quick: 50_021 },
    (count) => {
      const pen = new Pen();
      return each(count, (index) => [
        pen.call(PID, LISTENER_READY, 2),
        pen.call(PID, accepted(11 + index, 5_000 + index)),
      ]);
    },
  ),
  oneFile(
    'connections-half-read',
    'connections that ended and are never closed',
    { most: 100_003, quick: 25_013 },
    (count) => {
      const pen = new Pen();
      return each(count, (index) => [
        pen.call(PID, LISTENER_READY, 2),
        pen.call(PID, accepted(11 + index, 5_000 + index)),
        pen.call(PID, `recvfrom(${11 + index}<socket:[${5_000 + index}]>, "", 4096, 0, NULL, NULL) = 0`),
      ]);
    },
  ),
  oneFile('epoll-sets', 'epoll sets of one process', { most: 200_003, quick: 50_021 }, (count) => {
    const pen = new Pen();
    return each(count, (index) => pen.call(PID, `epoll_create1(EPOLL_CLOEXEC) = ${9 + index}<anon_inode:[eventpoll]>`));
  }),
  oneFile(
    'epoll-sets-waited-in',
    'epoll sets, each of which is waited in',
    { most: 100_003, quick: 25_013 },
    (count) => {
      const pen = new Pen();
      return each(count, (index) =>
        pen.call(PID, `epoll_wait(${9 + index}<anon_inode:[eventpoll]>, [], 64, 10) = 0`, 2),
      );
    },
  ),
  oneFile('descriptors-in-one-epoll-set', 'descriptors in one epoll set', { most: 200_003, quick: 50_021 }, (count) => {
    const pen = new Pen();
    const add = (fd: number): string =>
      `epoll_ctl(7<anon_inode:[eventpoll]>, EPOLL_CTL_ADD, ${fd}<socket:[${fd}]>, {events=EPOLLIN, data={u32=${fd}, u64=${fd}}}) = 0`;
    return each(count, (index) => [
      pen.call(PID, add(9 + index)),
      ...(index % 11 === 0 ? [pen.call(PID, NOTHING_READY, 2)] : []),
    ]);
  }),
  oneFile('listeners', 'sockets that are bound and listened on', { most: 50_021, quick: 20_011 }, (count) => {
    const pen = new Pen();
    return each(count, (index) => {
      const fd = `${9 + index}<socket:[${5_000 + index}]>`;
      return [
        pen.call(PID, `socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_IP) = ${fd}`),
        pen.call(
          PID,
          `bind(${fd}, {sa_family=AF_INET, sin_port=htons(${port(index)}), sin_addr=inet_addr("${address(index)}")}, 16) = 0`,
        ),
        pen.call(PID, `listen(${fd}, 128) = 0`),
      ];
    });
  }),
  oneFile(
    'listeners-with-workers',
    'listeners with SO_REUSEPORT, a worker and a connection each',
    { most: 10_007, quick: 5_003 },
    (count) => {
      const pen = new Pen();
      return each(count, (index) => {
        const pid = FIRST_CHILD + index;
        const fd = `5<socket:[${50_000 + index}]>`;
        const ready = 'epoll_wait(7<anon_inode:[eventpoll]>, [{events=EPOLLIN, data={u32=5, u64=5}}], 64, 1000) = 1';
        return [
          pen.call(pid, `socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_IP) = ${fd}`),
          pen.call(pid, `setsockopt(${fd}, SOL_SOCKET, SO_REUSEPORT, [1], 4) = 0`),
          pen.call(
            pid,
            `bind(${fd}, {sa_family=AF_INET, sin_port=htons(8000), sin_addr=inet_addr("10.0.0.1")}, 16) = 0`,
          ),
          pen.call(pid, `listen(${fd}, 128) = 0`),
          pen.call(pid, ready, 2),
          pen.call(pid, `accept4(${fd}, NULL, NULL, SOCK_CLOEXEC|SOCK_NONBLOCK) = 11<socket:[${500_000 + index}]>`),
          pen.call(pid, ready, 2),
          pen.call(pid, `accept4(${fd}, NULL, NULL, SOCK_CLOEXEC|SOCK_NONBLOCK) = 12<socket:[${900_000 + index}]>`),
        ];
      });
    },
  ),
  oneFile('clients', 'addresses that are connected to', { most: 100_003, quick: 25_013 }, (count) => {
    const pen = new Pen();
    return each(count, (index) => {
      const fd = `9<socket:[${5_000 + index}]>`;
      return [
        pen.call(PID, `socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_IP) = ${fd}`),
        pen.call(
          PID,
          `connect(${fd}, {sa_family=AF_INET, sin_port=htons(${port(index)}), sin_addr=inet_addr("${address(index)}")}, 16) = 0`,
        ),
        pen.call(PID, `sendto(${fd}, "GET /upstream HTTP/1.1\\r\\n", 24, 0, NULL, 0) = 24`),
        pen.call(PID, `recvfrom(${fd}, "HTTP/1.1 200 OK\\r\\n", 8192, 0, NULL, NULL) = 17`, 20_000),
        pen.call(PID, `close(${fd}) = 0`),
      ];
    });
  }),
  oneFile('pipes', 'pipes that stay open', { most: 200_003, quick: 50_021 }, (count) => {
    const pen = new Pen();
    return each(count, (index) => {
      const pipe = `pipe:[${5_000 + index}]`;
      return pen.call(PID, `pipe2([${9 + 2 * index}<${pipe}>, ${10 + 2 * index}<${pipe}>], O_CLOEXEC) = 0`);
    });
  }),
  oneFile('descriptors-duplicated', 'duplicates of one descriptor', { most: 200_003, quick: 50_021 }, (count) => {
    const pen = new Pen();
    return each(count, (index) => pen.call(PID, `dup2(5<socket:[4711]>, ${9 + index}) = ${9 + index}<socket:[4711]>`));
  }),
  oneFile('descriptors-passed', 'descriptors passed over a unix socket', { most: 100_003, quick: 25_013 }, (count) => {
    const pen = new Pen();
    const message = (fd: number): string =>
      `{msg_name=NULL, msg_namelen=0, msg_iov=[{iov_base="x", iov_len=1}], msg_iovlen=1, msg_control=[{cmsg_len=20, cmsg_level=SOL_SOCKET, cmsg_type=SCM_RIGHTS, cmsg_data=[${fd}]}], msg_controllen=24, msg_flags=0}`;
    return each(count, (index) => [
      pen.call(MASTER, `sendmsg(4<socket:[77]>, ${message(11)}, 0) = 1`),
      pen.call(PID, `recvmsg(4<socket:[78]>, ${message(11 + index)}, 0) = 1`),
    ]);
  }),
];

/** A master that opens 2,003 descriptors and then forks; each child does one thing. */
function* forksOfMany(count: number, ...deeds: readonly string[]): Generator<string> {
  const pen = new Pen();
  for (let index = 0; index < DESCRIPTORS_OF_THE_MASTER; index++)
    yield pen.call(
      MASTER,
      `openat(AT_FDCWD, "/var/lib/data-${index}", O_RDONLY) = ${9 + index}</var/lib/data-${index}>`,
    );
  for (let index = 0; index < count; index++) {
    yield pen.call(MASTER, `${FORK} = ${FIRST_CHILD + index}`, 90);
    for (const deed of deeds) yield pen.line(FIRST_CHILD + index, deed.trimEnd());
  }
}

/** Addresses and ports that differ for each number below some billions. */
function address(index: number): string {
  return `10.${(index >> 16) & 255}.${(index >> 8) & 255}.${index & 255}`;
}

function port(index: number): number {
  return 1_024 + (index % 60_000);
}
