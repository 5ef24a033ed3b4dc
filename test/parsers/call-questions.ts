import { bpftraceFormat } from '../../parsers/bpftrace/format.ts';
import type { TraceFormat } from '../../parsers/format.ts';
import { LaneTable } from '../../parsers/lanes.ts';
import { perfTraceFormat } from '../../parsers/perf-trace/format.ts';
import { straceFormat } from '../../parsers/strace/format.ts';
import { type CallArguments, EVENT } from '../../src/trace/call-arguments.ts';
import { createTimeOrigin } from '../../src/trace/time.ts';
import { bytes, type Printed, printed, START } from '../support/printed-lines.ts';

/** One question, and the same call in the words of several formats. */
export interface Row {
  readonly title: string;
  readonly ask: (told: CallArguments) => unknown;
  readonly answer: unknown;
  /** Lines of strace 4, 5, 6, with -y, -yy, -X, -N. */
  readonly strace?: readonly string[];
  readonly perf?: readonly string[];
  readonly bpftrace?: readonly (Omit<Printed, 'tid' | 'at'> | string)[];
}

export type Ask = Row['ask'];

export function parsed(format: TraceFormat, text: string, take: (told: CallArguments) => void): void {
  const chunk = Buffer.from(text);
  const parser = format.createParser(chunk, { file: 'made-up', lanes: new LaneTable(), origin: createTimeOrigin() });
  parser.push(chunk);
  for (let record = parser.next(); record !== null; record = parser.next())
    if (record.kind === 'call') take(record.arguments);
  parser.end();
  for (let record = parser.next(); record !== null; record = parser.next())
    if (record.kind === 'call') take(record.arguments);
  for (const call of parser.inFlight()) take(call.arguments);
}

const V4 = `${bytes([2, 2])}\\x1f\\x90${bytes([10, 1], [0, 1], [0, 1], [7, 1], [0, 8])}`;
const V6 = `${bytes([10, 2])}\\x01\\xbb${bytes([0, 4])}${bytes([0, 15], [1, 1], [0, 4])}`;
const UNIX = `${bytes([1, 2])}/run/x.sock${bytes([0, 3])}`;
const SOCKETS: Row['bpftrace'] = [{ call: 'connect', args: [9, 1, 16], data: V4 }];

