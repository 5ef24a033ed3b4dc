import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { NameTable } from '../../parsers/strace/names.ts';
import { Source } from '../../parsers/strace/source.ts';

/** The object that the table has for a name, by both ways to ask. */
function looksUp(table: NameTable<{ readonly name: string }>, name: string): readonly (object | null)[] {
  const source = new Source('trace');
  // Behind the name stands more, so that the quick look is taken.
  source.bytes = Buffer.from(`${name}(1, 2, 3) = 0 and on`);
  const hash = [...name].reduce((sum, letter) => (Math.imul(sum, 31) + letter.charCodeAt(0)) | 0, 0);
  return [table.at(source, 0, 0x28), table.find(source.bytes, 0, name.length, hash)];
}

describe('a table of names', () => {
  it('gives one object a name, however many names it has taken, and takes no more than four thousand', () => {
    const table = new NameTable((name) => ({ name }));
    const names = Array.from({ length: 4_096 }, (_, index) => `call_${index.toString(36)}`);
    const first = names.map((name) => looksUp(table, name)[0]);
    for (const [index, name] of names.entries()) {
      const expected = first[index];
      assert.equal((expected as { readonly name: string } | null)?.name, name);
      assert.deepEqual(looksUp(table, name), [expected, expected]);
      assert.equal(looksUp(table, name)[0], expected);
    }
    assert.deepEqual(looksUp(table, 'one_more'), [null, null]);
  });
});
