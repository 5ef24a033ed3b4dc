import { acceptorsOfEach } from '../../model/machine/acceptors.ts';
import type { Listener } from '../../model/machine/listener.ts';
import { pidsOf } from '../../model/machine/roles.ts';
import type { Thread } from '../../model/machine/thread.ts';
import type { Model } from '../../model/model.ts';
import { type Conclusion, clear, type DraftFinding, found, notApplicable } from '../finding.ts';
import type { AnyMetrics } from '../metric.ts';
import { reasonsOf } from '../words.ts';

// What the detectors of accept queues have in common: a state for each queue, who accepts from it, which server that
// is, and one verdict made of a verdict on each queue. What a detector counts and when it speaks is not in here.

/** What a detector keeps of each accept queue, made when the queue is first heard of. */
export class AcceptQueues<State> {
  readonly #states = new Map<Listener, State>();
  readonly #make: () => State;

  constructor(make: () => State) {
    this.#make = make;
  }

  of(listener: Listener): State {
    const known = this.#states.get(listener);
    if (known !== undefined) return known;
    const made = this.#make();
    this.#states.set(listener, made);
    return made;
  }

  /** Undefined when nothing was heard of that queue. */
  known(listener: Listener | null): State | undefined {
    return listener === null ? undefined : this.#states.get(listener);
  }

  /** The states of the queues that a thread accepts from: a thread that is let go must not be held by them. */
  *ofThread({ accepts }: Thread): Iterable<State> {
    for (const listener of accepts.listeners) {
      const state = this.#states.get(listener);
      if (state !== undefined) yield state;
    }
  }

  get size(): number {
    return this.#states.size;
  }

  /** Each queue with its state and the threads that accept from it. */
  *withAcceptors({ processes }: Model): Iterable<readonly [Listener, State, readonly Thread[]]> {
    const acceptors = acceptorsOfEach(processes.threads());
    for (const [listener, state] of this.#states) yield [listener, state, acceptors.get(listener) ?? []];
  }

  [Symbol.iterator](): Iterator<readonly [Listener, State]> {
    return this.#states[Symbol.iterator]();
  }
}

/** A queue of which nothing can be said, and why. */
export interface Unjudged {
  readonly unjudged: string;
}

/**
 * One verdict from what was judged of each queue: its finding, or the reason why there is none. Reasons that say the
 * same are told once. Queues that could not be judged are told only where no other was. `nothing` is the verdict when
 * there was no queue at all.
 */
export function verdictOf<Values extends AnyMetrics>(
  judged: Iterable<DraftFinding<Values> | string | Unjudged>,
  foundReason: (findings: number) => string,
  nothing: () => Conclusion<Values>,
): Conclusion<Values> {
  const findings: DraftFinding<Values>[] = [];
  const reasons = new Set<string>();
  const unjudged = new Set<string>();
  for (const each of judged) {
    if (typeof each === 'string') reasons.add(each);
    else if ('unjudged' in each) unjudged.add(each.unjudged);
    else findings.push(each);
  }
  if (findings.length > 0) return found(foundReason(findings.length), findings);
  if (reasons.size > 0) return clear(reasonsOf(reasons));
  return unjudged.size > 0 ? notApplicable(reasonsOf(unjudged)) : nothing();
}

/** Why the workers of a queue cannot be compared of which no line tells which it is. */
export const UNTOLD =
  'The capture does not tell on which socket a connection was accepted: workers of several services may be mixed';

/** The software of the acceptors where the trace names it, else ''. */
export function serverOf(acceptors: Iterable<Thread>): string {
  for (const { process } of acceptors) if (process.server !== '') return process.server;
  return '';
}

/** What a finding about queues and workers speaks of, so that others about the same are linked with it. */
export function subjectsOf(listeners: Iterable<Listener>, pids: readonly number[] = []): string[] {
  return [...[...listeners].map(({ id }) => `listener ${id}`), ...pids.map((pid) => `pid ${pid}`)];
}

/**
 * The addresses that several sockets listen on, each of a process of its own (SO_REUSEPORT), with the threads that
 * accept from each.
 */
export function ownQueues(model: Model): Map<string, Map<Listener, readonly Thread[]>> {
  const byName = new Map<string, Map<Listener, readonly Thread[]>>();
  const acceptors = acceptorsOfEach(model.processes.threads());
  for (const listener of model.listeners.all) {
    const threads = acceptors.get(listener);
    if (threads === undefined || listener.isUntold) continue;
    const queues = byName.get(listener.name) ?? new Map<Listener, readonly Thread[]>();
    byName.set(listener.name, queues.set(listener, threads));
  }
  for (const [name, queues] of byName)
    if (pidsOf([...queues.values()].flat()).length < 2 || queues.size < 2) byName.delete(name);
  return byName;
}
