import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { KeyDecoder } from '../../src/dashboard/terminal/key-decoder.ts';

/** The keys that these pieces make, one piece after the other; `null` lets time pass. */
function keys(...pieces: readonly (string | null)[]): string[] {
  const decoder = new KeyDecoder();
  const inputs = pieces.flatMap((piece) => [...(piece === null ? decoder.flush() : decoder.push(piece))]);
  return inputs.map((input) => {
    if (input.kind === 'background') return `background ${input.isLight ? 'light' : 'dark'}`;
    return input.kind === 'key' ? input.key : `paste ${input.text}`;
  });
}

describe('a key', () => {
  it('is named as itself, with its case', () => assert.deepEqual(keys('jG?é'), ['j', 'G', '?', 'é']));
  it('is named by what it does where it has no character', () =>
    assert.deepEqual(keys('\r\n\t \x7f\b'), ['enter', 'enter', 'tab', 'space', 'backspace', 'backspace']));
  it('is named with Ctrl', () => assert.deepEqual(keys('\x03\x04\x15\x1a\x0c'), ['C-c', 'C-d', 'C-u', 'C-z', 'C-l']));
  it('is known in both forms that terminals send', () => {
    assert.deepEqual(keys('\x1b[A\x1b[B\x1b[C\x1b[D'), ['up', 'down', 'right', 'left']);
    assert.deepEqual(keys('\x1bOA\x1bOB\x1bOP'), ['up', 'down', 'f1']);
    assert.deepEqual(keys('\x1b[5~\x1b[6~\x1b[H\x1b[F\x1b[1~\x1b[4~\x1b[Z'), [
      'pageup',
      'pagedown',
      'home',
      'end',
      'home',
      'end',
      'backtab',
    ]);
  });
  it('is one key however its sequence was cut', () => {
    assert.deepEqual(keys('\x1b', '[', 'A'), ['up']);
    assert.deepEqual(keys('\x1b[', '5', '~'), ['pageup']);
    assert.deepEqual(keys('\x1b', 'O', 'A'), ['up']);
  });
});

describe('ESC', () => {
  it('is a key only when nothing follows it', () => {
    assert.deepEqual(keys('\x1b'), []);
    assert.deepEqual(keys('\x1b', null), ['escape']);
  });
  it('twice is once for sure, and the second when nothing follows', () =>
    assert.deepEqual(keys('\x1b\x1b', null), ['escape', 'escape']));
  it('in front of a character takes it along: Alt-q does not leave', () => assert.deepEqual(keys('\x1bq'), []));
});

describe('what is no key', () => {
  it('is swallowed whole, so that its digits do not act as keys', () => {
    assert.deepEqual(keys('\x1b[97;5u'), []);
    assert.deepEqual(keys('\x1b[?62;1;2c'), []);
    assert.deepEqual(keys('\x1b[13;2~q'), ['q']);
  });
  it('does not wait for ever for its end', () => assert.deepEqual(keys(`\x1b[${'1;'.repeat(20)}`, 'q'), ['q']));
  it('may be a C1 control', () => assert.deepEqual(keys('\u009b\u0085j'), ['j']));
  it('may be a click of the mouse; the wheel moves', () => {
    assert.deepEqual(keys('\x1b[<0;10;5M\x1b[<0;10;5m'), []);
    assert.deepEqual(keys('\x1b[<64;100;5M\x1b[<65;100;5M'), ['up', 'down']);
  });
});

describe('an answer of the terminal', () => {
  it('says whether the background is light, however its digits and its end are written', () => {
    assert.deepEqual(keys('\x1b]11;rgb:ffff/ffff/ffff\x07j'), ['background light', 'j']);
    assert.deepEqual(keys('\x1b]11;rgb:fdf6/e3/e3\x1b\\'), ['background light']);
    assert.deepEqual(keys('\x1b]11;rgb:00', '2b/3636/4242\x1b', '\\'), ['background dark']);
    // Blue and red look dark, green and yellow light.
    assert.deepEqual(keys('\x1b]11;rgb:0/0/f\x07\x1b]11;rgb:f/0/0\x07'), ['background dark', 'background dark']);
    assert.deepEqual(keys('\x1b]11;rgb:0/f/0\x07\x1b]11;rgba:ff/ff/00/ff\x07'), [
      'background light',
      'background light',
    ]);
  });
  it('is no key, whatever it is about, and does not wait for ever for its end', () => {
    assert.deepEqual(keys('\x1b]52;c;cXVpdA==\x07\x1b]11;q\x1b\\j'), ['j']);
    assert.deepEqual(keys(`\x1b]${'q'.repeat(40)}`, 'j'), ['j']);
    assert.deepEqual(keys('\x1b]11;rgb:ff', null, 'j'), ['j']);
  });
});

describe('a paste', () => {
  it('is text, also with a q in it', () => assert.deepEqual(keys('\x1b[200~quit q\x1b[201~j'), ['paste quit q', 'j']));
  it('is one text however it was cut', () =>
    assert.deepEqual(keys('\x1b[20', '0~ab', 'c\x1b[2', '01~'), ['paste abc']));
  it('holds no controls', () => assert.deepEqual(keys('\x1b[200~a\x1b]52;c;x\x07\nb\x1b[201~'), ['paste a ]52;c;x b']));
  it('has an end', () => {
    const [pasted = ''] = keys('\x1b[200~', 'x'.repeat(10_007), '\x1b[201~');
    assert.ok(pasted.length <= 'paste '.length + 4_096);
  });
});
