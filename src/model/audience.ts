import type { Syscall } from '../trace/syscalls.ts';
import type { Heard, Tracker } from './tracker.ts';

/** What is told to trackers as it happens; the other members of a tracker are asked. */
type Event = Exclude<keyof Tracker, 'hears' | 'due' | 'dueAt'>;

/** All trackers, and for each event one function that tells those who hear of it, in the order of their list. */
export type Audience = { readonly [Name in Event]: NonNullable<Tracker[Name]> } & {
  readonly trackers: readonly Tracker[];
};

/** Asks each tracker once what it declares to hear of. */
export function audienceOf(trackers: readonly Tracker[]): Audience {
  const hearing = <Name extends Event>(name: Name): NonNullable<Tracker[Name]> =>
    together(trackers.flatMap((tracker) => (tracker[name]?.bind(tracker) ?? []) as NonNullable<Tracker[Name]>));
  return {
    trackers,
    returned: hearing('returned'),
    blocked: hearing('blocked'),
    untimed: hearing('untimed'),
    opened: hearing('opened'),
    closed: hearing('closed'),
    endOfFile: hearing('endOfFile'),
    connected: hearing('connected'),
    asked: hearing('asked'),
    answered: hearing('answered'),
    sent: hearing('sent'),
    received: hearing('received'),
    replied: hearing('replied'),
    accepted: hearing('accepted'),
    connectionEnded: hearing('connectionEnded'),
    hubWaited: hearing('hubWaited'),
    turnEnding: hearing('turnEnding'),
    turnBeginning: hearing('turnBeginning'),
    serving: hearing('serving'),
    frame: hearing('frame'),
    signalled: hearing('signalled'),
    printed: hearing('printed'),
    exited: hearing('exited'),
    staying: hearing('staying'),
    leftOpen: hearing('leftOpen'),
    threadEnded: hearing('threadEnded'),
    threadLetGo: hearing('threadLetGo'),
    forked: hearing('forked'),
    executed: hearing('executed'),
    merged: hearing('merged'),
    processEnded: hearing('processEnded'),
    finish: hearing('finish'),
  };
}

/** Those who want to hear of calls of that kind, as one; undefined when nobody does. */
export function heardBy({ trackers }: Audience, syscall: Syscall): Heard | undefined {
  const all = trackers.flatMap((tracker) => tracker.hears?.(syscall) ?? []);
  return all.length === 0 ? undefined : together(all);
}

/**
 * One function that calls all of them. Most events have one or two who hear of them, which costs a call each; a loop
 * over the others would cost as much even where there are none.
 */
function together<Of extends (...told: never[]) => void>(all: readonly Of[]): Of {
  const [first = () => undefined, ...others] = all as readonly Tell[];
  return (others.length === 0 ? first : both(first, together(others))) as Of;
}

function both(first: Tell, second: Tell): Tell {
  return (a, b, c, d) => {
    first(a, b, c, d);
    second(a, b, c, d);
  };
}

/** No event tells more than four things. */
type Tell = (a: never, b: never, c: never, d: never) => void;
