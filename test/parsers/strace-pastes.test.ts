import assert from 'node:assert/strict';
import test from 'node:test';
import { sniffStrace } from '../../parsers/strace/sniff.ts';
import { readTrace, unaccounted, unpackedBytes } from './read-trace.ts';

/** 13 lines, 5 of them failed accepts, with both halves of one call. */
const TRACE = [
  '7  1795189522.000001 epoll_wait(4, [{events=EPOLLIN, data={u32=3, u64=3}}], 64, -1) = 1 <0.000101>',
  '7  1795189522.000103 accept4(3,  <unfinished ...>',
  ...[8, 9, 10, 11].flatMap((tid) => [
    `${tid}  1795189522.0001${tid + 1} accept4(3, 0x7ffd, [16], SOCK_CLOEXEC) = -1 EAGAIN (Resource temporarily unavailable) <0.000011>`,
    `${tid}  1795189522.0003${tid + 1} epoll_wait(4, [], 64, 0) = 0 <0.000003>`,
  ]),
  '7  1795189522.000460 <... accept4 resumed>0x7ffd, [16], SOCK_CLOEXEC) = -1 EAGAIN (Resource temporarily unavailable) <0.000300>',
  '7  1795189522.000500 --- SIGPIPE {si_signo=SIGPIPE, si_code=SI_USER, si_pid=7, si_uid=0} ---',
  '7  1795189522.000600 +++ exited with 0 +++',
];
const plain = readTrace(`${TRACE.join('\n')}\n`);

/** What people and terminals do to a trace. */
const DAMAGE: Readonly<
  Record<string, { readonly change: (line: string, number: number) => string; readonly others?: readonly string[] }>
