import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cut, show } from '../../src/output/show.ts';

test('shows printable ASCII and strace escapes as they are', () => {
  const line = 'read(3<pipe:[17]>, "a\\n\\177\\"b\\x41", 23) = 7 <0.000011>';
  assert.equal(show(line), line);
  assert.equal(show(line, true), line);
});

const ESCAPED: readonly (readonly [what: string, text: string, shown: string])[] = [
  ['a C0 control', 'a\x1b[2Jb\rc\td\ne\0', 'a\\x1b[2Jb\\x0dc\\x09d\\x0ae\\x00'],
  ['DEL and C1 controls', 'a\x7f\x9b2J\x9d52;c;\x85', 'a\\x7f\\x9b2J\\x9d52;c;\\x85'],
  ['bidi controls', '\u202ecod.exe\u2066\u200f\u061c', '\\u{202e}cod.exe\\u{2066}\\u{200f}\\u{061c}'],
  ['zero-width characters', 'a\u200bb\u200dc\u2060d\ufeff\u00ad', 'a\\u{200b}b\\u{200d}c\\u{2060}d\\u{feff}\\u{00ad}'],
  ['line and paragraph separators', 'a\u2028b\u2029', 'a\\u{2028}b\\u{2029}'],
  ['lone surrogates', 'a\ud800b\udc00', 'a\\u{d800}b\\u{dc00}'],
  ['combining marks', 'e\u0301\u20dd', 'e\\u{0301}\\u{20dd}'],
  ['wide characters', '\u6f22\u30ab\uff21\u3000', '\\u{6f22}\\u{30ab}\\u{ff21}\\u{3000}'],
  ['emoji and dingbats', '\u2705\u26a0\u2713\u{1f600}', '\\u{2705}\\u{26a0}\\u{2713}\\u{1f600}'],
  ['private use and unassigned', '\ue0b0\u0378', '\\u{e0b0}\\u{0378}'],
  ['blanks that are not a space', 'a\u00a0b\u2003', 'a\\u{00a0}b\\u{2003}'],
  ['right-to-left letters', '\u05d0\u0627', '\\u{05d0}\\u{0627}'],
];
for (const [what, text, shown] of ESCAPED) {
  test(`escapes ${what}`, () => {
    assert.equal(show(text), shown);
    assert.equal(show(show(text)), shown);
  });
}

test('keeps one-cell letters in UTF-8 mode and escapes them in ASCII mode', () => {
  assert.equal(show('Größe: 3 µs, naïve, Ω'), 'Größe: 3 µs, naïve, Ω');
  assert.equal(show('3 µs, …/a–b', true), '3 us, .../a-b');
  assert.equal(show('3 ∞', true), '3 \\u{221e}');
});

test('every character of the first plane is shown in one cell or escaped', () => {
  for (let code = 0; code <= 0xffff; code++) {
    const shown = show(String.fromCharCode(code));
    assert.ok(shown.length === 1 || /^\\(?:x[0-9a-f]{2}|u\{[0-9a-f]{4}\})$/.test(shown), code.toString(16));
    assert.match(show(String.fromCharCode(code), true), /^[ -~]+$/);
  }
});

test('cuts by cells and marks the cut', () => {
  assert.equal(cut('abcdefgh', 8), 'abcdefgh');
  assert.equal(cut('abcdefghi', 8), 'abcde...');
  assert.equal(cut('abcdefghi', 2), '..');
  assert.equal(cut('abc', 0), '');
});

test('never cuts inside an escape', () => {
  for (const text of ['aa\\x1b\\x1b\\x1bzz', 'a\\u{202e}\\u{202e}zz', 'aaa\\177\\0zzzzzzzz', 'aaaa\\"\\\\\\nzzzzzz']) {
    for (let cells = 3; cells < text.length; cells++) {
      const kept = cut(text, cells).slice(0, -3);
      assert.ok(cut(text, cells).length <= cells);
      assert.match(kept, /^(?:[a-z]|\\x[0-9a-f]{2}|\\u\{[0-9a-f]{4}\}|\\177|\\0|\\["\\n])*$/, `${text} at ${cells}`);
    }
  }
});
