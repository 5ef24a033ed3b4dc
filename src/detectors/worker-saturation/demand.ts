import type { DraftFinding } from '../finding.ts';
import type { JobCrew } from './jobs.ts';
import type { Metrics } from './metrics.ts';

/** A finding about workers of a queue, as bad as it may be for whom they work. */
export function weighed(draft: DraftFinding<Metrics>, demand: JobCrew['demand']): DraftFinding<Metrics> {
  if (demand === 'others') return draft;
  const most = demand === 'perhaps' && draft.severity !== 'info' ? 'warning' : 'info';
  return { ...draft, severity: most, confidence: 'possible', summary: `${draft.summary} ${DOUBTS[demand]}` };
}

const DOUBTS: Readonly<Record<Exclude<JobCrew['demand'], 'others'>, string>> = {
  perhaps:
    'Whether somebody waits for these jobs is not in the capture: a batch program that reads from a service and uses ' +
    'all its workers looks the same.',
  itself:
    'Nothing in the capture asks this program for anything: a batch program is meant to keep all its workers busy.',
  unknown:
    'Who hands out these jobs is not in the capture, nor whether these processes share a queue: trace their parent ' +
    'as well.',
};
