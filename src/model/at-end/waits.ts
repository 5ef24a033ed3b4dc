import { waitsForWork } from '../../trace/payload.ts';
import { type Family, syscall } from '../../trace/syscalls.ts';
import { type Nanoseconds, SECOND, UNKNOWN } from '../../trace/time.ts';
import type { Descriptor } from '../machine/descriptors.ts';
import type { LeftIn } from '../machine/left-in.ts';
import type { Thread } from '../machine/thread.ts';
import { hasUnseenThreads, threadsOf } from '../machine/threads-of.ts';
import type { Model } from '../model.ts';
import { futexesOf } from '../topics/locks/futex-words.ts';
import { lockOf } from '../topics/locks/shared-locks.ts';

/** What a thread waits for. */
export interface Wait {
  readonly kind:
    | 'work'
    | 'answer'
    | 'client'
    | 'turn'
    | 'lock'
    | 'thread'
    | 'child'
    | 'pipe-reader'
    | 'pipe-writer'
    | 'log'
    | 'disk'
    | 'time'
    | 'unknown';
  /** In words, as the end of "It waits for …"; '' when the call does not tell. */
  readonly what: string;
}

const WORK: Wait = { kind: 'work', what: 'work' };
/** Waits that end by themselves after so long are how loops and pools keep house. */
const HOUSEKEEPING: Nanoseconds = 300 * SECOND;
/** What glibc writes into a lock that another thread waits for. */
const CONTENDED = 2;
/** Servers whose threads sleep in a read of a client that has nothing to ask. */
const A_CLIENT_A_THREAD = /^(?:mysqld|mariadbd|postgres|sshd|java|connection)/;

/**
 * Whether a thread waits for work in its last call, and for what. `unknown`: a thread that waits for work and one that
 * hangs look the same.
 */
export interface Judgement {
  readonly idle: 'yes' | 'no' | 'unknown';
  readonly wait: Wait;
}

/** Idle: it waits for work, or for what ends by itself. */
export const yes = (wait: Wait = WORK): Judgement => ({ idle: 'yes', wait });
const no = (kind: Wait['kind'], what: string): Judgement => ({ idle: 'no', wait: { kind, what } });
const unknown = (kind: Wait['kind'], what: string): Judgement => ({ idle: 'unknown', wait: { kind, what } });

/** What a thread waits for in the call that it was left in. */
export function judgeWait(thread: Thread, left: LeftIn, model: Model): Judgement {
  const away = isAway(thread, left);
  if (left.syscall.family === 'accept' && away) return no('client', 'a client of another listener');
  if ((left.isHubWait || left.isForListener) && !away) return yes();
  const judged = judgeCall(thread, left, model);
  return away && mayBeLate(judged) ? whileAway(left, judged) : judged;
}

/** Waits for a client, or for the turn to accept one, are no matter of what the thread does. */
function mayBeLate({ idle, wait: { kind } }: Judgement): boolean {
  return idle !== 'no' && kind !== 'client' && kind !== 'turn' && kind !== 'disk' && kind !== 'log';
}

/**
 * Whether the thread has something to do elsewhere: it serves a request, or has a loop of its own and is in another
 * call than the wait of that loop. Of threads that share a loop another one goes on.
 */
export function isAway(thread: Thread, left: LeftIn): boolean {
  const { loop, servesRequests, accepts } = thread;
  if (loop.isShared) return false;
  const isServing = servesRequests && left.isServing;
  const hasLoop = loop.turns > 0 && loop.hub?.kind === 'epoll';
  if (left.syscall.family === 'accept') return (isServing || (hasLoop && accepts.acceptedTotal > 0)) && isNew(left);
  // Of an epoll instance that was made for this request, and never came back, nothing says that it is the loop's.
  if (left.isHubWait) return isServing && loop.turns === 0 && left.descriptor?.seenOpening === true;
  if (left.isForListener) return false;
  return isServing || (hasLoop && left.syscall.family !== 'restart');
}

/** Nobody ever accepted from this listener. */
function isNew({ descriptor }: LeftIn): boolean {
  return descriptor?.listener?.lastAt === UNKNOWN;
}

