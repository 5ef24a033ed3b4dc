import type { Syscall } from '../trace/syscalls.ts';
import type { Heard, Tracker } from './tracker.ts';

/** What is told to trackers as it happens; the other members of a tracker are asked. */
type Event = Exclude<keyof Tracker, 'hears' | 'due' | 'dueAt'>;

/** A tracker that hears of that event. */
type Hearing<Name extends Event> = Tracker & Required<Pick<Tracker, Name>>;

/** All trackers, and for each event one function that tells those who hear of it, in the order of their list. */
export type Audience = { readonly [Name in Event]: NonNullable<Tracker[Name]> } & {
  readonly trackers: readonly Tracker[];
};

/**
 * Asks each tracker once what it declares to hear of. Each event has a loop of its own, although they look alike: few
 * classes hear of one event, so that the compiler knows which methods the loop calls. A loop that all events share
 * would have to look each of them up, at every event of a trace.
 */
export function audienceOf(trackers: readonly Tracker[]): Audience {
  const hearing = <Name extends Event>(name: Name): readonly Hearing<Name>[] =>
    trackers.filter((tracker): tracker is Hearing<Name> => tracker[name] !== undefined);
  const framesMayFollow = hearing('framesMayFollow');
  const blocked = hearing('blocked');
  const untimed = hearing('untimed');
  const opened = hearing('opened');
  const listenerWatched = hearing('listenerWatched');
  const closed = hearing('closed');
  const endOfFile = hearing('endOfFile');
  const connected = hearing('connected');
  const asked = hearing('asked');
  const answered = hearing('answered');
  const sent = hearing('sent');
  const received = hearing('received');
  const wroteFirst = hearing('wroteFirst');
  const replied = hearing('replied');
  const accepted = hearing('accepted');
  const connectionEnded = hearing('connectionEnded');
  const hubWaited = hearing('hubWaited');
  const turnEnding = hearing('turnEnding');
  const turnBeginning = hearing('turnBeginning');
  const serving = hearing('serving');
  const framed = hearing('frame');
  const signalled = hearing('signalled');
  const printed = hearing('printed');
  const exited = hearing('exited');
  const staying = hearing('staying');
  const leftOpen = hearing('leftOpen');
  const threadEnded = hearing('threadEnded');
  const threadLetGo = hearing('threadLetGo');
  const forked = hearing('forked');
  const executed = hearing('executed');
  const merged = hearing('merged');
  const processEnded = hearing('processEnded');
  const finish = hearing('finish');
  return {
    trackers,
    framesMayFollow(call, thread) {
      for (const each of framesMayFollow) each.framesMayFollow(call, thread);
    },
    blocked(call, thread) {
      for (const each of blocked) each.blocked(call, thread);
    },
    untimed(next, thread, gap) {
      for (const each of untimed) each.untimed(next, thread, gap);
    },
    opened(call, thread, descriptor) {
      for (const each of opened) each.opened(call, thread, descriptor);
    },
    listenerWatched(call, thread, set, listener, isWatched) {
      for (const each of listenerWatched) each.listenerWatched(call, thread, set, listener, isWatched);
    },
    closed(call, thread, descriptor) {
      for (const each of closed) each.closed(call, thread, descriptor);
    },
    endOfFile(call, thread, descriptor) {
      for (const each of endOfFile) each.endOfFile(call, thread, descriptor);
    },
    connected(call, thread, descriptor, address) {
      for (const each of connected) each.connected(call, thread, descriptor, address);
    },
    asked(call, thread, descriptor) {
      for (const each of asked) each.asked(call, thread, descriptor);
    },
    answered(call, thread, descriptor) {
      for (const each of answered) each.answered(call, thread, descriptor);
    },
    sent(call, thread, descriptor) {
      for (const each of sent) each.sent(call, thread, descriptor);
    },
    received(call, thread, descriptor) {
      for (const each of received) each.received(call, thread, descriptor);
    },
    wroteFirst(call, thread, connection) {
      for (const each of wroteFirst) each.wroteFirst(call, thread, connection);
    },
    replied(call, thread, request) {
      for (const each of replied) each.replied(call, thread, request);
    },
    accepted(connection, at) {
      for (const each of accepted) each.accepted(connection, at);
    },
    connectionEnded(connection) {
      for (const each of connectionEnded) each.connectionEnded(connection);
    },
    hubWaited(call, thread) {
      for (const each of hubWaited) each.hubWaited(call, thread);
    },
    turnEnding(thread, at, isOpen) {
      for (const each of turnEnding) each.turnEnding(thread, at, isOpen);
    },
    turnBeginning(call, thread) {
      for (const each of turnBeginning) each.turnBeginning(call, thread);
    },
    serving(thread, at) {
      for (const each of serving) each.serving(thread, at);
    },
    frame(frame, thread) {
      for (const each of framed) each.frame(frame, thread);
    },
    signalled(signal, thread) {
      for (const each of signalled) each.signalled(signal, thread);
    },
    printed(text, thread) {
      for (const each of printed) each.printed(text, thread);
    },
    exited(exit, thread) {
      for (const each of exited) each.exited(exit, thread);
    },
    staying(call, thread) {
      for (const each of staying) each.staying(call, thread);
    },
    leftOpen(call, thread, left) {
      for (const each of leftOpen) each.leftOpen(call, thread, left);
    },
    threadEnded(thread, time, signal) {
      for (const each of threadEnded) each.threadEnded(thread, time, signal);
    },
    threadLetGo(thread) {
      for (const each of threadLetGo) each.threadLetGo(thread);
    },
    forked(child, parent) {
      for (const each of forked) each.forked(child, parent);
    },
    executed(process) {
      for (const each of executed) each.executed(process);
    },
    merged(process, other) {
      for (const each of merged) each.merged(process, other);
    },
    processEnded(process) {
      for (const each of processEnded) each.processEnded(process);
    },
    finish(threads) {
      for (const each of finish) each.finish(threads);
    },
  };
}

/** Those who want to hear of calls of that kind, as one; undefined when nobody does. */
export function heardBy({ trackers }: Audience, syscall: Syscall): Heard | undefined {
  const all = trackers.flatMap((tracker) => tracker.hears?.(syscall) ?? []);
  return all.length === 0 ? undefined : together(all);
}

/** One function that calls all of them, which are few. */
function together(all: readonly Heard[]): Heard {
  const [first = () => undefined, second, ...others] = all;
  if (second === undefined) return first;
  const rest = together([second, ...others]);
  return (call, thread, worksFor) => {
    first(call, thread, worksFor);
    rest(call, thread, worksFor);
  };
}