export const ROWS: readonly Row[] = [
  {
    title: 'the address of a connect of IPv4',
    ask: (told) => told.socketAddress(),
    answer: '10.0.0.7:8080',
    strace: [
      'connect(9, {sa_family=AF_INET, sin_port=htons(8080), sin_addr=inet_addr("10.0.0.7")}, 16) = 0',
      'connect(9<socket:[11]>, {sa_family=AF_INET, sin_port=htons(8080), sin_addr=inet_addr("10.0.0.7")}, 16) = 0',
      'connect(fd=9<TCP:[11]>, addr={sa_family=AF_INET, sin_port=htons(8080), sin_addr=inet_addr("10.0.0.7")}, addrlen=16) = 0',
      'connect(9, {sa_family=0x2, sin_port=htons(8080), sin_addr=inet_addr("10.0.0.7")}, 16) = 0',
      'connect(9, {sa_family=0x2 /* AF_INET */, sin_port=htons(8080), sin_addr=inet_addr("10.0.0.7")}, 16) = 0',
      'connect(9, {sa_family=0x2, sin_port="\\x1f\\x90", sin_addr="\\x0a\\x00\\x00\\x07"}, 16) = 0',
      'connect(9, {sa_family=0x2 /* AF_INET */, sin_port="\\x1f\\x90" /* htons(8080) */, sin_addr="\\x0a\\x00\\x00\\x07" /* inet_addr("10.0.0.7") */}, 16) = 0',
      'connect(9, {sa_family=0xa, sin6_port="\\x1f\\x90", sin6_flowinfo="\\x00\\x00\\x00\\x00", sin6_addr="\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\xff\\xff\\x0a\\x00\\x00\\x07", sin6_scope_id=0}, 28) = 0',
    ],
    bpftrace: [...SOCKETS, 'ts=1 tid=7 call=connect fd=9 peer=10.0.0.7:8080 ret=0'],
  },
  {
    title: 'the address of a connect of IPv6',
    ask: (told) => told.socketAddress(),
    answer: '[::1]:443',
    strace: [
      'connect(9, {sa_family=AF_INET6, sin6_port=htons(443), inet_pton(AF_INET6, "::1", &sin6_addr), sin6_flowinfo=0, sin6_scope_id=0}, 28) = 0',
      'connect(9, {sa_family=AF_INET6, sin6_port=htons(443), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, "::1", &sin6_addr), sin6_scope_id=0}, 28) = 0',
      'connect(9, {sa_family=0xa, sin6_port="\\x01\\xbb", sin6_flowinfo="\\x00\\x00\\x00\\x00", sin6_addr="\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x01", sin6_scope_id=0}, 28) = 0',
    ],
    bpftrace: [{ call: 'connect', args: [9, 1, 28], data: V6 }, 'ts=1 tid=7 call=connect fd=9 peer=[::1]:443 ret=0'],
  },
  {
    title: 'the path of a unix socket',
    ask: (told) => told.socketAddress(),
    answer: 'unix:/run/x.sock',
    strace: [
      'connect(9, {sa_family=AF_LOCAL, sun_path="/run/x.sock"}, 110) = 0',
      'connect(9<UNIX-STREAM:[4711]>, {sa_family=AF_UNIX, sun_path="/run/x.sock"}, 110) = 0',
    ],
    bpftrace: [
      { call: 'connect', args: [9, 1, 14], data: UNIX },
      'ts=1 tid=7 call=connect fd=9 peer=unix:/run/x.sock ret=0',
    ],
  },
  {
    title: 'the client of an accept as a number',
    ask: (told) => told.inetAddress,
    answer: (10 * 2 ** 24 + 7) * 65_536 + 8080,
    strace: [
      'accept4(5<socket:[1]>, {sa_family=AF_INET, sin_port=htons(8080), sin_addr=inet_addr("10.0.0.7")}, [16], SOCK_CLOEXEC) = 12<socket:[2]>',
      'accept4(5<TCP:[0.0.0.0:80]>, {sa_family=AF_INET, sin_port=htons(8080), sin_addr=inet_addr("10.0.0.7")}, [128->16], SOCK_CLOEXEC) = 12',
    ],
    bpftrace: [{ call: 'accept4', ret: 12, args: [5, 1, 1, 0], data: V4 }],
  },
  {
    title: 'an accepted socket does not block',
    ask: (told) => told.has('SOCK_NONBLOCK'),
    answer: true,
    strace: [
      'accept4(5, NULL, NULL, SOCK_CLOEXEC|SOCK_NONBLOCK) = 12',
      'accept4(5<TCP:[0.0.0.0:80]>, NULL, NULL, SOCK_NONBLOCK) = 12',
      'accept4(5<socket:[9]>, NULL, NULL, 0x80800) = 12<socket:[10]>',
      'accept4(5, {sa_family=0x2, sin_port=htons(2), sin_addr=inet_addr("127.0.0.1")}, [16], 0x800) = 12',
    ],
    perf: ['accept4(fd: 5<socket:[1]>, flags: 526336) = 12', 'accept4(fd: 5, flags: CLOEXEC|NONBLOCK) = 12'],
    bpftrace: [{ call: 'accept4', ret: 12, args: [5, 0, 0, 0o2004000] }],
  },
  {
    title: 'an accepted socket blocks',
    ask: (told) => told.has('SOCK_NONBLOCK'),
    answer: false,
    strace: ['accept4(5, NULL, NULL, SOCK_CLOEXEC) = 12', 'accept(5, NULL, NULL) = 12'],
    perf: ['accept4(fd: 5<socket:[1]>, flags: 524288) = 12'],
    bpftrace: [{ call: 'accept4', ret: 12, args: [5, 0, 0, 0o2000000] }],
  },
  {
    title: 'a change of an epoll set',
    ask: (told) => told.epollChange(),
    answer: { operation: 'ADD', fd: 5, label: '', events: EVENT.IN | EVENT.EXCLUSIVE, data: 13 },
    strace: [
      'epoll_ctl(7, EPOLL_CTL_ADD, 5, {EPOLLIN|EPOLLEXCLUSIVE, {u32=13, u64=13}}) = 0',
      'epoll_ctl(7<anon_inode:[eventpoll]>, EPOLL_CTL_ADD, 5, {events=EPOLLIN|EPOLLEXCLUSIVE, data={u32=13, u64=13}}) = 0',
      'epoll_ctl(epfd=7, op=EPOLL_CTL_ADD, fd=5, event={events=EPOLLIN|EPOLLEXCLUSIVE, data={u32=13, u64=13}}) = 0',
      'epoll_ctl(7, 0x1, 5, {events=0x10000001, data={u32=13, u64=13}}) = 0',
      'epoll_ctl(7<anon_inode:[eventpoll]>, 0x1, 5, {events=0x10000001, data={u32=13, u64=13}}) = 0',
      'epoll_ctl(7, 0x1 /* EPOLL_CTL_ADD */, 5, {events=0x10000001 /* EPOLLIN|EPOLLEXCLUSIVE */, data={u32=13, u64=13}}) = 0',
    ],
    bpftrace: [{ call: 'epoll_ctl', args: [7, 1, 5, 1], data: bytes([0x10000001, 4], [13, 4], [0, 4]) }],
  },
  {
    title: 'a change whose event was not traced',
    ask: (told) => told.epollChange(),
    answer: { operation: 'DEL', fd: 5, label: '', events: 0, data: 5 },
    strace: [
      'epoll_ctl(7, EPOLL_CTL_DEL, 5, NULL) = 0',
      'epoll_ctl(7, EPOLL_CTL_DEL, 5, 0x7ffd) = 0',
      'epoll_ctl(7, 0x2, 5, 0x7ffd) = 0',
    ],
    perf: ['epoll_ctl(epfd: 7<anon_inode:[eventpoll]>, op: DEL, fd: 5) = 0'],
    bpftrace: [{ call: 'epoll_ctl', args: [7, 2, 5, 0] }],
  },
  {
    title: 'what an epoll_wait reported',
    ask: (told) => told.ready(),
    answer: [
      { events: EVENT.IN | EVENT.RDHUP, data: 5 },
      { events: EVENT.OUT, data: 6 },
    ],
    strace: [
      'epoll_wait(7, [{EPOLLIN|EPOLLRDHUP, {u32=5, u64=5}}, {EPOLLOUT, {u32=6, u64=6}}], 64, -1) = 2',
      'epoll_wait(7<anon_inode:[eventpoll]>, [{events=EPOLLIN|EPOLLRDHUP, data={u32=5, u64=5}}, {events=EPOLLOUT, data={u32=6, u64=6}}], 64, -1) = 2',
      'epoll_wait(7, [{events=0x2001, data={u32=5, u64=5}}, {events=0x4, data={u32=6, u64=6}}], 64, -1) = 2',
      'epoll_wait(7, [{events=0x2001 /* EPOLLIN|EPOLLRDHUP */, data={u32=5, u64=5}}, {events=0x4 /* EPOLLOUT */, data={u32=6, u64=6}}], 64, -1) = 2',
    ],
    bpftrace: [{ call: 'epoll_wait', ret: 2, args: [7, 1, 64, -1], data: bytes([0x2001, 4], [5, 8], [4, 4], [6, 8]) }],
  },
  {
    title: 'a hang-up among what an epoll_wait reported',
    ask: (told) => told.has('HUP'),
    answer: true,
    strace: [
      'epoll_wait(7, [{EPOLLIN|EPOLLRDHUP, {u32=5, u64=5}}], 64, -1) = 1',
      'epoll_wait(7, [{events=EPOLLIN|EPOLLHUP, data={u32=5, u64=5}}], 64, -1) = 1',
      'epoll_wait(7, [{events=0x2001, data={u32=5, u64=5}}], 64, -1) = 1',
      'epoll_wait(7, [{events=0x1, data={u32=6, u64=6}}, {events=0x11, data={u32=5, u64=5}}], 64, -1) = 2',
    ],
    bpftrace: [{ call: 'epoll_wait', ret: 1, args: [7, 1, 64, -1], data: bytes([0x10, 4], [5, 8]) }],
  },
  {
    title: 'no hang-up among what an epoll_wait reported',
    ask: (told) => told.has('HUP'),
    answer: false,
    strace: [
      'epoll_wait(7, [{events=EPOLLIN, data={u32=5, u64=5}}, {events=EPOLLOUT, data=0x2010}], 64, -1) = 2',
      'epoll_wait(7, [{events=0x1, data={u32=5, u64=5}}], 64, -1) = 1',
      'epoll_wait(7, [{events=0x1, data={u32=6, u64=6}}, {events=0x4, data={u32=8208, u64=8208}}], 64, -1) = 2',
    ],
  },
  {
    title: 'the data of the only event',
    ask: (told) => told.readyData,
    answer: 4_294_967_291,
    strace: [
      'epoll_wait(7, [{EPOLLIN, {u32=4294967291, u64=4294967291}}], 64, -1) = 1',
      'epoll_wait(7, [{events=EPOLLIN, data={u32=4294967291, u64=4294967291}}], 64, -1) = 1',
    ],
    bpftrace: [{ call: 'epoll_wait', ret: 1, args: [7, 1, 64, -1], data: bytes([1, 4], [4_294_967_291, 8]) }],
  },
  {
    title: 'the descriptors that a poll asks about, and what it reported',
    ask: (told) => [told.polled(), told.ready()],
    answer: [[5, 6], [{ events: EVENT.IN, data: 5 }]],
    strace: [
      'poll([{fd=5, events=POLLIN}, {fd=6, events=POLLOUT}], 2, -1) = 1 ([{fd=5, revents=POLLIN}])',
      'poll([{fd=5<TCP:[10.0.0.1:80->10.0.0.2:5]>, events=POLLIN}, {fd=6<pipe:[3]>, events=POLLOUT}], 2, -1) = 1 ([{fd=5<TCP:[10.0.0.1:80->10.0.0.2:5]>, revents=POLLIN}])',
      'poll([{fd=5, events=0x1}, {fd=6, events=0x4}], 2, -1) = 1 ([{fd=5, revents=0x1}])',
      'poll([{fd=5, events=0x1 /* POLLIN */}, {fd=6, events=0x4 /* POLLOUT */}], 2, -1) = 1 ([{fd=5, revents=0x1 /* POLLIN */}])',
    ],
    bpftrace: [{ call: 'poll', ret: 1, args: [1, 2, -1], data: bytes([5, 4], [1, 2], [1, 2], [6, 4], [4, 2], [0, 2]) }],
  },
  {
    title: 'what the first descriptor of a wait stands for',
    ask: (told) => told.polledLabel(),
    answer: 'TCP:[10.0.0.1:80->10.0.0.2:5]',
    strace: [
      'poll([{fd=5<TCP:[10.0.0.1:80->10.0.0.2:5]>, events=POLLIN}, {fd=6<pipe:[3]>, events=POLLIN}], 2, -1) = 0',
      'select(8, [5<TCP:[10.0.0.1:80->10.0.0.2:5]> 7<socket:[2]>], NULL, NULL, {30, 0}) = 0',
    ],
  },
  {
    title: 'the read set of a select, and what it reported',
    ask: (told) => [told.polled(), told.ready()],
    answer: [[5, 7], [{ events: EVENT.IN, data: 7 }]],
    strace: [
      'select(8, [5 7], NULL, NULL, {30, 0}) = 1 (in [7], left {29, 99})',
      'select(8, [5 7], NULL, NULL, {tv_sec=30, tv_usec=0}) = 1 (in [7], left {tv_sec=29, tv_usec=99})',
      'pselect6(8, [5<socket:[1]> 7<socket:[2]>], NULL, NULL, NULL, NULL) = 1 (in [7<socket:[2]>])',
    ],
    bpftrace: [{ call: 'select', ret: 1, args: [0b1010_0000, 1, 0, 0], data: bytes([0b1000_0000, 8]) }],
  },
  {
    title: 'how long a wait may last',
    ask: (told) => [told.timeout(), told.hasTimeout()],
    answer: [1_500_000_000, true],
    strace: [
      'epoll_wait(7, [], 64, 1500) = 0',
      'epoll_pwait(7, [], 64, 1500, NULL, 8) = 0',
      'epoll_pwait2(7, [], 64, {tv_sec=1, tv_nsec=500000000}, NULL, 8) = 0',
      'poll([{fd=5, events=POLLIN}], 1, 1500) = 0 (Timeout)',
      'ppoll([{fd=5, events=POLLIN}], 1, {1, 500000000}, NULL, 8) = 0 (Timeout)',
      'select(8, [5], NULL, NULL, {1, 500000}) = 0 (Timeout)',
      'pselect6(8, [5], NULL, NULL, {tv_sec=1, tv_nsec=500000000}, NULL) = 0 (Timeout)',
      'nanosleep({tv_sec=1, tv_nsec=500000000}, NULL) = 0',
      'clock_nanosleep(CLOCK_MONOTONIC, 0, {tv_sec=1, tv_nsec=500000000}, NULL) = 0',
      'futex(0x7f00, FUTEX_WAIT_PRIVATE, 2, {1, 500000000}) = -1 ETIMEDOUT (Connection timed out)',
      'futex(uaddr=0x7f00, op=FUTEX_WAIT, val=2, timeout={tv_sec=1, tv_nsec=500000000}) = -1 ETIMEDOUT (Connection timed out)',
    ],
    perf: [
      'epoll_wait(epfd: 7<anon_inode:[eventpoll]>, events: 0x7ff, maxevents: 64, timeout: 1500) = 0',
      'poll(ufds: 0x7f, nfds: 1, timeout_msecs: 1500) = 0',
    ],
    bpftrace: [
      { call: 'epoll_wait', args: [7, 1, 64, 1500] },
      { call: 'poll', args: [1, 1, 1500] },
    ],
  },
  {
    title: 'a wait without a limit',
    ask: (told) => [told.timeout(), told.hasTimeout()],
    answer: [Number.POSITIVE_INFINITY, false],
    strace: [
      'epoll_wait(7, [], 64, -1) = 0',
      'epoll_pwait2(7, [], 64, NULL, NULL, 8) = 0',
      'ppoll([{fd=5, events=POLLIN}], 1, NULL, NULL, 8) = 1',
      'select(8, [5], NULL, NULL, NULL) = 1 (in [5])',
      'futex(0x7f00, FUTEX_WAIT_PRIVATE, 2, NULL) = 0',
      'futex(0x7f00, FUTEX_WAIT_BITSET_PRIVATE|FUTEX_CLOCK_REALTIME, 2, NULL, FUTEX_BITSET_MATCH_ANY) = 0',
      'futex(0x7f00, 0x80, 2, NULL) = 0',
    ],
    perf: [
      'epoll_wait(epfd: 7, events: 0x7ff, maxevents: 64, timeout: -1) = 0',
      'poll(ufds: 0x7f, nfds: 1, timeout_msecs: 4294967295) = 0',
    ],
    bpftrace: [
      { call: 'epoll_wait', args: [7, 1, 64, -1] },
      { call: 'epoll_pwait2', args: [7, 1, 64, 0] },
      { call: 'ppoll', args: [1, 1, 0, 0] },
      { call: 'futex', args: [0x7f00, 0x80, 2, 0] },
    ],
  },
  {
    title: 'a deadline, whose length is not told',
    ask: (told) => [told.timeout(), told.hasTimeout()],
    answer: [-1, true],
    strace: [
      'futex(0x7f00, FUTEX_WAIT_BITSET_PRIVATE, 2, {tv_sec=99, tv_nsec=5}, FUTEX_BITSET_MATCH_ANY) = -1 ETIMEDOUT (Connection timed out)',
      'futex(0x7f00, 0x89 /* FUTEX_WAIT_BITSET_PRIVATE */, 2, {tv_sec=99, tv_nsec=5}, 0xffffffff) = -1 ETIMEDOUT (Connection timed out)',
      'clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, {tv_sec=99, tv_nsec=5}, NULL) = 0',
    ],
    bpftrace: [
      { call: 'futex', ret: -110, args: [0x7f00, 0x89, 2, 0x7fff] },
      { call: 'epoll_pwait2', args: [7, 1, 64, 0x7fff] },
    ],
  },
  {
    title: 'no limit is told where a call has none',
    ask: (told) => [told.timeout(), told.hasTimeout()],
    answer: [-1, null],
    strace: ['read(5, "", 1) = 0', 'futex(0x7f00, FUTEX_WAKE_PRIVATE, 1) = 0', 'close(5) = 0'],
    perf: ['close(fd: 5) = 0'],
    bpftrace: [
      { call: 'close', args: [5] },
      { call: 'futex', args: [0x7f00, 0x81, 1, 0] },
    ],
  },
  {
    title: 'what a futex is used for',
    ask: (told) => told.futex(),
    answer: { word: '0x7f00', operation: 'WAIT_BITSET', isPrivate: true, isRealtime: true, value: 71 },
    strace: [
      'futex(0x7f00, FUTEX_WAIT_BITSET_PRIVATE|FUTEX_CLOCK_REALTIME, 71, NULL, ffffffff) = 0',
      'futex(0x7f00, 0x189, 71, NULL, 0xffffffff) = 0',
      'futex(0x7f00, 0x189 /* FUTEX_WAIT_BITSET_PRIVATE|FUTEX_CLOCK_REALTIME */, 71, NULL, 0xffffffff) = 0',
      'futex(uaddr=0x7f00, op=FUTEX_WAIT_BITSET_PRIVATE|FUTEX_CLOCK_REALTIME, val=71, timeout=NULL, val3=0xffffffff) = 0',
    ],
    perf: ['futex(uaddr: 0x7f00, op: WAIT_BITSET|PRIVATE_FLAG|CLOCK_REALTIME, val: 71, val3: MATCH_ANY) = 0'],
    bpftrace: [{ call: 'futex', args: [0x7f00, 0x189, 71, 0] }],
  },
  {
    title: 'a join waits for a tid in a word that is not private',
    ask: (told) => told.futex(),
    answer: { word: '0x7f00', operation: 'WAIT', isPrivate: false, isRealtime: false, value: 4711 },
    strace: ['futex(0x7f00, FUTEX_WAIT, 4711, NULL) = 0', 'futex(0x7f00, 0, 4711, NULL) = 0'],
    perf: ['futex(uaddr: 0x7f00, op: WAIT, val: 4711) = 0'],
    bpftrace: [{ call: 'futex', args: [0x7f00, 0, 4711, 0] }],
  },
  {
    title: 'the kind of a socket',
    ask: (told) => told.socket(),
    answer: { domain: 'AF_INET', type: 'SOCK_DGRAM', isNonblocking: true },
    strace: [
      'socket(AF_INET, SOCK_DGRAM|SOCK_NONBLOCK, IPPROTO_UDP) = 9',
      'socket(AF_INET, SOCK_DGRAM|SOCK_CLOEXEC|SOCK_NONBLOCK, IPPROTO_IP) = 9<socket:[2]>',
      'socket(0x2, 0x802, 0) = 9',
      'socket(0x2 /* AF_INET */, 0x802 /* SOCK_DGRAM|SOCK_NONBLOCK */, 0) = 9',
    ],
    perf: ['socket(family: INET, type: DGRAM|NONBLOCK) = 9'],
    bpftrace: [{ call: 'socket', ret: 9, args: [2, 0o4002, 0] }],
  },
  {
    title: 'what -y says of the first argument, and of a returned descriptor',
    ask: (told) => [told.label(), told.returnedLabel()],
    answer: ['socket:[4711]', 'socket:[4712]'],
    strace: [
      'accept4(5<socket:[4711]>, NULL, NULL, 0) = 12<socket:[4712]>',
      'accept4(sockfd=5<socket:[4711]>, addr=NULL, addrlen=NULL, flags=0) = 12<socket:[4712]>',
    ],
  },
  {
    title: 'the path of an open',
    ask: (told) => told.path(),
    answer: '/srv/café',
    strace: [
      'open("/srv/caf\\303\\251", O_RDONLY) = 3',
      'openat(AT_FDCWD, "/srv/caf\\303\\251", O_RDONLY|O_CLOEXEC) = 3</srv/café>',
      'openat(AT_FDCWD</home "x">, "/srv/caf\\303\\251", O_RDONLY) = 3',
      'openat(9</home "x">, "/srv/caf\\303\\251", O_RDONLY) = 3',
    ].filter((line) => !line.includes('AT_FDCWD</home "x"')),
    bpftrace: [{ call: 'openat', ret: 3, args: [-100, 1, 0], data: '/srv/caf\\xc3\\xa9\\x00rest' }],
  },
  {
    title: 'the bytes of a buffer, also behind a label that holds quotes',
    ask: (told) => [told.payload(8), told.payloads(4)],
    answer: ['HTTP/1.1', ['HTTP']],
    strace: [
      'write(9, "HTTP/1.1 200 OK\\r\\n"..., 400) = 400',
      'sendto(9<UNIX-STREAM:[1->2, "/run/x"]>, "HTTP/1.1 200 OK", 15, MSG_NOSIGNAL, NULL, 0) = 15',
      'sendto(9<TCP:[10.0.0.1:80->10.0.0.2:5]>, "\\x48\\x54\\x54\\x50/1.1 200 OK", 15, 0, NULL, 0) = 15',
      'writev(9, [{iov_base="HTTP/1.1 200 OK", iov_len=15}], 1) = 15',
      'sendmsg(9, {msg_name=NULL, msg_namelen=0, msg_iov=[{iov_base="HTTP/1.1 200", iov_len=12}], msg_iovlen=1}, 0) = 12',
    ],
    bpftrace: [
      { call: 'write', ret: 400, args: [9, 1, 400], data: 'HTTP/1.1 200 OK\\x0d' },
      { call: 'writev', ret: 15, args: [9, 1, 1], data: 'HTTP/1.1 200 OK' },
      'ts=1 tid=7 call=write fd=9 ret=15 data=HTTP/1.1 200 OK',
    ],
  },
  {
    title: 'a request line at the head of a read',
    ask: (told) => told.head,
    answer: 'GET / HTTP/1.1',
    strace: [
      'read(9, "GET / HTTP/1.1\\r\\nHost", 99) = 20',
      'recvfrom(9<socket:[1]>, "GET / HTTP/1.1", 99, 0, NULL, NULL) = 14',
    ],
    bpftrace: [{ call: 'recvfrom', ret: 20, args: [9, 1, 99, 0], data: 'GET / HTTP/1.1\\x0d\\x0aHost' }],
  },
  {
    title: 'the status line at the head of a write',
    ask: (told) => told.head,
    answer: 'HTTP/1.1 503 Service Unavailable',
    strace: [
      'write(9, "HTTP/1.1 503 Service Unavailable\\r\\nHost", 99) = 99',
      'sendto(9<socket:[1]>, "HTTP/1.1 503 Service Unavailable", 32, MSG_NOSIGNAL, NULL, 0) = 32',
      'writev(9, [{iov_base="HTTP/1.1 503 Service Unavailable\\r\\n", iov_len=34}], 1) = 34',
    ],
    bpftrace: [{ call: 'write', ret: 34, args: [9, 1, 34], data: 'HTTP/1.1 503 Service Unavailable\\x0d\\x0a' }],
  },
  {
    title: 'a descriptor is made non-blocking',
    ask: (told) => told.setsNonblocking(),
    answer: true,
    strace: [
      'ioctl(9<socket:[1]>, FIONBIO, [1]) = 0',
      'ioctl(9<socket:[1]>, 0x5421, [1]) = 0',
      'fcntl(9, F_SETFL, O_RDWR|O_NONBLOCK) = 0',
      'fcntl(9<socket:[1]>, 0x4, 0x802) = 0',
    ],
    perf: ['fcntl(fd: 9<socket:[1]>, cmd: SETFL, arg: RDWR|NONBLOCK) = 0'],
    bpftrace: [
      { call: 'ioctl', args: [9, 0x5421, 1], data: bytes([1, 4]) },
      { call: 'fcntl', args: [9, 4, 0o4002] },
    ],
  },
  {
    title: 'a descriptor is made blocking',
    ask: (told) => told.setsNonblocking(),
    answer: false,
    strace: ['ioctl(9<socket:[17]>, FIONBIO, [0]) = 0', 'fcntl(9, F_SETFL, O_RDWR) = 0'],
    bpftrace: [
      { call: 'ioctl', args: [9, 0x5421, 1], data: bytes([0, 4]) },
      { call: 'fcntl', args: [9, 4, 2] },
    ],
  },
  {
    title: 'which of them a capture without values does not show',
    ask: (told) => told.setsNonblocking(),
    answer: 'untold',
    strace: ['ioctl(9<socket:[17]>, FIONBIO, 0x7fffb5decc4c) = 0', 'ioctl(9, 0x5421, 0x7fffb5decc4c) = 0'],
  },
  {
    title: 'neither, by any other command',
    ask: (told) => told.setsNonblocking(),
    answer: null,
    strace: ['ioctl(9, TCGETS, 0x7ffd) = 0', 'fcntl(9, F_GETFL) = 0x802 (flags O_RDWR|O_NONBLOCK)'],
    perf: ['fcntl(fd: 9, cmd: GETFL) = 2050'],
    bpftrace: [
      { call: 'ioctl', args: [9, 0x5401, 1] },
      { call: 'fcntl', args: [9, 3] },
    ],
  },
  {
    title: 'fcntl duplicates',
    ask: (told) => [told.has('F_DUPFD'), told.has('SETLK')],
    answer: [true, false],
    strace: [
      'fcntl(9, F_DUPFD, 3) = 10',
      'fcntl(9<socket:[1]>, F_DUPFD_CLOEXEC, 3) = 10<socket:[1]>',
      'fcntl(9<socket:[1]>, 0x406, 0x3) = 10<socket:[1]>',
    ],
    perf: ['fcntl(fd: 9, cmd: DUPFD_CLOEXEC, arg: 3) = 10'],
    bpftrace: [{ call: 'fcntl', ret: 10, args: [9, 1030, 3] }],
  },
  {
    title: 'both ends of a pipe',
    ask: (told) => told.pair(),
    answer: [5, 6],
    strace: [
      'pipe([5, 6]) = 0',
      'pipe2([5<pipe:[1]>, 6<pipe:[1]>], O_CLOEXEC) = 0',
      'socketpair(AF_UNIX, SOCK_STREAM, 0, [5, 6]) = 0',
    ],
    bpftrace: [{ call: 'pipe2', args: [1, 0], data: bytes([5, 4], [6, 4]) }],
  },
  {
    title: 'the backlog of a listen',
    ask: (told) => told.backlog(),
    answer: 2048,
    strace: ['listen(5, 2048) = 0', 'listen(sockfd=5<TCP:[0.0.0.0:80]>, backlog=2048) = 0'],
    perf: ['listen(fd: 5<socket:[1]>, backlog: 2048) = 0'],
    bpftrace: [{ call: 'listen', args: [5, 2048] }],
  },
  {
    title: 'an option of a socket',
    ask: (told) => told.socketOption(),
    answer: { level: 'SOL_SOCKET', name: 'SO_REUSEPORT', value: 1 },
    strace: [
      'setsockopt(5, SOL_SOCKET, SO_REUSEPORT, [1], 4) = 0',
      'setsockopt(5, 0x1, 0xf, [1], 4) = 0',
      'setsockopt(5<TCP:[0.0.0.0:80]>, 0x1 /* SOL_SOCKET */, 0xf /* SO_REUSEPORT */, [1], 4) = 0',
    ],
    bpftrace: [{ call: 'setsockopt', args: [5, 1, 15, 1], data: bytes([1, 4]) }],
  },
  {
    title: 'how a connect ended',
    ask: (told) => told.socketError(),
    answer: 'ECONNREFUSED',
    strace: [
      'getsockopt(5, SOL_SOCKET, SO_ERROR, [ECONNREFUSED], [4]) = 0',
      'getsockopt(5<TCP:[10.0.0.1:40000->10.0.0.7:80]>, SOL_SOCKET, SO_ERROR, [111], [4]) = 0',
    ],
  },
  {
    title: 'that a connect ended well',
    ask: (told) => told.socketError(),
    answer: '',
    strace: ['getsockopt(5, SOL_SOCKET, SO_ERROR, [0], [4]) = 0'],
  },
  {
    title: 'the end of the writing side',
    ask: (told) => told.shutdown(),
    answer: 'write',
    strace: [
      'shutdown(5, SHUT_WR) = 0',
      'shutdown(5, 1 /* send */) = 0',
      'shutdown(5, 0x1) = 0',
      'shutdown(5, 0x1 /* SHUT_WR */) = 0',
    ].filter((line) => !line.includes('send')),
    perf: ['shutdown(fd: 5<socket:[1]>, how: WR) = 0'],
    bpftrace: [{ call: 'shutdown', args: [5, 1] }],
  },
  {
    title: 'passed descriptors',
    ask: (told) => told.passedDescriptors(),
    answer: [
      { fd: 19, label: 'socket:[900]' },
      { fd: 20, label: '' },
    ],
    strace: [
      'recvmsg(5, {msg_name=NULL, msg_namelen=0, msg_iov=[{iov_base="x", iov_len=1}], msg_iovlen=1, msg_control=[{cmsg_len=24, cmsg_level=SOL_SOCKET, cmsg_type=SCM_RIGHTS, cmsg_data=[19<socket:[900]>, 20]}], msg_controllen=24, msg_flags=0}, 0) = 1',
    ],
  },
  {
    title: 'no passed descriptors',
    ask: (told) => told.passedDescriptors(),
    answer: null,
    strace: ['recvmsg(5, {msg_iov=[{iov_base="x", iov_len=1}], msg_iovlen=1, msg_flags=0}, 0) = 1'],
    perf: ['recvmsg(fd: 5, msg: 0x7ffd) = 1'],
    bpftrace: [{ call: 'recvmsg', ret: 1, args: [5, 1, 0], data: 'x' }],
  },
  {
    title: 'the words of an execve',
    ask: (told) => [told.path(), told.argv()],
    answer: ['/bin/sh', ['sh', '-c', 'a, b']],
    strace: [
      'execve("/bin/sh", ["sh", "-c", "a, b"], [/* 3 vars */]) = 0',
      'execve("/bin/sh", ["sh", "-c", "a, b"], 0x7ffd /* 3 vars */) = 0',
    ],
  },
  {
    title: 'an exclusive lock of a file',
    ask: (told) => told.lock(),
    answer: { wants: 'exclusive', firstByte: 0, length: 0 },
    strace: [
      'flock(5</run/a.lock>, LOCK_EX|LOCK_NB) = 0',
      'flock(5, 0x6) = 0',
      'flock(5, 0x6 /* LOCK_EX|LOCK_NB */) = 0',
      'fcntl(5, F_SETLKW, {l_type=F_WRLCK, l_whence=SEEK_SET, l_start=0, l_len=0}) = 0',
      'fcntl(5, F_OFD_SETLK, {l_type=F_WRLCK, l_whence=SEEK_SET, l_start=0, l_len=0}) = 0',
      'fcntl(5, F_SETLKW, {l_type=0x1, l_whence=0, l_start=0, l_len=0}) = 0',
    ],
    perf: ['flock(fd: 5</run/a.lock>, cmd: 6) = 0'],
    bpftrace: [{ call: 'flock', args: [5, 6] }],
  },
  {
    title: 'a lock of some bytes is given back',
    ask: (told) => told.lock(),
    answer: { wants: 'release', firstByte: 120, length: 2 },
    strace: ['fcntl(5</var/a.db>, F_SETLK, {l_type=F_UNLCK, l_whence=SEEK_SET, l_start=120, l_len=2}) = 0'],
  },
  {
    title: 'a semaphore is taken',
    ask: (told) => told.semaphore(),
    answer: { set: 3, number: 0, change: -1 },
    strace: [
      'semop(3, [{0, -1, SEM_UNDO}], 1) = 0',
      'semop(semid=3, sops=[{sem_num=0, sem_op=-1, sem_flg=SEM_UNDO}], nsops=1) = 0',
    ],
  },
  {
    title: 'a signal that is sent',
    ask: (told) => told.signal(),
    answer: { pid: 71, signal: 'SIGABRT' },
    strace: [
      'kill(71, SIGABRT) = 0',
      'kill(pid=71, sig=SIGABRT) = 0',
      'kill(71<worker>, SIGABRT) = 0',
      'tgkill(71, 72, SIGABRT) = 0',
      'kill(71, 0x6) = 0',
    ],
    perf: ['kill(pid: 71, sig: ABRT) = 0', 'kill(pid: 71, sig: 6) = 0'],
    bpftrace: [
      { call: 'kill', args: [71, 6] },
      { call: 'tgkill', args: [71, 72, 6] },
    ],
  },
  {
    title: 'signal 0 only asks',
    ask: (told) => told.signal(),
    answer: null,
    strace: ['kill(71, 0) = 0'],
    perf: ['kill(pid: 71) = 0'],
    bpftrace: [{ call: 'kill', args: [71, 0] }],
  },
  {
    title: 'whom a wait4 waits for',
    ask: (told) => [told.child(), told.has('WNOHANG')],
    answer: [71, true],
    strace: [
      'wait4(71, 0x7ffd, WNOHANG, NULL) = 0',
      'wait4(71, 0x7ffd, 0x1, NULL) = 0',
      'wait4(71<worker>, [{WIFEXITED(s) && WEXITSTATUS(s) == 0}], WNOHANG, NULL) = 71',
    ],
    bpftrace: [{ call: 'wait4', args: [71, 0x7ffd, 1, 0] }],
  },
  {
    title: 'memory of a process of its own',
    ask: (told) => told.mapping(),
    answer: {
      address: Number.NaN,
      length: 8192,
      newLength: Number.NaN,
      isWritable: true,
      isPrivate: true,
      isFixed: false,
      isStack: true,
    },
    strace: [
      'mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_STACK, -1, 0) = 0x7f00',
      'mmap(addr=NULL, length=8192, prot=PROT_READ|PROT_WRITE, flags=MAP_PRIVATE|MAP_ANONYMOUS|MAP_STACK, fd=-1, offset=0) = 0x7f00',
      'mmap(NULL, 8192, 0x3, 0x20022, -1, 0) = 0x7f00',
      'mmap(NULL, 8192, 0x3 /* PROT_READ|PROT_WRITE */, 0x20022 /* MAP_PRIVATE|MAP_ANONYMOUS|MAP_STACK */, -1, 0) = 0x7f00',
    ],
  },
  {
    title: 'a wait that goes on after strace came',
    ask: (told) => told.resumes(),
    answer: 'poll',
    strace: [
      'restart_syscall(<... resuming interrupted poll ...>) = 1',
      'restart_syscall(<... resuming interrupted poll ...>) = ? ERESTART_RESTARTBLOCK (Interrupted by signal)',
    ],
  },
  {
    title: 'of a wait that goes on after strace came nobody knows which, where strace 6 says `read`',
    ask: (told) => told.resumes(),
    answer: '',
    strace: ['restart_syscall(<... resuming interrupted read ...>) = 1'],
  },
  {
    title: 'a thread is made',
    ask: (told) => [told.has('CLONE_THREAD'), told.has('CLONE_VFORK')],
    answer: [true, false],
    strace: [
      'clone(child_stack=0x7f, flags=CLONE_VM|CLONE_THREAD|CLONE_SYSVSEM, parent_tidptr=0x7f) = 71',
      'clone3({flags=CLONE_VM|CLONE_THREAD, child_tid=0x7f}, 88) = 71',
      'clone(child_stack=0x7f, flags=0x10100) = 71',
    ],
    perf: ['clone(clone_flags: VM|THREAD, newsp: 0x7f) = 71'],
    bpftrace: [
      { call: 'clone', ret: 71, args: [0x10100, 0x7f] },
      { call: 'clone3', ret: 71, args: [0x7f, 88], data: bytes([0x10100, 8]) },
    ],
  },
  {
    title: 'a send that does not wait',
    ask: (told) => told.has('MSG_DONTWAIT'),
    answer: true,
    strace: ['sendto(9, "x", 1, MSG_DONTWAIT|MSG_NOSIGNAL, NULL, 0) = 1', 'sendto(9, "x", 1, 0x4040, NULL, 0) = 1'],
    bpftrace: [{ call: 'sendto', ret: 1, args: [9, 1, 1, 0x4040], data: 'x' }],
  },
  {
    title: 'a read that leaves the bytes where they are',
    ask: (told) => told.has('MSG_PEEK'),
    answer: true,
    strace: ['recvfrom(9, "x", 1, MSG_PEEK, NULL, NULL) = 1', 'recvfrom(9, "x", 1, 0x2, NULL, NULL) = 1'],
    bpftrace: [{ call: 'recvfrom', ret: 1, args: [9, 1, 1, 2], data: 'x' }],
  },
  {
    title: 'how many events a wait takes',
    ask: (told) => told.maxEvents(),
    answer: 64,
    strace: ['epoll_wait(7, [], 64, 0) = 0', 'epoll_wait(epfd=7, events=[], maxevents=64, timeout=0) = 0'],
    perf: ['epoll_wait(epfd: 7, maxevents: 64) = 0'],
    bpftrace: [{ call: 'epoll_wait', args: [7, 1, 64, 0] }],
  },
];