/** A wait of a thread that has something to do elsewhere: it is not idle in it. */
function whileAway(left: LeftIn, judged: Judgement): Judgement {
  const { wait } = judged;
  const { syscall, watched, isServing, target, fd } = left;
  const event = EVENTS.get(syscall.family);
  // The kernel ends most other calls at once: the thread is at work.
  if (wait.what === '' && event === undefined) return judged;
  const named = event ?? (target || (fd >= 0 ? `fd ${fd}` : ''));
  const what = wait.what === '' || wait.what === WORK.what ? named : wait.what;
  // The kernel ends some calls always at once.
  if (what === '' || left.class === 'not-running') return judged;
  // A wait for several things at once may be one that lets the request go on.
  const isOfSeveral = (syscall.family === 'poll' || syscall.family === 'select') && watched > 1;
  return isServing && !isOfSeveral ? no(wait.kind, what) : unknown(wait.kind, what);
}

/** What such calls wait for. */
const EVENTS: ReadonlyMap<Family, string> = new Map<Family, string>([
  ['signal-wait', 'a signal'],
  ['epoll-wait', 'an epoll instance that is not the one of its loop'],
  ['poll', 'one of several descriptors, or a time'],
  ['select', 'one of several descriptors, or a time'],
]);

function judgeCall(thread: Thread, left: LeftIn, model: Model): Judgement {
  const family: Family = left.name === left.syscall.name ? left.syscall.family : syscall(left.name).family;
  // What a `restart_syscall` goes on with has no arguments: a wait with a limit, as a rule of a loop.
  if (left.syscall.family === 'restart') {
    if (syscall(left.name).family === 'sleep') return sleeping(thread, left);
    if (syscall(left.name).family === 'futex' && waitingClients(thread) !== '') return ownLock(thread, LOCK);
    if (left.target !== '') return seenByOthers(left);
    // Of a loop there are turns to see, or other threads that have work.
    if (isAllThereIs(model)) return unknown('unknown', 'something that it asked for before the capture began');
    return yes(left.name === 'restart_syscall' ? UNTOLD : WORK);
  }
  switch (family) {
    case 'accept':
    case 'epoll-wait':
    case 'signal-wait':
      return yes();
    case 'poll':
    case 'select':
      if (left.watchesPipes && ownClients(thread) !== '') return fromPipe(thread, 'a pipe');
      // Who waits for several things at once is a loop.
      if (left.watched > 1) return yes();
      if (left.fd < 0 && left.target !== '') return seenByOthers(left);
      return left.fd >= 0 ? waited(thread, left) : timed(left);
    case 'read':
      return waited(thread, left);
    case 'write':
      return writing(left);
    case 'connect':
      return no('answer', left.target === '' ? 'a connection' : `${left.target} to take the connection`);
    case 'futex':
      return futex(thread, left, model);
    case 'lock':
    case 'fcntl':
      return locked(thread, left);
    case 'semaphore':
      if (ownClients(thread) !== '') return no('lock', `a semaphore or a message${ownClients(thread)}`);
      return left.hasTimeout === true ? timed(left) : unknown('lock', 'a semaphore or a message');
    case 'sync':
      return no('disk', `the disk${left.target === '' ? '' : ` that holds ${left.target}`}`);
    case 'open':
      return no('pipe-writer', opened(left));
    case 'file':
    case 'execve':
    case 'close':
      return no('disk', left.path === '' ? 'a file system' : `the file system of ${left.path}`);
    case 'clone':
      // A fork is soon over, unless it lends its memory to the child (vfork, posix_spawn).
      if (left.beganBefore && thread.seen?.call === left.name) return no('child', 'a child to run a program or to end');
      return unknown('unknown', isAllThereIs(model) ? FOR_NO_TIME : '');
    case 'wait-child':
      return child(thread, left, model);
    case 'sleep':
      return sleeping(thread, left);
    // These return at once whatever happens: their line was cut, or somebody wrote the name of the call into a text.
    case 'sigreturn':
    case 'trivial':
      return yes(UNTOLD);
    default:
      // It does not wait as a rule: most likely the thread is at work, unless nothing else is in the capture.
      return unknown('unknown', isAllThereIs(model) ? FOR_NO_TIME : '');
  }
}

const FOR_NO_TIME = 'the kernel to end it, which normally takes no time';

/** One thread, which came back from no call. */
function isAllThereIs({ processes }: Model): boolean {
  const [only, ...others] = processes.threads();
  return others.length === 0 && only?.lastTime === UNKNOWN;
}

/** Others saw that it waits for one connection alone, which the line does not show. */
function seenByOthers({ isOfClient, target }: LeftIn): Judgement {
  return isOfClient ? unknown('client', `${target} to send`) : no('answer', `an answer from ${target}`);
}

/** Nothing but the name of its call says what it waits for: it does not accept, and nobody looked from outside. */
export function isByCallAlone({ seen }: Thread, { syscall, isForListener }: LeftIn): boolean {
  return seen === null && syscall.family !== 'accept' && !isForListener;
}

