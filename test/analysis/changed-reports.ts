import assert from 'node:assert/strict';
import { readSavedReport } from '../../src/analysis/saved-report.ts';
import { compareReports } from '../../src/comparison/compare.ts';
import { renderComparison } from '../../src/output/comparison/text.ts';
import { redactReport } from '../../src/output/redact.ts';
import type { Random } from '../fuzz/random.ts';
import { nightReport } from '../support/report-builder.ts';

/** Changes a saved report so many times, and compares those that are still reports; how many those were. */
export function comparedOf(rounds: number, random: Random): number {
  let read = 0;
  for (let round = 0; round < rounds; round++) {
    const report = structuredClone(nightReport) as unknown;
    for (let blow = 0; blow <= random.below(3); blow++) damage(report, random);
    const saved = readSavedReport(JSON.stringify(report));
    if (saved.kind !== 'report') continue;
    read++;
    const shown = redactReport(saved.report);
    for (const comparison of [compareReports(shown, nightReport), compareReports(nightReport, shown)]) {
      assert.ok(comparison.verdict.text.length > 0);
      assert.ok(renderComparison(comparison, { width: 100, ascii: false, colour: false }).length > 0);
    }
  }
  return read;
}

/** Changes or removes one value somewhere in it. */
function damage(value: unknown, random: Random): void {
  let at = value as Record<string, unknown>;
  for (;;) {
    const keys = Object.keys(at);
    if (keys.length === 0) return;
    const key = random.pick(keys);
    const inner = at[key];
    if (typeof inner === 'object' && inner !== null && !random.oneIn(4)) at = inner as Record<string, unknown>;
    else {
      const other = random.pick([null, undefined, '', 'x', -1, 1e300, true, [], {}, [null], '\x1b[2J', 'loop-stall-1']);
      if (other === undefined) delete at[key];
      else at[key] = other;
      return;
    }
  }
}