/** Every question, asked of the same call. */
export function everything(told: CallArguments): unknown {
  const { readyData, inetAddress, head, text, returnedText } = told;
  const flags = (
    [
      'SOCK_NONBLOCK',
      'HUP',
      'F_DUPFD',
      'SETLK',
      'CLONE_THREAD',
      'CLONE_VFORK',
      'MSG_DONTWAIT',
      'MSG_PEEK',
      'WNOHANG',
    ] as const
  ).map((flag) => told.has(flag));
  return { flags, readyData, inetAddress, head, text, returnedText, asked: QUESTIONS.map((ask) => ask(told)) };
}

export const QUESTIONS: readonly Ask[] = [
  (told) => told.label(),
  (told) => told.returnedLabel(),
  (told) => told.path(),
  (told) => told.payload(64),
  (told) => told.payloads(64),
  (told) => told.socketAddress(),
  (told) => told.socket(),
  (told) => told.setsNonblocking(),
  (told) => told.pair(),
  (told) => told.backlog(),
  (told) => told.socketOption(),
  (told) => told.socketError(),
  (told) => told.shutdown(),
  (told) => told.epollChange(),
  (told) => told.polled(),
  (told) => told.polledLabel(),
  (told) => told.ready(),
  (told) => told.maxEvents(),
  (told) => told.timeout(),
  (told) => told.hasTimeout(),
  (told) => told.passedDescriptors(),
  (told) => told.argv(),
  (told) => told.futex(),
  (told) => told.lock(),
  (told) => told.semaphore(),
  (told) => told.signal(),
  (told) => told.child(),
  (told) => told.mapping(),
  (told) => told.resumes(),
];

