import assert from 'node:assert/strict';
import test from 'node:test';
import { describeUnknown } from '../../parsers/not-a-trace.ts';
import { detectFormat, formats } from '../../parsers/registry.ts';
import { unpackedBytes } from './read-trace.ts';

/** What people bring that is strace, however small or mutilated. */
const TRACES: readonly string[] = [
  'read(3, "x", 1) = 1\n',
  'read(3, "x", 1) = 1',
  '4711 1795189522.584423 accept4(3, 0x7ffd, [16], SOCK_CLOEXEC) = -1 EAGAIN (Resource temporarily unavailable) <0.000011>\n4711 1795189522.584',
  '# strace -p 5843\nstrace: Process 5843 attached\nwrite(2, "\\0fscf\\0", 6',
  'epoll_wait(4, [{events=EPOLLIN|EPOLLOUT, data={u32=30, u64=30064',
  '# strace -p 12431\nProcess 12431 attached\nwait4(12462, ^CProcess 12431 detached\n <detached ...>\n',
  '     0.000075 poll([{fd=5, events=POLLIN}], 1, 5000^CProcess 7498 detached\n <detached ...>\n',
  '11221:[pid 23719] <... futex resumed> )       = -1 EAGAIN (Resource temporarily unavailable)\n11225:[pid 23719] <... futex resumed> )       = 0\n',
  '79981 <... epoll_create resumed> )      = 8\n# a comment of the author\n79981 epoll_wait(8,  <unfinished ...>\n',
  'The workers do this all day:\n\n```\naccept4(3, NULL, NULL, 0) = -1 EAGAIN (Resource temporarily unavailable)\nepoll_wait(4, [], 64, 1000) = 0\n```\n',
  '26122 16:03:28.941694 \x1b[33mmprotect\x1b[0m(\x1b[35m0x7fb1\x1b[0m, 4096) \x1b[0m=\x1b[0m \x1b[32m0\x1b[0m\n26122 16:03:28.941695 \x1b[33mclose\x1b[0m(3) \x1b[0m=\x1b[0m \x1b[32m0\x1b[0m\n',
  '7 +++ exited with 0 +++\n',
  '# strace -p 5843\nstrace: Process 5843 attached\nread(3,\n```\nand netstat shows\n```\ntcp 0 0 10.0.0.7:6379 0.0.0.0:* LISTEN 7/a\ntcp 0 0 10.0.0.7:1 0.0.0.0:* LISTEN 7/a\n',
  'A strace shows that it hangs:\n\nhost# strace -tt -p 5843\nread(3, \nWhat can be done about that?\nIt was fine last week.\nAll is well elsewhere.\n',
  '`futex(0x7f06af8209d0, FUTEX_WAIT, 4646, NULL`\n',
  '7 17:00:00.000001 kill(9, 0) = 0\n7 17:00:00.000002 rt_sigreturn({mask=[]}) = 9`\n',
  `7 1795189522.5 pause( <unfinished ...>\n${'strace: drover: event=seen ts=1795189529.5 for=7000 pid=9 tid=9 call=vfork comm=st\n'.repeat(5)}`,
  '7 --- SIGPIPE {si_signo=SIGPIPE} ---\n7 +++ killed by SIGTERM +++\n',
];
for (const trace of TRACES) {
  test(`"${trace.slice(0, 60).replaceAll(/[\n\x1b]/g, ' ')}" is text of strace`, () => {
    assert.equal(detectFormat(unpackedBytes(Buffer.from(trace)))?.id, 'strace');
  });
}

/** What bpftrace prints, as text and as JSON. */
const PRINTED: readonly string[] = [
  'Attaching 2 probes...\n@s: 7\n',
  'Attaching 1 probe...\nwhatever the program likes\n\n\n@[accept4]: 5\n',
  '{"type": "attached_probes", "data": {"probes": 2}}\n',
  '\n\n{"type": "map", "data": {"@n": {"-11": 3}}}\n',
  '@us:\n[4, 8)                 1 |@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@|\n',
  'event=start program=calls version=1 machine=x86-64 ts=1 clock=1795568264.330464\n',
  'ts=1422892140821 dur=12028 pid=16202 tid=16202 nr=91 ret=0 a=6,0,0,7f98 data=\n',
  'pid=7 tid=8 call=accept4 ts_us=17 ret=-11\n',
];
for (const trace of PRINTED) {
  test(`"${trace.slice(0, 60).replaceAll('\n', ' ')}" is output of bpftrace`, () => {
    assert.equal(detectFormat(Buffer.from(trace))?.id, 'bpftrace');
  });
}

