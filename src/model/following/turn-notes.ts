import type { Call } from '../../trace/record.ts';
import type { Family, Syscall } from '../../trace/syscalls.ts';
import { MILLISECOND, type Nanoseconds, SECOND, UNKNOWN } from '../../trace/time.ts';
import { entryLine, type KeptLine, keptLine } from '../evidence.ts';
import { type BlockClass, type BlockingCall, blockClass } from '../machine/block-class.ts';
import { isBrief } from '../machine/cannot-sleep.ts';
import type { Request } from '../machine/connections.ts';
import { type Descriptor, describeByLabel, describeTarget } from '../machine/descriptors.ts';
import type { LeftIn } from '../machine/left-in.ts';
import type { Thread } from '../machine/thread.ts';
import { type BlockedIn, NOTED, type OffCpu, type Turn } from '../machine/turn.ts';
import { isInterruption } from './interruptions.ts';
import { contentsOf, isHubSet, isThrough, isUntoldHub } from './wait-contents.ts';

/** Groups kept a turn: what does not fit is only in the sums. */
const GROUPS = 12;
const QUICK: ReadonlySet<Family> = new Set<Family>([
  'trivial',
  'memory',
  'close',
  'epoll-ctl',
  'epoll-create',
  'ioctl',
  'socket',
  'bind',
  'listen',
  'setsockopt',
  'getsockopt',
  'shutdown',
  'dup',
  'pipe',
  'socketpair',
  'eventfd',
  'sigreturn',
  'accept',
  'other',
]);

/** Keys of futex groups: their descriptor numbers say nothing, but the clock of the deadline does. */
const REALTIME = -2;
const MONOTONIC = -3;
/**
 * A group that takes less of a turn in all has no names and lines: with the smallest limits that make sense it is no
 * cause.
 */
const WORTH_DETAILS = 3 * MILLISECOND;

/** A call that took time, or the silence that followed one, as far as the trace bounds it. */
interface PlacedCall extends BlockingCall {
  readonly start: Nanoseconds;
}

/** Notes a timed call that took long, and says what kind of waiting it was. */
export function noteCall(call: Call, thread: Thread): BlockClass {
  const fd = objectOf(call);
  const descriptor = descriptorOf(call, thread, fd);
  const known = blockClass(call, descriptor);
  const isAtOnce = known === 'accept' && takesWhatWasTold(call, descriptor, thread);
  const kind = isAtOnce
    ? 'not-running'
    : isForChild(known, descriptor, thread)
      ? 'child'
      : isNap(known, descriptor, call)
        ? 'sleep'
        : known;
  const group = noteBlocking(thread, call, fd, kind, false);
  if (group?.isBrief && !isBrief(call, descriptor)) group.isBrief = false;
  if (group !== null && isWorthDetails(group, call)) noteDetails(thread, group, fd, descriptor, linesOf(call), call);
  return kind;
}

/**
 * The thread's own wait had told it of the client, and nobody else accepts from that listener to take the client away:
 * the accept had nothing to wait for. Of a listener that was there before the capture somebody untraced may accept.
 */
function takesWhatWasTold({ result }: Call, descriptor: Descriptor | undefined, thread: Thread): boolean {
  const { loop, accepts } = thread;
  const listener = descriptor?.listener ?? null;
  // Another accept from it found nothing, and did not wait.
  if (listener?.isNonBlocking === true || (accepts.wouldBlock && accepts.listeners.size <= 1)) return true;
  if (result < 0 || loop.hub?.hasListener !== true) return false;
  return listener !== null && listener.openedBy !== null && !listener.isShared;
}

/**
 * Whether the wait is for a process that was forked in this turn: for its output, or with the loop that a runtime makes
 * for that alone.
 */
function isForChild(kind: BlockClass, descriptor: Descriptor | undefined, { process, loop }: Thread): boolean {
  if (!loop.inTurn || process.lastForkAt === UNKNOWN || process.lastForkAt < loop.turn.start) return false;
  if (kind !== 'foreign-poll' && kind !== 'other') return false;
  if (descriptor?.kind === 'pipe') return true;
  if (descriptor?.epoll == null) return false;
  for (const fd of descriptor.epoll.members.keys()) if (process.descriptors.get(fd)?.peer) return false;
  return true;
}

/**
 * Whether a wait that ran out was a sleep: the only descriptor is the counter by which other threads of the process
 * could have ended the sleep early. The `sleep` of Ruby is such a ppoll.
 */
