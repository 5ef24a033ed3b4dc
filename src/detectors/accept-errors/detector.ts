import type { AcceptError, DroppedConnection } from '../../model/facts.ts';
import type { Listener } from '../../model/machine/listener.ts';
import { plural } from '../../trace/format-numbers.ts';
import { earlier, later } from '../../trace/time.ts';
import { type Context, defineDetector } from '../detector.ts';
import { type Conclusion, clear, found } from '../finding.ts';
import { finding } from './finding.ts';
import { type Metrics, metrics } from './metrics.ts';
import { begin, type Trouble } from './trouble.ts';

const EVIDENCE = 6;

export const acceptErrors = defineDetector({
  kind: 'accept-errors',
  title: 'Connections cannot be accepted: descriptors or memory have run out',
  needs: [{ families: ['accept'], calls: 'accept', without: 'whether it fails is unknown' }],
  thresholds: {},
  follows: { kinds: ['fd-leak'], anywhere: false },
  linkedInProcess: ['fd-leak'],
  metrics,
  create(context) {
    const troubles = new Map<Listener, Trouble>();
    return {
      on: {
        acceptError(fact: AcceptError) {
          const { listener, error, time, line, thread } = fact;
          const trouble = troubles.get(listener) ?? begin(fact);
          troubles.set(listener, trouble);
          trouble.total++;
          trouble.errors.set(error, (trouble.errors.get(error) ?? 0) + 1);
          trouble.workers.add(thread.process);
          trouble.first = earlier(trouble.first, time);
          trouble.last = later(trouble.last, time);
          if (trouble.lines.length < EVIDENCE) trouble.lines.push(line);
        },
        droppedConnection({ connection }: DroppedConnection) {
          const trouble = connection.listener === null ? undefined : troubles.get(connection.listener);
          if (trouble !== undefined) trouble.dropped++;
        },
      },
      conclude: () => conclude(context, troubles),
    };
  },
});

function conclude(context: Context, troubles: ReadonlyMap<Listener, Trouble>): Conclusion<Metrics> {
  const findings = [...troubles].map(([listener, trouble]) => finding(context, listener, trouble));
  if (findings.length > 0)
    return found(
      `${plural(findings.length, 'listener')} on which accept failed because something had run out`,
      findings,
    );
  const accepts = context.model.statistics.all().filter(({ syscall }) => syscall.family === 'accept');
  const calls = accepts.reduce((sum, each) => sum + each.count, 0);
  return clear(`none of ${plural(calls, 'accept call')} failed with EMFILE, ENFILE, ENOBUFS or ENOMEM`);
}