/** Text of `perf trace`, and tables without events. */
const PERF: readonly string[] = [
  '     0.032 ( 0.022 ms): herd/4679 accept4(fd: 3<socket:[1511628]>, flags: 524288) = 5\n',
  '         ? (         ): mysqld/10120  ... [continued]: futex())\n= -1 ETIMEDOUT (Connection timed out)\n',
  ' Summary of events:\n\n herd (4678), 38 events, 25.3%\n',
];
const TABLES: readonly string[] = [
  '% time     seconds  usecs/call     calls    errors syscall\n------ ----------- ----------- --------- --------- ----------------\n 34.45    1.095142      273785         4         1 clock_nanosleep\n',
  'time     seconds  usecs/call     calls    errors   syscall\n------ ----------- ----------- --------- --------- -----------------------\n',
  'strace: Process 7 attached\nstrace: Process 8 attached\n% time     seconds  usecs/call     calls    errors syscall\n',
];
for (const [id, traces] of [
  ['perf-trace', PERF],
  ['strace-summary', TABLES],
] as const) {
  for (const trace of traces) {
    test(`"${trace.slice(0, 60).replaceAll('\n', ' ')}" is ${id}`, () => {
      assert.equal(detectFormat(Buffer.from(trace))?.id, id);
    });
  }
}

test('a call that never came back is text of strace, also when brackets in its arguments are closed', () => {
  const call = 'connect(12, {sa_family=AF_INET, sin_port=htons(3306), sin_addr=inet_addr("10.4.0.9")}, 16';
  for (const text of [`${call}\n`, `strace: Process 883 attached\n${call}\n`, `14:02:11.000123 ${call}`])
    assert.equal(detectFormat(Buffer.from(text))?.id, 'strace', text);
  assert.equal(detectFormat(Buffer.from('connect() fails (with ECONNREFUSED) as of today\n')), null);
});

test('a log that ends in a table of counts is text of strace', () => {
  const log =
    'read(3, "x", 1) = 1\nclose(3) = 0\n% time     seconds  usecs/call     calls    errors syscall\n100.00    0.000001           1         1           read\n';
  assert.equal(detectFormat(Buffer.from(log))?.id, 'strace');
  const hung = log.replace(
    /^read.*\nclose.*\n/,
    '7 1795189522.000001 openat(AT_FDCWD, "fifo", O_RDONLY <detached ...>\n',
  );
  assert.equal(detectFormat(Buffer.from(hung))?.id, 'strace');
});

test('text of strace between columns that nobody knows is no output of bpftrace', () => {
  const line = (n: number): string =>
    `17;ops;${4711 + n};1795189522.00001${n};accept4(3, NULL, NULL, 0) = -1 EAGAIN (Resource temporarily unavailable)`;
  const text = Buffer.from([1, 2, 3, 4, 5].map((n) => `${line(n)}\n`).join(''));
  assert.equal(detectFormat(text), null);
  assert.match(describeUnknown(text), /^text of strace in columns of another program; give the lines as strace wrote/);
});

