import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { framingOf } from '../../src/trace/framing/framing-of.ts';
import { isRedisCommand } from '../../src/trace/framing/redis.ts';

/** How many requests begin in each piece; a number stands for so many bytes of which the trace shows the first 128. */
function begunIn(pieces: readonly string[], shown = 128): number[] {
  const framing = framingOf(pieces[0]?.slice(0, shown) ?? '');
  assert.ok(framing);
  return pieces.map((bytes) => framing.begun(bytes.slice(0, shown), bytes.length));
}

const number = (value: number, length: number): string =>
  Array.from({ length }, (_, index) => String.fromCharCode(Math.floor(value / 256 ** (length - 1 - index)) % 256)).join(
    '',
  );
const tls = (type: number, length: number): string =>
  `${String.fromCharCode(type)}\x03\x03${number(length, 2)}${'\xaa'.repeat(length)}`;
const fastCgi = (type: number, content = '', padding = 0): string =>
  `\x01${String.fromCharCode(type)}\0\x01${number(content.length, 2)}${String.fromCharCode(padding)}\0${content}` +
  '\0'.repeat(padding);
const http2 = (type: number, stream: number, length: number): string =>
  `${number(length, 3)}${String.fromCharCode(type)}\x04${number(stream, 4)}${'\xaa'.repeat(length)}`;
const postgres = (letter: string, text = ''): string => `${letter}${number(text.length + 4, 4)}${text}`;

/** Head and body of a packet, which the server reads one after the other. */
const mysql = (body: string, place = 0): readonly string[] => [
  `${String.fromCharCode(body.length % 256, body.length >> 8, 0, place)}`,
  body,
];

const HELLO = tls(22, 252);
const CHANGE = tls(20, 1);

describe('records of TLS', () => {
  it('are no requests in the handshake of TLS 1.3, whose end looks like data', () => {
    assert.deepEqual(begunIn([HELLO, CHANGE + tls(23, 53), tls(23, 88)]), [0, 0, 1]);
    assert.deepEqual(begunIn([HELLO, `${CHANGE}${tls(23, 69)}${tls(23, 88)}`]), [0, 1]);
  });

  it('are no requests in the handshake of TLS 1.2, after which data is a request', () => {
    assert.deepEqual(begunIn([HELLO, tls(22, 66) + CHANGE + tls(22, 40), tls(23, 88)]), [0, 0, 1]);
  });

  it('are no requests when they are alerts: close_notify', () => {
    const open = [HELLO, CHANGE + tls(23, 53)];
    assert.deepEqual(begunIn([...open, tls(23, 88), tls(23, 19)]), [0, 0, 1, 0]);
    assert.deepEqual(begunIn([...open, tls(23, 88), tls(21, 26)]), [0, 0, 1, 0]);
  });

  it('may hold a request from the length of the shortest one on', () => {
    const open = [HELLO, CHANGE + tls(23, 53)];
    assert.deepEqual(begunIn([...open, tls(23, 33), tls(23, 34)]), [0, 0, 0, 1]);
  });

  it('are found when header and content are read one after the other, as OpenSSL does', () => {
    const split = (record: string): readonly string[] => [record.slice(0, 5), record.slice(5)];
    const pieces = [HELLO, CHANGE, tls(23, 69), tls(23, 88), tls(23, 19)].flatMap(split);
    assert.deepEqual(begunIn(pieces), [0, 0, 0, 0, 0, 0, 1, 0, 0, 0]);
  });

  it('are found again after a long read of which the trace shows the beginning only', () => {
    const upload = tls(23, 1_000) + tls(23, 1_000);
    assert.deepEqual(begunIn([HELLO, CHANGE + tls(23, 53), upload, tls(23, 19), tls(23, 88)]), [0, 0, 1, 0, 1]);
  });
});

describe('records of FastCGI', () => {
  const params = fastCgi(4, '\x0e\x03REQUEST_METHODGET', 7);

  it('are one request together, also where each part is read alone and the last after the reply', () => {
    const all = [fastCgi(1, '\0\x01\0\0\0\0\0\0'), params, fastCgi(4), fastCgi(5)];
    const pieces = all.flatMap((record) => [record.slice(0, 8), record.slice(8)]).filter((piece) => piece !== '');
    assert.deepEqual(begunIn(pieces), [1, 0, 0, 0, 0, 0]);
    assert.deepEqual(begunIn([all.join(''), fastCgi(5), all.join('')]), [1, 0, 1]);
  });
});

describe('frames of HTTP/2 in clear', () => {
  const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';

  it('begin a request where headers come on a new stream: settings, acknowledgements and trailers do not', () => {
    const settings = http2(4, 0, 18);
    assert.deepEqual(begunIn([PREFACE + settings + http2(1, 1, 30)]), [1]);
    assert.deepEqual(
      begunIn([PREFACE + settings, http2(1, 1, 30) + http2(0, 1, 9), http2(4, 0, 0), http2(1, 1, 7), http2(8, 0, 4)]),
      [0, 1, 0, 0, 0],
    );
    assert.deepEqual(begunIn([PREFACE, http2(1, 3, 20) + http2(1, 5, 20)]), [0, 2]);
  });
});

