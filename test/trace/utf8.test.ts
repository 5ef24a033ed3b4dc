import assert from 'node:assert/strict';
import test from 'node:test';
import { decoration, socketAddress } from '../../parsers/arguments/strace-text.ts';
import { requestStart } from '../../src/trace/payload.ts';
import { decodeUtf8, textOfBytes, textOfEscaped } from '../../src/trace/utf8.ts';

/** The bytes of a text, one character each. */
function bytes(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

/** As strace prints bytes: octal escapes, three digits only before a digit. */
function printed(raw: string): string {
  return raw.replace(/[^ -~]|["\\]/g, (byte, at: number) => {
    if (byte === '"' || byte === '\\') return `\\${byte}`;
    const octal = byte.charCodeAt(0).toString(8);
    return `\\${/[0-9]/.test(raw[at + 1] ?? '') ? octal.padStart(3, '0') : octal}`;
  });
}

const TEXTS = [
  'café',
  '日本',
  '/srv/größe/x',
  'emoji 🦌',
  '\u0080\u07ff\u0800\uffff\u{10000}\u{10ffff}',
  'à\u00a0b',
  '\ufffd',
];

test('characters of one to four bytes are read, as bytes, as octal escapes and as hexadecimal ones', () => {
  for (const text of TEXTS) {
    assert.equal(decodeUtf8(bytes(text)), text);
    assert.equal(textOfBytes(bytes(text)), text);
    assert.equal(textOfEscaped(bytes(text)), text);
    assert.equal(textOfEscaped(printed(bytes(text))), text);
    const hex = [...bytes(text)].map((byte) => `\\x${byte.charCodeAt(0).toString(16).padStart(2, '0')}`).join('');
    assert.equal(textOfEscaped(hex), text);
  }
});

test('what is no UTF-8 stays visible: stray bytes, overlong forms, half surrogates, too large, cut off', () => {
  for (const [raw, text] of [
    ['caf\xe9', 'caf\\xe9'],
    ['\xff\xfe', '\\xff\\xfe'],
    ['\xa9', '\\xa9'],
    ['\xc0\xaf', '\\xc0\\xaf'],
    ['\xc1\xbf', '\\xc1\\xbf'],
    ['\xe0\x80\xaf', '\\xe0\\x80\\xaf'],
    ['\xe0\x9f\xbf', '\\xe0\\x9f\\xbf'],
    ['\xed\xa0\x80', '\\xed\\xa0\\x80'],
    ['\xf0\x8f\xbf\xbf', '\\xf0\\x8f\\xbf\\xbf'],
    ['\xf4\x90\x80\x80', '\\xf4\\x90\\x80\\x80'],
    ['\xf5\x80\x80\x80', '\\xf5\\x80\\x80\\x80'],
    ['caf\xc3', 'caf\\xc3'],
    ['\xe6\x97', '\\xe6\\x97'],
    ['\xf0\x9f\xa6', '\\xf0\\x9f\\xa6'],
    ['\xc3\xa9\xc3', 'é\\xc3'],
    ['\xc3\xc3\xa9', '\\xc3é'],
  ] as const) {
    assert.equal(decodeUtf8(raw), text);
    assert.equal(textOfBytes(raw), text);
    // An escape stays as it was printed.
    assert.equal(textOfEscaped(printed(raw)), printed(raw).replaceAll('\\303\\251', 'é'));
  }
});

test('names keep the escapes of what is not beyond ASCII, and a backslash that stands for itself begins none', () => {
  for (const name of ['a\\nb', '/x\\74y\\76', '/a\\\\303\\\\251', '/\\1\\0012', '\\"', 'a\\tb', '\\\\xc3\\\\xa9'])
    assert.equal(textOfEscaped(name), name);
  assert.equal(textOfEscaped('/\\\\\\303\\251'), '/\\\\é');
  assert.equal(textOfEscaped('\\x2f\\x73\\x3c\\x5c\\x0a'), '/s\\x3c\\x5c\\x0a');
});

test('different bytes never give the same text, and nothing throws', () => {
  let seed = 11;
  const random = (below: number): number => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff;
    return seed % below;
  };
  const alphabet = [
    'a',
    '\\',
    'x',
    'c',
    '3',
    '\xc3',
    '\xa9',
    '\xe9',
    '\xff',
    'é',
    '\\xc3',
    '\xed',
    '\xa0',
    '\x80',
    '\xf0',
    '\x9f',
  ];
  const seen = new Map<string, string>();
  for (let i = 0; i < 60_013; i++) {
    const raw = bytes(Array.from({ length: 1 + random(6) }, () => alphabet[random(alphabet.length)]).join(''));
    const text = textOfBytes(raw);
    assert.equal(seen.get(text) ?? raw, raw, JSON.stringify(text));
    seen.set(text, raw);
    assert.equal(Buffer.from(text, 'utf8').toString('utf8'), text);
  }
});

test('a request is named by its path in characters, also where a byte of it would be a blank by itself', () => {
  const line = (target: string): string => requestStart(`GET ${target} HTTP/1.1\r\n\r\n`)?.line ?? '';
  assert.equal(line(bytes('/café?q=ü')), 'GET /café');
  assert.equal(line(bytes('/à')), 'GET /à');
  assert.equal(line(bytes('/日本')), 'GET /日本');
  assert.equal(line('/caf\xe9'), 'GET /caf\\xe9');
  assert.equal(line('/a\\xe9'), 'GET /a\\\\xe9');
  assert.notEqual(line('/\xe9'), line('/\\xe9'));
  const gateway = '\x0e\x03REQUEST_METHODGET\x0b\x06REQUEST_URI/caf\xc3\xa9\x0c\x01DOCUMENT_URI/';
  assert.equal(requestStart(`\x01\x01\0\x01\0\x08\0\0\0\x01\0\0\0\0\0\0${gateway}`)?.line, 'GET /café');
});

test('decorations of descriptors and paths of sockets are names', () => {
  assert.equal(decoration('3</srv/caf\\303\\251.lock>, LOCK_EX'), '/srv/café.lock');
  assert.equal(decoration('3</srv/caf\xc3\xa9.lock>, LOCK_EX'), '/srv/café.lock');
  assert.equal(decoration('3</srv/caf\\351.lock>, LOCK_EX'), '/srv/caf\\351.lock');
  assert.equal(socketAddress('{sa_family=AF_UNIX, sun_path="/run/gr\\303\\266\\303\\237e"}'), 'unix:/run/größe');
});
