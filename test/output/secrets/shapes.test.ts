import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { maskPath, maskTarget } from '../../../src/output/masking/mask-path.ts';
import { isRandom } from '../../../src/output/masking/randomness.ts';
import { maskSecrets, SHAPES } from '../../../src/output/masking/shapes.ts';
import { redactPayload, redactProse } from '../../../src/output/payload.ts';
import { redactLine } from '../../../src/output/redact-line.ts';

describe('the table of shapes', () => {
  for (const { name, find, mask, example } of SHAPES) {
    it(`${name}: its example is masked by its own rule, and only once`, () => {
      const [text, masked] = example;
      assert.notEqual(text, masked);
      assert.equal(text.replace(find, mask), masked);
      assert.equal(maskSecrets(text), masked);
      assert.equal(maskSecrets(masked), masked);
    });
  }

  it('the same secret reads the same wherever it stands', () => {
    const target = 'GET /reset/Zq7MARK9x';
    const shown = 'GET /reset/<removed>';
    assert.equal(redactPayload(target), shown);
    assert.equal(redactProse(`while serving ${target}.`), `while serving ${shown}.`);
    assert.equal(redactLine(`read(3, "${target} HTTP/1.1\\r\\n", 99) = 31`), `read(3, "${shown}"..., 99) = 31`);
    const path = '/tmp/ruby_sess.Zq7MARK9x';
    assert.equal(maskPath(path), '/tmp/ruby_sess.<removed>');
    assert.equal(maskSecrets(`flock on ${path} (6 times)`), 'flock on /tmp/ruby_sess.<removed> (6 times)');
    assert.equal(redactLine(`flock(12<${path}>, LOCK_EX) = 0`), 'flock(12</tmp/ruby_sess.<removed>>, LOCK_EX) = 0');
  });
});

describe('a part of a path is taken as a key', () => {
  const KEYS = [
    '0123456789abcdef',
    '550e8400-e29b-41d4-a716-446655440000',
    'k3j9x0q2m5n8b1v7',
    'aB3dE5gH7jK9mN1p',
    'QwErTyUiOpAsDfGh',
    'dGhpcyBpcyBhIHNl',
  ];
  const NAMES = [
    '0123456789abcde', // One shorter.
    '1795189522003000',
    'my-long-directory-name-here',
    'ThreadPoolExecutorService',
    'PyObject_GC_Del',
    'x86_64-linux-gnu',
    'web-7d9f8b6c5d-x2x9k',
    'FUTEX_WAIT_BITSET_PRIVATE',
    'libpython3.11.so.1.0',
    '20231120T182901Z',
  ];
  for (const key of KEYS) it(key, () => assert.equal(maskPath(`/dl/${key}/x`), '/dl/<removed>/x'));
  for (const name of NAMES) it(`not ${name}`, () => assert.equal(maskPath(`/dl/${name}/x`), `/dl/${name}/x`));

  it('from eight characters on when its end is cut off', () => {
    assert.equal(isRandom('9f8e7d6c', true), true);
    assert.equal(isRandom('9f8e7d6', true), false);
    assert.equal(isRandom('9f8e7d6c', false), false);
    assert.equal(maskTarget('/dl/9f8e7d6c', true), '/dl/<removed>');
  });
});
