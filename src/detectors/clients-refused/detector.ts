import type { Accepted } from '../../model/facts.ts';
import type { Listener } from '../../model/machine/listener.ts';
import type { Model } from '../../model/model.ts';
import { type ClientRefused, countIn, nameOf, RefusalTracker } from '../../model/topics/refusals/refusal-tracker.ts';
import type { SessionCensus } from '../../model/topics/sessions/session.ts';
import { SessionTracker } from '../../model/topics/sessions/session-tracker.ts';
import { plural } from '../../trace/format-numbers.ts';
import { requestShape } from '../../trace/request-shape.ts';
import { earlier, later, SECOND } from '../../trace/time.ts';
import { type Context, defineDetector } from '../detector.ts';
import { type Conclusion, clear, found, notApplicable } from '../finding.ts';
import { effect } from './effect.ts';
import { finding } from './finding.ts';
import { type Metrics, metrics } from './metrics.ts';
import type { Refusals } from './refusals.ts';

const EVIDENCE = 4;
const MOST_KINDS = 64;
const MOST_PIDS = 64;

export const clientsRefused = defineDetector({
  kind: 'clients-refused',
  title: 'The server turns clients away, or what they ask',
  needs: [{ families: ['write'], calls: 'write or send', without: 'what a server says to its clients is unknown' }],
  thresholds: {
    'refused-critical-share': {
      default: 0.2,
      unit: 'of the connections',
      meaning:
        'Refused clients are critical from this part of all that connected on, refused requests from this part of all ' +
        'replies on.',
    },
    'refused-share': {
      default: 0.01,
      unit: 'of the replies',
      meaning: 'Refused requests, statements and commands are a warning from this share on, and info below it.',
    },
  },
  effect,
  follows: { kinds: ['session-lock'], anywhere: true },
  trackers: [RefusalTracker, SessionTracker],
  metrics,
  create(context) {
    const refused = new Map<string, Refusals>();
    const accepted = new Map<Listener, number>();
    return {
      on: {
        accepted({ listener }: Accepted) {
          accepted.set(listener, (accepted.get(listener) ?? 0) + 1);
        },
        clientRefused: (fact: ClientRefused) => noted(context, refused, fact),
      },
      conclude: () => conclude(context, refused, accepted),
    };
  },
});

function noted({ model }: Context, refused: Map<string, Refusals>, fact: ClientRefused): void {
  const { thread, listener, refusal, time, line } = fact;
  const key = `${listener?.id ?? ''} ${refusal.protocol} ${refusal.code}`;
  const known = refused.get(key);
  if (known === undefined && refused.size === MOST_KINDS) return;
  const own: Refusals = known ?? {
    listener,
    refusal,
    count: 0,
    pids: new Set(),
    first: time,
    last: time,
    census: null,
    lines: [],
    requests: new Map(),
    before: new Map(),
    passedOn: new Map(),
  };
  refused.set(key, own);
  own.count++;
  own.first = earlier(own.first, time);
  own.last = later(own.last, time);
  if (own.pids.size < MOST_PIDS) own.pids.add(thread.process.pid);
  if (own.lines.length < EVIDENCE) own.lines.push(line);
  if (fact.request !== '') countIn(own.requests, requestShape(fact.request));
  for (const failed of fact.before) {
    const known = own.before.get(nameOf(failed));
    if (known !== undefined) known.count++;
    else if (own.before.size < MOST_KINDS) own.before.set(nameOf(failed), { ...failed, count: 1 });
  }
  if (fact.behind !== null) countIn(own.passedOn, fact.behind.from);
  // Sessions are many, and refusals may be: a look a second.
  if (own.census !== null && time - own.census.at < SECOND) return;
  const census = model.topic(SessionTracker).census(model.processes.all(), time, SECOND);
  if (own.census === null || weight(census) >= weight(own.census)) own.census = census;
}

const weight = ({ waiting, idleInTransaction }: SessionCensus): number => waiting.length + idleInTransaction.length;

function conclude(
  context: Context,
  refused: ReadonlyMap<string, Refusals>,
  accepted: ReadonlyMap<Listener, number>,
): Conclusion<Metrics> {
  const { read, replies, hidden } = context.model.topic(RefusalTracker);
  const findings = [...refused.values()].map((each) => {
    if (each.refusal.what !== 'client') return finding(context, each, replies.get(each.listener) ?? 0);
    return finding(context, each, each.listener === null ? 0 : (accepted.get(each.listener) ?? 0));
  });
  if (findings.length > 0) return found(`${plural(findings.length, 'server')} refused clients`, findings);
  const answered = [...replies.values()].reduce((sum, each) => sum + each, read);
  if (answered === 0)
    return notApplicable(
      'No answer to a client was read in a protocol whose refusals drover knows (PostgreSQL, MySQL, Redis, ' +
        'memcached, HTTP/1): whether clients were refused is unknown',
    );
  if (hidden)
    return notApplicable(
      'Answers to clients are shown up to a few bytes, which do not tell whether they refuse: record with -s 128',
    );
  return clear(`none of ${plural(answered, 'answer')} that could be read refused its client`);
}

/** An answer is shown up to a few bytes (`-s 8`), which do not tell whether it refuses. */
export const hidesAnswers = (model: Model): boolean => model.topic(RefusalTracker).hidden;
