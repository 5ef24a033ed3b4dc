import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { portOf, protocolOfPort, queryOf, requestStart } from '../../src/trace/payload.ts';
import { processorMs } from '../support/processor-time.ts';

describe('a request starts with', () => {
  const rows: readonly (readonly [bytes: string, line: string | null, complete?: boolean])[] = [
    ['GET /a HTTP/1.1\r\nHost: a\r\n\r\n', 'GET /a', true],
    ['GET /a?x=1 HTTP/1.1\r\n', 'GET /a', true],
    ['GET /a#b HTTP/1.1\r\n', 'GET /a', true],
    ['GET http://a/b?c HTTP/1.1\r\n', 'GET http://a/b', true],
    ['HEAD / HTTP/1.0\r\n', 'HEAD /', true],
    ['DELETE /a HTTP/1.1\r\n', 'DELETE /a', true],
    ['OPTIONS * HTTP/1.1\r\n', 'OPTIONS *', true],
    ['POST /a HTTP/1.1\r\nContent-Length: 7\r\n', 'POST /a', false],
    ['POST /a HTTP/1.1\r\nContent-Length: 0\r\n', 'POST /a', true],
    ['CONNECT a:443 HTTP/1.1\r\n', 'CONNECT a:443', false],
    ['GET /cut-off-by-the-tracer', 'GET /cut-off-by-the-tracer', true],
    ['PROXY TCP4 10.0.0.9 10.0.0.1 5123 80\r\nGET /a HTTP/1.1\r\n', 'GET /a', true],
    ['PROXY UNKNOWN\r\nGET /a HTTP/1.1\r\n', 'GET /a', true],
    ['\x01\x01\x00\x01\x00\x08\x00\x00..REQUEST_METHODPOST..REQUEST_URI/a?b=1\x11\x0c', 'POST /a', true],
    ['\x00k\x00\x00\x0e\x00REQUEST_METHOD\x03\x00GET\x0b\x00REQUEST_URI\x02\x00/a\x0c\x00', 'GET /a', true],
    ['PROXY TCP4 10.0.0.9', null],
    ['GETTING /a HTTP/1.1', null],
    ['GET  /a HTTP/1.1', null],
    ['get /a HTTP/1.1', null],
    ['HTTP/1.1 200 OK\r\n', null],
    ['PRI * HTTP/2.0\r\n', null],
    ['\x16\x03\x01\x02\x00', null],
    ['\x01\x01\x00\x01 nothing that names a request', null],
    ['', null],
  ];
  for (const [bytes, line, complete] of rows) {
    it(`${JSON.stringify(bytes).slice(0, 70)}: ${line ?? 'none'}`, () => {
      const start = requestStart(bytes);
      assert.equal(start?.line ?? null, line);
      if (line !== null) assert.equal(start?.complete, complete);
    });
  }

  it('a line whose query tells requests apart and is not shown', () => {
    const [first, second] = [requestStart('GET /a?x=1 HTTP/1.1'), requestStart('GET /a?x=2 HTTP/1.1')];
    assert.equal(first?.line, second?.line);
    assert.notEqual(first?.identity, second?.identity);
  });
});