function isNap(
  kind: BlockClass,
  descriptor: Descriptor | undefined,
  { syscall, result, arguments: told }: Call,
): boolean {
  if (kind !== 'foreign-poll' || result !== 0 || syscall.family !== 'poll' || descriptor?.kind !== 'event')
    return false;
  return told.polled().length === 1;
}

/** Notes the longest gap of the running turn. `call` is the record that ended it. */
export function noteGap(call: Call, thread: Thread, length: Nanoseconds): void {
  const { turn, owner } = thread.loop;
  turn.longestGap = length;
  if (length < NOTED) return;
  const before: KeptLine = { file: call.file, line: call.previousLine, text: call.previousText };
  const after: KeptLine = entryLine(call);
  turn.gap = {
    length,
    start: call.start - length,
    before,
    after,
    isTimed: thread.lastTimed,
    offCpu: offCpuBefore(thread),
  };
  // The record that ended the gap may itself be the reply: only one that was sent before the gap counts.
  noteReplied(turn, owner, call.start - length);
  const previous = thread.lastSyscall;
  // Without -T the gap holds the call before it: that call is where the thread was, as far as one can tell.
  if (thread.lastTimed || previous === null || returnsAtOnce(previous, thread.process.descriptors.get(thread.lastFd)))
    return;
  const blocking: PlacedCall = {
    syscall: previous,
    fd: thread.lastFd,
    arguments: call.previousArguments(previous),
    error: '',
    start: call.start - length,
    duration: length,
  };
  const fd = objectOf(blocking);
  const descriptor = descriptorOf(blocking, thread, fd);
  const kind = blockClass(blocking, descriptor);
  // It had returned at once: the gap is what followed.
  if (kind === 'not-running') return;
  const group = noteBlocking(thread, blocking, fd, kind, true);
  if (group !== null && isWorthDetails(group, blocking)) noteDetails(thread, group, fd, descriptor, [before], blocking);
}

/** What the scheduler did in the gap that the coming call ends. */
function offCpuBefore({ scheduling }: Thread): OffCpu | null {
  return scheduling === null ? null : { blocked: scheduling.blockedBefore, queued: scheduling.queuedBefore };
}

/** A call that does not wait, or waits for a client only: what follows it is more likely the gap. */
function returnsAtOnce({ family }: Syscall, descriptor: Descriptor | undefined): boolean {
  if (family === 'read' || family === 'write') return descriptor?.connection != null;
  return QUICK.has(family);
}

/** Describes the call that a thread was in when the capture ended, or in which it was interrupted. */
export function leftIn(call: Call, thread: Thread): LeftIn {
  const { hub } = thread.loop;
  const { syscall, start } = call;
  const fd = objectOf(call);
  const descriptor = descriptorOf(call, thread, fd);
  const name = (syscall.family === 'restart' ? thread.seen?.call : '') || call.arguments.resumes() || syscall.name;
  const seen = thread.seen?.call === name ? thread.seen : null;
  if (seen !== null && descriptor !== undefined && descriptor.peer === '') descriptor.peer = seen.peer;
  const isSet = syscall.family === 'poll' || syscall.family === 'select';
  const watched = isSet ? call.arguments.polled() : [];
  const contents = contentsOf(watched, call.arguments, thread.process);
  const isForListener =
    syscall.family === 'accept' ||
    contents.hasListener ||
    (syscall.family === 'epoll-wait' && (descriptor?.epoll?.listeners.size ?? 0) > 0);
  // A runtime may add an event of its own to each wait.
  const others = watched.length - contents.events;
  const isHubWait =
    syscall.family === 'accept'
      ? hub === null && thread.accepts.isWait
      : isSet
        ? isHubSet(thread, contents, others) || isThrough(thread, contents) || isUntoldHub(thread, syscall, watched)
        : hub !== null && hub.kind === 'epoll' && syscall.family === 'epoll-wait' && hub.descriptor === descriptor;
  const kind = blockClass({ syscall, fd, arguments: call.arguments, error: '', duration: 0 }, descriptor);
  const asked = watchedAlone(descriptor, thread) ?? descriptor;
  const request = thread.loop.owner ?? asked?.connection?.request ?? asked?.owner ?? null;
  return {
    syscall,
    name,
    since: start,
    beganBefore: thread.lastTime === UNKNOWN && thread.process.forkedAt === UNKNOWN,
    target: targetOf(fd, descriptor, asked) || (seen?.peer ?? ''),
    line: entryLine(call),
    isHubWait,
    isForListener,
    takesOne: syscall.family === 'epoll-wait' && takesOne(call),
    class: kind,
    query: asked?.query?.text ?? '',
    isOfClient: seen?.isOfClient === true,
    fd,
    watched: others > 0 ? others : watched.length,
    watchesPipes: watched.length > 0 && contents.pipes === watched.length,
    descriptor: asked ?? null,
    timeout: call.arguments.timeout(),
    hasTimeout: call.arguments.hasTimeout(),
    futex: syscall.family === 'futex' ? call.arguments.futex() : null,
    child: syscall.family === 'wait-child' ? call.arguments.child() : Number.NaN,
    path: syscall.takesDescriptor ? '' : call.arguments.path(),
    showsResult: showsResult(call),
    isCut: call.inFlight && call.isCut === true,
    isInterrupted: isInterruption(call.error),
    request,
    isServing: request?.inProgress === true,
  };
}

