import type { QueueDelay } from '../../model/facts.ts';
import type { Listener } from '../../model/machine/listeners.ts';
import type { Thread } from '../../model/machine/thread.ts';
import { duration, plural } from '../../trace/format-numbers.ts';
import { MILLISECOND } from '../../trace/time.ts';
import { type Context, defineDetector } from '../detector.ts';
import { type Conclusion, clear, type DraftFinding, found, notApplicable } from '../finding.ts';
import { reasonsOf } from '../words.ts';
import { finding } from './finding.ts';
import { type Metrics, metrics } from './metrics.ts';
import { Queue } from './queue.ts';

export const acceptDelay = defineDetector({
  kind: 'accept-delay',
  title: 'Connections wait long to be accepted',
  needs: [],
  thresholds: {
    'accept-delay-ms': {
      default: 50,
      unit: 'ms',
      meaning: 'One connection in twenty that waits this long to be accepted is a warning.',
    },
    'accept-delay-critical-ms': { default: 100, unit: 'ms', meaning: 'From here on such waiting is critical.' },
    'accept-delay-min-connections': {
      default: 20,
      unit: 'connections',
      meaning: 'Fewer accepted connections than this are too few for a share.',
    },
  },
  follows: { kinds: ['service-stall', 'loop-stall', 'worker-saturation'], anywhere: true },
  metrics,
  create(context) {
    const queues = new Map<Listener, Queue>();
    return {
      on: {
        queueDelay(fact: QueueDelay) {
          const queue = queues.get(fact.listener) ?? new Queue();
          queues.set(fact.listener, queue);
          queue.add(fact);
        },
        threadLetGo(thread: Thread) {
          for (const listener of thread.accepts.listeners) queues.get(listener)?.threads.delete(thread);
        },
      },
      conclude: () => conclude(context, queues),
    };
  },
});

function conclude(context: Context, queues: ReadonlyMap<Listener, Queue>): Conclusion<Metrics> {
  if (!context.model.sockets.active)
    return notApplicable(
      "No system call shows how long a connection waits to be accepted; drover's bpftrace program exact.bt does",
    );
  const findings: DraftFinding<Metrics>[] = [];
  const reasons: string[] = [];
  for (const [listener, queue] of queues) {
    const judged = judge(context, listener, queue);
    if (typeof judged === 'string') reasons.push(judged);
    else findings.push(judged);
  }
  if (findings.length > 0) return found(`${plural(findings.length, 'listener')} whose connections waited`, findings);
  const reason =
    queues.size === 0 ? 'no connection was both established and accepted in the capture' : reasonsOf(reasons);
  return clear(reason);
}

function judge(context: Context, listener: Listener, queue: Queue): DraftFinding<Metrics> | string {
  const { delays, deadCount } = queue;
  const limit = context.threshold('accept-delay-ms') * MILLISECOND;
  const usual = delays.percentile(0.95);
  const isSlow = delays.count >= context.threshold('accept-delay-min-connections') && usual >= limit;
  const said =
    `${listener.name}: of ${plural(delays.count, 'connection')} half waited up to ` +
    `${duration(delays.percentile(0.5))} to be accepted, 95 in 100 up to ${duration(usual)}, one ` +
    `${duration(delays.longest)}`;
  if (!isSlow && deadCount === 0) return said;
  const isCritical = isSlow && usual >= context.threshold('accept-delay-critical-ms') * MILLISECOND;
  return finding(context, listener, queue, { said, usual, isSlow }, isCritical ? 'critical' : 'warning');
}
