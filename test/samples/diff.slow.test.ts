import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Report } from '../../src/analysis/report.ts';
import { compareReports } from '../../src/comparison/compare.ts';
import { analyzeFiles } from '../../src/index.ts';

const SAMPLES = fileURLToPath(new URL('../../../samples', import.meta.url));
const TRACE = 'trace.strace.gz';

/** Twins that differ in what is no trouble by itself, so that neither report has a warning. */
const QUIET: ReadonlySet<string> = new Set(['epoll-churn', 'hang-go', 'hang-puma']);

const names = readdirSync(SAMPLES).filter(
  (name) => existsSync(join(SAMPLES, name, TRACE)) && existsSync(join(SAMPLES, name, 'healthy', TRACE)),
);

async function read(...path: readonly string[]): Promise<Report> {
  return analyzeFiles([join(SAMPLES, ...path, TRACE)], { activity: false });
}

describe('a sample and its healthy twin', () => {
  let better = 0;

  after(() => assert.ok(better > 20, `${better} twins are told as better`));

  it('are there', () => assert.ok(names.length > 30, `${names.length}`));

  for (const name of names)
    it(`${name}: the twin is never worse, and without a cause of the sample; each is like itself`, async () => {
      const [sick, well] = [await read(name), await read(name, 'healthy')];
      const { verdict: there, causes } = compareReports(sick, well);
      const { verdict: back } = compareReports(well, sick);
      const [expected, mirrored] = QUIET.has(name) ? [ALIKE, ALIKE] : [OUTCOMES.there, OUTCOMES.back];
      if (there.outcome === 'better') better++;
      assert.ok(expected.includes(there.outcome), there.text);
      assert.ok(mirrored.includes(back.outcome), back.text);
      const kinds = new Set(sick.findings.filter(({ severity }) => severity !== 'info').map(({ kind }) => kind));
      const gone = causes.filter(({ kind, change }) => kinds.has(kind) && IS_LESS.has(change));
      assert.equal(gone.length > 0, !QUIET.has(name), JSON.stringify(causes));
      for (const report of [sick, well])
        assert.ok(['same', 'cannot-tell'].includes(compareReports(report, report).verdict.outcome));
    });
});

/** `cannot-tell`: attached threads that all wait, and nobody knows for what. */
const ALIKE = ['same', 'cannot-tell'];

/** `unclear`: the twin could not have shown it. */
const IS_LESS: ReadonlySet<string> = new Set(['gone', 'better', 'unclear']);

/** `cannot-tell`: an idle twin shows nothing, and of what came once nobody knows whether it comes again. */
const OUTCOMES = { there: ['better', 'cannot-tell'], back: ['worse', 'cannot-tell'] };
