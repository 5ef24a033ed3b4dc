import type { FailedWrite } from '../../model/facts.ts';
import type { Process } from '../../model/machine/process.ts';
import { threadsOf } from '../../model/machine/threads-of.ts';
import type { Model } from '../../model/model.ts';
import { DependencyTracker } from '../../model/topics/dependencies/dependency-tracker.ts';
import { plural } from '../../trace/format-numbers.ts';
import { MILLISECOND } from '../../trace/time.ts';
import { type Context, defineDetector } from '../detector.ts';
import { type Conclusion, clear, found, notApplicable, type Severity } from '../finding.ts';
import { callsOf, openCallsOf } from '../recorded.ts';
import { cutFinding } from './cut-finding.ts';
import { effect } from './effect.ts';
import { finding, NAMES } from './finding.ts';
import { type Metrics, metrics } from './metrics.ts';
import { type Group, hadAllBegun, Tally, worstOf, writeGroupOf } from './tally.ts';
import { judgeWatched } from './watched.ts';

export const brokenPipe = defineDetector({
  kind: 'broken-pipe',
  title: 'A reply is written to somebody who left',
  needs: [{ families: ['write'], calls: 'write or send', without: 'whether replies fail is unknown' }],
  thresholds: {
    'broken-pipe-warning-share': {
      default: 0.01,
      unit: 'of requests',
      meaning: 'Failed replies are a warning from this share on.',
    },
    'broken-pipe-critical-share': {
      default: 0.05,
      unit: 'of requests',
      meaning: 'Failed replies are critical from this share on, if there are at least 3.',
    },
    'behind-ms': {
      default: 100,
      unit: 'ms',
      meaning:
        'A failed reply is a warning, however rare, when its request waited this long behind other ' + 'requests.',
    },
  },
  follows: { kinds: ['service-stall', 'loop-stall', 'slow-dependency'], anywhere: false },
  trackers: [DependencyTracker],
  effect,
  judgesCounts: 'watched',
  metrics,
  create(context) {
    const tallies = new Map<Group, Tally>();
    return {
      on: {
        failedWrite(failure: FailedWrite) {
          const group = writeGroupOf(failure);
          const tally = tallies.get(group) ?? new Tally();
          tallies.set(group, tally);
          // Asked now: of a program that has ended nobody knows who started it.
          tally.add(failure, isOfPipeline(failure, context.model));
        },
      },
      conclude: () => (context.model.watch.isActive ? judgeWatched(context) : conclude(context, tallies)),
    };
  },
});

function conclude(context: Context, tallies: ReadonlyMap<Group, Tally>): Conclusion<Metrics> {
  const requests = context.model.processes.requests;
  const findings = [...tallies].map(([group, tally]) => {
    const severity = severityOf(context, group, tally, requests);
    return group === 'cut'
      ? cutFinding(context, tally, requests, severity)
      : finding(context, group, tally, requests, severity);
  });
  if (findings.length > 0)
    return found(
      [...tallies].map(([group, tally]) => `${plural(tally.count, 'failed write')} to ${NAMES[group]}`).join('; '),
      findings,
    );
  const { processes } = context.model;
  if (requests === 0 && !processes.all().some(({ accepted }) => accepted > 0))
    return notApplicable('No request and no accepted connection was seen: whether replies fail is unknown');
  const open = openCallsOf(context.model, 'write');
  const writes = Math.max(0, callsOf(context.model, 'write') - open);
  const stuck = open === 0 ? '' : `; ${open} more had not come back`;
  if (writes === 0) return notApplicable(`No write or send came back${stuck}: whether replies fail is unknown`);
  return clear(
    `none of ${plural(writes, 'write')} failed because the other end had left (${plural(requests, 'request')} ` +
      `read)${stuck}. A reply that fits one write fails without a trace`,
  );
}

function severityOf(context: Context, group: Group, tally: Tally, requests: number): Severity {
  if (tally.isOfPipelines) return 'info';
  if (tally.kept.some(({ fatal }) => fatal)) return group === 'unknown' ? 'warning' : 'critical';
  if (group !== 'client') return group === 'log' ? 'warning' : 'info';
  const share = tally.count / Math.max(1, requests);
  const mayBeStreams = !context.capabilities.times && hadAllBegun(tally);
  if (!mayBeStreams && tally.count >= 3 && share >= context.threshold('broken-pipe-critical-share')) return 'critical';
  if (
    share >= context.threshold('broken-pipe-warning-share') ||
    worstOf(tally.kept).behind >= context.threshold('behind-ms') * MILLISECOND
  )
    return 'warning';
  return 'info';
}

/**
 * Whether a write failed as half a shell pipeline ends: by a program that the capture shows from its start on, and that
 * neither serves nor was started by anybody who does.
 */
function isOfPipeline({ thread, connection }: FailedWrite, { listeners }: Model): boolean {
  const { process } = thread;
  if (connection !== null || process.argv.length === 0) return false;
  const opened = new Set(listeners.all.map(({ openedBy }) => openedBy));
  for (let each: Process | null = process; each !== null; each = each.parent)
    if (opened.has(each) || serves(each)) return false;
  return true;
}

function serves(process: Process): boolean {
  return process.accepted > 0 || process.requests > 0 || threadsOf(process).some(({ hasServed }) => hasServed);
}
