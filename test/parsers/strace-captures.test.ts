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

test('thousands of threads are told apart, and forgotten when they end', () => {
  const pids = Array.from({ length: 7_919 }, (_, i) => 100 + i * 3);
  const round = (line: (pid: number, i: number) => string): string =>
    pids.map((pid, i) => `${pid} 1795189522.${String(i).padStart(6, '0')} ${line(pid, i)}\n`).join('');
  const trace = `${round((pid) => `read(${pid},  <unfinished ...>`)}${round(() => '+++ exited with 0 +++')}${round((pid) => `close(${pid}) = 0`)}`;
  const { calls, others, inFlight } = readTrace(trace, { chunks: [65_536] });
  assert.deepEqual(
    [calls.length, others.length, inFlight.length, new Set(calls.map((call) => call.lane)).size],
    [15_838, 7_919, 0, 15_838],
  );
  assert.ok(calls.every((call) => call.fd === call.tid));
});
