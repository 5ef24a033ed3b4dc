import type { CollectorCall } from '../../model/facts.ts';
import { earlier, later, MILLISECOND, type Nanoseconds, UNKNOWN } from '../../trace/time.ts';
import type { Context, Detector, DetectorDefinition } from '../detector.ts';
import { type Conclusion, type DraftFinding, notApplicable } from '../finding.ts';
import { moment } from '../moment.ts';
import { count, duration, milliseconds, plural } from '../words.ts';
import { collectorAdvice } from './advice.ts';

/** Calls kept in full: the longest. */
const KEPT = 20;
const EVIDENCE = 6;
/** Kinds of calls told apart; further ones are only counted. */
const MOST_TARGETS = 12;
const MOST_WORKERS = 256;
const COMMAND = 'timeout 20 strace -f -ttt -T -y -s 128 -k -e trace=%network,read,write,writev,poll,close,futex -o FILE -p PID';

/** Calls of one certainty: inside a collector, near it, or inside a finalizer that no collector called. */
interface Calls {
  count: number;
  total: Nanoseconds;
  first: Nanoseconds;
  last: Nanoseconds;
  green: boolean;
  /** On a socket of a process with greenlets: there it may switch. */
  switching: number;
  /** Those of them that could not go on: there it surely did. */
  gaveWay: number;
  readonly kept: CollectorCall[];
  readonly targets: Map<string, number>;
  readonly workers: Set<number>;
}

