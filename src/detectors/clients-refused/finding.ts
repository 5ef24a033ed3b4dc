import { RefusalTracker } from '../../model/topics/refusals/refusal-tracker.ts';
import type { AtStatement, SessionCensus } from '../../model/topics/sessions/session.ts';
import { count, duration, percent, plural } from '../../trace/format-numbers.ts';
import type { Refusal } from '../../trace/refusals.ts';
import { elapsed } from '../../trace/time.ts';
import { subjectsOf } from '../accept-queues/accept-queues.ts';
import { cutTitle } from '../cut-title.ts';
import type { Context } from '../detector.ts';
import { type DraftFinding, type Severity, span } from '../finding.ts';
import { statementName } from '../statement-name.ts';
import { millisecondsAt } from '../words.ts';
import { nextFor, whyOf } from './advice.ts';
import { failedBefore, inCommon, requestsOf } from './in-common.ts';
import type { Metrics } from './metrics.ts';
import { passedOnBy, refusedBy, seeBehind, whose } from './passed-on.ts';
import type { Refusals } from './refusals.ts';

const MOST_LISTED = 20;

/** Who was turned away on one listener, why, and who holds what they wanted; `accepted` is 0 where nobody knows. */
export function finding(context: Context, refusals: Refusals, accepted: number): DraftFinding<Metrics> {
  const { times } = context.capabilities;
  const { listener, refusal, first, last, census, lines } = refusals;
  const total = refusals.count;
  const served = context.model.topic(RefusalTracker).served.get(listener);
  const share = accepted === 0 ? null : total / Math.max(total, accepted);
  const waiting = (census?.waiting ?? []).slice(0, MOST_LISTED);
  const idle = (census?.idleInTransaction ?? []).slice(0, MOST_LISTED);
  // Who holds the slots comes first: that is who to look at.
  const named = [...idle, ...waiting].map(({ pid }) => pid);
  const pids = [...new Set([...named, ...refusals.pids])].filter((pid) => pid !== 0);
  const on = listener === null ? '' : ` on ${listener.name}`;
  const isOfClients = refusal.what === 'client';
  const noun = refusal.what;
  const verb = FAILING.has(refusal.reason) ? 'failed' : 'refused';
  const of = share === null ? plural(total, noun) : `${count(total)} of ${plural(accepted, noun)}`;
  const are = verb === 'failed' ? '' : total === 1 ? 'was ' : 'were ';
  const code = refusal.code === '' ? '' : `, ${refusal.code}`;
  const within = times && last > first ? ` within ${duration(last - first)}` : '';
  const part = share === null ? '' : `, ${percent(share)} of the ${isOfClients ? 'connections' : 'replies'}`;
  const failed = failedBefore(refusals, served);
  const by = refusedBy(refusals);
  return {
    severity: severityOf(context, total, share, refusal),
    confidence: 'likely',
    title: titleOf(`${of} ${verb}`, on, refusal, by),
    summary:
      `${of} ${are}${verb}${on}${within}${part}: ` +
      `${by === null ? LONG[refusal.reason] : `they were answered ${refusal.code.replace('status ', '')}`} ` +
      `(${refusal.protocol}${code}).` +
      `${inCommon(refusals, served)}${whose(refusals, failed)}${held(refusal, census)}`,
    why: whyOf(refusal),
    ...span({ times }, first, last),
    openEnded: false,
    workers: pids,
    metrics: {
      listener: listener?.name ?? null,
      protocol: refusal.protocol,
      code: refusal.code,
      count: total,
      accepted,
      workers: [...refusals.pids].filter((pid) => pid !== 0),
      firstMs: times ? millisecondsAt(context.model, first) : null,
      lastMs: times ? millisecondsAt(context.model, last) : null,
      requests: requestsOf(refusals, served),
      before: failed,
      passedOn: passedOnBy(refusals),
      waiting: waiting.map((each) => listed(context, each)),
      idleInTransaction: idle.map((each) => listed(context, each)),
    },
    evidence: lines,
    next: by === null ? nextFor(refusal) : [seeBehind(by, refusal.code), ...nextFor(refusal).slice(1)],
    subjects: subjectsOf(listener === null ? [] : [listener], pids),
  };
}

/** Of an application that serves some requests, the one of somebody who asks for nonsense may fail each time. */
const FEW_FAILED = 5;
/** So many, and so large a share of all replies: the application serves nobody. */
const MANY_FAILED = 20;
const NEARLY_ALL = 0.9;

function severityOf({ threshold }: Context, total: number, share: number | null, refusal: Refusal): Severity {
  const { what, reason } = refusal;
  if (what !== 'client' && share !== null && share < threshold('refused-share')) return 'info';
  if (reason === 'failed') {
    if (total >= MANY_FAILED && share !== null && share >= NEARLY_ALL) return 'critical';
    return total < FEW_FAILED ? 'info' : 'warning';
  }
  // A limit of the rate is there to refuse.
  return share !== null && share >= threshold('refused-critical-share') && reason !== 'rate' ? 'critical' : 'warning';
}