describe('a question to another service is', () => {
  const rows: readonly (readonly [bytes: string, protocol: string | null, text?: string])[] = [
    ['\x10\0\0\0\x03SELECT 1', 'MySQL', 'SELECT ?'],
    [
      "\x10\0\0\0\x03SELECT a FROM b WHERE c = 'it''s' AND d IN (1, 2.5) AND e = \"x\\\"y\"",
      'MySQL',
      // The backslash may be an escape or not: what stands behind it is left out.
      'SELECT a FROM b WHERE c = ? AND d IN (?, ?) AND e = ? ...',
    ],
    ['\x10\0\0\0\x16UPDATE t2 SET a = ?', 'MySQL', 'UPDATE t2 SET a = ?'],
    ["\x10\0\0\0\x03SELECT 'cut off by the trac", 'MySQL', 'SELECT ?'],
    ['Q\0\0\0\x16SELECT 42\0', 'PostgreSQL', 'SELECT ?'],
    ['P\0\0\0\x16name\0SELECT $1\0\0\0', 'PostgreSQL', 'SELECT $?'],
    ['*3\r\n$3\r\nset\r\n$1\r\na\r\n', 'Redis', 'SET'],
    ['GET /a?token=1 HTTP/1.1\r\n', 'HTTP', 'GET /a'],
    ['\x16\x03\x01\x02\x00\x01\x00', null],
    ['hello', null],
    ['', null],
  ];
  for (const [bytes, protocol, text] of rows) {
    it(`${JSON.stringify(bytes).slice(0, 70)}: ${protocol ?? 'none known'}`, () => {
      const query = queryOf(bytes);
      assert.equal(query?.protocol ?? null, protocol);
      if (protocol !== null) assert.equal(query?.text, text);
    });
  }

  it('says what asks for a page: HTTP, or a record of FastCGI', () => {
    const values = '\x0e\x03REQUEST_METHODGET\x0b\x07REQUEST_URI/up.php';
    const begin = '\x01\x01\0\x01\0\x08\0\0\0\x01\0\0\0\0\0\0\x01\x04\0\x01\0x\0\0';
    assert.deepEqual(queryOf(begin + values), { protocol: 'FastCGI', text: 'GET /up.php' });
    assert.deepEqual(queryOf('GET /up.php HTTP/1.1\r\n'), { protocol: 'HTTP', text: 'GET /up.php' });
  });

  it('never longer than 80 characters, and printable', () => {
    const { text = '' } = queryOf(`\x10\0\0\0\x03SELECT ${'abc\x01\xff, '.repeat(50)}`) ?? {};
    assert.equal(text.length, 80);
    assert.match(text, /^[\x20-\x7e]*\.\.\.$/);
  });
});

it('ports have names by custom, and addresses have ports', () => {
  assert.deepEqual([3306, 5432, 9092, 53, 4711].map(protocolOfPort), ['MySQL', 'PostgreSQL', 'Kafka', 'DNS', '']);
  assert.deepEqual(['10.0.0.7:443', '[::1]:80', 'unix:/run/a.sock', ''].map(portOf), [443, 80, Number.NaN, Number.NaN]);
});

describe('hostile bytes', () => {
  const bricks = [
    '\0',
    '\x01',
    '\x01\x01',
    "'",
    '"',
    "''",
    '\\',
    'GET ',
    'GET /',
    'PROXY ',
    'REQUEST_METHOD',
    'REQUEST_URI/',
    'Q\0',
    'P\0',
    '*1\r\n$1\r\n',
    '\x10\0\0\0\x03',
    "SELECT '",
    '1',
    '1.',
    ' ',
    '\r\n',
    '\xff',
  ];

  it('raise no exception, and take time that grows with their length', () => {
    for (const brick of bricks) {
      const long = brick.repeat(60_000 / brick.length);
      const start = processorMs();
      for (const bytes of [
        long,
        `GET /${long}`,
        `\x10\0\0\0\x03${long}`,
        `\x01\x01REQUEST_METHODGET${long}`,
        `\0REQUEST_METHODGETREQUEST_URI/${long}`,
      ]) {
        requestStart(bytes);
        queryOf(bytes);
        portOf(bytes);
      }
      assert.ok(processorMs() - start < 500, `${JSON.stringify(brick)}: ${processorMs() - start} ms`);
    }
  });

  it('made of any two bricks raise no exception', () => {
    for (const first of bricks) {
      for (const second of bricks) {
        requestStart(first + second + first);
        queryOf(first + second + first);
      }
    }
  });
});

it('a request line that the capture cuts short has no identity: two paths look the same', () => {
  assert.equal(requestStart('GET /api', 60)?.identity, '');
  assert.equal(requestStart('GET /api', 60)?.line, 'GET /api');
  assert.equal(requestStart('GET /api HTTP/1.1\r\n', 60)?.identity, 'GET /api');
  assert.equal(requestStart('GET /api', 8)?.identity, 'GET /api');
  const gateway = `\x01\x01\0\x01\0\x08\0\0\0\x01\0\0\0\0\0\0\x0e\x03REQUEST_METHODGET\x0b\x09REQUEST_URI/page.ph`;
  assert.equal(requestStart(gateway, 200)?.identity, '');
  assert.equal(requestStart(`${gateway}p\x0c\0QUERY_STRING`, 200)?.identity, 'GET /page.php');
  assert.equal(requestStart(gateway)?.identity, 'GET /page.ph');
});
