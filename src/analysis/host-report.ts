import { causesIn, severityOf } from './causes.ts';
import type { Finding, Host, Report } from './report.ts';

/** The report on the capture of one host. */
export interface HostReport {
  readonly host: string;
  readonly report: Report;
}

/** A capture of several that could not be read, and why. */
export interface UnreadCapture {
  readonly host: string;
  readonly path: string;
  readonly reason: string;
}

/** The hosts of a report; of a report on one host that one, under this name. */
export function hostsOf(report: Report, name: string): readonly Host[] {
  const { hosts, source, verdict, window, quality, workers, findings } = report;
  const causes = causesIn(findings).filter((finding) => severityOf(finding, findings) !== 'info');
  return (
    hosts ?? [
      {
        name,
        paths: source.paths,
        verdict,
        window,
        grade: quality.grade,
        workers: workers.length,
        causes: causes.length,
        cause: causes[0]?.id ?? null,
      },
    ]
  );
}

/** The findings of one of them: of a cause on several hosts the finding of each. */
export function findingsOn({ hosts, findings }: Report, { name }: Host): readonly Finding[] {
  return hosts === undefined ? findings : findings.filter((finding) => finding.hosts[0] === name);
}