const TIME: Wait = { kind: 'time', what: 'the end of a sleep' };
export const UNTOLD: Wait = { kind: 'unknown', what: '' };

/** Nothing says what the thread waits for: drover suspects nothing, and calls nobody idle. */
export const isUntold = ({ idle, wait }: Judgement): boolean => idle === 'yes' && wait === UNTOLD;

/** A sleep: a pause of whoever keeps time, unless the process has clients who wait meanwhile. */
function sleeping(thread: Thread, left: LeftIn): Judgement {
  if (thread.servesRequests && left.isServing) return no('time', 'the end of a sleep');
  // A process that nobody started for serving sleeps between its rounds; this one has not come back once.
  const clients = waitingClients(thread);
  return clients === '' ? yes(TIME) : no('time', `the end of a sleep${clients}`);
}

/**
 * `, while a client is connected`, of a process of one thread that has not come back once: nobody else of it serves
 * that client. '' of others. The first thread of a server of threads waits while the others serve.
 */
function waitingClients({ process, tid, lastTime }: Thread): string {
  const { clientsHeld } = process;
  if (!(clientsHeld > 0) || tid !== process.pid || lastTime !== UNKNOWN) return '';
  if (threadsOf(process).length > 1 || process.threadsStarted > 0) return '';
  return clientsHeld === 1 ? ', while a client is connected' : `, while ${clientsHeld} clients are connected`;
}

/**
 * The same where nobody else can have accepted that client: a child that a worker forked for itself inherits the
 * clients of that worker, and waits for work on a pipe, or for its turn in a semaphore that it shares with others.
 */
function ownClients(thread: Thread): string {
  return thread.process.parent?.clientsHeld === 0 ? waitingClients(thread) : '';
}

function fromPipe(thread: Thread, named: string): Judgement {
  return no('unknown', `something to read from ${named}${ownClients(thread)}`);
}

/** A line that was cut may end before its descriptor. */
function nameOf(target: string, fd: number): string {
  if (target !== '') return target;
  return fd < 0 ? 'a descriptor that the line does not show' : `fd ${fd}`;
}

/** A read, or a wait for one descriptor. */
function waited(thread: Thread, left: LeftIn): Judgement {
  const { descriptor, target, fd, timeout, hasTimeout } = left;
  const { family } = left.syscall;
  const named = nameOf(target, fd);
  const kept = descriptor?.kind ?? 'unknown';
  if (kept === 'pipe' && ownClients(thread) !== '') return fromPipe(thread, named);
  // A wait with a limit for something that is no socket is how masters and pools keep house.
  const isConnected = kept === 'unknown' && (descriptor?.peer ?? '') !== '';
  if (hasTimeout === true && !isConnected && (kept === 'pipe' || kept === 'event' || kept === 'unknown'))
    return timed(left);
  if (descriptor === null) return unknown('unknown', named);
  const { connection } = descriptor;
  const kind = isConnected ? 'socket' : descriptor.kind;
  if (left.isOfClient) return unknown('client', `${named} to send`);
  if (connection !== null) {
    // A kept-alive connection has no request.
    return left.isServing || takesOneByOne(thread, left)
      ? unknown('client', `${named} to send`)
      : yes({ kind: 'client', what: `${named} to send` });
  }
  switch (kind) {
    case 'socket':
      if (isLocal(descriptor)) return unknown('work', `what another process sends on ${named}`);
      if (family !== 'read' && timeout >= 0 && timeout < SECOND / 10) return yes();
      if (waitsForWork(left.query)) return yes();
      // It may be a listener: then the thread waits for clients.
      if (family !== 'read' && descriptor.peer === '') return unknown('unknown', `something to read from ${named}`);
      return (A_CLIENT_A_THREAD.test(thread.lane.comm) && !descriptor.seenOpening) || isOfClient(descriptor)
        ? unknown('client', `${named} to send`)
        : no('answer', `an answer from ${named}`);
    case 'datagram':
      return descriptor.peer === '' ? unknown('work', named) : no('answer', `an answer from ${named}`);
    case 'pipe':
      return unknown('work', `something to read from ${named}, as a process does that waits for work`);
    case 'event':
    case 'epoll':
    case 'listener':
    case 'device':
      return yes();
    case 'file':
      return no('disk', `something to read from ${named}: a named pipe waits for a writer, a file for its disk`);
    default:
      return unknown('unknown', `something to read from ${named}`);
  }
}

/**
 * Its one thread accepted the client that it reads from, and the read waits: until that client sends, it accepts nobody
 * else.
 */
