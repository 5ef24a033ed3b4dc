import assert from 'node:assert/strict';
import { test } from 'node:test';
import { redactLine, redactQuoted } from '../../src/output/redact-line.ts';
import { processorMs } from '../support/processor-time.ts';

const PEER = '14<TCP:[10.0.0.4:8000->10.2.0.7:51544]>';

const REDUCED: readonly (readonly [what: string, line: string, redacted: string])[] = [
  [
    'a request keeps its method and its path without the query',
    `4127 1795140817.890000 recvfrom(${PEER}, "POST /login;sid=1?next=%2F HTTP/1.1\\r\\nCookie: sid=8a7b\\r\\n\\r\\nuser=bob", 8192, 0, NULL, NULL) = 97 <0.000010>`,
    `4127 1795140817.890000 recvfrom(${PEER}, "POST /login"..., 8192, 0, NULL, NULL) = 97 <0.000010>`,
  ],
  [
    'a request to a proxy loses the user',
    'read(7, "GET http://bob:pw@shop/a?b HTTP/1.1\\r\\n"..., 64) = 64',
    'read(7, "GET http://shop/a"..., 64) = 64',
  ],
  [
    'a response keeps its status',
    `sendto(${PEER}, "HTTP/1.1 200 OK\\r\\nSet-Cookie: a=b"..., 1048, 0, NULL, 0) = -1 EPIPE`,
    `sendto(${PEER}, "HTTP/1.1 200"..., 1048, 0, NULL, 0) = -1 EPIPE`,
  ],
  [
    'a MySQL query keeps its verb',
    'sendto(12, "\\27\\0\\0\\0\\3SELECT SLEEP(0.4)", 23, 0, NULL, 0) = 23',
    'sendto(12, "SELECT"..., 23, 0, NULL, 0) = 23',
  ],
  [
    'a PostgreSQL query keeps its verb',
    'write(12, "Q\\0\\0\\0\\35update users set pw=\'x\'\\0", 29) = 29',
    'write(12, "UPDATE"..., 29) = 29',
  ],
  ['anything else keeps its size', 'write(2, "user bob: \\"hi\\"\\n", 16) = 16', 'write(2, "<15 bytes>", 16) = 16'],
  [
    'a string that strace cut stays marked',
    'read(3, "\\177ELF\\2\\1"..., 832) = 832',
    'read(3, "<6 bytes>"..., 832) = 832',
  ],
  [
    'hexadecimal strings are read',
    'read(3, "\\x47\\x45\\x54\\x20\\x2f\\x61\\x3f\\x62", 8) = 8',
    'read(3, "GET /a"..., 8) = 8',
  ],
  [
    'a second half counts as its call',
    '4127 <... read resumed>"bob:pw", 31) = 6 <0.000066>',
    '4127 <... read resumed>"<6 bytes>", 31) = 6 <0.000066>',
  ],
  [
    'each part of a vector',
    'writev(7, [{iov_base="HTTP/1.1 404 X\\r\\n", iov_len=16}, {iov_base="ok\\n", iov_len=3}], 2) = 19',
    'writev(7, [{iov_base="HTTP/1.1 404"..., iov_len=16}, {iov_base="<3 bytes>", iov_len=3}], 2) = 19',
  ],
  [
    'the address of a message stays',
    'sendto(5, "<14>bob", 7, 0, {sa_family=AF_UNIX, sun_path="/dev/log"}, 110) = 7',
    'sendto(5, "<7 bytes>", 7, 0, {sa_family=AF_UNIX, sun_path="/dev/log"}, 110) = 7',
  ],
  [
    'quotes in the name of a socket do not begin a string',
    'write(3<UNIX:[17->19,"/run/x.sock"]>, "bob", 3) = 3',
    'write(3<UNIX:[17->19,"/run/x.sock"]>, "<3 bytes>", 3) = 3',
  ],
  ['a name that is never closed hides nothing', 'write(3</tmp/a, "bob", 3) = 3', 'write(3</tmp/a, "<3 bytes>", 3) = 3'],
  ['a string that is cut off', 'write(3, "bob\\', 'write(3, "<4 bytes>"...'],
  [
    'a payload call behind a naming one',
    'openat(AT_FDCWD, "/a", O_RDONLY) = 3read(3, "bob", 3) = 3',
    'openat(AT_FDCWD, "/a", O_RDONLY) = 3read(3, "<3 bytes>", 3) = 3',
  ],
  [
    'a payload call inside a naming one',
    'openat(AT_FDCWD, "/a"read(3, "bob", 3) = 3',
    'openat(AT_FDCWD, "/a"read(3, "<3 bytes>", 3) = 3',
  ],
  ['a call nobody knows', 'frobnicate("bob", 3) = 0', 'frobnicate("<3 bytes>", 3) = 0'],
  [
    'an environment keeps the names of its variables',
    'execve("/bin/app", ["app"], ["HOME=/root", "TOKEN=a"]) = 0',
    'execve("/bin/app", ["app"], ["HOME=<removed>", "TOKEN=<removed>"]) = 0',
  ],
  [
    'a row of a hex dump',
    ' | 00000  62 6f 62                                          bob              |',
    ' | 00000 <bytes>',
  ],
  ['a line without a call', 'INFO login "bob" ("pw") done', 'INFO login "<9 bytes>") done'],
  ['half a string without a call', 'bob", 3) = 3', '<3 bytes>"<8 bytes>"...'],
  ['a header in a line without a call', 'Cookie: sid=8a7b6c; b=c', 'Cookie: <10 bytes>; <3 bytes>'],
  [
    'a line of bpftrace JSON',
    '{"type": "printf", "data": "17 read(3, \\"bob\\", 3) = 3", "nsecs": 9007199254740993}',
    '{"type": "printf", "data": "17 read(3, \\"<3 bytes>\\", 3) = 3", "nsecs": 9007199254740993}',
  ],
];
for (const [what, line, redacted] of REDUCED) {
  test(`payload is reduced: ${what}`, () => {
    assert.equal(redactLine(line), redacted);
    assert.equal(redactLine(redacted), redacted);
  });
}

