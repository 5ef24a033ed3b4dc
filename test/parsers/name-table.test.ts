import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { hashOf, NameTable } from '../../parsers/text/name-table.ts';

/**
 * The numbers that a table gives to names, in the order in which it made them; null for those that it does not
 * remember.
 */
function tableOf() {
  let made = 0;
  const table = new NameTable((name) => ({ name, number: made++ }));
  const find = (name: string): { readonly name: string; readonly number: number } | null => {
    const bytes = Buffer.from(name);
    return table.find(bytes, 0, bytes.length, hashOf(bytes, 0, bytes.length));
  };
  return { find, made: () => made };
}

/** Names that all have one sum: `Aa` and `BB` have the same. */
function colliding(letters: number): string[] {
  let names = [''];
  for (let pair = 0; pair < letters / 2; pair++) names = names.flatMap((name) => [`${name}Aa`, `${name}BB`]);
  return names;
}

describe('a table of names', () => {
  it('gives equal names one object, as many as there may be', () => {
    const { find, made } = tableOf();
    const names = Array.from({ length: 4_096 }, (_, index) => `call_${index}`);
    const first = names.map(find);
    assert.deepEqual(
      first.map((found) => found?.name),
      names,
    );
    assert.deepEqual(
      names.map((name) => find(name)?.number),
      first.map((found) => found?.number),
    );
    assert.equal(made(), 4_096);
    assert.equal(find('one_more'), null);
    assert.equal(find('call_7')?.number, 7);
  });

  it('does not search for long among names that were made to have one sum', () => {
    const names = colliding(20);
    const sums = new Set(names.map((name) => hashOf(Buffer.from(name), 0, name.length)));
    assert.deepEqual([names.length, sums.size], [1_024, 1]);
    const { find, made } = tableOf();
    for (const name of names) find(name);
    assert.ok(made() <= 64, `${made()} remembered`);
    assert.equal(find(names[0] ?? '')?.number, 0);
    assert.equal(find('read')?.name, 'read');
  });
});
