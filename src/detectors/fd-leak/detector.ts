import { DESCRIPTOR_GROUPS } from '../../model/machine/descriptor-groups.ts';
import type { Process } from '../../model/machine/process.ts';
import { type Census, censusOf, DescriptorCensus } from '../../model/topics/leaks/descriptor-census.ts';
import { plural } from '../../trace/format-numbers.ts';
import { SECOND } from '../../trace/time.ts';
import { type Context, defineDetector } from '../detector.ts';
import { largestOf } from '../extremes.ts';
import { type Conclusion, clear, type DraftFinding, found, notApplicable } from '../finding.ts';
import { whyNoRequest } from '../served-unseen.ts';
import { forgottenFinding, leakFinding } from './finding.ts';
import { FEWEST_POINTS, growthOf, type Leak } from './growth.ts';
import { type Metrics, metrics } from './metrics.ts';

export const fdLeak = defineDetector({
  kind: 'fd-leak',
  title: 'A worker opens more descriptors than it closes',
  needs: ['times', { families: ['close'], calls: 'close', without: 'what is still open is unknown' }],
  thresholds: {
    'fd-growth': {
      default: 20,
      unit: 'descriptors',
      meaning:
        'A process leaks when it has so many more descriptors of one kind open after its requests than ' +
        'before them, and never fewer in between.',
    },
    'close-wait-descriptors': {
      default: 5,
      unit: 'sockets',
      meaning: 'A process forgets sockets when it keeps so many open whose other end has closed.',
    },
    'close-wait-s': {
      default: 10,
      unit: 's',
      meaning: 'Such a socket counts when its other end closed at least so long ago.',
    },
  },
  trackers: [DescriptorCensus],
  metrics,
  measures: { count: 'growth' },
  create(context) {
    // The model counts; there is nothing to hear.
    return { on: {}, conclude: () => conclude(context) };
  },
});

function conclude(context: Context): Conclusion<Metrics> {
  const { model } = context;
  const processes = model.processes.all();
  if (processes.every(({ requests }) => requests === 0))
    return notApplicable(whyNoRequest(context, 'No request was read: growth cannot be compared with the load'));
  const findings: DraftFinding<Metrics>[] = [];
  for (const group of DESCRIPTOR_GROUPS) {
    const leaks = processes.flatMap((process): Leak[] => {
      const grown = growthOf(censusOf(process)?.points ?? [], group, context.threshold('fd-growth'));
      return grown === null ? [] : [{ ...grown, process }];
    });
    if (leaks.length > 0) findings.push(leakFinding(leaks));
  }
  for (const process of processes) {
    const forgotten = forgottenSockets(context, process);
    if (forgotten.length >= context.threshold('close-wait-descriptors'))
      findings.push(forgottenFinding(process, forgotten, censusOf(process)?.endedAsOf ?? model.lastTime));
  }
  if (findings.length > 0) return found(`${plural(findings.length, 'kind')} of descriptors that stay open`, findings);
  const counts = largestOf(
    processes.map((process) => censusOf(process)?.points.length ?? 0),
    0,
  );
  if (counts < FEWEST_POINTS)
    return notApplicable(
      `Open descriptors were counted ${plural(counts, 'time')} (${FEWEST_POINTS} needed): too short to see them grow`,
    );
  const most = largestOf(
    processes.map((process) => censusOf(process)?.points.at(-1)?.open ?? 0),
    0,
  );
  return clear(
    `no process opened ${context.threshold('fd-growth')} descriptors of a kind with its requests and kept them; ` +
      `the most that one process is known to hold is ${plural(most, 'descriptor')}`,
  );
}

/**
 * Sockets of a process, as of its last count, whose other end closed long ago and that nobody works on: CLOSE_WAIT in
 * `ss`.
 */
function forgottenSockets(context: Context, process: Process): Census['ended'] {
  const census = censusOf(process);
  if (census === null) return [];
  const latest = census.endedAsOf - context.threshold('close-wait-s') * SECOND;
  return [
    ...new Map(
      census.ended.filter(({ closedAt }) => closedAt <= latest).map((end) => [end.descriptor, end] as const),
    ).values(),
  ];
}