describe('messages of PostgreSQL', () => {
  const startup = `${number(40, 4)}${number(196_608, 4)}user\0postgres\0database\0test\0\0\0`;

  it('are no requests where a session begins and ends', () => {
    const pieces = [startup, postgres('p', 'password\0'), postgres('Q', 'SELECT 1\0'), postgres('X')];
    assert.deepEqual(begunIn(pieces), [0, 0, 1, 0]);
  });

  it('are one request when they come together', () => {
    const extended = `${postgres('P', '\0SELECT $1\0\0\0')}${postgres('B', '\0\0\0\0')}${postgres('E', '\0\0\0\0\0')}${postgres('S')}`;
    assert.deepEqual(begunIn([startup, extended, postgres('S')]), [0, 1, 0]);
  });

  it('are records of TLS after both sides agreed to that', () => {
    const asks = `${number(8, 4)}${number(80_877_103, 4)}`;
    assert.deepEqual(begunIn([asks, HELLO, CHANGE + tls(23, 53), tls(23, 88), tls(23, 19)]), [0, 0, 0, 1, 0]);
  });
});

it('what has no known framing has none', () => {
  for (const bytes of [
    '',
    'GET / HTTP/1.1\r\n',
    '*2\r\n:1\r\n:2\r\n',
    '+PONG\r\n',
    '\0k\0\0\x0e\0REQUEST_METHOD',
    '\x16',
    '\x01\x02',
  ])
    assert.equal(framingOf(bytes), null);
});

/** A command of redis as its clients send it. */
const array = (...words: readonly string[]): string =>
  `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join('')}`;
/** A command of memcached with a header of 24 bytes. */
const binary = (code: number, key: string, value = ''): string =>
  `\x80${String.fromCharCode(code)}${number(key.length, 2)}\0\0\0\0${number(key.length + value.length, 4)}` +
  `${'\0'.repeat(12)}${key}${value}`;

/** What the commands of each piece are called; '' for a piece in which none begins. */
function namesIn(pieces: readonly string[], shown = 128): string[] {
  const framing = framingOf(pieces[0]?.slice(0, shown) ?? '');
  assert.ok(framing);
  return pieces.map((bytes) => {
    framing.begun(bytes.slice(0, shown), bytes.length);
    return framing.start?.line ?? '';
  });
}

describe('commands of redis', () => {
  const get = array('GET', 'key:000000000042');

  it('are requests, each of them, however many come in one read', () => {
    assert.deepEqual(begunIn([get, get + get, array('SET', 'a', 'b') + get + array('DEL', 'a')]), [1, 2, 3]);
  });

  it('are estimated where a trace shows the first of many only', () => {
    for (const many of [7, 16, 61]) assert.deepEqual(begunIn([get.repeat(many), get]), [many, 1]);
  });

  it('are found again where a read of 16384 bytes ended in the middle of one', () => {
    const many = get.repeat(700);
    const pieces = [many.slice(0, 16_384), many.slice(16_384)];
    const [first = 0, second = 0] = begunIn(pieces);
    assert.ok(Math.abs(first + second - 700) <= 2, `${first} + ${second}`);
  });

  it('are one while a long value comes in pieces, and where a read ends in a word', () => {
    const set = array('SET', 'a', 'x'.repeat(40_000));
    assert.deepEqual(begunIn([set.slice(0, 16_384), set.slice(16_384, 32_768), set.slice(32_768) + get]), [1, 0, 1]);
    assert.deepEqual(begunIn([get.slice(0, 9), get.slice(9), get]), [0, 1, 1]);
  });

  it('are called by their words, without keys and values', () => {
    assert.deepEqual(
      namesIn([
        array('get', 'secret'),
        array('CONFIG', 'GET', 'save'),
        array('EVALSHA', 'e0e1f9', '0'),
        array('sesame'),
        array('CONFIG', 'sesame'),
        array('MULTI') + array('SET', 'a', 'GET') + array('SET', 'b', 'c') + array('EXEC'),
        array('GET', 'a') + array('SET', 'a', 'b') + array('DEL', 'a') + array('INCR', 'n'),
        '\r\n',
      ]),
      ['GET', 'CONFIG GET', 'EVALSHA', 'command', 'CONFIG', 'MULTI, SET, EXEC', 'GET, SET, DEL, …', ''],
    );
  });

  it('may be typed; who takes leave asks for nothing', () => {
    assert.deepEqual(begunIn(['PING\r\n', 'keys *zzz*\r\n', 'QUIT\r\n']), [1, 1, 0]);
    assert.deepEqual(namesIn(['KEYS *zzz*\r\n', 'PING\r\nGET secret\r\n']), ['KEYS', 'PING, GET']);
    for (const name of ['FLUSHALL', 'EVAL', 'BLPOP', 'LRANGE', 'SUBSCRIBE'])
      assert.deepEqual(namesIn([`${name} a 0 9\r\n`]), [name]);
    assert.deepEqual(begunIn([get, array('QUIT')]), [1, 0]);
  });

  it('may wait for somebody else: their clients may leave', () => {
    const framing = framingOf(array('BLPOP', 'jobs', '0'));
    framing?.begun(array('BLPOP', 'jobs', '0'), 31);
    assert.equal(framing?.start?.complete, false);
    framing?.begun(get, get.length);
    assert.equal(framing?.start?.complete, true);
  });

  it('are known from their answers by the number of their words, in a process that did not ask', () => {
    for (const command of [get, array('set', 'a', 'b'), array('HGETALL', 'a'), array('BRPOP', 'a', '0')])
      assert.ok(isRedisCommand(command), command);
    for (const answer of [
      array('save', '3600 1 300 100'),
      array('message', 'channel', 'text'),
      array('0', 'key'),
      array('type2', 'user'),
      array('get', 'a', 'b'),
      '*2\r\n:1\r\n:2\r\n',
      '$5\r\nvalue\r\n',
      '+OK\r\n',
    ])
      assert.ok(!isRedisCommand(answer), answer);
  });
});