/** What is no trace, and what is said of it. */
const OTHERS: readonly (readonly [string | Buffer, RegExp])[] = [
  ['', /^an empty file$/],
  ['\n\n  \n', /blank lines/],
  ['PERFILE2\0\0\x01', /perf.*perf trace -i/],
  ['\x17\x08\x44tracing6\0', /trace-cmd report/],
  [Buffer.from('1f8b0800000000000003', 'hex'), /gzip.*zcat/],
  [Buffer.from('28b52ffd2400', 'hex'), /zstd/],
  [Buffer.from('fd377a585a000004', 'hex'), /xz/],
  ['BZh91AY&SY', /bzip2/],
  [Buffer.from('0a0d0d0a1c000000', 'hex'), /sysdig -r/],
  [Buffer.from('d4c3b2a102000400', 'hex'), /pcap/],
  [Buffer.from([0, 1, 2, 3, 200, 201, 202, 5, 6, 7, 255]), /binary data/],
  [Buffer.alloc(512), /a hole of zero bytes, .*emptied.*tr -d '\\0'/],
  [Buffer.alloc(511), /binary data/],
  [
    'I0725 22:30:35.461514 415 strace.go:567] [   1:   1] bash E write(0x1, "x", 0x1)\nI0725 22:30:35.461515 415 strace.go:605] [   1:   1] bash X write(0x1, "x", 0x1) = 1 (0x1) (5us)\n',
    /gVisor/,
  ],
  [
    '[P2:T6:nginx] trace: ---- shim_read(11, 0xd789a723, 0x4145) ...\n[P2:T6:nginx] trace: ---- return from shim_read(...) = -11\n',
    /^a log of Gramine$/,
  ],
  [
    '36651/0x304c2:  read(0x0, "\\r\\0", 0x1)           = 1 0\n36651/0x304c2:  close(0x25)              = 0 0\n',
    /^output of dtruss; on Linux/,
  ],
  // bpftrace 0.23 and 0.27: its errors name the tracepoint, too.
  [
    'WARNING: Could not read functions from /sys/kernel/tracing/available_filter_functions.\nstdin:1:1-38: ERROR: No matches for tracepoint syscalls:sys_enter_acceptx.\n',
    /messages of bpftrace that did not start; grep ERROR/,
  ],
  ['ERROR: Missing CAP_DAC_READ_SEARCH capability, please run bpftrace as the root user.\n', /bpftrace that did not/],
  ['4711 16202 16202 tracepoint:syscalls:sys_enter_accept4\n', /names of probes in place of calls/],
  ['            herd  6986 [000]  2594.792069:  raw_syscalls:sys_exit: NR 232 = 1\n', /perf script/],
  ['# tracer: nop\n#\n', /ftrace/],
  ['273102 18:06:29.362533258 7 ping (30131) < recvmsg res=-11(EAGAIN) size=192 data= tuple=NULL\n', /sysdig/],
  ['{"evt.cpu":0,"evt.dir":">","evt.num":1266,"evt.type":"bind"},\n', /sysdig/],
  ['107992 16:41:48.087346702 1 client (b3a718d8b339) curl (22397:2) < switch next=0\n', /sysdig/],
  ['PCOMM            PID    PPID   RET ARGS\nbash             15887  32    0 /usr/bin/ls\n', /bcc/],
  ['SYSCALL                   COUNT\nfutex                      5158\n', /bcc/],
  ['Demonstrations of opensnoop, the Linux eBPF/bcc version.\n', /bcc/],
  ['# ./tcpaccept.bt\nTIME     PID     COMM           RADDR          RPORT\n', /bcc or bpftrace/],
  ['{"type": "hist", "data": {\n  "@": [\n', /bpftrace.*jq/],
  [
    '__libc_start_main(0x4005f4, 1, 0x7ffd) = 0\nmalloc(32) = 0x1c2a010\nstrlen("abc") = 3\nread(3, "x", 1) = 1\nclose(3) = 0\n+++ exited (status 0) +++\n',
    /ltrace/,
  ],
  [
    'malloc(32) = 0x1c2a010\nstrlen("abc") = 3\nfree(0x1c2a010) = <void>\nread(3, "x", 1) = 1\n',
    /^output of ltrace; use strace$/,
  ],
  [
    '14441 1795816715.761857 SYS_read(3, "x", 18) = 17 <0.000016>\n' +
      '14441 1795816715.788398 --- SIGCHLD (Child exited) ---\n' +
      '14441 1795816715.788449 SYS_openat(0xffffff9c, 0x7fe3b52842c0, 0x80000, 0) = -2 <0.000043>\n',
    /^output of ltrace -S; use strace$/,
  ],
  ['$ ltrace ./a.out\nputs("x") = 2\n', /^output of ltrace; use strace$/],
  ['sched_yield(0x14,0x7ffff8dc6d80) = 0 (0x0)\nnanosleep({0.010000000 })\t\t\t = 0 (0x0)\n', /output of truss/],
  ['# DURATION     TID     FUNCTION\n 483.385 us [384739] | getenv("A") = "B";\n', /uftrace/],
  ["sudo dtrace -n 'syscall:::entry { @num[probefunc] = count(); }' -p 7\n  kevent  5004735\n", /output of dtrace/],
  [' /3:     pollsys(0xFFFF, 0, 0xFFFF, 0x0) (sleeping...)\n /1:     read(0, 0xFFFF, 1)  (sleeping...)\n', /truss/],
  ['SYSCALL(args) \t\t = return\nopen("/dev/dtracehelper\\0", 0x2, 0x7FFF)\t\t = -1 Err#13\n', /truss/],
  [
    'open("/etc/libmap.conf",O_CLOEXEC,00) ERR#2 \'No such file or directory\'\nread(3,"\\^?ELF",4096) = 4096 (0x1000)\n',
    /truss/,
  ],
  [' 1234 nginx    CALL  accept4(0x6,0x7fff,0x7ffe,0x20000000)\n 1234 nginx    RET   accept4 5\n', /ktrace/],
  ['1234 malloc(100) = 0x55\n1234 free(0x55) = <void>\n', /^output of ltrace; use strace$/],
  ['100/1:\topen("/etc/passwd", O_RDONLY)\t= 3\n100/1:\tread(3, "abc", 512)\t= 3\n', /^output of truss$/],
  [
    'CPU     ID                    FUNCTION:NAME\n  0    123                      read:entry httpd\n',
    /^output of dtrace$/,
  ],
  ['{"__REALTIME_TIMESTAMP":"1700000000000000","MESSAGE":"hello"}\n', /^a log of journald; .*journalctl -o cat/],
  ['Thread 0x00007f01 (most recent call first):\n  File "a.py", line 3 in f\n', /^stacks of threads/],
  ['13:00:00.000001 IP 10.0.0.7.80 > 10.0.0.9.99: Flags [S], seq 1\n', /^output of tcpdump$/],
  [Buffer.from('89504e470d0a1a0a', 'hex'), /^a picture \(PNG\)/],
  ['{\n  "name": "drover"\n}\n', /JSON.*"{"/],
  // A header of 512 bytes: the name, numbers and sums in octal, and the word at byte 257.
  [
    `capture/${'\0'.repeat(92)}0000700${'\0'.repeat(150)}ustar  \0root${'\0'.repeat(243)}`,
    /^a tar archive; type: tar -xf FILE && drover capture$/,
  ],
  [
    `./drover-capture-web-1-20261120T021337-0815/trace.strace${'\0'.repeat(44)}0000700${'\0'.repeat(150)}ustar  \0root`,
    /^a tar archive; type: tar -xf FILE && drover drover-capture-web-1-20261120T021337-0815$/,
  ],
  // No folder, a path out of it, and what a shell would take for an option or a command.
  ...['trace.strace', '../x/trace', '/etc/passwd', '-C/x', '$(reboot)/x'].map(
    (name) =>
      [
        `${name.padEnd(100, '\0')}0000700${'\0'.repeat(150)}ustar  \0root`,
        /^a tar archive; type: mkdir capture && tar -xf FILE -C capture && drover capture$/,
      ] as const,
  ),
  ['State      Recv-Q Send-Q Local Address:Port\nLISTEN     3      2048   127.0.0.1:80\n', /^a table of sockets/],
  ['CLOSE-WAIT 47     0          127.0.0.1:18600    127.0.0.1:46584\n', /^a table of sockets/],
  ['COMMAND    PID USER   FD   TYPE   DEVICE SIZE/OFF     NODE NAME\n', /^a table of open files \(lsof\)/],
  ['top - 22:08:05 up 15:30,  0 user,  load average: 13.20, 15.04, 10.74\n', /^a table of processes/],
  ['    PID     TID STAT WCHAN                          COMMAND\n', /^a table of processes/],
  ['procs -----------memory---------- ---swap-- -----io---- -system-- ------cpu-----\n', /^figures of the host/],
  ['[    0.358343] TCP: Hash tables configured (established 262144 bind 65536)\n', /^messages of the kernel/],
  ['[Fri Nov 27 06:38:04 2026] Linux version 6.18.44\n', /^messages of the kernel/],
  ['[<0>] wait_woken+0x89/0x90\n[<0>] sk_wait_data+0x172/0x190\n', /^the stack of a thread in the kernel/],
  ['45 0xb 0x7f86f5ddc8c0 0x64 0x0 0x0 0x0 0x7ffd031c3a68 0x7f86f7180929\n', /^the call of a thread \(\/proc/],
  ['Name:\tgunicorn\nUmask:\t0022\nState:\tS (sleeping)\n', /^a file of \/proc; it shows one moment, and no calls$/],
  [
    '2026-11-27 22:08:35\nFull thread dump OpenJDK 64-Bit Server VM:\n',
    /^stacks of Java \(jstack\); .*strace -f -p PID$/,
  ],
  ['goroutine 1 [running]:\nmain.main()\n', /^stacks of goroutines/],
  ['#0  0x00007f86f7180929 in recv () from libc.so.6\n', /^stacks of threads; for the calls/],
  ['{\n  "header": {\n    "reportVersion": 4,\n', /^a diagnostic report of Node/],
  ['Traceback (most recent call last):\n  File "tb.py", line 3, in <module>\n', /^the stack of an exception/],
  [
    '           time    cpu  task name                       wait time  sch delay   run time\n',
    /^output of `perf sched`/,
  ],
  [
    'gunicorn 16824 55652.111966:     250000 cpu-clock: \n\t           358b3 __dcgettext+0x3 (libc.so.6)\n',
    /^output of `perf script`; .*`perf trace -i perf.data`/,
  ],
  [" Performance counter stats for process id '16746':\n", /^sums of perf/],
  ['<module> (gunicorn:33);run (wsgiapp.py:67);run (base.py:231);run (arbiter.py:7) 11\n', /flame graph/],
  ['[pid 16823] SYS_recvfrom(11, 0x7f86f5ddc8c0, 100, 0) = 2\n', /^output of ltrace -S; use strace$/],
  ['16823 22:08:16.367697 SYS_recvfrom(11, 0x7f86, 100, 0) = 2 <0.099409>\n', /^output of ltrace -S; use strace$/],
  ['% time     seconds  usecs/call     calls      function\n', /^output of ltrace/],
  ['what ltrace shows\n^C% time     seconds  usecs/call     calls      function\n', /^output of ltrace; use strace$/],
  ['it prints a lot of these\nkevent(0x7, 0x0, 0x0)        = 1 0\n', /^output of dtruss; on Linux: strace -f -p PID$/],
  ["libbpf: failed to add legacy kprobe event for 'vfs_read+0x0'\n", /^messages of a tool of bcc that did not start/],
  ['Tracing run queue latency higher than 1000 us\n', /^output of a ready-made tool of bcc/],
  ["ERROR: Unknown error -1: couldn't set RLIMIT_MEMLOCK for bpftrace. If your\n", /^messages of bpftrace without/],
  [
    '127.0.0.1 - - [27/Nov/2026:22:08:35 +0000] "GET / HTTP/1.1" 200 3\n',
    /^a log: its first lines have no system calls$/,
  ],
  ['Nov 27 22:08:35 web-1 gunicorn[16823]: worker timeout\n', /^a log: /],
  [
    "  Error: unknown option `failure-only'\n\n Usage: perf trace [<options>]\n",
    /^messages of perf that did not start; head /,
  ],
  ['PK\x03\x04\x14\0\0', /^a zip file; type: unzip -p FILE \| drover -$/],
  [`${'MjcwNzkgMTc5NTg4NDc2My43Mjk5NjAgZ2V0cGlkKCA8dW5maW5pc2hlZCA'.repeat(5)}=\n`, /base64 -d FILE \| drover -$/],
  [`${`${'Mjcw'.repeat(19)}\n`.repeat(3)}MjcwNw==\n`, /^text in base64; type: base64 -d FILE \| drover -$/],
  ['Subject: a\nContent-Transfer-Encoding: base64\n\nMjcwNzkg\n', /^a mail with an attachment in base64; save /],
  ['begin 644 base.strace\nM,C<P-SD@,3<Y-3@X-#<V,RXW,CDY-C`@9V5T<&ED\n', /^uuencoded text; type: uudecode /],
  ['00000000: 3237 3037 3920 3137 3935 3838 3437 3633  27079 1795884763\n', /type: xxd -r FILE \| drover -$/],
  [
    '00000000  32 37 30 37 39 20 31 37  39 35 38 38 34 37 36 33  |27079|\n',
    /^a hexadecimal dump \(hexdump, od\); give/,
  ],
  [
    '7 10:00:00.000001 close(3) = 0\r'.repeat(7),
    /^text whose lines end with carriage returns alone; type: tr '\\r' '\\n' < FILE \| drover -$/,
  ],
  ['<!doctype html>\n<html>', /HTML/],
  [
    'The kernel then calls accept(2), which fails with EAGAIN.\nSee also read(2) and write(2).\n',
    /^text that begins with "The kernel then calls accept\(2\), which fails with EAGAIN."$/,
  ],
  ['#include <stdio.h>\nint main(void)\n{\n  close(fd);\n  read(fd, buf, sizeof buf);\n}\n', /^text that begins with/],
  [`${'word '.repeat(40)}\n`, /^text that begins with "(?:word ){11}wor(?:d )?…"$|^text that begins with ".{59}…"$/],
  ['root:$6$salt$Zq7MARK9xabcdef:19000:0:99999:7:::\n', /^text that begins with "root:<removed>:19000:0:99999:7:::"$/],
  ['DATABASE_PASSWORD="Zq7MARK9x"\n', /^text that begins with "DATABASE_PASSWORD="<removed>""$/],
  ['\x1b[31mred\x1b[0m alert\x07\u202e\n', /^text that begins with "\[31mred \[0m alert"$/],
];
for (const [head, said] of OTHERS) {
  test(`a file like ${JSON.stringify(head.toString('latin1').slice(0, 50))} is no trace, and is named`, () => {
    const bytes = Buffer.isBuffer(head) ? head : Buffer.from(head, /[^\x00-\x7f]/.test(head) ? 'utf8' : 'latin1');
    assert.equal(detectFormat(bytes), null);
    assert.match(describeUnknown(bytes), said);
  });
}

test('what is said of an unknown file is one line without control characters', () => {
  let seed = 7;
  const random = (below: number): number => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    return seed % below;
  };
  for (let i = 0; i < 2_003; i++) {
    const bytes = Buffer.from(Array.from({ length: random(300) }, () => random(256)));
    const said = describeUnknown(bytes);
    assert.doesNotMatch(said, /\p{Cc}|\p{Cf}/u);
    assert.ok(said.length > 0 && said.length < 200);
    for (const format of formats) assert.ok(format.sniff(bytes) >= 0 && format.sniff(bytes) <= 1);
  }
});

