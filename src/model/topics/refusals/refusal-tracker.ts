import { Memcached } from '../../../trace/framing/memcached.ts';
import { MySql } from '../../../trace/framing/mysql.ts';
import { Postgres } from '../../../trace/framing/postgres.ts';
import { Redis } from '../../../trace/framing/redis.ts';
import type { Call } from '../../../trace/record.ts';
import {
  mayHideRefusal,
  type Refusal,
  refusalIn,
  refusalInLog,
  refusalInReply,
  refusalOfCommand,
  refusalOfMySql,
  refusalOfPostgres,
  STATUS_BYTES,
} from '../../../trace/refusals.ts';
import type { Syscall } from '../../../trace/syscalls.ts';
import { MILLISECOND, type Nanoseconds } from '../../../trace/time.ts';
import { type KeptLine, keptLine } from '../../evidence.ts';
import type { FactBus } from '../../fact-bus.ts';
import type { Connection, Request } from '../../machine/connections.ts';
import type { Listener } from '../../machine/listener.ts';
import type { Thread } from '../../machine/thread.ts';
import type { ThreadView } from '../../machine/views.ts';
import type { Heard, Tracker, TrackerContext } from '../../tracker.ts';

/** A server turned a client away in the words of its protocol, or said so in its log. */
export interface ClientRefused {
  readonly thread: ThreadView;
  /** null when its accept was not traced. */
  readonly listener: Listener | null;
  readonly refusal: Refusal;
  readonly time: Nanoseconds;
  readonly line: KeptLine;
}

declare module '../../fact-bus.ts' {
  interface Facts {
    clientRefused: ClientRefused;
  }
}

const HEAD_BYTES = 256;
const REDIS_ANSWERS = '+-:$*';
/** An error is a message, and at most what was asked before it in one go. */
const LONGEST_ERROR = 1_024;
/** Whoever waits for a lock for so long did not ask for an answer at once. */
const LONG: Nanoseconds = 100 * MILLISECOND;
/** What nginx does right before it logs that it has no room; it asks for the number of its thread once. */
const ASKS_FOR_ROOM: ReadonlySet<string> = new Set(['accept', 'accept4', 'socket', 'gettid']);

/** Reads the first words to each client, the beginning of each answer, and the log line behind an accept. */
export class RefusalTracker implements Tracker {
  readonly #facts: FactBus;
  readonly #inWindow: (time: Nanoseconds) => boolean;
  /** Connections of which the first words to the client were traced. */
  read = 0;
  /** What an answer began with is cut off before it tells whether it refuses. */
  hidden = false;
  /** Answers to what was asked, on each listener; null stands for connections whose accept was not traced. */
  readonly replies = new Map<Listener | null, number>();

  constructor({ facts, inWindow }: TrackerContext) {
    this.#facts = facts;
    this.#inWindow = inWindow;
  }

  hears({ family }: Syscall): Heard | undefined {
    if (family !== 'write') return undefined;
    return (call, thread) => {
      if (thread.lastSyscall !== null && ASKS_FOR_ROOM.has(thread.lastSyscall.name)) this.#logged(call, thread);
    };
  }

  replied(call: Call, thread: Thread, request: Request): void {
    const { isHttp, listener, framing } = request.connection;
    if (!this.#inWindow(call.end)) return;
    if (isHttp) {
      this.#counted(listener);
      const status = call.arguments.head;
      const bytes = status.length >= STATUS_BYTES ? status : (call.arguments.payload(STATUS_BYTES) ?? '');
      this.#looked(bytes, call);
      this.#saidIn(refusalInReply(bytes), call, thread, listener);
    } else if (!framing || framing instanceof Redis || framing instanceof Memcached) {
      const bytes = call.arguments.payload(STATUS_BYTES) ?? '';
      // Commands of Redis in plain words have no framing: its answers are known by their first byte.
      if (!framing && (bytes === '' || !REDIS_ANSWERS.includes(bytes.charAt(0)))) return;
      this.#answered(request.connection);
      this.#looked(bytes, call);
      this.#saidIn(refusalOfCommand(bytes), call, thread, listener);
    } else if (framing instanceof Postgres || framing instanceof MySql) {
      this.#answered(request.connection);
      if (call.result > LONGEST_ERROR) return;
      const bytes = call.arguments.payload(HEAD_BYTES) ?? '';
      this.#looked(bytes, call);
      const refusal = framing instanceof MySql ? refusalOfMySql(bytes, call.result) : refusalOfPostgres(bytes);
      // NOWAIT gives up at once, and whoever says it expects that.
      const isMeant = refusal?.reason === 'lock' && request.waitedUntil(call.end) < LONG;
      if (!isMeant) this.#saidIn(refusal, call, thread, listener);
    }
  }

  #saidIn(refusal: Refusal | null, call: Call, thread: Thread, listener: Listener | null): void {
    if (refusal !== null) this.#refused(call, thread, listener, refusal);
  }

  /** The first answer on a connection was counted as its first words. */
  #answered({ listener, firstWrites }: Connection): void {
    if (firstWrites === 1 && this.read > 0) this.read--;
    this.#counted(listener);
  }

  #counted(listener: Listener | null): void {
    this.replies.set(listener, (this.replies.get(listener) ?? 0) + 1);
  }

  #looked(bytes: string, { result }: Call): void {
    this.hidden ||= mayHideRefusal(bytes, result);
  }

  wroteFirst(call: Call, thread: Thread, connection: Connection): void {
    if (!(call.result > 0)) return;
    const bytes = call.arguments.payload(HEAD_BYTES) ?? '';
    if (connection.firstWrites === 1 && bytes !== '' && this.#inWindow(call.end)) {
      this.read++;
      this.#looked(bytes, call);
    }
    const refusal = refusalIn(bytes, call.result);
    if (refusal !== null) this.#refused(call, thread, connection.listener, refusal);
  }

  #logged(call: Call, thread: Thread): void {
    const descriptor = thread.process.descriptors.get(call.fd);
    if (!(call.result > 0) || (descriptor !== undefined && descriptor.connection !== null)) return;
    const refusal = refusalInLog(call.arguments.payload(HEAD_BYTES) ?? '');
    if (refusal !== null) this.#refused(call, thread, thread.accepts.listener, refusal);
  }

  #refused(call: Call, thread: Thread, listener: Listener | null, refusal: Refusal): void {
    if (!this.#inWindow(call.end)) return;
    this.#facts.tell('clientRefused', { thread, listener, refusal, time: call.end, line: keptLine(call) });
  }
}
