import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  decoration,
  decorationAt,
  descriptorsOfSet,
  eachOfSet,
  integer,
  lastBehindList,
  pollDescriptors,
  quotedBytes,
  readyEvents,
  selectReadDescriptors,
  socketAddress,
  splitArguments,
} from '../../parsers/arguments/strace-text.ts';
import { processorMs } from '../support/processor-time.ts';

/** One table: what is decoded, and what comes out. */
function table<Result>(
  name: string,
  decode: (text: string) => Result,
  rows: readonly (readonly [text: string, expected: Result])[],
): void {
  describe(name, () => {
    for (const [text, expected] of rows)
      it(`reads ${JSON.stringify(text).slice(0, 100)}`, () => assert.deepEqual(decode(text), expected));
  });
}

table('arguments are split at commas of the outermost level', splitArguments, [
  ['', []],
  ['7', ['7']],
  ['7<anon_inode:[eventpoll]>, [], 64, -1', ['7<anon_inode:[eventpoll]>', '[]', '64', '-1']],
  ['11<socket:[123]>, "a, b", 4, 0, NULL, NULL', ['11<socket:[123]>', '"a, b"', '4', '0', 'NULL', 'NULL']],
  ['5, {sa_family=AF_INET, sin_port=htons(1)}, [16]', ['5', '{sa_family=AF_INET, sin_port=htons(1)}', '[16]']],
  ['3</tmp/a,b>, "x"', ['3</tmp/a,b>', '"x"']],
  ['AT_FDCWD</srv>, "x", O_RDONLY', ['AT_FDCWD</srv>', '"x"', 'O_RDONLY']],
  ['4<TCP:[10.0.0.1:80->10.0.0.2:5123]>, 1', ['4<TCP:[10.0.0.1:80->10.0.0.2:5123]>', '1']],
  ['"a\\"b, c", 1', ['"a\\"b, c"', '1']],
  ['fd=5, buf="x", count=1', ['5', '"x"', '1']],
  ['0x7f /* 3 vars, or so */, 1', ['0x7f /* 3 vars, or so */', '1']],
  ['1 << 2, 3', ['1 << 2', '3']],
  ['"never closed, 1', ['"never closed, 1']],
  ['{open, 1', ['{open, 1']],
  ['], 1', [']', '1']],
  [',,', ['', '']],
]);

table('a decoration is what -y prints behind the first descriptor', decoration, [
  ['5<socket:[123]>, 1', 'socket:[123]'],
  ['fd=5</var/log/a.log>, 1', '/var/log/a.log'],
  ['4<TCP:[a->b]>', 'TCP:[a->b]'],
  ['6<UNIX-STREAM:[1,"/run/a>b"]>', 'UNIX-STREAM:[1,"/run/a>b"]'],
  ['5, "7<no>"', ''],
  ['"5<no>"', ''],
  ['5<never closed', ''],
  ['', ''],
]);

table('an integer leads its argument', (text) => integer(text), [
  ['5', 5],
  ['-1', -1],
  ['0x10', 16],
  ['5<socket:[1]>', 5],
  ['0', 0],
  ['NULL', Number.NaN],
  ['', Number.NaN],
  ['x5', Number.NaN],
]);

it('an integer that is not there is not a number', () => assert.ok(Number.isNaN(integer(undefined))));

table('bytes of a C string are decoded', (text) => quotedBytes(text), [
  ['"GET / HTTP/1.1\\r\\n"', 'GET / HTTP/1.1\r\n'],
  ['5, "a\\"b\\\\c", 5', 'a"b\\c'],
  ['"\\22\\0\\0\\0\\3SELECT 1"', '\x12\0\0\0\x03SELECT 1'],
  ['"\\0019"', '\x019'],
  ['"\\377\\400"', '\xff\x00'],
  ['"\\x47\\x45\\x54"', 'GET'],
  ['"\\xzz"', 'xzz'],
  ['"\\t\\v\\f"', '\t\v\f'],
  ['""', ''],
  ['"cut"...', 'cut'],
  ['"never closed', 'never closed'],
  ['"ends with \\', 'ends with '],
  ['"', ''],
  ['NULL', null],
  ['', null],
]);

describe('bytes of a C string', () => {
  it('are limited, before and after an escape', () => {
    assert.equal(quotedBytes('"abcdefg"', 3), 'abc');
    assert.equal(quotedBytes('"ab\\ncdefg"', 4), 'ab\nc');
    assert.equal(quotedBytes('"\\n\\n\\n\\n"', 2), '\n\n');
    assert.equal(quotedBytes('"abc"', 3), 'abc');
    assert.equal(quotedBytes('"abc"', 0), '');
  });
});

table('the address of a socket is read from its sockaddr', socketAddress, [
  ['5, {sa_family=AF_INET, sin_port=htons(8000), sin_addr=inet_addr("127.0.0.1")}, 16', '127.0.0.1:8000'],
  [
    '{sa_family=AF_INET6, sin6_port=htons(443), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, "::1", &sin6_addr), sin6_scope_id=0}',
    '[::1]:443',
  ],
  // A socket of both families shows an address of IPv4 in one of IPv6.
  ['{sa_family=AF_INET6, sin6_port=htons(443), inet_pton(AF_INET6, "::ffff:10.0.0.7", &sin6_addr)}', '10.0.0.7:443'],
  ['{sa_family=AF_INET6, sin6_port=htons(443), inet_pton(AF_INET6, "::ffff:0:1", &sin6_addr)}', '[::ffff:0:1]:443'],
  ['{sa_family=AF_UNIX, sun_path="/run/a.sock"}', 'unix:/run/a.sock'],
  ['{sa_family=AF_UNIX, sun_path=@"abstract"}', 'unix:abstract'],
  ['{sa_family=AF_INET, sin_port=htons(8000), sin_addr=???}', ':8000'],
  ['{sa_family=AF_UNIX}', ''],
  ['0x7ffd5840, [16]', ''],
  ['', ''],
]);