const KEPT = [
  '4127 execve("/usr/bin/python3", ["python3", "-m", "app?x=1"], 0x7ffc /* 9 vars */) = 0',
  'openat(AT_FDCWD</srv>, "/srv/app/read(3).pyc", O_RDONLY|O_CLOEXEC) = 3</srv/app/read(3).pyc>',
  'connect(3, {sa_family=AF_INET, sin_port=htons(3306), sin_addr=inet_addr("10.0.0.9")}, 16) = -1 EINPROGRESS',
  'accept4(5<TCP:[0.0.0.0:8000]>, 0x7ffd, [16], SOCK_CLOEXEC) = -1 EAGAIN (Resource temporarily unavailable) <0.000012>',
  'readlink("/proc/self/exe", "/usr/bin/python3.11", 4096) = 19',
  'prctl(PR_SET_NAME, "worker-1") = 0',
  'newfstatat(3</etc/hosts>, "", {st_mode=S_IFREG|0644, ...}, AT_EMPTY_PATH) = 0',
  'read(14, "", 8192) = 0',
  '--- SIGPIPE {si_signo=SIGPIPE, si_code=SI_USER, si_pid=4127} ---',
  '+++ exited with 0 +++',
  'strace: Process 4127 attached',
  '',
];
for (const line of KEPT) {
  test(`nothing is removed from: ${line}`, () => {
    assert.equal(redactLine(line), line);
  });
}

test('no line says more when its end is cut off anywhere', () => {
  const secret = 'sesame';
  const lines = [
    `recvfrom(${PEER}, "GET /a?${secret} HTTP/1.1\\r\\nCookie: ${secret}\\r\\n\\r\\n${secret}", 8192, 0, NULL, NULL) = 64`,
    `4127 <... recvmsg resumed>{msg_name={sa_family=AF_UNIX, sun_path="/dev/log"}, msg_iov=[{iov_base="a \\"${secret}\\\\", iov_len=9}, {iov_base="${secret}"...}]}, 0) = 9`,
    `[pid  17] sendto(5</a "b>, "${secret} \\", ${secret}", 3) = 3`,
    `printf: said "${secret}" to "${secret}"`,
  ];
  for (const line of lines) {
    for (let end = line.length; end >= 0; end--)
      assert.ok(!redactLine(line.slice(0, end)).includes('sesame'), line.slice(0, end));
  }
});

test('a long line of one kind of character is done at once', () => {
  for (const character of ['a', '/', '"', '\\', '?', '(', '<', '1<', 'a(', '/?', '" ', 'a("",', '=']) {
    const start = processorMs();
    redactLine(character.repeat(50_000));
    assert.ok(processorMs() - start < 2_000, character);
  }
});

test('a target keeps its address and only the verb of its query', () => {
  assert.equal(redactQuoted('10.0.0.9:3306 "SELECT * FROM users"'), '10.0.0.9:3306 "SELECT"...');
  assert.equal(redactQuoted('10.0.0.9:3306 (SELECT * FROM users)'), '10.0.0.9:3306 (SELECT ...');
  assert.equal(redactQuoted('UNIX:[17->19,"/run/x.sock"]'), 'UNIX:[17->19,"/run/x.sock"]');
  assert.equal(redactQuoted('/srv/app/sessions.db'), '/srv/app/sessions.db');
  assert.equal(redactQuoted('10.0.0.9:6379 "AUTH sesame"'), '10.0.0.9:6379 "<11 bytes>"');
});

test('the words of the lines that drover itself notes stay', () => {
  for (const event of 'start fd in exit signal deliver tcp reset tick turn fail seen code lost cost end'.split(' ')) {
    const line = `event=${event} ts=1404330435524 pid=16202`;
    assert.equal(redactLine(line), line);
    assert.equal(redactLine(`strace: drover: ${line}`), `strace: drover: ${line}`);
  }
});
