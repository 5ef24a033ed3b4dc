import type { CollectorCall } from '../../model/topics/stacks/stack-tracker.ts';
import { count, duration, milliseconds, plural } from '../../trace/format-numbers.ts';
import type { Context } from '../detector.ts';
import { type DraftFinding, type Severity, type Step, span } from '../finding.ts';
import { millisecondsAt } from '../words.ts';
import type { CollectorCalls } from './calls.ts';
import type { Metrics } from './metrics.ts';

const EVIDENCE = 6;

/** The finding about calls inside a collector, or (`finalizer`) inside finalizers that no collector called. */
export function finding(
  { model, capabilities }: Context,
  calls: CollectorCalls,
  finalizer: boolean,
  severity: Severity,
): DraftFinding<Metrics> {
  const { times } = capabilities;
  const byLength = calls.kept.toSorted((a, b) => b.duration - a.duration);
  const worst = byLength[0] as CollectorCall;
  const workers = [...calls.workers];
  const certain = calls.kept.some(({ inside }) => inside !== 'nearby');
  return {
    severity,
    confidence: certain ? 'likely' : 'possible',
    title: titleOf(calls, worst, finalizer),
    summary: summaryOf(calls, worst, finalizer),
    why: whyOf(calls, finalizer),
    ...span(capabilities, calls.first, calls.last),
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
        atMs: times ? millisecondsAt(model, start) : null,
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

function titleOf({ count: total, targets }: CollectorCalls, { call }: CollectorCall, finalizer: boolean): string {
  const [target = call] = [...targets].toSorted((a, b) => b[1] - a[1])[0] ?? [];
  const begin = `${plural(total, 'call')} inside ${finalizer ? 'finalizers' : 'the garbage collector'}: `;
  const room = 78 - begin.length;
  return `${begin}${target.length > room ? `${target.slice(0, room - 3)}...` : target}`;
}

function summaryOf(calls: CollectorCalls, worst: CollectorCall, finalizer: boolean): string {
  const { count: total, targets, workers, switching, gaveWay } = calls;
  const list = [...targets]
    .toSorted((a, b) => b[1] - a[1])
    .slice(0, 3)
    .map(([target, times]) => `${target} (${count(times)})`);
  const where = finalizer ? 'inside a finalizer or weak-reference callback' : 'inside a garbage collection';
  const longest = worst.duration < 0 ? '' : `, the longest ${duration(worst.duration)}`;
  const { inside, frame } = calls.kept.find((call) => call.inside === 'collector') ?? worst;
  const proof =
    inside === 'nearby' && frame.startsWith('_Py_HandlePending')
      ? `The frame ${frame} of the stack shows it: the program has no symbols, and only the collector and handlers ` +
        'of signals run there.'
      : inside === 'nearby'
        ? `The frame ${frame} of the stack shows it. The program has no symbols: code this far behind that name is ` +
          'most likely the collector.'
        : `The frame ${frame} of the stack shows it.`;
  const wait =
    gaveWay === 0
      ? ''
      : ` ${count(gaveWay)} of them had to wait (EAGAIN): the library then runs another greenlet, in the middle of ` +
        'the collection.';
  const green =
    finalizer || switching === 0
      ? ''
      : ` ${switching === total ? 'All' : count(switching)} were on a socket, in a process with greenlets.${wait}`;
  return (
    `${plural(total, 'call')} that can wait ${total === 1 ? 'was' : 'were'} made by code that runs ${where}, ` +
    `in ${plural(workers.size, 'worker')}: ${list.join(', ')}${targets.size > 3 ? ' and others' : ''}${longest}. ` +
    `${proof}${green}`
  );
}

function whyOf({ switching }: CollectorCalls, finalizer: boolean): string {
  if (finalizer)
    return (
      'A finalizer runs wherever the last reference goes, in the middle of any function: what it waits for, ' +
      'that function waits for, though nothing in its text says so.'
    );
  const waits =
    'The collector starts at any allocation, and calls finalizers and weak-reference callbacks in the middle of ' +
    'whatever runs: a request that only makes a list then waits for a log or a socket.';
  return switching > 0
    ? `${waits} With greenlets such a call can switch to another one while the collection is half done; when the ` +
        'hub was running, gevent raises an error.'
    : waits;
}

/** What to do about input and output in code that the collector or a finalizer calls. */
function collectorAdvice({ frame, thread }: CollectorCall, green: boolean, finalizer: boolean): Step[] {
  const { pid } = thread.process;
  const isPython = !/zend|v8::|^(?:gc_finalize|run_final|finalize_|garbage_)|FinalizationRegistry/.test(frame);
  const steps: Step[] = [
    {
      text:
        `In finalizers${isPython ? ' (__del__, weakref callbacks)' : ''} only append the event, for instance ` +
        `in a ${isPython ? 'collections.deque' : 'queue'}; let a ` +
        `${green ? 'greenlet' : 'thread or the next request'} log or send it later.`,
      caveat: 'Taking a lock there is no better: the code that was interrupted may hold it.',
    },
  ];
  if (finalizer) return steps;
  if (isPython)
    steps.push({
      text: 'Until that is changed: gc.disable(), and gc.collect() at a moment when nothing is served.',
      caveat: 'Garbage in cycles stays until then: watch the memory. Finalizers that no cycle holds still run at once.',
    });
  steps.push({
    text: 'See which function it is: the innermost frames of your own code.',
    command: `py-spy dump --native --pid ${pid === 0 ? 'PID' : pid}`,
    needs: 'py-spy and a Python worker; for others gdb -p, then bt',
  });
  return steps;
}
