import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { cutTitle, LONGEST_TITLE } from '../../src/detectors/cut-title.ts';

describe('a title that is too long', () => {
  it('is cut before the word or number that would be cut in two, and says that it was cut', () => {
    const title = 'Accept failed 1,234 times on unix:/run/application/of/a/customer/web.sock: 1,234 EMFILE, 17 ENOMEM';
    for (let most = 40; most < title.length; most++) {
      const cut = cutTitle(title, most);
      assert.ok(cut.length <= most, cut);
      assert.ok(cut.endsWith('...'), cut);
      const kept = cut.replace(/ ?\.\.\.$/, '');
      assert.ok(title.startsWith(kept));
      if (cut.endsWith(' ...')) assert.match(title.slice(kept.length), /^(?:[:,;]| )/, cut);
      assert.doesNotMatch(cut, /\d \.\.\.$/, cut);
      assert.doesNotMatch(cut, /\d\.\.\.$/, cut);
    }
  });

  it('is left alone where it fits', () => {
    const fitting = 'x'.repeat(LONGEST_TITLE);
    assert.equal(cutTitle(fitting), fitting);
  });
});
