import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readCodeSample } from '../../parsers/text/code-line.ts';
import { codeLines } from '../../src/sources/live/sight-lines.ts';
import { codeFrame, MOST_FRAMES } from '../../src/trace/code-frame.ts';
import { codeWord, readCodeWord } from '../../src/trace/code-words.ts';

const HOSTILE = [
  'a b',
  'f@/etc/passwd:1,g',
  '\nevent=code ts=1 took=1 pid=1 tid=1 by=x frames=f@/x:1',
  '100%',
  '%zz%',
  'na\u00efve \u6f22\u5b57 \ud83d\ude00',
  '= " \' ` \\ $(id)',
  '',
];

describe('a stack as one word of a line', () => {
  it('reads as it was printed, whatever names are in it', () => {
    const frames = HOSTILE.flatMap((name, index) => [
      codeFrame(name, `/srv/${name}.py`, index),
      codeFrame('f', name, 7),
    ]);
    const word = codeWord(frames);
    assert.match(word, /^[\w./<>$+~%@:,-]+$/);
    assert.deepEqual(readCodeWord(word), frames);
  });

  it('keeps the innermost frames, and no more than a report has use for', () => {
    const frames = Array.from({ length: 97 }, (_, index) => codeFrame(`f${index}`, '/srv/app.py', index + 1));
    const read = readCodeWord(codeWord(frames));
    assert.deepEqual(read, frames.slice(0, MOST_FRAMES));
  });

  it('is none where a frame lacks a part of it', () => {
    for (const word of ['f', 'f@/srv/app.py', 'f@/srv/app.py:x', 'f@/a b:1', 'f@/a:1,,g@/b:2', '@@:1'])
      assert.equal(readCodeWord(word), null, word);
  });
});

describe('a line event=code', () => {
  it('says what was seen, with the stamp of its capture', () => {
    const frames = HOSTILE.map((name) => codeFrame(name, name, 1));
    const seen = [{ pid: 103, tid: 107, from: 5_000, at: 5_023, by: 'py-spy', frames }];
    const lines = codeLines(seen, { prefix: 'strace: drover: ', stamp: (at) => `${at}.5` });
    assert.equal(lines.split('\n').length, 2);
    assert.deepEqual(readCodeSample(lines.slice('strace: drover: event=code '.length)), {
      stamp: '5023.5',
      took: 23,
      pid: 103,
      tid: 107,
      by: 'py-spy',
      frames,
    });
  });

  it('is none with a number that cannot be', () => {
    const line = (pid: string, took = '23') => `ts=1 took=${took} pid=${pid} tid=7 by=py-spy frames=f@/a:1`;
    assert.notEqual(readCodeSample(line('7')), null);
    for (const broken of [line('0'), line('-1'), line('4294967296'), line('7', '99999999999999999999'), ''])
      assert.equal(readCodeSample(broken), null, broken);
  });
});
