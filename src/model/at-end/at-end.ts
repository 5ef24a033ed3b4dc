import { waitsForWork } from '../../trace/payload.ts';
import { isWait } from '../../trace/syscalls.ts';
import { elapsed, type Nanoseconds, UNKNOWN } from '../../trace/time.ts';
import type { LeftIn } from '../machine/left-in.ts';
import type { Process } from '../machine/process.ts';
import type { Thread } from '../machine/thread.ts';
import type { Model } from '../model.ts';
import { isHeld } from './held.ts';
import { isByCallAlone, isUntold, type Judgement, judgeWait, UNTOLD, yes } from './waits.ts';

/**
 * What a thread was in when the capture ended, and whether it waits for work there. `unknown`: a thread that waits for
 * work and one that hangs look the same.
 */
export interface ThreadAtEnd extends Judgement {
  readonly thread: Thread;
  readonly left: LeftIn;
  /**
   * Up to the end of the capture; at least, if it `beganBefore` it. UNKNOWN without times, and for the last line of the
   * only thread.
   */
  readonly lasted: Nanoseconds;
  /**
   * Every thread that lives was in a call at the last line, so that nothing could come after it: how long the tracer
   * waited then is not told, and `lasted` is the least.
   */
  readonly mayHaveLasted: boolean;
}

/** What each thread that lives was in when the capture ended. Threads that were in no call are left out. */
export function atEndOf(model: Model): ThreadAtEnd[] {
  const all: ThreadAtEnd[] = [];
  const shared = sharedSockets(model);
  const brokers = brokersOf(model);
  const living = [...model.processes.threads()].filter(({ ended }) => !ended);
  const mayHaveLasted = living.every(isInCall);
  const hasReturned = living.some(({ lastTime }) => lastTime !== UNKNOWN);
  for (const thread of model.processes.threads()) {
    const { leftIn: left } = thread;
    if (left === null || thread.ended || !isInCall(thread) || isHeld(thread)) continue;
    // Among other calls a line that was cut is where the copy ends. Alone it is what somebody wanted to show.
    if (left.isCut && (hasReturned || left.syscall.family === 'trivial')) continue;
    // With one thread nothing can come after its last line, however long the tracer waited.
    const isTold = model.firstTime !== UNKNOWN && (living.length > 1 || model.lastTime > left.since);
    const lasted = isTold ? lastedIn(thread, left, model.lastTime) : UNKNOWN;
    const isShared = left.descriptor !== null && shared.has(left.descriptor.label);
    const isIdle = (isShared && isWait(left.syscall.family)) || mayWaitForJob(left, brokers);
    const judged = isIdle ? yes() : judgeWait(thread, left, model);
    all.push({ thread, left, lasted, mayHaveLasted, ...judged });
  }
  // Who waits for a child that hangs hangs with it.
  const hanging = new Map(all.filter(({ idle }) => idle === 'no').map((each) => [each.thread.process.pid, each]));
  const told = all.map((each): ThreadAtEnd => {
    const child = each.wait.kind === 'child' ? hanging.get(each.left.child) : undefined;
    if (child === undefined) return each;
    return {
      ...each,
      idle: 'no',
      wait: { kind: 'child', what: `${each.wait.what}, which is itself in ${child.left.name}` },
    };
  });
  // Any loop, any shell and any sleep looks idle in a capture in which nothing came back.
  if (!isBare(model, told)) return told;
  return told.map((each) => (each.idle === 'yes' ? { ...each, ...yes(UNTOLD) } : each));
}

/** No call came back, and nobody is known to wait for work by more than the name of a call. */
export function isBare({ processes }: Model, all: readonly ThreadAtEnd[]): boolean {
  for (const { lastTime } of processes.threads()) if (lastTime !== UNKNOWN) return false;
  return all.every(({ thread, left, idle }) => idle !== 'yes' || isByCallAlone(thread, left));
}

/** Whoever looked before anything was traced saw it in that call already, and it has not run since. */
function lastedIn({ seen }: Thread, left: LeftIn, end: Nanoseconds): Nanoseconds {
  const lasted = elapsed(left.since, end);
  if (seen === null || seen.before === 0 || !left.beganBefore || seen.call !== left.name) return lasted;
  return Math.max(lasted, elapsed(seen.since, end) + seen.before);
}

function isInCall({ leftIn: left, lastTime }: Thread): boolean {
  if (left === null || left.showsResult) return false;
  return left.isInterrupted || lastTime === UNKNOWN || left.since >= lastTime;
}

/** Whether a thread waits for work, as far as the capture tells. */
export function idleOf(end: ThreadAtEnd): ThreadAtEnd['idle'] {
  return isUntold(end) ? 'unknown' : end.idle;
}

/** Sockets that several processes wait for: a listener that they inherited, as a rule. */
function sharedSockets({ processes }: Model): ReadonlySet<string> {
  const owners = new Map<string, Process>();
  const shared = new Set<string>();
  for (const { leftIn, process } of processes.threads()) {
    const label = leftIn?.descriptor?.label ?? '';
    if (leftIn === null || !isWait(leftIn.syscall.family) || /^(?:socket|TCP|UNIX)/.test(label) || label.includes('->'))
      continue;
    const owner = owners.get(label);
    if (owner === undefined) owners.set(label, process);
    else if (owner !== process) shared.add(label);
  }
  return shared;
}

/** Services at which threads were left that had asked for work. */
function brokersOf({ processes }: Model): ReadonlySet<string> {
  const all = new Set<string>();
  for (const { leftIn } of processes.threads())
    if (leftIn !== null && waitsForWork(leftIn.query)) all.add(leftIn.descriptor?.peer ?? '');
  all.delete('');
  return all;
}

/** It waits since before the capture where others wait for work: what it asked is not in the capture. */
function mayWaitForJob(left: LeftIn, brokers: ReadonlySet<string>): boolean {
  const { beganBefore, isServing, query, descriptor, syscall } = left;
  if (brokers.size === 0 || !beganBefore || isServing || query !== '' || descriptor === null) return false;
  return (syscall.family === 'read' || isWait(syscall.family)) && brokers.has(descriptor.peer);
}
