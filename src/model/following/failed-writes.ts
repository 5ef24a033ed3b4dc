import { isAlert } from '../../trace/framing/tls.ts';
import type { Call, Signal } from '../../trace/record.ts';
import { type Nanoseconds, SECOND, UNKNOWN } from '../../trace/time.ts';
import { type KeptLine, keptLine } from '../evidence.ts';
import type { FactBus } from '../fact-bus.ts';
import type { FailedWrite } from '../facts.ts';
import type { Connection, Request } from '../machine/connections.ts';
import type { Descriptor } from '../machine/descriptors.ts';
import { PerThread } from '../machine/owned-state.ts';
import type { Thread } from '../machine/thread.ts';
import type { TrackerContext } from '../tracker.ts';

const BROKEN: ReadonlySet<string> = new Set(['EPIPE', 'ECONNRESET', 'ESHUTDOWN']);

/** A write that failed with this error had nobody left to read it. */
export function isBroken(call: Call): boolean {
  return BROKEN.has(call.error) && !call.injected;
}

/** The last failed write of a thread: a SIGPIPE belongs to it. */
const latest = new PerThread<FailedWrite>();

/** Tells writes to somebody who left, with what the request stood behind, and the signals that belong to them. */
export class FailedWrites {
  readonly #facts: FactBus;
  readonly #inWindow: (time: Nanoseconds) => boolean;
  /** What a client notices. */
  readonly #slow: Nanoseconds;

  constructor({ facts, inWindow, longTurn }: TrackerContext) {
    this.#facts = facts;
    this.#inWindow = inWindow;
    this.#slow = longTurn;
  }

  /** A connection is told of once. */
  failed(call: Call, thread: Thread, descriptor: Descriptor, connection: Connection | null): void {
    if (descriptor.writeShut || connection?.failed) return;
    if (connection !== null && isFarewell(call, connection)) return;
    if (connection !== null) connection.failed = true;
    if (!this.#inWindow(call.end)) return;
    const request = connection?.request ?? null;
    const blame =
      request === null ? { own: 0, waiting: 0, behind: 0, longest: null } : request.loop.blame(request, call.start);
    const lines: KeptLine[] = [keptLine(call)];
    const failure: FailedWrite = {
      thread,
      fd: call.fd,
      descriptor,
      connection,
      request,
      error: call.error,
      time: call.end,
      ...blame,
      // A write may wait long for its reader before it fails.
      own: blame.own + call.end - call.start,
      lines,
      wasCut: request !== null && this.#wasCut(request, call),
      signal: '',
      signalIgnored: false,
      fatal: false,
    };
    if (connection !== null) thread.process.brokenPipes++;
    latest.set(thread, failure);
    this.#facts.tell('failedWrite', failure);
  }

  /**
   * The client was there when the reply began. Writes succeed for a while after it left, as long as its network takes
   * to say so: a reply that was late by itself must have gone on for longer.
   */
  #wasCut({ answeredAt, wroteAt, behindAtReply, connection }: Request, { start }: Call): boolean {
    if (answeredAt === UNKNOWN) return false;
    if (connection.isUpgraded || wroteAt - answeredAt >= SECOND) return true;
    return behindAtReply < this.#slow && start - answeredAt >= this.#slow;
  }

  /** A signal was delivered: SIGPIPE right after a failed write belongs to it. */
  signal(thread: Thread, { signal, isIgnored = false }: Signal): void {
    const failure = latest.of(thread);
    if (failure === undefined || signal !== 'SIGPIPE') return;
    failure.signal = signal;
    failure.signalIgnored = isIgnored;
  }

  exited(thread: Thread, signal: string): void {
    const failure = latest.of(thread);
    if (failure !== undefined && signal === 'SIGPIPE') failure.fatal = true;
  }
}

/** An alert of TLS, the end of a WebSocket: who left does not miss it. */
function isFarewell(call: Call, { framing, isUpgraded }: Connection): boolean {
  if (!framing?.isEncrypted && !isUpgraded) return false;
  const bytes = call.arguments.payload(5) ?? '';
  return isUpgraded ? (bytes.charCodeAt(0) & 0x0f) >= 8 : isAlert(bytes);
}
