import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { analyzeFiles } from '../../src/index.ts';
import { toldTwice } from '../support/one-cause.ts';

/** Samples in which one cause once made two findings of the first rank, and how many causes there are. */
const ONCE_TWICE: readonly (readonly [name: string, path: string, effects: readonly string[]])[] = [
  ['a lock, a sync and imports on the loop', 'blockers-gevent', ['lock-contention', 'disk-sync', 'lazy-import']],
  ['a service that refuses the connects of a library', 'c-client-flush', ['error-storm']],
  ['a service that a pool waits for, and its loop for a moment', 'servers/jetty-exhausted', ['loop-stall']],
];

describe('one cause is one finding', () => {
  for (const [name, path, effects] of ONCE_TWICE)
    it(`of ${name}`, async () => {
      const report = await analyzeFiles([`samples/${path}/trace.strace.gz`]);
      assert.deepEqual(toldTwice(report), []);
      const under = report.findings.filter(({ effectOf }) => effectOf !== null).map(({ kind }) => kind);
      for (const kind of effects) assert.ok(under.includes(kind as (typeof under)[number]), `${kind} in ${under}`);
      // What hangs under a cause is still in the report.
      for (const finding of report.findings)
        assert.ok(finding.effectOf === null || report.findings.some(({ id }) => id === finding.effectOf));
    });

  it('and the look at it sees two of one target, and two requests as two', async () => {
    const report = await analyzeFiles(['samples/blockers-gevent/trace.strace.gz']);
    const apart = report.findings.map((finding) => ({ ...finding, effectOf: null, memberOf: null, effects: [] }));
    assert.match(toldTwice({ ...report, findings: apart }).join('\n'), /^GET \/import: .*loads|GET \/import: /m);
  });
});
