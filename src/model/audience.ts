import type { Syscall } from '../trace/syscalls.ts';
import type { LifeEvents } from './machine/processes.ts';
import type { Heard, Tracker } from './tracker.ts';

type Method = Exclude<keyof Tracker, 'dueAt'>;

/** Who is called when it is due also says when that is. */
type Hearing<Name extends Method> = Tracker & Required<Pick<Tracker, Name extends 'due' ? 'due' | 'dueAt' : Name>>;

/** Who hears of each thing that happens, in the order of the list of trackers. */
export type Audience = { readonly [Name in Method]: readonly Hearing<Name>[] };

/** Asks each tracker once what it declares to hear of. */
export function audienceOf(trackers: readonly Tracker[]): Audience {
  const hearing = <Name extends Method>(name: Name): readonly Hearing<Name>[] =>
    trackers.filter((tracker): tracker is Hearing<Name> => tracker[name] !== undefined);
  return {
    hears: hearing('hears'),
    returned: hearing('returned'),
    blocked: hearing('blocked'),
    opened: hearing('opened'),
    closed: hearing('closed'),
    endOfFile: hearing('endOfFile'),
    connected: hearing('connected'),
    sent: hearing('sent'),
    received: hearing('received'),
    accepted: hearing('accepted'),
    connectionEnded: hearing('connectionEnded'),
    hubWaited: hearing('hubWaited'),
    turnEnding: hearing('turnEnding'),
    turnBeginning: hearing('turnBeginning'),
    serving: hearing('serving'),
    signal: hearing('signal'),
    frame: hearing('frame'),
    threadEnded: hearing('threadEnded'),
    threadLetGo: hearing('threadLetGo'),
    forked: hearing('forked'),
    executed: hearing('executed'),
    merged: hearing('merged'),
    processEnded: hearing('processEnded'),
    due: hearing('due'),
    finish: hearing('finish'),
  };
}

/** Those who want to hear of calls of that kind, as one; undefined when nobody does. */
export function heardBy({ hears }: Audience, syscall: Syscall): Heard | undefined {
  const all = hears.flatMap((tracker) => tracker.hears(syscall) ?? []);
  if (all.length < 2) return all[0];
  return (call, thread, worksFor) => {
    for (const heard of all) heard(call, thread, worksFor);
  };
}

/** Passes on what becomes of processes and threads. */
export function lifeEventsFor(audience: Audience): LifeEvents {
  return {
    forked(child, parent) {
      for (const tracker of audience.forked) tracker.forked(child, parent);
    },
    merged(process, other) {
      for (const tracker of audience.merged) tracker.merged(process, other);
    },
    processEnded(process) {
      for (const tracker of audience.processEnded) tracker.processEnded(process);
    },
    threadLetGo(thread) {
      for (const tracker of audience.threadLetGo) tracker.threadLetGo(thread);
    },
  };
}
