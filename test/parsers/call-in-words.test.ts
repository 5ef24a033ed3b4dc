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
