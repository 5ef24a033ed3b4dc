import assert from 'node:assert/strict';
import { it } from 'node:test';
import { formats } from '../../parsers/registry.ts';
import { threadableFormats } from '../../parsers/threadable.ts';
import { CAPTURES, testContract, unpacked } from './contract.ts';

/** `contract.slow.test.ts` tries everything, with all captures. */
const SHARE = 7;

const captures = CAPTURES.filter((name, index) => index % SHARE === 0 || name.includes('.bpftrace.')).map(unpacked);

it('the thread of a parser knows the formats that are read in one, and no others', () => {
  assert.deepEqual(
    threadableFormats,
    formats.filter(({ isThreadable }) => isThreadable),
  );
  assert.notEqual(threadableFormats.length, 0);
});

for (const format of formats) testContract(format, captures, SHARE);