> = {
  'carriage returns': { change: (line) => `${line}\r`, others: ['crlf'] },
  'quoted with >': { change: (line) => `> ${line}`, others: [] },
  'in a comment': { change: (line) => `// ${line}`, others: [] },
  indented: { change: (line) => `    ${line}`, others: [] },
  'numbered by grep -n': { change: (line, number) => `${number + 1}:${line}`, others: [] },
  'numbered by cat -n': { change: (line, number) => `${String(number + 1).padStart(6)}\t${line}`, others: [] },
  'numbered by an editor': { change: (line, number) => `  ${number + 97} ${line}`, others: [] },
  'numbered to the left': { change: (line, number) => `${number + 2_997} ${line}`, others: [] },
  'tabs between columns': { change: (line) => line.replace(/ +/, '\t').replace(/ /, '\t'), others: [] },
  'blanks that do not break': { change: (line) => line.replace(/ +/, '\u00a0 ').replace(' = ', '\u00a0= ') },
  'HTML entities': { change: (line) => line.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;') },
  'all of HTML': {
    change: (line) =>
      `<span class="line">${line.replaceAll('&', '&amp;').replaceAll('<', '&#60;').replaceAll('>', '&gt;')}</span><br/>`,
  },
  'ellipses of a word processor': { change: (line) => line.replaceAll('...', '\u2026') },
  'dashes of a blog': { change: (line) => line.replaceAll('---', '\u2014') },
  'backslashes of Markdown': { change: (line) => line.replace(/[_[\]<>]/g, '\\$&') },
  'bold lines': { change: (line) => `**${line}**` },
  'bullets of a list': { change: (line) => `- ${line}`, others: [] },
  'plus signs of a difference': { change: (line) => `+${line}`, others: [] },
  'the name of a container behind a quote': { change: (line) => `> web-1  | ${line}`, others: [] },
  'blanks at the end': { change: (line) => `${line}   ` },
  'colours of strace 7': {
    change: (line) =>
      line
        .replace(/ (\w+)\(/, ' \x1b[33m$1\x1b[0m(\x1b[35m')
        .replace(/\) = (\S+)/, '\x1b[0m)\x1b[0m \x1b[0m=\x1b[0m \x1b[32m$1\x1b[0m'),
    others: ['colour'],
  },
  'a byte order mark': { change: (line, number) => (number === 0 ? `\ufeff${line}` : line) },
  'zeros of a truncated log': { change: (line, number) => (number === 0 ? `${'\0'.repeat(4_099)}${line}` : line) },
};

for (const [what, { change, others = [] }] of Object.entries(DAMAGE)) {
  test(`a trace with ${what} tells the same as without`, () => {
    const read = readTrace(`${TRACE.map(change).join('\n')}\n`);
    const essence = ({ records }: typeof read): unknown[] =>
      records.map((record) =>
        record.kind === 'call'
          ? [
              record.tid,
              record.name,
              record.start,
              record.end,
              record.result,
              record.error,
              record.args,
              record.line,
              record.startLine,
            ]
          : [record.kind, record.tid, record.time],
      );
    assert.deepEqual(essence(read), essence(plain));
    assert.equal(read.calls.filter((call) => call.error === 'EAGAIN').length, 5);
    assert.deepEqual(
      [read.flags.others, read.account.unparsed, read.account.foreign, unaccounted(read.account)],
      [others, 0, 0, 0],
    );
  });
}

test('a call that a mail program wrapped between its arguments is read, also behind a quote', () => {
  const calls = TRACE.filter((line) => !/ [-+]{3} /.test(line));
  for (const quote of ['', '> ']) {
    const wrapped = calls.flatMap((line) => line.replace(/, (?=\[|SOCK|0\))/, ',\n').split('\n'));
    assert.ok(wrapped.length >= calls.length + 10);
    const read = readTrace(wrapped.map((line) => `${quote}${line}\n`).join(''));
    assert.deepEqual(
      read.calls.map(({ name, result, error, tid, args }) => [name, result, error, tid, args]),
      plain.calls.map(({ name, result, error, tid, args }) => [name, result, error, tid, args]),
    );
    assert.deepEqual([read.account.unparsed, read.account.foreign], [0, 0]);
  }
});

test('pids of lines that are indented and have no times are no times', () => {
  const { calls, flags } = readTrace('    4711 close(3) = 0\n    4712 close(4) = 0\n    4711 read(5, "", 8) = 0\n');
  assert.deepEqual([flags.timestamps, ...calls.map(({ tid }) => tid)], ['none', 4711, 4712, 4711]);
});

test('attach after attach is read behind a quote as without: each call is one that did not come back', () => {
  const session = (tid: number): string[] => [
    `# strace -p ${tid}`,
    `Process ${tid} attached`,
    `wait4(${tid + 2}, ^CProcess ${tid} detached`,
    ' <detached ...>',
  ];
  for (const quote of ['', '> ', '>     ', '17:']) {
    const { calls } = readTrace(
      [11, 13, 17]
        .flatMap(session)
        .map((line) => `${quote}${line}\n`)
        .join(''),
    );
    assert.deepEqual(
      calls.map(({ tid, name, inFlight }) => [tid, name, inFlight]),
      [11, 13, 17].map((tid) => [tid, 'wait4', true]),
      quote,
    );
  }
});

test('an error whose words in brackets a mail program put on the next line is an error', () => {
  const { calls, account } = readTrace(
    'accept4(19, NULL, NULL, SOCK_CLOEXEC|SOCK_NONBLOCK) = -1 EMFILE\n(Too many open files)\nclose(18) = 0\n' +
      'accept4(19, NULL, NULL, SOCK_CLOEXEC|SOCK_NONBLOCK) = -1 EAGAIN (Resource\ntemporarily unavailable)\nclose(18) = 0\n',
  );
  assert.deepEqual(
    calls.map(({ name, error }) => [name, error]),
    [
      ['accept4', 'EMFILE'],
      ['close', ''],
      ['accept4', 'EAGAIN'],
      ['close', ''],
    ],
  );
  assert.equal(account.unparsed, 0);
});

test('what explains a result is read from the next line, where a mail program broke the line in front of it', () => {
  const text = [
    'accept4(19, NULL, NULL, SOCK_CLOEXEC|SOCK_NONBLOCK) = -1',
    'EMFILE (Too many open files) <0.000008>',
    'poll([{fd=10, events=POLLIN}], 1, 300000) = 1',
    '([{fd=10, revents=POLLIN}]) <0.100000>',
    'poll([{fd=10, events=POLLIN}], 1, 100) = 0',
    '(Timeout) <0.100200>',
    'close(18) = 0',
    '<0.000011>',
    // Nothing follows that explains it.
    'getpriority(PRIO_PROCESS, 0) = -1',
    'close(17) = 0 <0.000012>',
  ];
  for (const chunks of [[1 << 20], [7]]) {
    const { calls, account } = readTrace(`${text.join('\n')}\n`, { chunks });
    assert.deepEqual(
      calls.map(({ name, result, error, duration }) => [name, result, error, duration]),
      [
        ['accept4', -1, 'EMFILE', 8_000],
        ['poll', 1, '', 100_000_000],
        ['poll', 0, '', 100_200_000],
        ['close', 0, '', 11_000],
        ['getpriority', -1, '', -1],
        ['close', 0, '', 12_000],
      ],
    );
    assert.deepEqual([account.unparsed, account.foreign, account.continued], [0, 0, 4]);
  }
});

test('a signal that a mail program wrapped is a signal', () => {
  const { others, account } = readTrace(
    'getpid() = 495\n--- SIGCHLD {si_signo=SIGCHLD, si_code=CLD_KILLED, si_pid=510, si_uid=0,\n' +
      'si_status=SIGSEGV, si_utime=160, si_stime=32} ---\ngetpid() = 495\n',
  );
  assert.deepEqual(
    others.map((record) => [record.kind, /si_status=SIGSEGV/.test(record.info ?? '')]),
    [['signal', true]],
  );
  assert.deepEqual([account.signals, account.calls, account.unparsed + account.foreign], [1, 2, 0]);
});

test('a paste of which hardly any line is whole is strace all the same', () => {
  const wrapped =
    '> [pid  2272] recvmsg(24, 0x7ffcced0aa80, MSG_DONTWAIT|MSG_NOSIGNAL|MSG_CMSG_CLOEXEC)\n' +
    '> = -1 EAGAIN (Resource temporarily unavailable)\n' +
    '> [pid  2272] epoll_wait(4, {{EPOLLOUT, {u32=1097811424, u64=94103831266784}}}, 36,\n> 0) = 1\n';
  assert.ok(sniffStrace(unpackedBytes(Buffer.from(wrapped.repeat(3)))) > 0.9);
  const prose = '> The worker calls recvmsg(24)\n> = the call that waits. epoll_wait(4) is next,\n> 0) = nothing.\n';
  assert.ok(sniffStrace(Buffer.from(prose.repeat(3))) < 0.3);
});

const REPAIRED: readonly (readonly [string, string])[] = [
  ['pid  1886] read(20, "", 1) = 1', 'a lost bracket'],
  ['**[pid  1886] read(20, "", 1) = 1', 'markdown stars'],
  ['`[pid  1886] read(20, "", 1) = 1`', 'backticks'],
  ['[pid  1886] read(20, "", 1) = 1                              [39/84678]', 'the position that tmux shows'],
  ['[pid  1886] read(20, "", 1) = 1\x1b[K', 'a control sequence'],
  ['<pre><span>[pid  1886] read(20, "", 1) = 1</span><br>', 'HTML tags'],
];
test('a first half under the position that tmux shows is read', () => {
  const { calls, inFlight, account } = readTrace(
    '[pid  1886] read(20,  <unfinished ...>               [11/26]\n[pid  1887] futex(0x7f, FUTEX_WAIT, 0, NULL <unfinished ...>\n' +
      '[pid  1886] <... read resumed> "", 1)  = 1           [12/26]\n',
  );
  assert.deepEqual(
    [...calls, ...inFlight].map(({ tid, name }) => [tid, name]),
    [
      [1886, 'read'],
      [1887, 'futex'],
    ],
  );
  assert.equal(account.foreign + account.unparsed, 0);
});

for (const [line, what] of REPAIRED) {
  test(`a line with ${what} is read`, () => {
    const { calls, account } = readTrace(`[pid  1886] close(20) = 0\n${line}\n[pid  1886] close(20) = 0\n`);
    assert.deepEqual(
      [calls[1]?.tid, calls[1]?.name, calls[1]?.result, account.foreign + account.unparsed],
      [1886, 'read', 1, 0],
    );
  });
}

test('numbers before lines that count up are no pids; those of threads are', () => {
  const numbered = ['getpid() = 7', 'close(3) = 0', '', 'close(4) = 0', 'read(5, "", 1) = 0']
    .map((line, index) => `  ${index + 997} ${line}`)
    .join('\n');
  const { calls } = readTrace(`socket(AF_INET, SOCK_STREAM, IPPROTO_IP) = 3\n${numbered}\n`);
  assert.deepEqual([calls.length, ...new Set(calls.map(({ tid }) => tid))], [5, 0]);
  const threads = [997, 998, 999, 1000, 1002].map((tid) => `${tid} getpid() = 997\n`).join('');
  assert.equal(new Set(readTrace(threads).calls.map(({ tid }) => tid)).size, 5);
  const started = [97, 98, 99, 100, 101, 102].map((tid) => `${tid} execve("/bin/a", ["a"], 0x7ffd /* 9 vars */) = 0\n`);
  assert.equal(new Set(readTrace(started.join('')).calls.map(({ tid }) => tid)).size, 6);
});

test('elisions, prompts, comments and program output are foreign, each under its code', () => {
  const { account, codes } = readTrace(
    'root@1ba3a0b6d2c0:/code# strace -s 1024 -f -tT ./a.out\n7 close(3) = 0\n...\n....\n..{17 calls of recvfrom}...\n[.. output omitted ..]\n[snip]\n# the author says that 7 close(3) = 0 fails\n7 close(4) = 0\nlistening on 8000\n\x01\x02\x03\n\n7 close(5) = 0\n',
  );
  assert.deepEqual([account.calls, account.foreign, account.blank, account.unparsed], [3, 9, 1, 0]);
  assert.deepEqual(codes, { 'foreign-line': 3, elision: 5, 'binary-bytes': 1 });
});

test('lines that somebody took out are a gap behind the last line that stands', () => {
  const { others } = readTrace('7 1795189522.000001 close(3) = 0\n[...]\n7 1795189523.000001 close(4) = 0\n');
  assert.deepEqual(
    others.filter(({ kind }) => kind === 'lost').map(({ time }) => time),
    [0],
  );
});

test("lines that look like the tracer's and cannot be read are unparsed, with samples", () => {
  const { account, diagnostics } = readTrace(
    `${'7 1795189522.000001 close(3) = 0\n'.repeat(2)}${'7 1795189522.000002 Close!\n'.repeat(5)}`,
  );
  assert.deepEqual([account.calls, account.unparsed], [2, 5]);
  assert.deepEqual(diagnostics, [
    {
      code: 'unparsed-line',
      count: 5,
      samples: [3, 4, 5].map((line) => ({ file: 'made-up', line, text: '7 1795189522.000002 Close!' })),
    },
  ]);
});

test('the table of -C behind a log is counted and makes no events', () => {
  const { account, codes, flags } = readTrace(
    'close(3) = 0\n% time     seconds  usecs/call     calls    errors syscall\n------ ----------- ----------- --------- --------- ----------------\n 34.45    1.095142      273785         4         1 clock_nanosleep\n 33,78    0,000229          28         8           mmap\n------ ----------- ----------- --------- --------- ----------------\n100.00    3.178868       20776       153        24 total\nclose(4) = 0\n',
  );
  assert.deepEqual([account.calls, account.foreign, codes, flags.others], [2, 6, { 'summary-table': 1 }, ['-c']]);
});

test('what the arguments tell of the options is noticed', () => {
  const others = (line: string): readonly string[] => readTrace(`${line}\n`).flags.others;
  assert.deepEqual(others('openat(AT_FDCWD, "\\x2f\\x65", O_RDONLY) = 3'), ['-x']);
  assert.deepEqual(others('accept4(3, {sa_family=0x2}, [16], 0x80000) = 3'), ['-X raw']);
  assert.deepEqual(others('accept4(3, {sa_family=0x2 /* AF_INET */}, [16], 0x80000 /* SOCK_CLOEXEC */) = 3'), []);
  assert.deepEqual(others('accept4(0x3, 0x7ffe11, 0x7ffe12, 0x80000) = 0x5'), ['-e raw']);
  assert.deepEqual(others('accept4(sockfd=3, addr=NULL, addrlen=NULL, flags=0) = 3'), ['-N']);
  assert.deepEqual(others('read(3, "caf\\303\\251", 5) = 5'), []);
});
