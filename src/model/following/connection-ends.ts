import type { Call } from '../../trace/record.ts';
import { type Nanoseconds, UNKNOWN } from '../../trace/time.ts';
import type { Audience } from '../audience.ts';
import type { FactBus } from '../fact-bus.ts';
import { acceptedBy } from '../machine/accepted-by.ts';
import { clienteleOf } from '../machine/clientele.ts';
import type { Completeness } from '../machine/completeness.ts';
import type { Connection, Request } from '../machine/connections.ts';
import type { Descriptor } from '../machine/descriptors.ts';
import type { Process } from '../machine/process.ts';
import type { Thread } from '../machine/thread.ts';
import type { FollowerContext } from './follower-context.ts';
import { UnseenService } from './unseen-service.ts';

/** Follows how connections end: who was dropped, and whose client left before its answer. */
export class ConnectionEnds {
  readonly #facts: FactBus;
  readonly #audience: Audience;
  readonly #completeness: Completeness;
  readonly #inWindow: (time: Nanoseconds) => boolean;
  readonly #unseen: UnseenService;

  constructor({ facts, audience, completeness, inWindow, processes }: FollowerContext) {
    this.#facts = facts;
    this.#completeness = completeness;
    this.#audience = audience;
    this.#inWindow = inWindow;
    this.#unseen = new UnseenService(processes);
  }

  /** A process closed a descriptor. Returns the request that it works for. */
  closed(call: Call, thread: Thread, descriptor: Descriptor): Request | null {
    const { connection } = descriptor;
    if (connection === null) {
      if (descriptor.wroteAt !== UNKNOWN) this.#unseen.servedForOthers(call.fd, descriptor, thread.process);
      return descriptor.owner;
    }
    if (isLastOpen(connection, thread.process)) {
      if (isLeftUnanswered(connection.request)) this.#completeness.unanswered++;
      this.#end(connection, thread, call.end);
    }
    return connection.request;
  }

  /** Connections whose client was seen to leave and that are still open when the capture ends. */
  finish(processes: readonly Process[], at: Nanoseconds): void {
    for (const process of processes) {
      process.inProgress.finish(process);
      for (const [, { connection }] of process.descriptors.entries())
        if (connection !== null && !connection.closed) this.#end(connection, acceptedBy(connection), at);
    }
  }

  /** The reply may have been written where, or when, the capture shows nothing. */
  #mayBeAnswered(request: Request, process: Process, at: Nanoseconds): boolean {
    return this.#completeness.hiddenIn(request.readAt, at) > 0 || this.#unseen.mayBeAnswered(request, process);
  }

  #end(connection: Connection, thread: Thread, at: Nanoseconds): void {
    const { request } = connection;
    connection.closed = true;
    thread.process.inProgress.done(request);
    this.#audience.connectionEnded(connection);
    if (!connection.used && connection.seenOpening && this.#unseen.isServedElsewhere(connection)) {
      acceptedBy(connection).process.servedUnseen++;
      connection.used = true;
    }
    // A process that passes connections on closes its own copies unread.
    if (!connection.used && connection.seenOpening && !thread.process.handsDescriptorsOver && this.#inWindow(at))
      this.#facts.tell('droppedConnection', { connection, time: at });
    if (
      request.hungUpAt === UNKNOWN ||
      connection.failed ||
      request.hungUpLine === null ||
      !this.#inWindow(request.hungUpAt)
    )
      return;
    this.#facts.tell('hangUp', {
      thread,
      request,
      time: request.hungUpAt,
      answered: request.answeredAt !== UNKNOWN,
      mayBeAnswered: request.answeredAt === UNKNOWN && this.#mayBeAnswered(request, thread.process, at),
      mayExpectNothing: mayExpectNothing(request),
      closedAt: at,
      line: request.hungUpLine,
    });
  }
}

/**
 * Logs, counters and events are sent to somebody who says nothing: to leave after them is no hang-up. What a process
 * got from another one may be any file or pipe between the two, as in a browser.
 */
function mayExpectNothing({ line, connection }: Request): boolean {
  const { listener, framing, isHttp, descriptor } = connection;
  if (line !== '' || framing !== null || isHttp) return false;
  if (listener !== null) return !listener.isAnswered;
  return descriptor.seenOpening;
}

/**
 * Whether the connection ends with the copy that this process closes. Who accepts and forks for it closes a copy while
 * its child serves the client.
 */
function isLastOpen(connection: Connection, process: Process): boolean {
  const { openedAt, usedWhereAccepted } = connection;
  const accepting = acceptedBy(connection).process;
  if (accepting !== process) return !usedWhereAccepted && clienteleOf(process).from === accepting;
  const wasInherited = accepting.lastForkAt !== UNKNOWN && accepting.lastForkAt >= openedAt;
  return usedWhereAccepted || !wasInherited;
}

function isLeftUnanswered({ line, complete, answeredAt, hungUpAt }: Request): boolean {
  return line !== '' && complete && answeredAt === UNKNOWN && hungUpAt === UNKNOWN;
}