table('ready events of epoll are read in both spellings', readyEvents, [
  ['7, [{events=EPOLLIN, data={u32=5, u64=4294967301}}], 64, 539', [{ events: 0x1, data: 5 }]],
  [
    '7, [{EPOLLIN|EPOLLRDHUP, {u32=11, u64=11}}, {EPOLLOUT, {u32=12, u64=12}}], 64, 0',
    [
      { events: 0x2001, data: 11 },
      { events: 0x4, data: 12 },
    ],
  ],
  ['7, [{events=0x2011, data={u32=5, u64=5}}], 64, 0', [{ events: 0x2011, data: 5 }]],
  ['7, [], 64, 0', []],
  ['7, 0x7ffd9000, 64, -1', []],
  ['', []],
]);

table('descriptors of poll are those it asks for', pollDescriptors, [
  ['[{fd=5<socket:[1]>, events=POLLIN}, {fd=6<pipe:[2]>, events=POLLIN}], 2, -1', [5, 6]],
  ['[{fd=-1}], 1, 0', [-1]],
  ['NULL, 0, 1000', []],
]);

table('descriptors of select are those of its read set', selectReadDescriptors, [
  ['8, [5 6], NULL, NULL, {tv_sec=30, tv_nsec=0}, NULL', [5, 6]],
  ['8, [5<TCP:[127.0.0.1:80]> 6<pipe:[9]>], [7], NULL, NULL', [5, 6]],
  ['8, NULL, [7], NULL, NULL', []],
  ['8, [], NULL', []],
  ['8', []],
  ['', []],
]);

it('descriptors that are passed along have their decorations', () => {
  const passed: { fd: number; label: string }[] = [];
  const text = '[19<socket:[900]>, 20, 21<TCP:[a->b]>], more';
  assert.equal(
    eachOfSet(text, 0, (fd, label) => passed.push({ fd, label })),
    text.indexOf('], more'),
  );
  assert.deepEqual(passed, [
    { fd: 19, label: 'socket:[900]' },
    { fd: 20, label: '' },
    { fd: 21, label: 'TCP:[a->b]' },
  ]);
});

it('a decoration is closed by its own bracket', () => {
  assert.equal(decorationAt('5<a<b>c>', 1), 'a<b>c');
  assert.equal(decorationAt('5<a->b>', 1), 'a->b');
  assert.equal(decorationAt('5<a', 1), '');
});

describe('hostile text', () => {
  const decoders: readonly (readonly [string, (text: string) => unknown])[] = [
    ['splitArguments', splitArguments],
    ['decoration', decoration],
    ['integer', (text) => integer(text)],
    ['quotedBytes', (text) => quotedBytes(text, 1 << 20)],
    ['socketAddress', socketAddress],
    ['readyEvents', readyEvents],
    ['pollDescriptors', pollDescriptors],
    ['selectReadDescriptors', selectReadDescriptors],
    ['descriptorsOfSet', (text) => descriptorsOfSet(text, 0)],
  ];
  const bricks = [
    '<',
    '>',
    '[',
    ']',
    '{',
    '}',
    '(',
    ')',
    '"',
    '\\',
    ',',
    ', ',
    '5<',
    '[5<',
    '8, [',
    '8, [5<',
    '{fd=',
    '{events=EPOLLIN',
    ', data={u32=1',
    'sun_path="',
    'sun_path="\\',
    'htons(1)',
    'inet_addr("',
    '=',
    'a=',
    '/*',
    '*/',
    '0x',
    '9',
    '\\x',
    '\\3',
    '->',
    '\0',
    '\u00e9',
    '\ud800',
    '\n',
  ];
  const LENGTH = 60_000;

  for (const [name, decode] of decoders) {
    it(`is decoded by ${name} without an exception, in time that grows with its length`, () => {
      for (const brick of bricks) {
        const start = processorMs();
        decode(brick.repeat(LENGTH / brick.length));
        decode(`8, [${brick.repeat(LENGTH / brick.length)}`);
        // Squared it would take seconds.
        assert.ok(processorMs() - start < 500, `${name} of ${JSON.stringify(brick)}: ${processorMs() - start} ms`);
      }
    });
  }

  it('made of any two bricks raises no exception', () => {
    for (const first of bricks)
      for (const second of bricks)
        for (const [, decode] of decoders) decode(`${first}${second}${first}${second}${first}`);
  });
});

it('the limit of a wait stands behind a list and a number; arguments that end otherwise are split', () => {
  const last = (args: string): string => lastBehindList(args);
  assert.equal(last('7, [{events=EPOLLIN, data={u32=5, u64=5}}], 64, 1000'), '1000');
  assert.equal(last('[{fd=5, events=POLLIN}], 1, -1'), '-1');
  for (const other of ['7, [], 64', '7, 0x7ffd, 64, 1000', '[{fd=5, events=POLLIN}], 1', '64, 0', ', 0', ''])
    assert.equal(last(other), '', other);
});