function takesOneByOne({ process, accepts }: Thread, { syscall: { family } }: LeftIn): boolean {
  const isBlocking = accepts.listeners.size > 0 && accepts.nonblocking === 0;
  return family === 'read' && isBlocking && threadsOf(process).length === 1 && !hasUnseenThreads(process);
}

/** The first port that Linux gives to who connects (`net.ipv4.ip_local_port_range`). */
const FIRST_EPHEMERAL = 32_768;

/** Nobody saw the connection being made, and its ports say that the other end made it. */
function isOfClient({ label, seenOpening }: Descriptor): boolean {
  const [, own = '', other = ''] = /:(\d+)->.*:(\d+)\]$/.exec(label) ?? [];
  return !seenOpening && other !== '' && Number(own) < FIRST_EPHEMERAL && Number(other) >= FIRST_EPHEMERAL;
}

/** Both ends belong to one host, as of `socketpair`: nobody connected it to an address. */
function isLocal({ label, peer, seenOpening }: Descriptor): boolean {
  return peer === '' && (/^UNIX/.test(label) || (seenOpening && label === ''));
}

function writing({ descriptor, target, fd }: LeftIn): Judgement {
  const named = nameOf(target, fd);
  if (descriptor?.connection != null) return no('client', `${named} to read`);
  if (/\/dev\/log$/.test(descriptor?.peer ?? '')) return no('log', 'the log daemon to read /dev/log');
  if (descriptor?.kind === 'pipe') return no('pipe-reader', `somebody to read ${named}: it is full`);
  if (descriptor?.kind === 'file') return no('disk', `the disk that holds ${named}`);
  if (descriptor?.kind === 'socket') return no('answer', `${named} to read`);
  return no('unknown', `somebody to read ${named}`);
}

function opened({ path }: LeftIn): string {
  return path === '' ? 'a file to open' : `${path} to open: a named pipe waits for its other end, a file for its disk`;
}

const LOCK = 'a lock or a signal';

function ownLock(thread: Thread, word: string): Judgement {
  return no('lock', `${word} in a process of one thread${waitingClients(thread)}`);
}

function futex(thread: Thread, left: LeftIn, { processes }: Model): Judgement {
  const { futex: use, hasTimeout } = left;
  // The line was cut, or the kernel was just about to wake somebody: no wait.
  if (use !== null && /WAKE|REQUEUE|UNLOCK/.test(use.operation)) return unknown('unknown', '');
  const word = use === null || use.word === '' ? LOCK : `${LOCK} (futex word ${use.word})`;
  // Only a thread of its own process could wake it, and there is no other.
  if (use?.isPrivate === true && waitingClients(thread) !== '') return ownLock(thread, word);
  if (hasTimeout === true) return timed(left);
  if (use === null) return unknown('lock', word);
  const joined = use.value > CONTENDED ? processes.byTid(use.value) : undefined;
  if (joined !== undefined && joined !== thread && joined.process === thread.process)
    return unknown('thread', `thread ${joined.tid} to end`);
  if (waitsItsTurn(thread, left, processes)) return yes({ kind: 'turn', what: 'its turn to accept' });
  // Servers whose processes take turns to accept wait so, too, and nothing else is known of this one.
  if (mayBeTurn(thread, left))
    return unknown('lock', `a lock that is taken and that processes share (futex word ${use.word})`);
  if (!use.isPrivate && ownClients(thread) !== '') return no('lock', `${word}${ownClients(thread)}`);
  if (use.operation.startsWith('LOCK_PI') || (use.operation === 'WAIT' && use.value === CONTENDED))
    return no('lock', `a lock that is taken (futex word ${use.word})`);
  // So the runtime of Go parks its threads, the first one among them.
  if (use.operation === 'WAIT' && use.value === 0 && threadsOf(thread.process).length > 1)
    return yes({ kind: 'lock', what: word });
  const { isMain } = thread;
  const others = threadsOf(thread.process).filter((each) => each !== thread && each.leftIn?.futex?.word === use.word);
  if (others.length > 0 && (isMain || others.some((each) => each.isMain)))
    return no('lock', `one lock, as ${others.length + 1} threads of this process do (futex word ${use.word})`);
  if (thread.servesRequests && left.isServing) return no('lock', word);
  // One thread alone that waits for another: nobody is left to wake it.
  if (isMain && threadsOf(thread.process).length === 1 && thread.process.threadsStarted === 0)
    return unknown('lock', word);
  return isMain ? unknown('lock', word) : yes({ kind: 'lock', what: word });
}

