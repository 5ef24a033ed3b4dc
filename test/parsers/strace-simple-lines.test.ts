import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { straceFormat } from '../../parsers/strace/format.ts';
import { examplesOf } from './format-examples.ts';
import { assembly, same, WHOLE } from './read-with-assembly.ts';

// Samples and damaged lines are read in strace-simple-lines.slow.test.ts.
describe('the assembly that reads simple lines', () => {
  it('was built, and runs on this Node', () => assert.ok(assembly !== null, 'npm run build compiles it'));

  it('reads the examples of the grammar as the parser does', () => {
    for (const { title, trace } of examplesOf(straceFormat))
      for (const chunks of [WHOLE, [1], [64], [1, 500, 3, 77]]) same(Buffer.from(trace), chunks, title);
  });
});
