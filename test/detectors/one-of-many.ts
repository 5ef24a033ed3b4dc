import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import type { Report } from '../../src/analysis/report.ts';
import { analyzeInputs } from '../../src/pipeline/analyze-inputs.ts';
import { memoryInput } from '../support/memory-input.ts';

export async function reportOn(text: string): Promise<Report> {
  return analyzeInputs(
    { kind: 'file', paths: ['trace'], inputs: [memoryInput('trace', text)], leftOut: [], notices: [] },
    {},
  );
}

/** The lines of each thread, as strace writes them without `-f`. */
function alone(path: string): string[] {
  const threads = new Map<string, string[]>();
  for (const line of gunzipSync(readFileSync(path)).toString('latin1').split('\n')) {
    const [, tid = '', rest] = /^(\d+) +(.*)$/.exec(line) ?? [];
    if (rest !== undefined) threads.set(tid, [...(threads.get(tid) ?? []), rest]);
  }
  return [...threads.values()].filter(({ length }) => length > 50).map((lines) => `${lines.join('\n')}\n`);
}

/**
 * A test on each thread of these scenes, alone: healthy by the clients' clock, of runtimes whose threads take turns at
 * the loop.
 */
export function testEachThread(scenes: readonly string[]): void {
  it('raises no warning, and is no all-clear: another thread may have gone on with the loop', async () => {
    const threads = scenes.flatMap((name) =>
      alone(fileURLToPath(new URL(`../../../samples/servers/${name}/trace.strace.gz`, import.meta.url))),
    );
    assert.ok(threads.length >= 3, `${threads.length}`);
    for (const text of threads) {
      const { verdict, findings } = await reportOn(text);
      const serious = findings.filter(({ severity }) => severity !== 'info');
      assert.deepEqual([serious.map(({ title }) => title), verdict.confidence], [[], 'cannot-tell']);
    }
  });
}
