import type { HangUp } from '../../model/facts.ts';
import { DependencyTracker } from '../../model/topics/dependencies/dependency-tracker.ts';
import { plural } from '../../trace/format-numbers.ts';
import { type Context, defineDetector } from '../detector.ts';
import { type Conclusion, clear, found, notApplicable, type Severity } from '../finding.ts';
import { finding } from './finding.ts';
import { type Metrics, metrics } from './metrics.ts';

const KEPT = 50;

export const abandonedRequest = defineDetector({
  kind: 'abandoned-request',
  title: 'A client hangs up before the reply',
  needs: [],
  thresholds: {},
  alsoUses: ['broken-pipe-warning-share', 'broken-pipe-critical-share'],
  follows: { kinds: ['service-stall', 'loop-stall', 'slow-dependency'], anywhere: false },
  trackers: [DependencyTracker],
  metrics,
  create(context) {
    let total = 0;
    let answered = 0;
    const kept: HangUp[] = [];
    return {
      on: {
        hangUp(hangUp: HangUp) {
          total++;
          if (hangUp.answered) answered++;
          if (kept.length < KEPT) kept.push(hangUp);
        },
      },
      conclude: () => conclude(context, total, answered, kept),
    };
  },
});

function conclude(context: Context, total: number, answered: number, kept: readonly HangUp[]): Conclusion<Metrics> {
  const requests = context.model.processes.requests;
  if (total === 0 && requests === 0)
    return notApplicable(
      'No request line is readable in the trace (TLS, HTTP/2, or a capture with -s 0). Record with -s 128.',
    );
  if (total === 0)
    return clear(
      `no hang-up seen before the reply in ${plural(requests, 'request')}. Servers that do not read while they work ` +
        'cannot see one',
    );
  const severity = severityOf(context, total, total / Math.max(1, requests));
  return found(`${plural(total, 'request')} whose client was seen to leave before the reply`, [
    finding(context, { total, answered, kept }, severity),
  ]);
}

function severityOf(context: Context, total: number, share: number): Severity {
  if (total >= 3 && share >= context.threshold('broken-pipe-critical-share')) return 'critical';
  return share >= context.threshold('broken-pipe-warning-share') ? 'warning' : 'info';
}