export const gcIo: DetectorDefinition = {
  kind: 'gc-io',
  title: 'Code that the garbage collector calls does input or output',
  thresholds: ['gc-io-critical-ms'],
  create(context): Detector {
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
};

function begin(): Calls {
  return {
    count: 0,
    total: 0,
    first: UNKNOWN,
    last: UNKNOWN,
    green: false,
    switching: 0,
    gaveWay: 0,
    kept: [],
    targets: new Map(),
    workers: new Set(),
  };
}

function add(calls: Calls, fact: CollectorCall): void {
  calls.count++;
  calls.first = earlier(calls.first, fact.start);
  calls.last = later(calls.last, fact.start + Math.max(0, fact.duration));
  calls.total += Math.max(0, fact.duration);
  calls.green ||= fact.isGreen;
  if (fact.isGreen && fact.isSocket) {
    calls.switching++;
    if (fact.error === 'EAGAIN' || fact.error === 'EINPROGRESS') calls.gaveWay++;
  }
  if (calls.workers.size < MOST_WORKERS) calls.workers.add(fact.thread.process.pid);
  const target = `${fact.call}${fact.target === '' ? '' : ` on ${fact.target}`}`;
  const known = calls.targets.get(target);
  if (known !== undefined || calls.targets.size < MOST_TARGETS) calls.targets.set(target, (known ?? 0) + 1);
  calls.kept.push(fact);
  if (calls.kept.length > KEPT)
    calls.kept.splice(calls.kept.indexOf(calls.kept.reduce((least, other) => (other.duration < least.duration ? other : least))), 1);
}

function conclude(context: Context, collected: Calls, finalized: Calls): Conclusion {
  const { model, threshold } = context;
  const { seen: stacks, read } = model.stacks;
  if (!stacks) return notApplicable(`The capture has no stacks, which alone show who made a call. Record with: ${COMMAND}`);
  if (read === 0) return notApplicable('No call that can wait has a stack in the capture.');
  const critical = threshold('gc-io-critical-ms') * MILLISECOND;
  const findings: DraftFinding[] = [];
  if (collected.count > 0) findings.push(finding(context, collected, false, critical));
  if (finalized.count > 0) findings.push(finding(context, finalized, true, critical));
  const seen = `${plural(read, 'stack')} of calls that can wait`;
  if (findings.length > 0)
    return {
      outcome: {
        status: 'found',
        reason: `${plural(collected.count, 'call')} inside a collector and ${count(finalized.count)} inside a finalizer, in ${seen}`,
      },
      findings,
    };
  return { outcome: { status: 'clear', reason: `${seen}, none made by code that a collector had called` }, findings };
}

function finding({ model, capabilities }: Context, calls: Calls, finalizer: boolean, critical: Nanoseconds): DraftFinding {
  const { times } = capabilities;
  const byLength = calls.kept.toSorted((a, b) => b.duration - a.duration);
  const worst = byLength[0] as CollectorCall;
  const isCritical = calls.switching > 0 || worst.duration >= critical;
  const workers = [...calls.workers];
  const certain = calls.kept.some(({ inside }) => inside !== 'nearby');
  return {
    kind: 'gc-io',
    severity: finalizer ? 'info' : isCritical ? 'critical' : 'warning',
    sureness: certain ? 'likely' : 'possible',
    title: titleOf(calls, worst, finalizer),
    summary: summaryOf(calls, worst, finalizer),
    why: whyOf(calls, finalizer),
    start: times ? calls.first : UNKNOWN,
    end: times ? calls.last : UNKNOWN,
    openEnded: false,
    workers,
    metrics: {
      count: calls.count,
      totalMs: milliseconds(calls.total),
      longestMs: worst.duration < 0 ? null : milliseconds(worst.duration),
      switching: calls.switching,
      gaveWay: calls.gaveWay,
      inside: finalizer ? 'finalizer' : 'collector',
      targets: Object.fromEntries(calls.targets),
      calls: calls.kept.map(({ thread, call, target, start, duration: length, frame, inside }) => ({
        pid: thread.process.pid,
        call,
        target,
        atMs: times ? moment(model, start) : null,
        durationMs: length < 0 ? null : milliseconds(length),
        frame,
        inside,
      })),
    },
    evidence: byLength.flatMap(({ line, frameLine }) => [line, frameLine]).slice(0, EVIDENCE),
    next: collectorAdvice(worst, calls.green, finalizer),
    subjects: workers.map((pid) => `pid ${pid}`),
  };
}

function titleOf({ count: total, targets }: Calls, { call }: CollectorCall, finalizer: boolean): string {
  const [target = call] = [...targets].toSorted((a, b) => b[1] - a[1])[0] ?? [];
  const begin = `${plural(total, 'call')} inside ${finalizer ? 'finalizers' : 'the garbage collector'}: `;
  const room = 78 - begin.length;
  return `${begin}${target.length > room ? `${target.slice(0, room - 3)}...` : target}`;
}

function summaryOf(calls: Calls, worst: CollectorCall, finalizer: boolean): string {
  const { count: total, targets, workers, switching, gaveWay } = calls;
  const list = [...targets]
    .toSorted((a, b) => b[1] - a[1])
    .slice(0, 3)
    .map(([target, times]) => `${target} (${count(times)})`);
  const where = finalizer ? 'inside a finalizer or weak-reference callback' : 'inside a garbage collection';
  const longest = worst.duration < 0 ? '' : `, the longest ${duration(worst.duration)}`;
  const { inside, frame } = calls.kept.find((call) => call.inside === 'collector') ?? worst;
  const proof =
    inside === 'nearby'
      ? `The frame ${frame} says so: the program has no symbols, and what lies this far behind that name is code of the collector as far as one can tell.`
      : `The frame ${frame} says so.`;
  const wait = gaveWay === 0 ? '' : `; ${count(gaveWay)} could not go on (EAGAIN), upon which such a library runs another greenlet`;
  const green =
    finalizer || switching === 0
      ? ''
      : ` ${switching === total ? 'All' : count(switching)} were on a socket of a process with greenlets${wait}.`;
  return `${plural(total, 'call')} that can wait ${total === 1 ? 'was' : 'were'} made by code that runs ${where}, in ${plural(workers.size, 'worker')}: ${list.join(', ')}${targets.size > 3 ? ' and others' : ''}${longest}. ${proof}${green}`;
}

function whyOf({ switching }: Calls, finalizer: boolean): string {
  if (finalizer)
    return 'A finalizer runs wherever the last reference goes, in the middle of any function: what it waits for, that function waits for, though nothing in its text says so.';
  const waits =
    'The collector starts at any allocation, and calls finalizers and weak-reference callbacks in the middle of whatever runs: a request that only makes a list then waits for a log or a socket.';
  return switching > 0
    ? `${waits} With greenlets such a call can switch to another one while the collection is half done; when the hub was running, gevent raises an error.`
    : waits;
}