describe('commands of memcached', () => {
  it('are lines, with a block of data behind some', () => {
    const set = 'set key 0 60 5\r\nget a\r\n';
    assert.deepEqual(begunIn(['get key\r\n', set, `${set}gets a b c\r\n`, 'quit\r\n']), [1, 1, 2, 0]);
    assert.deepEqual(namesIn(['get secret\r\n', set, 'mg key v\r\nmn\r\n']), ['get', 'set', 'mg, mn']);
  });

  it('are one while the data comes in pieces of which a trace shows the beginning only', () => {
    const set = `set key 0 0 50000\r\n${'x'.repeat(50_000)}\r\n`;
    assert.deepEqual(begunIn([set.slice(0, 16_384), set.slice(16_384), 'get key\r\n']), [1, 0, 1]);
  });

  it('are estimated where a trace shows the first of many only', () => {
    assert.deepEqual(begunIn(['get key:42\r\n'.repeat(97), 'get key:42\r\n']), [97, 1]);
  });

  it('may have headers of 24 bytes', () => {
    const get = binary(0, 'key');
    assert.deepEqual(
      begunIn([get, get + binary(1, 'key', '12345678value'), get.repeat(41), binary(7, '')]),
      [1, 2, 41, 0],
    );
    assert.deepEqual(namesIn([get, binary(1, 'key', '12345678value') + get, binary(0x0d, 'a') + binary(0x0a, '')]), [
      'get',
      'set, get',
      'get, noop',
    ]);
  });

  it('may be answered by nothing: their clients may leave', () => {
    for (const quiet of ['set a 0 0 1 noreply\r\nx\r\n', 'mg a s q\r\n', binary(0x09, 'a')]) {
      const framing = framingOf(quiet);
      framing?.begun(quiet, quiet.length);
      assert.equal(framing?.start?.complete, false, quiet);
    }
  });
});

it('other protocols of lines are neither', () => {
  for (const bytes of [
    'EHLO mail\r\n',
    'USER a\r\n',
    'SSH-2.0-OpenSSH_9.2\r\n',
    'a1 LOGIN a b\r\n',
    '<34>1 text',
    'getting',
  ])
    assert.equal(framingOf(bytes), null, bytes);
});

describe('packets of MySQL and MariaDB', () => {
  const login = mysql('\x8c\xa2\xbf\0'.padEnd(193, 'a'), 1);

  it('are a request where they hold a command, which names it, and none where they open or end the session', () => {
    const pieces = [...login, ...mysql('\x03update t set n=n+1 where id=7'), ...mysql('\x0e'), ...mysql('\x01')];
    assert.deepEqual(begunIn(pieces), [0, 0, 0, 1, 0, 1, 0, 0]);
    const framing = framingOf(login[0] ?? '');
    assert.deepEqual(
      pieces.slice(0, 4).flatMap((bytes) => (framing?.begun(bytes, bytes.length) ? framing.start : [])),
      [{ line: 'update t set n=n+? where id=?', identity: '', complete: true }],
    );
  });

  it('are found in a session that was there before the capture', () => {
    assert.deepEqual(begunIn([...mysql('\x03select 1'), ...mysql('\x03select 2')]), [0, 1, 0, 1]);
  });

  it('of a long command that comes in several pieces are one request', () => {
    const [head = '', body = ''] = mysql(`\x03insert into t values ('${'a'.repeat(300)}')`);
    assert.deepEqual(
      begunIn([...login, head, body.slice(0, 100), body.slice(100), ...mysql('\x03commit')]),
      [0, 0, 0, 1, 0, 0, 1],
    );
  });

  it('have no answer where a prepared statement is closed', () => {
    assert.deepEqual(begunIn([...login, ...mysql('\x16select ?'), ...mysql('\x19\x01\0\0\0')]), [0, 0, 0, 1, 0, 0]);
  });

  it('of another protocol with the same heads are a request each', () => {
    assert.deepEqual(begunIn([...mysql('{"ask":1}'), ...mysql('\x01'), 'more']), [0, 1, 1, 1, 1].slice(0, 5));
  });
});