/** The text up to each so many places of a range. */
function cutAt(text: string, from: number, to: number, step: number): readonly string[] {
  return Array.from({ length: Math.max(0, Math.ceil((to - from) / step)) }, (_, at) => text.slice(0, from + step * at));
}

/** Asks everything of every call, with its line cut at each so many places; how many calls that were. */
export function askCutLines(step: number): number {
  let calls = 0;
  for (const { strace = [], perf = [], bpftrace = [] } of ROWS) {
    const ask = (told: CallArguments): void => {
      calls++;
      everything(told);
    };
    for (const line of strace.slice(0, 2)) {
      const lines = cutAt(line, line.indexOf('(') + 1, line.lastIndexOf(') = '), step).flatMap((args) =>
        ['', '"', '<', '>]}', '[{', '\\x', '/* ', ', -', '|0x'].map(
          (tail) => `7 1795140800.000000 ${args}${tail}) = 1 <0.000005>\n`,
        ),
      );
      parsed(straceFormat, lines.join(''), ask);
    }
    for (const line of perf.slice(0, 1)) {
      const cut = cutAt(line, line.indexOf('(') + 1, line.lastIndexOf(') = '), step);
      parsed(perfTraceFormat, cut.map((args) => `     0.032 ( 0.022 ms): herd/7 ${args}) = 1\n`).join(''), ask);
    }
    for (const line of bpftrace.slice(0, 1)) {
      const text = typeof line === 'string' ? line : printed({ tid: 7, at: 5, ...line });
      const cut = cutAt(text, text.indexOf('ret='), text.length, step);
      parsed(bpftraceFormat, `${START}\n${cut.join('\n')}\n`, ask);
    }
  }
  return calls;
}
