import type { Listener } from '../../model/machine/listener.ts';
import type { Thread } from '../../model/machine/thread.ts';
import type { QueueDelay } from '../../model/measuring/socket-tracker.ts';
import { duration, plural } from '../../trace/format-numbers.ts';
import { MILLISECOND } from '../../trace/time.ts';
import { AcceptQueues, verdictOf } from '../accept-queues/accept-queues.ts';
import { type Context, defineDetector } from '../detector.ts';
import { type Conclusion, clear, type DraftFinding, notApplicable } from '../finding.ts';
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
      meaning: 'It is a warning when one connection in twenty waits this long to be accepted.',
    },
    'accept-delay-critical-ms': {
      default: 100,
      unit: 'ms',
      meaning: 'It is critical when one connection in twenty waits this long to be accepted.',
    },
    'accept-delay-min-connections': {
      default: 20,
      unit: 'connections',
      meaning: 'Fewer accepted connections than this do not tell how long one in twenty waits.',
    },
  },
  follows: { kinds: ['service-stall', 'loop-stall', 'worker-saturation'], anywhere: true },
  metrics,
  measures: { count: 'count', longestMs: 'maxMs' },
  create(context) {
    const queues = new AcceptQueues(() => new Queue());
    return {
      on: {
        queueDelay: (fact: QueueDelay) => queues.of(fact.listener).add(fact),
        threadLetGo(thread: Thread) {
          for (const { threads } of queues.ofThread(thread)) threads.delete(thread);
        },
      },
      conclude: () => conclude(context, queues),
    };
  },
});

function conclude(context: Context, queues: AcceptQueues<Queue>): Conclusion<Metrics> {
  if (!context.model.sockets.active)
    return notApplicable(
      "No system call shows how long a connection waits to be accepted; drover's bpftrace program exact.bt does",
    );
  return verdictOf(
    [...queues].map(([listener, queue]) => judge(context, listener, queue)),
    (findings) => `${plural(findings, 'listener')} whose connections waited`,
    () => clear('no connection was both established and accepted in the capture'),
  );
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