/** Who refused stands before where, if there is no room for both. */
function titleOf(who: string, on: string, refusal: Refusal, by: string | null): string {
  const what = shortOf(refusal);
  if (by === null) return cutTitle(`${who}${on}: ${what}`);
  const passed = `${what.replace('answered ', '')} passed on from ${by}`;
  const titles = [`${who}${on}: ${passed}`, `${who}: ${passed}`];
  return titles.find((title) => title === cutTitle(title)) ?? cutTitle(`${who}${on}: ${what}`);
}

const SHORT: Readonly<Record<Refusal['reason'], string>> = {
  slots: 'all connection slots are taken',
  user: 'one account has all its connections',
  host: 'their host is blocked after errors',
  thread: 'no thread can be made for them',
  state: 'it starts, stops or recovers',
  unavailable: '',
  behind: '',
  failed: '',
  rate: '',
  memory: 'memory is at its limit',
  disk: 'the disk is full',
  loading: 'it still loads its data',
  snapshot: 'it cannot save to disk',
  busy: 'a script runs',
  cluster: 'other servers of its cluster are missing',
  time: 'canceled, as by a limit of time',
  lock: 'a lock was not let go in time',
  deadlock: 'sessions waited for each other',
};

/** Reasons for which something was begun that could not be done. */
const FAILING: ReadonlySet<Refusal['reason']> = new Set([
  'behind',
  'failed',
  'time',
  'lock',
  'deadlock',
  'disk',
  'memory',
]);

function shortOf({ reason, code }: Refusal): string {
  return SHORT[reason] || code.replace('status', 'answered');
}

const LONG: Readonly<Record<Refusal['reason'], string>> = {
  slots: 'the server had reached its limit of connections',
  user: 'one account had reached its limit of connections',
  host: 'the server blocks hosts from which too many connections failed',
  thread: 'the server could not make a thread for the connection',
  state: 'the server was starting, shutting down or recovering',
  unavailable: 'they were answered 503, since this server or one behind it had no room for them',
  behind: 'the server behind did not answer, or could not be asked',
  failed: 'they were answered 500, which says that the application failed in them',
  rate: 'their client had asked too often, by the rules of the server',
  memory: 'the server has reached its memory limit',
  disk: 'no room was left on the disk',
  loading: 'the server was reading its data from disk',
  snapshot: 'the last snapshot failed, and Redis takes no writes then (stop-writes-on-bgsave-error)',
  busy: 'a script or function ran for longer than busy-reply-threshold',
  cluster: 'a master, replicas or slots could not be reached',
  time: 'a limit of time ran out (statement_timeout, max_statement_time), or somebody canceled them',
  lock: 'another session did not let go of a lock in time (lock_timeout, innodb_lock_wait_timeout)',
  deadlock: 'sessions waited for locks of each other, and the database ended one of them',
};

/** What those that have a slot do with it. */
function held({ protocol, reason }: Refusal, census: SessionCensus | null): string {
  const hasSessions = protocol === 'PostgreSQL' || protocol === 'MySQL';
  if (census === null || !hasSessions || (reason !== 'slots' && reason !== 'user')) return '';
  const { waiting, idleInTransaction, idle, at } = census;
  const [longest] = waiting;
  const [oldest] = idleInTransaction;
  const parts = [
    ...(longest === undefined
      ? []
      : [
          `${plural(waiting.length, 'session')} had no answer for 1 s or more (the longest: ` +
            `${nameOf(longest)}, ${duration(elapsed(longest.since, at))})`,
        ]),
    ...(oldest === undefined
      ? []
      : [
          `${plural(idleInTransaction.length, 'session')} asked nothing in an open transaction (the longest: ` +
            `${nameOf(oldest)} as its last statement, ${duration(elapsed(oldest.since, at))} before)`,
        ]),
  ];
  if (parts.length === 0)
    return (
      ' The capture does not show what holds the slots: a session that asks nothing may be idle, or idle in a ' +
      'transaction.'
    );
  const others = idle === 0 ? '' : ` ${plural(idle, 'further session')} asked nothing.`;
  return (
    ` Meanwhile ${parts.join(', and ')}.${others} ` +
    'Sessions that asked nothing in the whole capture are not counted.'
  );
}

function nameOf({ pid, tid, statement }: AtStatement): string {
  return `${pid === tid ? `process ${pid}` : `thread ${tid}`} with ${statementName(statement)}`;
}

function listed({ model }: Context, { pid, tid, peer, statement, since }: AtStatement): Metrics['waiting'][number] {
  return { pid, tid, peer, query: statement, sinceMs: millisecondsAt(model, since) };
}