/** A wait for one event, without a time limit. */
export function takesOne({ arguments: told }: Call): boolean {
  return told.maxEvents() === 1 && told.timeout() === Number.POSITIVE_INFINITY;
}

/** The same with what somebody saw of it from outside, which may be told after the call was. */
export function withSighting(told: LeftIn, { seen }: Thread, begin: Nanoseconds): LeftIn {
  // Who was elsewhere at a look in the capture did not go there before it.
  const left =
    seen !== null && told.beganBefore && told.since - begin > SECOND ? { ...told, beganBefore: false } : told;
  const { descriptor } = left;
  // strace names the call of somebody else as the one that goes on.
  if (seen !== null && seen.call !== '' && left.syscall.family === 'restart')
    return { ...left, name: seen.call, target: left.target || seen.peer, isOfClient: seen.isOfClient };
  if (seen === null || seen.call !== left.syscall.name || descriptor === null || descriptor.peer !== '') return left;
  descriptor.peer = seen.peer;
  return { ...left, target: targetOf(left.fd, descriptor, descriptor), isOfClient: seen.isOfClient };
}

function showsResult({ syscall: { family }, arguments: told }: Call): boolean {
  if (family === 'read') return (told.payload(1) ?? '') !== '';
  if (family === 'epoll-wait') return told.ready().length > 0;
  return family === 'file' && told.text.includes('{st_');
}

/** Notes that a thread was silent from its last record to the end of the capture: nothing ends that gap. */
export function noteSilence(thread: Thread, end: Nanoseconds): void {
  const { lane, loop, lastTime } = thread;
  const length = end - lastTime;
  if (length <= loop.turn.longestGap) return;
  const { file = '', line = 0, text = '' } = lane.lastLine ?? {};
  loop.turn.longestGap = length;
  loop.turn.gap = {
    length,
    start: lastTime,
    before: { file, line, text },
    after: { file, line: 0, text: '' },
    isTimed: thread.lastTimed,
    offCpu: null,
  };
  noteReplied(loop.turn, loop.owner, lastTime);
}

function noteReplied(turn: Turn, owner: Request | null, before: Nanoseconds): void {
  turn.afterReply = owner !== null && owner.answeredAt !== UNKNOWN && owner.answeredAt <= before;
  turn.replied = turn.afterReply ? owner : null;
}

function linesOf(call: Call): readonly KeptLine[] {
  const line = keptLine(call);
  return call.startLine === call.line ? [line] : [entryLine(call), line];
}

/** Adds a blocking call to its group in the running turn; null when the turn has too many groups. */
function noteBlocking(
  thread: Thread,
  blocking: PlacedCall,
  fd: number,
  kind: BlockClass,
  estimated: boolean,
): BlockedIn | null {
  const { syscall, duration, start } = blocking;
  const isFutex = syscall.family === 'futex';
  const futex = isFutex ? blocking.arguments.futex() : null;
  const key = !isFutex ? fd : futex?.isRealtime === true ? REALTIME : MONOTONIC;
  const { blocked } = thread.loop.turn;
  let group: BlockedIn | undefined;
  for (const known of blocked)
    if (known.syscall === syscall && known.key === key && known.class === kind) group = known;
  if (group === undefined) {
    if (blocked.length === GROUPS) return null;
    group = {
      class: kind,
      syscall,
      key,
      target: '',
      query: '',
      count: 0,
      total: 0,
      longest: 0,
      detailed: 0,
      firstAt: start,
      lastAt: start,
      lines: [],
      addresses: isFutex ? new Set() : null,
      estimated,
      isBrief: !estimated,
    };
    blocked.push(group);
  }
  group.count++;
  group.total += duration;
  group.lastAt = start + duration;
  if (group.addresses !== null && group.addresses.size < 8) group.addresses.add(futex?.word ?? '');
  if (duration > group.longest) group.longest = duration;
  return group;
}

