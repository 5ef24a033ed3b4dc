import assert from 'node:assert/strict';
import test from 'node:test';
import { areDigits, fourDigits, newlineAt, twoDigits, viewOf, word } from '../../parsers/text/byte-words.ts';

test('a newline is found wherever it stands, and only there', () => {
  for (let length = 0; length < 41; length++) {
    const none = Buffer.alloc(length, 0x8a);
    assert.equal(newlineAt(viewOf(none), 0, length), -1);
    for (let from = 0; from < length; from++) {
      for (let at = 0; at < length; at++) {
        const bytes = Buffer.alloc(length, at % 2 === 0 ? 0x0b : 0x8a);
        bytes[at] = 0x0a;
        if (at + 3 < length) bytes[at + 3] = 0x0a;
        const view = viewOf(bytes);
        assert.equal(newlineAt(view, from, length), bytes.indexOf(0x0a, from), `${length} ${from} ${at}`);
        assert.equal(newlineAt(view, from, at), -1);
      }
    }
  }
});

test('four bytes are digits when each one is', () => {
  for (const text of ['0000', '9999', '1234', '0907']) assert.equal(areDigits(word(text)), true, text);
  for (let byte = 0; byte < 256; byte++) {
    const isDigit = byte >= 0x30 && byte <= 0x39;
    for (let at = 0; at < 4; at++) {
      const bytes = Buffer.from('5959');
      bytes[at] = byte;
      assert.equal(areDigits(bytes.readInt32LE(0)), isDigit, `${byte} at ${at}`);
    }
  }
});

test('digits stand for their number', () => {
  for (let value = 0; value < 10_000; value++) assert.equal(fourDigits(word(String(value).padStart(4, '0'))), value);
  for (let value = 0; value < 100; value++)
    assert.equal(twoDigits(Buffer.from(String(value).padStart(2, '0')).readUInt16LE(0)), value);
  for (const odd of ['/5', '5/', ':5', '5:', ' 5', '\xff5'])
    assert.equal(twoDigits(Buffer.from(odd, 'latin1').readUInt16LE(0)), -1);
});
