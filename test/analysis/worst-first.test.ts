import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { causesIn } from '../../src/analysis/causes.ts';
import { analyzeFiles } from '../../src/index.ts';

describe('two stalls that are critical', () => {
  it('stand in the order of what came of them: one cost a worker its life, the other one took more time', async () => {
    const { findings } = await analyzeFiles(['samples/heartbeat-late/trace.strace.gz']);
    const [first, second] = causesIn(findings);
    assert.equal(first?.title, 'GET /nap/9.0 holds worker 13240 for 4.54 s: computes, or no CPU');
    assert.deepEqual(
      first?.effects.map((id) => id.replace(/-\d+$/, '')),
      ['heartbeat-late'],
    );
    assert.ok(Number(second?.metrics.allTotalMs) > Number(first?.metrics.totalMs));
  });
});
