import type { AtStatement } from '../../model/topics/sessions/session.ts';
import { databaseOf } from '../../model/topics/sessions/session-tracker.ts';
import { duration, milliseconds, plural } from '../../trace/format-numbers.ts';
import { elapsed, type Nanoseconds } from '../../trace/time.ts';
import { transactionOf } from '../../trace/transaction-state.ts';
import { cutTitle } from '../cut-title.ts';
import type { Context } from '../detector.ts';
import { type DraftFinding, span } from '../finding.ts';
import { statementName } from '../statement-name.ts';
import { millisecondsAt } from '../words.ts';
import { nextOf } from './advice.ts';
import type { HeldUp, Hold } from './held-up.ts';
import type { Metrics } from './metrics.ts';

const MOST_LISTED = 20;
const EVIDENCE = 6;
/** Who asked nothing for so much of the longest wait left its transaction open. */
const MOSTLY = 0.5;

/** Statements that waited until another session let go. */
export function heldFinding(context: Context, { holder, isUnknown, waits }: Hold): DraftFinding<Metrics> {
  const { pid, tid, peer, at, before, idle } = holder;
  const who = nameOf({ pid, tid, database: databaseOf(holder.connection) });
  const longest = longestOf(waits);
  const isIdle = idle >= MOSTLY * longest.length;
  const client = peer === '' ? '' : ` (client ${peer})`;
  const [they, them] = waits.length === 1 ? ['It', 'it'] : ['They', 'them'];
  const last = before === '' ? '' : ` Its statement before that was ${statementName(before)}.`;
  const least = before === '' ? 'at least ' : '';
  const rest = isIdle ? `, before which it had asked nothing for ${least}${duration(idle)}` : '';
  const time = `${waits.length === 1 ? '' : 'up to '}${duration(longest.length)}`;
  return {
    ...common(context, waits),
    confidence: 'likely',
    title: cutTitle(
      isUnknown
        ? `${plural(waits.length, 'statement')} waited ${time} for a session that is not seen`
        : `${plural(waits.length, 'statement')} waited ${time} for ` +
            (isIdle ? `${lower(who)}, idle ${idleIn(at)}` : `a lock of ${lower(who)}`),
    ),
    summary: isUnknown
      ? `${waited(waits, longest)} The session of ${lower(who)}${client} then let ${them} go on, but had waited ` +
        'itself until then: whoever held up that session asked nothing before in the capture, or was not traced.'
      : `${waited(waits, longest)} ${they} went on when the session of ${lower(who)}${client} ran ` +
        `${statementName(at)}${rest}.${last}`,
    metrics: metricsOf(
      context,
      waits,
      isUnknown ? null : { pid, tid, peer, query: before, idleMs: milliseconds(idle), isSeen: true },
      true,
    ),
    next: nextOf(databaseOf(holder.connection), isUnknown ? null : { pid, tid, isIdle }),
    ...about(waits, isUnknown ? null : pid),
  };
}

/** In what a session idled that let go at that statement: locks with a name outlive transactions. */
function idleIn(at: string): string {
  if (/^UNLOCK\b/i.test(at)) return 'with its tables locked';
  return at === '' || transactionOf(at) === 'ends' ? 'in a transaction' : 'with a lock';
}

/** Statements that wait when the capture ends: nobody let them go on. */
export function stillFinding(
  context: Context,
  { waits, suspects }: { readonly waits: readonly HeldUp[]; readonly suspects: readonly AtStatement[] },
): DraftFinding<Metrics> {
  const longest = longestOf(waits);
  const end = context.model.lastTime;
  const [suspect] = suspects;
  const one = suspects.length === 1 ? suspect : undefined;
  const wait = `${plural(waits.length, 'statement waits', 'statements wait')}, ${duration(longest.length)} so far`;
  const holds = one === undefined ? '' : likelyHolder(one, end);
  const unknown =
    suspects.length > 1
      ? ` ${suspects.length} sessions were in a transaction before and ask nothing: one of them holds the lock, as a ` +
        'rule.'
      : ` Who holds what ${waits.length === 1 ? 'it waits' : 'they wait'} for the capture does not tell: that ` +
        'session asked nothing in it, or was not traced.';
  // Whoever looked for a deadlock waits for a lock; who holds it stays a guess.
  const areForLocks = waits.every(({ isForLock }) => isForLock);
  const who = waits.length === 1 ? 'The session has' : 'All of them have';
  const sign = !areForLocks
    ? ''
    : waits[0]?.database === 'MySQL'
      ? ` ${who} looked meanwhile whether the client is still there, as MariaDB and MySQL do in a wait for the ` +
        'lock of a table.'
      : ` ${who} looked for a deadlock meanwhile, which PostgreSQL does only in a wait for a lock.`;
  return {
    ...common(context, waits),
    confidence: areForLocks && one === undefined ? 'likely' : 'possible',
    title: cutTitle(
      one === undefined
        ? `${wait}: for a lock of a session that is not seen`
        : `${wait}: ${lower(nameOf(one))} idles in a transaction`,
    ),
    summary:
      `${waited(waits, longest)} ${waits.length === 1 ? 'It' : 'They'} had not gone on when the capture ended.` +
      `${sign}${holds || unknown}`,
    openEnded: true,
    metrics: metricsOf(
      context,
      waits,
      one === undefined
        ? null
        : {
            pid: one.pid,
            tid: one.tid,
            peer: one.peer,
            query: one.statement,
            idleMs: milliseconds(elapsed(one.since, end)),
            isSeen: false,
          },
      false,
    ),
    next: nextOf(
      waits[0] === undefined ? null : waits[0].database,
      one === undefined ? null : { ...one, isIdle: true },
    ),
    ...about(waits, one?.pid ?? null),
  };
}

