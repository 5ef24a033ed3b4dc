import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { readTrace, unaccounted } from './read-trace.ts';

const SAMPLES = fileURLToPath(new URL('../../../samples', import.meta.url));

/** Real captures of the project, by name. */
const captures = readdirSync(SAMPLES, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.strace.gz'))
  .sort()
  .map((name) => ({ name, bytes: gunzipSync(readFileSync(join(SAMPLES, name))) }));

test('there are captures to test with', () => {
  assert.ok(captures.length > 0, 'samples/**/*.strace.gz');
});

for (const { name, bytes } of captures) {
  test(`every line of samples/${name} is understood`, () => {
    const { account, codes } = readTrace(bytes);
    assert.deepEqual(
      [unaccounted(account), account.unparsed, account.foreign, account.continued],
      [0, 0, 0, 0],
      JSON.stringify(codes),
    );
    // Who hangs calls nothing: a line for each thread may be all.
    if (name.startsWith('hang-')) assert.ok(account.calls + account.resumed + account.unfinished > 2);
    else assert.ok(account.calls + account.resumed > 100);
  });
}
