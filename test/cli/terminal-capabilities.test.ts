import assert from 'node:assert/strict';
import test from 'node:test';
import { closest } from '../../src/cli/options/closest.ts';
import { backgroundOf, textStyle } from '../../src/cli/printing/terminal-capabilities.ts';

const TERMINAL = { isTTY: true, columns: 132 };
const UTF8 = { LANG: 'en_US.UTF-8', TERM: 'xterm-256color' };

test('a terminal gets colours in its own width', () => {
  assert.deepEqual(textStyle({}, UTF8, TERMINAL), { colour: true, ascii: false, width: 132 });
  assert.deepEqual(textStyle({}, UTF8, {}), { colour: false, ascii: false, width: 100 });
  assert.equal(textStyle({ width: 72 }, UTF8, TERMINAL).width, 72);
});

test('a flag beats the environment, NO_COLOR beats FORCE_COLOR, an empty NO_COLOR counts for nothing', () => {
  const colour = (flags: Parameters<typeof textStyle>[0], environment: Record<string, string>, screen = TERMINAL) =>
    textStyle(flags, { ...UTF8, ...environment }, screen).colour;
  assert.equal(colour({ color: 'always' }, { NO_COLOR: '1' }, { isTTY: false, columns: 80 }), true);
  assert.equal(colour({ color: 'never' }, { FORCE_COLOR: '1' }), false);
  assert.equal(colour({ color: false }, {}), false);
  assert.equal(colour({}, { NO_COLOR: '1', FORCE_COLOR: '1' }), false);
  assert.equal(colour({}, { NO_COLOR: '' }), true);
  assert.equal(colour({}, { TERM: 'dumb' }), false);
  assert.equal(colour({}, { FORCE_COLOR: '0' }), false);
});

test('only a UTF-8 locale gets more than ASCII; LC_ALL decides before LC_CTYPE before LANG', () => {
  const ascii = (environment: Record<string, string>) => textStyle({}, environment, TERMINAL).ascii;
  assert.deepEqual(
    [
      {},
      { LANG: 'C' },
      { LANG: 'de_DE.utf8' },
      { LC_ALL: 'POSIX', LANG: 'C.UTF-8' },
      { LC_CTYPE: 'C.UTF-8', LANG: 'C' },
      { LC_ALL: '', LANG: 'C.UTF-8' },
    ].map(ascii),
    [true, true, false, true, false, false],
  );
  assert.equal(textStyle({ ascii: true }, UTF8, TERMINAL).ascii, true);
});

test('COLORFGBG tells a light background by the number of its colour', () => {
  assert.deepEqual(
    ['15;0', '0;15', '0;default;15', '12;8', '0;7', '15;default', '', 'x;'].map((COLORFGBG) =>
      backgroundOf({ COLORFGBG }),
    ),
    ['dark', 'light', 'light', 'dark', 'light', null, null, null],
  );
  assert.equal(backgroundOf({}), null);
});

test('a word is corrected to its neighbour and to nothing that is far', () => {
  const words = ['analyze', 'explain', 'loop-stall', 'service-stall'];
  assert.deepEqual(
    ['anlyze', 'analyse', 'explian', 'loopstall', 'service', 'x', 'gunicorn'].map((word) => closest(word, words)),
    ['analyze', 'analyze', 'explain', 'loop-stall', 'service-stall', undefined, undefined],
  );
});
