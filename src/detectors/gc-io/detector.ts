import { type CollectorCall, StackTracker } from '../../model/topics/stacks/stack-tracker.ts';
import { count, plural } from '../../trace/format-numbers.ts';
import { MILLISECOND, type Nanoseconds } from '../../trace/time.ts';
import { type Context, defineDetector } from '../detector.ts';
import { type Conclusion, clear, type DraftFinding, found, notApplicable, type Severity } from '../finding.ts';
import { add, begin, type CollectorCalls } from './calls.ts';
import { finding } from './finding.ts';
import { type Metrics, metrics } from './metrics.ts';

const COMMAND =
  'timeout 20 strace -f -ttt -T -y -s 128 -k -e trace=%network,read,write,writev,poll,close,futex -o FILE -p PID';

export const gcIo = defineDetector({
  kind: 'gc-io',
  title: 'Code that the garbage collector calls does input or output',
  needs: [],
  thresholds: {
    'gc-io-critical-ms': {
      default: 20,
      unit: 'ms',
      meaning: 'A call inside the garbage collector that takes this long is critical, whatever it is.',
    },
  },
  perWorker: true,
  trackers: [StackTracker],
  metrics,
  create(context) {
    const collected = begin();
    const finalized = begin();
    return {
      on: {
        collectorCall(fact: CollectorCall) {
          add(fact.inside === 'finalizer' ? finalized : collected, fact);
        },
      },
      conclude: () => conclude(context, collected, finalized),
    };
  },
});

function conclude(context: Context, collected: CollectorCalls, finalized: CollectorCalls): Conclusion<Metrics> {
  const { model, threshold } = context;
  const { seen: stacks, read, isBlind } = model.topic(StackTracker);
  if (!stacks)
    return notApplicable(`The capture has no stacks, which alone show who made a call. Record with: ${COMMAND}`);
  if (read === 0) return notApplicable('No call that can wait has a stack in the capture.');
  const critical = threshold('gc-io-critical-ms') * MILLISECOND;
  const findings: DraftFinding<Metrics>[] = [];
  if (collected.count > 0) findings.push(finding(context, collected, false, severityOf(collected, critical)));
  if (finalized.count > 0) findings.push(finding(context, finalized, true, 'info'));
  const seen = `${plural(read, 'stack')} of calls that can wait`;
  if (findings.length > 0)
    return found(
      `${plural(collected.count, 'call')} inside a collector and ${count(finalized.count)} inside a finalizer, in ` +
        `${seen}`,
      findings,
    );
  if (isBlind)
    return notApplicable(
      `Ruby without symbols does not name its collector in a stack (${seen}). Install its debug symbols and record ` +
        'again.',
    );
  return clear(`${seen}, none made by code that a collector had called`);
}

function severityOf({ switching, kept }: CollectorCalls, critical: Nanoseconds): Severity {
  return switching > 0 || kept.some(({ duration }) => duration >= critical) ? 'critical' : 'warning';
}
