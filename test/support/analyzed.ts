import assert from 'node:assert/strict';
import type { AnalysisOptions } from '../../src/analysis/options.ts';
import type { Finding, Kind, Report } from '../../src/analysis/report.ts';
import { analyzeInputs } from '../../src/pipeline/analyze-inputs.ts';
import { contradictions } from './contradictions.ts';
import { memoryInput } from './memory-input.ts';
import { strictComplaints } from './strict-schema.ts';
import type { TraceLines, TraceStyle } from './trace-lines.ts';

/** The report on a trace, through the real parser and analysis. */
export async function analyzed(
  trace: TraceLines | string,
  style: Partial<TraceStyle> = {},
  options: AnalysisOptions = {},
): Promise<Report> {
  const text = typeof trace === 'string' ? trace : trace.text(style);
  const input = memoryInput('trace', text, { chunkBytes: 4_096 });
  const report = await analyzeInputs(
    { kind: 'file', paths: ['trace'], inputs: [input], leftOut: [], notices: [] },
    options,
  );
  assert.equal(report.quality.unparsedLines, 0, `unreadable lines in\n${text}`);
  for (const [kind, outcome] of Object.entries(report.outcomes))
    assert.notEqual(outcome?.status, 'failed', `${kind}: ${outcome?.reason}`);
  assert.deepEqual(strictComplaints(report), []);
  assert.deepEqual(contradictions(report), []);
  return report;
}

export function ofKind({ findings }: Report, kind: Kind): readonly Finding[] {
  return findings.filter((finding) => finding.kind === kind);
}

/** The one finding of that kind. */
export function only(report: Report, kind: Kind): Finding {
  const found = ofKind(report, kind);
  assert.equal(found.length, 1, `${found.length} findings of ${kind}: ${JSON.stringify(report.outcomes[kind])}`);
  return found[0] as Finding;
}

/** That there is no finding of that kind; returns why, as the report tells. */
export function none(report: Report, kind: Kind): string {
  assert.deepEqual(
    ofKind(report, kind).map(({ summary }) => summary),
    [],
  );
  return report.outcomes[kind]?.reason ?? '';
}