/** A mutex that processes share, of a process that made no other call: whether it serves is not told. */
function mayBeTurn(thread: Thread, { futex: use, isServing, beganBefore }: LeftIn): boolean {
  if (use === null || use.isPrivate || use.operation !== 'WAIT' || use.value !== CONTENDED) return false;
  return !isServing && beganBefore && threadsOf(thread.process).length === 1;
}

/**
 * Processes queue at one word while one of their siblings waits for a connection: so Apache does.
 */
function waitsItsTurn(thread: Thread, left: LeftIn, processes: Model['processes']): boolean {
  const { futex: use } = left;
  if (use === null) return false;
  if (use.isPrivate) return waitsForSibling(thread, left) || isTurnTaken(left, processes);
  if (thread.servesRequests || !use.operation.startsWith('LOCK_PI')) return false;
  const others = [...processes.threads()].filter(
    ({ process, leftIn }) => process !== thread.process && leftIn !== null,
  );
  const isHeld = others.some(({ leftIn }) => leftIn?.isForListener === true || leftIn?.syscall.family === 'epoll-wait');
  return isHeld && others.some(({ leftIn }) => leftIn?.futex?.word === use.word);
}

/**
 * Threads that got this mutex went on to wait for a client, here or in a process that was forked from the same parent
 * and has it at the same address: threads that were there before the tracer may be known as processes of their own.
 */
function isTurnTaken({ futex: use, isServing }: LeftIn, processes: Model['processes']): boolean {
  if (use?.value !== CONTENDED || isServing) return false;
  return processes.all().some((process) => {
    const word = futexesOf(process)?.words.get(use.word);
    return word !== undefined && word.accepting > 0 && word.isIdling;
  });
}

/**
 * Threads that wait for one client at a time queue at a mutex while one of them waits for a client (uWSGI threads). Of
 * those that made no call in the capture nobody knows how they wait for clients.
 */
function waitsForSibling(thread: Thread, { futex: use, isServing }: LeftIn): boolean {
  if (use?.value !== CONTENDED || isServing) return false;
  // strace does not show for how many events a wait is that has not come back.
  const isKnown = thread.process.server === 'uWSGI';
  const isUntold = thread.lastTime === UNKNOWN;
  if (!isKnown && !isUntold && thread.loop.hub?.oneAtATime !== true) return false;
  return threadsOf(thread.process).some(({ leftIn }) => {
    if (leftIn === null || leftIn.syscall.family !== 'epoll-wait') return false;
    return isKnown || leftIn.isHubWait || (isUntold && leftIn.takesOne);
  });
}

function locked(thread: Thread, left: LeftIn): Judgement {
  const lock = left.descriptor === null ? undefined : lockOf(left.descriptor);
  const named = nameOf(left.target, left.fd);
  if (lock?.guardsAccepts === true) return yes();
  const holder = lockHolder(left, thread);
  return no('lock', holder === '' ? `a lock on ${named}` : `a lock on ${named}, which ${holder}`);
}

function child(thread: Thread, { child: pid, hasTimeout }: LeftIn, { processes }: Model): Judgement {
  if (hasTimeout === true || !(pid > 0)) return yes({ kind: 'child', what: 'a child to end' });
  const known = processes.byTid(pid);
  const clients = waitingClients(thread);
  const isServing = (thread.servesRequests && thread.loop.owner !== null) || clients !== '';
  const what = `process ${pid} to end${clients}`;
  if (known === undefined && clients === '') return unknown('child', what);
  return isServing ? no('child', what) : yes({ kind: 'child', what });
}

/** A wait that ends by itself, as long as it ends soon. */
function timed({ timeout, hasTimeout, target, fd }: LeftIn): Judgement {
  if (hasTimeout !== true) return unknown('unknown', '');
  if (timeout <= HOUSEKEEPING || timeout === UNKNOWN) return yes(TIME);
  // A client of MySQL in PHP waits so for its answer: for a day.
  return unknown('time', `${target === '' && fd < 0 ? 'what it asked for' : nameOf(target, fd)}, or ${FAR}`);
}

const FAR = 'the end of a time limit that is far away';

/** Who has the lock that a thread waits for, as the end of "a lock which …"; '' when the trace does not tell. */
function lockHolder({ descriptor }: LeftIn, thread: Thread): string {
  const holder = descriptor === null ? null : (lockOf(descriptor)?.holder ?? null);
  if (holder === null) return '';
  if (holder.process === thread.process) return 'it holds itself on another descriptor: a deadlock with itself';
  return `process ${holder.process.pid} holds`;
}
