import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { areRelated, linksOf } from '../../src/analysis/finding-links.ts';
import { inOrderOfAction } from '../../src/analysis/finding-order.ts';
import type { Draft } from '../../src/analysis/parts.ts';
import { analyzeFiles } from '../../src/index.ts';

function draft(over: Partial<Draft>): Draft {
  return {
    kind: 'loop-stall',
    severity: 'warning',
    confidence: 'likely',
    title: '',
    summary: '',
    why: '',
    start: 0,
    end: 0,
    openEnded: false,
    workers: [],
    metrics: {},
    evidence: [],
    next: [],
    subjects: [],
    ...over,
  };
}

/** Subjects of which each look counts. */
function counted(subjects: readonly string[], seen: () => void): readonly string[] {
  return new Proxy([...subjects], {
    get(target, name, receiver) {
      if (typeof name === 'string' && /^\d+$/.test(name)) seen();
      return Reflect.get(target, name, receiver);
    },
  });
}

describe('findings about very many workers', () => {
  const pids = Array.from({ length: 10_007 }, (_, index) => `pid ${101 + index}`);

  it('are compared by looking at each subject a few times', () => {
    let looks = 0;
    const about = (kind: Draft['kind'], subjects: readonly string[]): Draft =>
      draft({ kind, subjects: counted(subjects, () => looks++) });
    const drafts = [
      about('service-stall', pids),
      about('heartbeat-late', pids.toReversed()),
      about('broken-pipe', pids),
      about('loop-stall', pids.slice(-1)),
    ];
    const sorted = inOrderOfAction(drafts);
    linksOf(sorted);
    assert.ok(looks < 20 * pids.length, `${looks} looks at ${pids.length} subjects of each finding`);
  });

  it('are related by one process where one explains the other, and by anything else in common', () => {
    const service = draft({ kind: 'service-stall', subjects: pids });
    const stall = (subjects: readonly string[]): Draft => draft({ kind: 'loop-stall', subjects });
    assert.equal(areRelated(service, stall(['pid 101'])), true);
    assert.equal(areRelated(stall(['pid 101']), service), true);
    assert.equal(areRelated(service, stall(['pid 7'])), false);
    assert.equal(areRelated(draft({ kind: 'fd-leak', subjects: pids }), stall(['pid 101'])), false);
    assert.equal(
      areRelated(draft({ kind: 'fd-leak', subjects: ['pid 7', 'listener 3'] }), stall(['listener 3'])),
      true,
    );
  });
});

it('a stall that may wait for a service, and the connects that fail to reach it, are one cause', async () => {
  const { findings } = await analyzeFiles(['samples/c-client-flush/trace.strace.gz']);
  const [stall] = findings;
  const storm = findings.find(({ kind }) => kind === 'error-storm');
  assert.equal(storm?.effectOf, stall?.id);
  assert.equal(storm?.effect, '');
  assert.match(stall?.summary ?? '', / 43 of 43 connects to 127\.0\.0\.1:19092 failed with ECONNREFUSED\./);
  assert.match(stall?.next[0]?.command ?? '', /^nc -vz 127\.0\.0\.1 19092$/);
});
