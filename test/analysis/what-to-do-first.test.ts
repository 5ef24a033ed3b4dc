import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { causesIn } from '../../src/analysis/causes.ts';
import { type AnalysisOptions, analyzeFiles, type Finding, type Report } from '../../src/index.ts';

const found = (sample: string, options: AnalysisOptions = {}): Promise<Report> =>
  analyzeFiles([`samples/${sample}/trace.strace.gz`], options);

const ofKind = ({ findings }: Report, kind: string): Finding | undefined =>
  findings.find((finding) => finding.kind === kind);

describe('the first step of a finding that another one explains', () => {
  const cases = [
    ['backlog-overflow', 'backlog-overflow'],
    ['heartbeat-late', 'heartbeat-late'],
    ['asyncio-server', 'service-stall'],
    ['stranded-queue', 'stranded-queue'],
    ['distracted-worker', 'broken-pipe'],
    ['distracted-worker', 'request-retry'],
  ] as const;
  for (const [sample, kind] of cases)
    it(`of ${kind} is that of its cause, with its title`, async () => {
      const report = await found(sample);
      const finding = ofKind(report, kind);
      const cause = report.findings.find(({ id }) => id === finding?.effectOf) ?? causesIn(report.findings)[0];
      const { text = '', command } = finding?.next[0] ?? {};
      assert.equal(text, `First mend this: ${cause?.title}. ${cause?.next[0]?.text}`);
      assert.equal(command, cause?.next[0]?.command);
    });

  it('is one to follow where no other finding explains it', async () => {
    const report = await found('heartbeat-late', { thresholds: { 'stall-ms': 20_000 } });
    assert.equal(ofKind(report, 'loop-stall'), undefined);
    const { text = '', command } = ofKind(report, 'heartbeat-late')?.next[0] ?? {};
    assert.equal(text, 'See the code that blocks the worker while it is silent.');
    assert.equal(command, 'py-spy dump --pid PID');
  });
});
