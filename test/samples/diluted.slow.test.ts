import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { analyzed } from '../support/analyzed.ts';

const SAMPLES = fileURLToPath(new URL('../../../samples', import.meta.url));
const STAMP = /^(?:\[pid +\d+\]|\d+) +(\d{10}\.\d{6}) /m;
/** Two requests of 1.5 s each at once are an outage in a capture of 6 s, and none in one of 10 minutes. */
const TOO_SHORT: ReadonlySet<string> = new Set(['puma-cluster-exhausted', 'sidekiq-exhausted']);

const exhausted = [
  ...readdirSync(join(SAMPLES, 'servers'))
    .filter((name) => name.endsWith('-exhausted') && !TOO_SHORT.has(name))
    .map((name) => join('servers', name)),
  'shared-lock',
  'sync-saturated',
];

/** The same capture, begun 10 minutes earlier with one call of somebody else, who left. */
function diluted(trace: string): string {
  const first = STAMP.exec(trace)?.[1];
  assert.ok(first !== undefined, 'it has pids and times since 1970');
  const at = (Number(first) - 600).toFixed(6);
  return `4000000 ${at} getpid() = 4000000 <0.000010>\n4000000 ${at} +++ exited with 0 +++\n${trace}`;
}

describe('an outage in ten minutes', () => {
  it('has samples', () => {
    assert.ok(exhausted.length >= 15, exhausted.join());
  });

  for (const name of exhausted)
    it(`is as bad as in a capture of nothing else: ${name}`, async () => {
      const bytes = readFileSync(join(SAMPLES, name, 'trace.strace.gz'));
      const trace = gunzipSync(bytes).toString('latin1');
      const found = async (text: string): Promise<readonly string[]> =>
        (await analyzed(text)).findings
          .filter(({ kind, severity }) => kind === 'worker-saturation' && severity !== 'info')
          .map(({ severity }) => severity);
      const alone = await found(trace);
      assert.ok(alone.length > 0);
      assert.deepEqual(await found(diluted(trace)), alone);
    });
});
