import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { dnsMessage } from '../../src/trace/dns.ts';

const HEAD = '\x10\x06\x01\0\0\x01\0\0\0\0\0\0';
const ANSWER = '\x10\x06\x81\x83\0\x01\0\0\0\0\0\0';

describe('a DNS message', () => {
  it('asks for a name', () => {
    assert.deepEqual(dnsMessage(`${HEAD}\x02db\x07example\0\0\x01\0\x01`), {
      name: 'db.example',
      isAnswer: false,
      noSuchName: false,
      failed: false,
    });
  });

  it('tells that there is no such name, or that the server failed', () => {
    assert.equal(dnsMessage(`${ANSWER}\x02db\0\0\x01\0\x01`)?.noSuchName, true);
    assert.equal(dnsMessage(`${ANSWER.replace('\x83', '\x82')}\x02db\0\0\x01\0\x01`)?.failed, true);
  });

  it('may be cut off anywhere, point into itself, or be none', () => {
    const whole = `${HEAD}\x02db\x07example\0\0\x01\0\x01`;
    for (let length = 0; length < whole.length; length++) dnsMessage(whole.slice(0, length));
    assert.equal(dnsMessage(`${HEAD}\x02db\xc0\x0c\0\x01\0\x01`)?.name, 'db');
    assert.equal(dnsMessage('GET / HTTP/1.1\r\n'), null);
  });

  it('shows 80 characters of a name at most, and only those of names', () => {
    const label = `\x3f${'a'.repeat(63)}`;
    assert.equal(dnsMessage(`${HEAD}${label}${label}\0`)?.name.length, 80);
    assert.equal(dnsMessage(`${HEAD}\x05\x1b[31m\0\0`)?.name, '??31m');
  });
});
