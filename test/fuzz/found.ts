import type { FuzzCase } from './fuzz-case.ts';

const ACCEPTED = (fd: number): string =>
  `accept4(3, {sa_family=AF_INET, sin_port=htons(40001), sin_addr=inet_addr("10.0.0.7")}, [16], SOCK_CLOEXEC) = ${fd}`;
export const LOST_BEGINNING = `1 12:00:00.000001 <... epoll_wait resumed>[{events=EPOLLIN, data={u32=3, u64=3}}], 8, -1) = 1 <2.500000>
1 12:00:00.000009 <... write resumed>) = -1 EPIPE (Broken pipe) <0.000100>`;
const START = 'event=start program=calls version=1 machine=x86-64 ts=1404330235524 clock=1795568264.330464';
const FOUR_DAYS_BEFORE = Array.from({ length: 41 }, (_, index) => `${1_795_189_522 - 345_600}.000${100 + index}`);
export const TABLE = '% time     seconds  usecs/call     calls    errors syscall';
const SUMMARY = '   syscall            calls  errors  total       min       avg       max       stddev';

/** What the fuzzer found, as small as it goes: what is wrong with the numbers, and lines of one file or of several. */
export const FOUND: Readonly<Record<string, string | readonly string[]>> = {
  'a write that fails and began before the capture, on nobody knows which descriptor': LOST_BEGINNING,
  'an accept that is stamped after the write on its connection': `16:39:40.503120 ${ACCEPTED(9)} <0.000007>
16:39:40.502500 sendto(9, "ok", 2, 0, NULL, 0) = -1 ECONNRESET (Connection reset by peer) <0.000004>`,
  'an accept of one thread that is stamped after the write of another one': `101 1795189540.503120 ${ACCEPTED(9)} <0.000007>
101 1795189540.503220 clone3({flags=CLONE_VM|CLONE_THREAD, exit_signal=0}, 88) = 102 <0.000010>
102 1795189540.502500 sendto(9, "ok", 2, 0, NULL, 0) = -1 EPIPE (Broken pipe) <0.000004>`,
  'the end of a blocking accept, told twice': `7 15:35:34.662632 <... accept4 resumed>0x7f, [16], SOCK_CLOEXEC) = -1 EAGAIN (Resource temporarily unavailable) <0.001208>
7 15:35:34.662632 <... accept4 resumed>0x7f, [16], SOCK_CLOEXEC) = -1 EAGAIN (Resource temporarily unavailable) <0.001208>`,
  'calls of perf trace that overlap': `  3461.552 ( 0.021 ms): herd/4680 accept4(fd: 3<socket:[15]>, upeer_sockaddr: 0x7f, flags: 524288) = 5
  2177.918 (1000.286 ms): herd/4680  ... [continued]: epoll_wait()) = 0
  3465.775 ( 0.022 ms): herd/4680 write(fd: 5<socket:[16]>, buf: 0x55, count: 1) = -1 ECONNRESET (Connection reset by peer)`,
  'a fraction of failures in a table of perf trace': ` Summary of events:
${SUMMARY}
   epoll_wait             6      0.0000000000001  2029.882     -0.000   338.314  1021.925     62.89%`,
  'more failures than calls in a table of perf trace': ` Summary of events:
${SUMMARY}
   epoll_wait             0      2  17     0.000   338.314  10.925     62.89%
				EAGAIN: 41`,
  'a longest call that is longer than all of them': ` Summary of events:
${SUMMARY}
   accept4             5      2  4005.512     0.000   338.314  18446744073709551615     62.89%`,
  'an endless total in a table of perf trace': ` Summary of events:
${SUMMARY}
   accept4             5      2  1e999     0.000   338.314  Infinity     62.89%`,
  'more failures than calls in a table of strace': `${TABLE}
------ ----------- ----------- --------- --------- ----------------
 34.45    1.095142      273785         2         4 mmap
 34.45    1.095142      273785         5         0.5 fsync`,
  'first lines that are no events': `101 15:45:25 socket(AF_INET, SOCK_STREAM, IPPROTO_IP <unfinished ...>
101 15:45:26 dup2(5, 10) = 5 <0.636633>
101 15:45:28 <... nanosleep resumed>) = 0 <0.007044>`,
  'a thread of which only signals are known, before the first stamp of the set': [
    'event=deliver ts=1404673462195 pid=101 tid=101 sig=13 code=0 handler=0',
    'event=deliver ts=1404958464427 pid=101 tid=101 sig=13 code=0 handler=0\nevent=exit ts=1406056331200 pid=101 tid=101 nr=231 a=0',
  ],
  'a process that dies twice, the second time ten hours before the first': `Lost 23 events
ts=383009284946961 dur=17066597 pid=101 tid=101 nr=44 ret=1 a=7,7ffe,0.5,0 data=GET /a HTTP/1.1
event=deliver ts=4294967295 pid=101 tid=101 sig=13 code=0 handler=0
event=exit ts=37411608545823 pid=101 tid=101 nr=231 a=0
event=deliver ts=37352623059792 pid=101 tid=101 sig=13 code=0 handler=0
event=exit ts=4294967295 pid=101 tid=101 nr=231 a=0`,
  'failed writes of a capture that counts, the last of them before the first': `event=fail ts=1409330235524 pid=101 tid=101 nr=44 fd=9 ret=-32
event=turn ts=1410330235524 pid=101 tid=101 dur=400075967
event=fail ts=4294967295 pid=103 tid=103 nr=44 fd=9 ret=-32`,
  'a worker whose last record is 84 hours before its first': `ts=1404738422675 dur=21983922 pid=101 tid=101 nr=45 ret=-11 a=2,7ffe,10,0 sched=0,9,7,18446744073709551615,1 data=
event=exit ts=350604764390750 pid=103 tid=103 nr=231 a=0
@in[102]: (303807579149527, 288, 4, 681807472, 64, 1000)
event=deliver ts=307407905880017 pid=103 tid=103 sig=0x7fffffffffffffff code=0 handler=0
event=exit ts=3600000000001 pid=103 tid=103 nr=231 a=?`,
  'a child, a sender and a dead child of numbers that no process has': `102 15:45:23.657990 poll([{fd=3, events=POLLIN}, {fd=6, events=POLLIN}], 2, 1000) = 1 ([{fd=3, revents=POLLIN}]) <0.000077>
103 15:45:24.678282 getppid() = 102 <0.000021>
103 15:45:24.678292 --- SIGSEGV {si_signo=SIGSEGV, si_code=SI_USER, si_pid=9999999999, si_uid=0} ---
103 15:45:25.632718 +++ killed by SIGSEGV +++
102 15:45:26.086177 --- SIGCHLD {si_signo=SIGCHLD, si_code=CLD_KILLED, si_pid=9999999999, si_status=SIGSEGV} ---
102 15:45:29.086177 clone(child_stack=NULL, flags=CLONE_CHILD_SETTID|SIGCHLD, child_tidptr=0x7f) = 9007199254740993 <0.000090>`,
  'a call left open 23 minutes before the first event': `@in[101]: (14193665509, 288, 3, 681807472, 64, 1000)
ts=1404696577353 dur=3171 pid=101 tid=101 call=epoll_wait fd=5 ret=-32`,
  'threads of no number': `${START}
@in[0.0000000000001]: (1404330235524, 3, 11, 681807472, 64, 1000)
@in[1e999]: (1404330235524, 3, 11, 681807472, 64, 1000)
ts=1404330235524 dur=1 pid=18446744073709551615 tid=7 call=close fd=5 ret=0
ts=1404330235524 dur=18446744073709551615 pid=7 tid=7 call=close fd=5 ret=0
ts=1404330235524 dur=1 pid=7 tid=7 call=close fd=9007199254740993 ret=-32`,
  'failures of two threads whose clocks are months apart': `101 1795189522.529618 accept4(3, 0x7f, [16], SOCK_CLOEXEC) = -1 EMFILE (Too many open files) <00000000017>
103 1763307923.815439 accept4(3, 0x7f, [16], SOCK_CLOEXEC) = -1 EMFILE (Too many open files) <0.005578>`,
  'a lock that is waited for and given back by stamps in any order': `     0.000836 write(8, "x", 1) = -1 EPIPE (Broken pipe) <0.007972>
     0.001634 dup2(7, 6) = 5 <0.619327>
     0.001430 flock(8</run/a.lock>, LOCK_EX) = 0 <0.386165>
     0.004380 +++ exited with 0 +++
     0.008467 sendto(8, "HTTP/1.1 200 OK", 23, 0, NULL, 0) = 23 <0.001932>
     0.008306 flock(8</run/a.lock>, LOCK_EX) = 0 <0.552797>`,
  'a heartbeat and the abort for it in files without a common clock': [
    '101      65536 poll([{fd=3, events=POLLIN}, {fd=4, events=POLLIN}], 2, 1000) = 1 ([{fd=3, revents=POLLIN}]) <0.008486>',
    '15:45:22.264761 clone(child_stack=NULL, flags=CLONE_CHILD_SETTID|SIGCHLD, child_tidptr=0x7f) = 101 <1.030314>\n15:45:27.002659 kill(101, SIGABRT) = 0 <0.003620>',
    '101      0.009312 fchmod(9</tmp/wgunicorn-x (deleted)>, 001) = 0 <0.000649>',
  ],
  'a client whose descriptor is connected to somebody else later': [
    `101 1795189522.529618 ${ACCEPTED(9)} <0.000007>
101 1795189522.549618 sendto(9, "ok", 2, 0, NULL, 0) = -1 EPIPE (Broken pipe) <0.000004>`,
    '101 1795189523.539618 connect(9, {sa_family=AF_INET, sin_port=htons(53), sin_addr=inet_addr("10.0.0.2")}, 16) = 0 <0.000007>',
  ],
  'a call that took longer than captures are': `101 1795189522.529618 epoll_wait(4, [], 64, 100) = 0 <999999999999.000000>
101 1795189522.529718 close(3) = 0 <0.000004>`,
  'calls left open four days before the first line': [
    '7 1795189522.529618 sendto(71<socket:[406013]>, "ok", 2, 0, NULL, 0) = 2 <0.000092>',
    ...FOUR_DAYS_BEFORE.map((stamp, index) => `${101 + index} ${stamp} read(3</usr/a>, "x", 1) = 1 <0.000004>`),
    ...FOUR_DAYS_BEFORE.map((stamp, index) => `${101 + index} ${stamp} read(3</usr/a>,  <unfinished ...>`),
  ].join('\n'),
  'no times in one file, and distances in the other': [
    '15:33:12.416880 +++ killed by SIGKILL +++',
    '     0.000016 close(3) = 0\n     0.000036 close(4) = 0',
  ],
  'a call that began before the machine did': `event=exit ts=1404512735410 pid=101 tid=101 nr=231 a=0
${START}
@in[102]: (1405119265361, 3, 7, 681807472, 64, 1000)
ts=4194305 dur=5732 pid=102 tid=102 nr=74 ret=0 a=5,7ffe,10,0 data=GET /a HTTP/1.1`,
  'an observation of a day that no calendar has': `strace: drover: event=seen ts=1000001795103131.625000 for=7000000 pid=101 tid=101 parent=104 call=futex ran=0 clients=3 of=client comm=gunicorn
101 1795103132.375074 brk(0x5581 <unfinished ...>
104 1795103132.375984 getpid() = 103 <1.957369>`,
  'the same number of inputs on each of two clocks': [
    '101 1795189522.529618 close(3) = 0 <0.000004>',
    '102 15:33:12.416880 close(3) = 0 <0.000004>',
    'ts=1404330235524 dur=1 pid=7 tid=7 call=close fd=5 ret=0',
  ],
};

export function caseOf(found: string | readonly string[]): FuzzCase {
  const texts = typeof found === 'string' ? [found] : found;
  return {
    files: texts.map((text, index) => ({ name: `trace-${'abcd'[index]}`, lines: text.split('\n'), isEnded: true })),
  };
}