/**
 * Most calls are short and their turns forgotten: names and lines are decoded for those that may be the cause of a
 * stall.
 */
function isWorthDetails({ total, detailed }: BlockedIn, { duration }: PlacedCall): boolean {
  return duration > detailed && (duration >= NOTED || (detailed === 0 && total >= WORTH_DETAILS));
}

function noteDetails(
  thread: Thread,
  group: BlockedIn,
  fd: number,
  descriptor: Descriptor | undefined,
  lines: readonly KeptLine[],
  blocking: Pick<BlockingCall, 'syscall' | 'arguments'>,
): void {
  group.detailed = group.longest;
  group.lines = lines;
  if (group.class === 'child') {
    group.target = programOf(blocking, thread);
    return;
  }
  if (group.class === 'disk' && fd < 0) {
    group.target = blocking.syscall.family === 'open' ? plainPath(blocking.arguments.path()) : '';
    return;
  }
  const asked = watchedAlone(descriptor, thread) ?? descriptor;
  group.target = targetOf(fd, descriptor, asked, asked === descriptor ? pipeIn(descriptor, thread) : '');
  group.query = asked?.query?.text ?? '';
}

/** A path that can be told as one: other first words of calls are names and contents, and escapes hide secrets. */
function plainPath(path: string): string {
  return path.startsWith('/') && !path.includes('\\') ? path : '';
}

/** The program of the child that is waited for: of that number, else of the last one; '' when not told. */
function programOf(
  { syscall, arguments: told }: Pick<BlockingCall, 'syscall' | 'arguments'>,
  { process }: Thread,
): string {
  const pid = syscall.family === 'wait-child' ? told.child() : Number.NaN;
  const program = pid > 0 ? process.programs.get(pid) : [...process.programs.values()].at(-1);
  return program === undefined || program.includes('\\') ? '' : program;
}

/** The only socket that an epoll instance watches: what a client library with a loop of its own waits for. */
function watchedAlone(descriptor: Descriptor | undefined, { process }: Thread): Descriptor | undefined {
  const members = descriptor?.epoll?.members;
  if (members === undefined) return undefined;
  let found: Descriptor | undefined;
  for (const fd of members.keys()) {
    const member = process.descriptors.get(fd);
    if (member === undefined || member.kind !== 'socket') continue;
    if (found !== undefined) return undefined;
    found = member;
  }
  return found;
}

/** The first pipe of an epoll instance without a socket: another process is to write, as the program of a CGI does. */
function pipeIn(descriptor: Descriptor | undefined, { process }: Thread): string {
  let pipe = '';
  for (const fd of descriptor?.epoll?.members.keys() ?? []) {
    const member = process.descriptors.get(fd);
    if (member?.kind === 'socket' || member?.kind === 'connection') return '';
    if (member?.kind === 'pipe' && pipe === '') pipe = describeTarget(fd, member);
  }
  return pipe;
}

/** `127.0.0.1:4730 (Gearman by convention)`; for what an epoll instance watches, that it does so. */
function targetOf(fd: number, descriptor: Descriptor | undefined, asked: Descriptor | undefined, pipe = ''): string {
  const inside = asked === descriptor ? pipe : describeTarget(-1, asked);
  return inside === '' ? describeTarget(fd, descriptor) : `${inside} through epoll fd ${fd}`;
}

/**
 * Calls that nobody follows, such as `fsync`, may be the first to name a descriptor that was open before the capture.
 */
function descriptorOf(
  blocking: Pick<BlockingCall, 'fd' | 'arguments'>,
  thread: Thread,
  object: number,
): Descriptor | undefined {
  const { descriptors } = thread.process;
  const known = descriptors.get(object);
  if (known !== undefined || object < 0) return known;
  if (object === blocking.fd) return descriptors.learn(object, blocking.arguments);
  const label = blocking.arguments.polledLabel();
  return label === '' ? undefined : descriptors.set(object, describeByLabel(label));
}

/** The descriptor a call waits for: the first argument, or the first member of a poll or select set. */
function objectOf(blocking: Pick<BlockingCall, 'syscall' | 'arguments' | 'fd'>): number {
  const { family } = blocking.syscall;
  return family === 'poll' || family === 'select' ? (blocking.arguments.polled()[0] ?? -1) : blocking.fd;
}