test('the way out of a file that is no trace is a command to type as it is, with the path of the file', () => {
  const gzip = Buffer.from('1f8b0800000000000003', 'hex');
  assert.match(describeUnknown(gzip, './a b/it\'s $HOME\x1b"'), /`zcat '\.\/a b\/it'\\''s \$HOME\?"'`$/);
  assert.match(describeUnknown(gzip, 'web-1.gz'), /`zcat web-1\.gz`$/);
  // What the file itself says is left alone.
  assert.match(describeUnknown(Buffer.from('FILE of nothing\n'), 'x'), /begins with "FILE of nothing"$/);
});

test('a trace that stands beside something else is cut out by a command to type', () => {
  const call = (n: number): string =>
    `${4711 + (n % 2)} 1795189522.0000${n} accept4(3, NULL, NULL, 0) = -1 EAGAIN (Resource temporarily unavailable) <0.000011>\n`;
  const calls = (count: number): string => Array.from({ length: count }, (_, n) => call(n + 10)).join('');
  const frames = '[<0>] wait_woken+0x89/0x90\n'.repeat(100);
  for (const [text, from, to] of [
    [frames + calls(7), 101, '$'],
    [calls(7) + frames, 1, '7'],
    [frames + calls(7) + frames, 101, '107'],
  ] as const) {
    assert.equal(detectFormat(Buffer.from(text)), null);
    assert.equal(
      describeUnknown(Buffer.from(text), 'all.txt'),
      `the stack of a thread in the kernel (/proc/PID/stack) beside strace; ` +
        `type: sed -n '${from},${to}p' all.txt | drover -`,
    );
  }
  // A hang is a call without its end.
  const hung = '4711 1795189523.000001 recvfrom(9<socket:[7]>,  <unfinished ...>\n';
  assert.match(describeUnknown(Buffer.from(hung + calls(7) + hung + frames), 'a'), /sed -n '1,9p' a \|/);
  const within = Buffer.from(frames + calls(3) + frames + calls(4));
  assert.match(describeUnknown(within), / beside strace; give the lines of strace in a file of their own$/);
  // Examples in a text are no trace.
  assert.doesNotMatch(describeUnknown(Buffer.from(frames + calls(4))), /beside/);
});

test('a 7z file is named by its first bytes', () => {
  assert.equal(
    describeUnknown(Buffer.from('377abcaf271c0004', 'hex'), 'a.7z'),
    'a 7z file; type: 7z x -so a.7z | drover -',
  );
});
