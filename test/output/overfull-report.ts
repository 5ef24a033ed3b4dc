import type { Report } from '../../src/analysis/report.ts';
import { buildEvidence, buildFinding, buildReport, buildWorker } from '../support/report-builder.ts';

/** A report of so many findings, each as long as its fields may be, about 128 workers. */
export function overfullReport(count: number): Report {
  const long = '<&>"'.repeat(500);
  const stalls = Array.from({ length: 997 }, (_, index) => ({ startMs: index * 50, endMs: index * 50 + 20 }));
  const findings = Array.from({ length: count }, (_, index) =>
    buildFinding({
      id: `loop-stall-${index + 1}`,
      summary: long,
      why: `${index} ${long}`,
      workers: Array.from({ length: 128 }, (_, worker) => worker + 1),
      metrics: { stalls },
      evidence: Array.from({ length: 17 }, (_, line) => buildEvidence({ line: line + 1, text: long })),
      next: Array.from({ length: 5 }, (_, step) => ({ text: `${index} ${step} ${long}`, command: long })),
    }),
  );
  const workers = Array.from({ length: 128 }, (_, index) => buildWorker({ pid: index + 1 }));
  const states = 'er'.repeat(156);
  const timeline = {
    startMs: 0,
    columnMs: 200,
    columns: 312,
    isOnOneClock: true,
    rows: workers.map(({ pid }) => ({ pid, host: null, states })),
  };
  const calls = Array.from({ length: count }, () => ({
    call: long,
    count: 17,
    errors: { [long]: 17 },
    totalMs: 1,
    maxMs: 1,
    p50Ms: 1,
    p99Ms: 1,
  }));
  return { ...buildReport({ findings, workers, calls, verdict: { text: long } }), timeline };
}
