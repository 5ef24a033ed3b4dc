import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { framingOf } from '../../src/trace/framing/framing-of.ts';

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
    '*1\r\n$4\r\nPING\r\n',
    '\0k\0\0\x0e\0REQUEST_METHOD',
    '\x16',
    '\x01\x02',
  ])
    assert.equal(framingOf(bytes), null);
});
