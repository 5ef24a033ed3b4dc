import assert from 'node:assert/strict';
import { it } from 'node:test';
import { factsOfWords } from '../../parsers/timeline/call-in-words.ts';

it('a call that failed returned -1, whatever the tracer prints, and the error says why', () => {
  for (const [result, error, returned, value] of [
    ['-1', 'ECONNREFUSED', -1, -111],
    ['-111', 'ECONNREFUSED', -1, -111],
    ['-111', '', -111, -111],
    ['7', '', 7, 7],
    ['?', 'ERESTARTSYS', Number.NaN, -512],
    ['?', '', Number.NaN, 0],
  ] as const) {
    const facts = factsOfWords({ name: 'connect', words: '9', start: 0, end: 3, isTimed: true, result, error });
    assert.deepEqual([facts?.result, facts?.error, facts?.value], [returned, error, value], `${result} ${error}`);
  }
});

it('the descriptor is the first argument, in decimal or hexadecimal; what only begins like a number is none', () => {
  for (const [words, fd] of [
    ['9', 9],
    ['9<socket:[71]>, 1', 9],
    ['0x64,0x7fffde7af760,0x0', 100],
    ['AT_FDCWD, "/a"', -1],
    ['0xffffffffffffffff, 1', -1],
    ['9f, 1', -1],
    ['', -1],
  ] as const) {
    const call = { name: 'read', words, start: 0, end: 3, isTimed: true, result: '7', error: '' };
    assert.equal(factsOfWords(call)?.fd, fd, words);
  }
});
