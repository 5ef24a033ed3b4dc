import assert from 'node:assert/strict';
import { it } from 'node:test';
import { formats } from '../../parsers/registry.ts';
import { CAPTURES, testContract, unpacked } from './contract.ts';

const captures = CAPTURES.map(unpacked);

it('there are captures to test with, and each is of a known format', () => {
  assert.ok(captures.length > 50);
  assert.deepEqual(
    captures.filter(({ format }) => format === null).map(({ name }) => name),
    [],
  );
});

for (const format of formats) testContract(format, captures, 1);