function common(
  context: Context,
  waits: readonly HeldUp[],
): Pick<DraftFinding<Metrics>, 'severity' | 'why' | 'start' | 'end' | 'openEnded' | 'evidence'> {
  const start = Math.min(...waits.map((each) => each.start));
  const end = Math.max(...waits.map((each) => each.end));
  return {
    severity: 'warning',
    why:
      'A lock of a row or a table is held up to the end of the transaction. Whoever wants it waits, keeps its own ' +
      'locks and its slot meanwhile, and holds up others in turn.',
    ...span(context.capabilities, start, end),
    openEnded: false,
    evidence: waits.flatMap(({ lines }) => lines).slice(0, EVIDENCE),
  };
}

function likelyHolder(one: AtStatement, end: Nanoseconds): string {
  const { peer, since, statement } = one;
  const client = peer === '' ? '' : ` (client ${peer})`;
  return (
    ` Likely holder: ${lower(nameOf(one))}${client}, the one session that was in a transaction before they ` +
    `began to wait and asks nothing, for ${duration(elapsed(since, end))} so far. Its last statement was ` +
    `${statementName(statement)}.`
  );
}

/** Who held the lock, and who waited. */
function about(waits: readonly HeldUp[], holder: number | null): Pick<DraftFinding<Metrics>, 'workers' | 'subjects'> {
  const pids = [...new Set([...(holder === null ? [] : [holder]), ...waits.map(({ pid }) => pid)])];
  return { workers: pids, subjects: pids.map((pid) => `pid ${pid}`) };
}

interface Longest {
  readonly wait: HeldUp;
  readonly length: Nanoseconds;
}

function longestOf(waits: readonly HeldUp[]): Longest {
  const [first, ...others] = waits.toSorted((a, b) => elapsed(b.start, b.end) - elapsed(a.start, a.end));
  if (first === undefined) throw new Error(`nobody waited, ${others.length} did`);
  return { wait: first, length: elapsed(first.start, first.end) };
}

function waited(waits: readonly HeldUp[], { wait, length }: Longest): string {
  const total = waits.reduce((sum, { start, end }) => sum + elapsed(start, end), 0);
  const name = statementName(wait.statement);
  return waits.length === 1
    ? `${nameOf(wait)} waited ${duration(length)} with ${name}.`
    : `${plural(waits.length, 'statement')} waited ${duration(total)} together, the longest ${duration(length)}: ` +
        `${name} of ${lower(nameOf(wait))}.`;
}

function metricsOf({ model }: Context, waits: readonly HeldUp[], holder: Metrics['holder'], isOver: boolean): Metrics {
  return {
    holder,
    count: waits.length,
    totalMs: milliseconds(waits.reduce((sum, { start, end }) => sum + elapsed(start, end), 0)),
    longestMs: milliseconds(longestOf(waits).length),
    isOver,
    waits: waits
      .toSorted((a, b) => elapsed(b.start, b.end) - elapsed(a.start, a.end))
      .slice(0, MOST_LISTED)
      .map(({ pid, tid, statement, start, end }) => ({
        pid,
        tid,
        query: statement,
        startMs: millisecondsAt(model, start),
        endMs: millisecondsAt(model, end),
      })),
  };
}

/** A session of PostgreSQL is a process, one of MySQL a thread. */
function nameOf({ pid, tid, database }: Pick<HeldUp, 'pid' | 'tid' | 'database'>): string {
  return pid === tid && database !== 'MySQL' ? `Process ${pid}` : `Thread ${tid}`;
}

const lower = (name: string): string => `${name.charAt(0).toLowerCase()}${name.slice(1)}`;
