import type { HangUp } from '../../model/facts.ts';
import type { Thread } from '../../model/machine/thread.ts';
import type { Model } from '../../model/model.ts';
import { DependencyTracker } from '../../model/topics/dependencies/dependency-tracker.ts';
import { plural } from '../../trace/format-numbers.ts';
import type { Capabilities } from '../capabilities.ts';
import { type Context, defineDetector } from '../detector.ts';
import { type Conclusion, clear, found, notApplicable, type Severity } from '../finding.ts';
import { RECORDING } from '../need.ts';
import { isParkedByOthers } from '../one-of-many.ts';
import { whyNoRequest } from '../served-unseen.ts';
import { effect } from './effect.ts';
import { finding, type HangUps } from './finding.ts';
import { type Metrics, metrics } from './metrics.ts';

const KEPT = 50;

export const abandonedRequest = defineDetector({
  kind: 'abandoned-request',
  title: 'A client hangs up before the reply',
  needs: [{ families: ['write'], calls: 'write or send', without: 'whether requests were answered is unknown' }],
  thresholds: {},
  alsoUses: ['broken-pipe-warning-share', 'broken-pipe-critical-share'],
  follows: { kinds: ['service-stall', 'loop-stall', 'slow-dependency'], anywhere: false },
  trackers: [DependencyTracker],
  effect,
  metrics,
  create(context) {
    const all = { total: 0, answered: 0, encrypted: 0, untold: 0, oneWay: 0, kept: [] as HangUp[] };
    return {
      on: {
        hangUp(hangUp: HangUp) {
          if (hangUp.mayBeAnswered || mayBeBehind(hangUp, context.capabilities)) {
            all.untold++;
            return;
          }
          if (hangUp.mayExpectNothing) {
            all.oneWay++;
            return;
          }
          all.total++;
          if (hangUp.answered) all.answered++;
          if (hangUp.request.connection.framing?.isEncrypted) all.encrypted++;
          if (all.kept.length < KEPT) all.kept.push(hangUp);
        },
      },
      conclude: () => conclude(context, all),
    };
  },
});

/** The stamps do not tell whether the client left before its reply or after it: threads of a runtime write in turn. */
function mayBeBehind({ answered, request, time }: HangUp, { times, resolution }: Capabilities): boolean {
  return answered && (!times || request.answeredAt - time < resolution);
}

function conclude(context: Context, all: HangUps & { readonly oneWay: number }): Conclusion<Metrics> {
  const { encrypted } = all;
  // Without the writes of a reply nobody can tell that there was none.
  const { model } = context;
  const isBlind = !showsReplies(model) || all.kept.some(({ thread }) => isParkedByOthers(thread as Thread, model));
  const total = isBlind ? 0 : all.total;
  const untold = isBlind ? all.total + all.untold : all.untold;
  const { requests } = model.processes;
  if (total === 0 && requests === 0)
    return notApplicable(
      whyNoRequest(
        context,
        'No request line is readable in the trace (TLS, HTTP/2, or a capture with -s 0). Record with -s 128.',
      ),
    );
  if (total === 0 && untold > 0)
    return notApplicable(
      `Cannot tell whether ${plural(untold, 'client')} left before the reply: replies may have been written by ` +
        `threads or calls that the capture does not show. Record all of them: ${RECORDING}`,
    );
  if (total === 0 && all.oneWay > 0)
    return notApplicable(
      `Cannot tell whether ${plural(all.oneWay, 'client')} left before a reply: what was sent is no request that ` +
        'drover can read, and nobody was answered at the same listener, or another process passed the socket on. ' +
        'Logs and counters are sent so',
    );
  if (total === 0 && !model.completeness.showsText)
    return notApplicable(
      `The capture holds nothing of what was read (-s 0): where ${plural(requests, 'request')} end, and so whether a ` +
        `client left before the reply, is not told. ${RECORDING}`,
    );
  if (total === 0)
    return clear(
      `no hang-up seen before the reply in ${plural(requests, 'request')}. Servers that do not read while they work ` +
        'cannot see one',
    );
  // Of what is encrypted nobody sees whether it asked for anything.
  const sure = total - encrypted;
  const severity = severityOf(context, sure, sure / Math.max(1, requests));
  return found(`${plural(total, 'request')} whose client was seen to leave before the reply`, [
    finding(context, all, severity),
  ]);
}

/** A capture of network calls alone (`-e trace=network`) has no `write`, `writev` and `sendfile`. */
function showsReplies({ statistics, processes }: Model): boolean {
  if (processes.all().some(({ answered }) => answered > 0)) return true;
  return statistics.all().some(({ syscall }) => !NETWORK.test(syscall.name));
}

const NETWORK =
  /^(?:accept4?|bind|connect|getpeername|getsock(?:name|opt)|listen|recv|send|setsockopt|shutdown|socket)/;

function severityOf(context: Context, total: number, share: number): Severity {
  if (total >= 3 && share >= context.threshold('broken-pipe-critical-share')) return 'critical';
  return share >= context.threshold('broken-pipe-warning-share') ? 'warning' : 'info';
}
