import { requestShape } from '../../../trace/request-shape.ts';
import { earlier, later, MILLISECOND, type Nanoseconds, SECOND, UNKNOWN } from '../../../trace/time.ts';
import type { KeptLine } from '../../evidence.ts';
import type { Request } from '../../machine/connections.ts';
import { Durations } from '../../machine/durations.ts';
import { PerRequest } from '../../machine/owned-state.ts';
import type { Process } from '../../machine/process.ts';

/** What is shorter is no wait for a connection that anybody would notice. */
const LONG_QUEUE = 100 * MILLISECOND;

/** Requests that waited for so long, all their waits together, are counted apart. */
export const LONG_WAIT: Nanoseconds = SECOND;

/** Processes told apart for one peer. */
const MOST_PROCESSES = 64;

/** One wait for a peer, when it is over or the capture ends. */
export interface PeerWait {
  readonly process: Process;
  /** The request that waited; null when none did. */
  readonly request: Request | null;
  readonly length: Nanoseconds;
  readonly start: Nanoseconds;
  readonly end: Nanoseconds;
  /** It had not ended when the trace did. */
  readonly isOpen: boolean;
  /** No request waited, but the first thread of a process that had asked, inside a call. */
  readonly isMainWork: boolean;
  /** What had been asked, values masked; ''. */
  readonly query: string;
}

/** The longest wait, as it is told. */
export interface LongestWait {
  readonly length: Nanoseconds;
  readonly isOpen: boolean;
  readonly query: string;
  /** The line of the request; '' when no request waited, or its line is not known. */
  readonly request: string;
  /** Question, waiting call and end, as far as there are lines. */
  readonly lines: readonly KeptLine[];
}

/** A request had a connection to a peer. */
export interface Use {
  /** How long it had waited until one was free. */
  readonly length: Nanoseconds;
  /** All connections of the process to that peer; null where there may be more that the capture does not name. */
  readonly connections: number | null;
  /** How long it had its connection. */
  readonly held: Nanoseconds;
  /** The connection was made for it, when another one had its answer. */
  readonly isNew: boolean;
}

/** The longest wait of a request for a free connection. */
export interface QueuedWait {
  readonly length: Nanoseconds;
  readonly connections: Use['connections'];
  readonly isNew: boolean;
  readonly request: string;
  /** The first question of the request, and its reply. */
  readonly lines: readonly KeptLine[];
}

/** What one process waited for a peer. */
export interface ProcessWaits {
  readonly process: Process;
  /** Time of main work that waited inside a call, without any request. */
  mainWork: Nanoseconds;
}

/** Another service, or whatever else a process asks over a socket, and all waits for it. */
export class Peer {
  /**
   * `10.0.0.7:3306`, `unix:/run/x.sock`; where the capture does not tell who it is, what is spoken there
   * (`PostgreSQL`), else `fd 3`.
   */
  readonly name: string;
  /** The name is an address. */
  readonly isKnown: boolean;
  /** What it speaks: seen in the bytes, or by convention of the port; ''. */
  protocol: string;
  readonly all = new Durations();
  /** Waits of requests. */
  readonly ofRequests = new Durations();
  /** Waits of main work that no request asked for. */
  readonly ofMainWork = new Durations();
  /** Waits of slow requests of which only the reply tells that they were theirs. */
  linked = 0;
  /** How long each request that used a connection to it had waited until one was free. */
  readonly ofConnections = new Durations();
  /** How many had waited for `LONG_QUEUE` or more. */
  queued = 0;
  /** The line of all of them; '' where they differ. */
  queuedRequest = '';
  longestQueued: QueuedWait | null = null;
  /** The longest time that a request had a connection. */
  longestHeld: { readonly length: Nanoseconds; readonly request: string } | null = null;
  /** Requests that waited for it. */
  requests = 0;
  /** Those of them that waited for `LONG_WAIT` or more, over all their waits. */
  longRequests = 0;
  /** The line, or the shape, that all of these have; '' where they differ. */
  longRequest = '';
  /** The longest time that one request waited for it, over all its waits. */
  longestOfRequest: Nanoseconds = 0;
  openAtEnd = 0;
  /** The longest time from a question to its answer of which the capture does not show that it was waited. */
  unseen: Nanoseconds = 0;
  /** Connects that failed, resets, ends without an answer, time limits that ran out. */
  failures = 0;
  /** Questions on a new connection that had no answer when the request that asked them was answered. */
  givenUp = 0;
  /** Somebody asked it something, or connected to it. */
  isAsked = false;
  /** Somebody asked it for work, and waits until there is some. */
  givesWork = false;
  /** Time limits that ran out, and the time of them. */
  ranOut = 0;
  ranOutFor: Nanoseconds = 0;
  first: Nanoseconds = UNKNOWN;
  last: Nanoseconds = UNKNOWN;
  /** By the process, for its pid may become known later. */
  readonly processes = new Map<Process, ProcessWaits>();
  longest: LongestWait | null = null;
  /** The longest wait of a request or of main work. */
  longestServing: LongestWait | null = null;

  constructor(name: string, isKnown: boolean, protocol: string) {
    this.name = name;
    this.isKnown = isKnown;
    this.protocol = protocol;
  }

  /** `lines` is asked only for what is told. */
  add(wait: PeerWait, lines: () => readonly KeptLine[]): void {
    const { process, request, length, start, end, isOpen, isMainWork, query } = wait;
    const longest = (): LongestWait => ({ length, isOpen, query, request: request?.line ?? '', lines: lines() });
    this.first = earlier(this.first, start);
    this.last = later(this.last, end);
    if (this.longest === null || length > this.longest.length) this.longest = longest();
    this.all.took(length);
    if (isOpen) this.openAtEnd++;
    const own = this.#of(process);
    if (request !== null) {
      this.ofRequests.took(length);
      this.#ofRequest(request, length);
    } else if (isMainWork) {
      this.ofMainWork.took(length);
      if (own !== undefined) own.mainWork += length;
    } else return;
    if (this.longestServing === null || length > this.longestServing.length)
      this.longestServing = this.longest.length === length ? this.longest : longest();
  }

  /** A wait that was added turns out to be that of a request. */
  wasFor(request: Request, { length, query, lines }: Pick<LongestWait, 'length' | 'query' | 'lines'>): void {
    this.linked++;
    this.ofRequests.took(length);
    this.#ofRequest(request, length);
    if (this.longestServing !== null && length <= this.longestServing.length) return;
    this.longestServing = { length, isOpen: false, query, request: request.line, lines };
  }

  /**
   * A request had a connection to it, for which it may have waited; null: which one is not known. `lines`
   * is asked only for what is told.
   */
  used(
    request: Request | null,
    process: Process,
    { length, connections, held, isNew }: Use,
    lines: () => readonly KeptLine[],
  ): void {
    this.ofConnections.took(length);
    const name = request?.line ?? '';
    if (held > (this.longestHeld?.length ?? 0)) this.longestHeld = { length: held, request: name };
    if (length < LONG_QUEUE) return;
    this.queuedRequest = this.queued === 0 || this.queuedRequest === name ? name : '';
    this.queued++;
    this.#of(process);
    if (request !== null) this.#ofRequest(request, length);
    if (this.longestQueued !== null && length <= this.longestQueued.length) return;
    this.longestQueued = { length, connections, isNew, request: name, lines: lines() };
  }

  failed(process: Process, at: Nanoseconds): void {
    this.failures++;
    this.first = earlier(this.first, at);
    this.last = later(this.last, at);
    this.#of(process);
  }

  /** What was noted of `other` is of the same process. */
  merged(process: Process, other: Process): void {
    const gone = this.processes.get(other);
    if (gone === undefined) return;
    this.processes.delete(other);
    const own = this.#of(process);
    if (own !== undefined) own.mainWork += gone.mainWork;
  }

  #waitedLong({ line }: Request): void {
    const known = this.longRequest;
    if (this.longRequests++ === 0) this.longRequest = line;
    else if (known !== line) this.longRequest = requestShape(known) === requestShape(line) ? requestShape(line) : '';
  }

  #of(process: Process): ProcessWaits | undefined {
    const known = this.processes.get(process);
    if (known !== undefined || this.processes.size === MOST_PROCESSES) return known;
    const made: ProcessWaits = { process, mainWork: 0 };
    this.processes.set(process, made);
    return made;
  }

  #ofRequest(request: Request, length: Nanoseconds): void {
    const all = waitsOfRequest.of(request) ?? waitsOfRequest.set(request, []);
    let own = all.find(({ peer }) => peer === this);
    if (own === undefined) {
      this.requests++;
      if (all.length === MOST_PEERS_OF_REQUEST) return;
      own = { peer: this, total: 0 };
      all.push(own);
    }
    if (own.total < LONG_WAIT && own.total + length >= LONG_WAIT) this.#waitedLong(request);
    own.total += length;
    if (own.total > this.longestOfRequest) this.longestOfRequest = own.total;
  }
}

interface RequestWaits {
  readonly peer: Peer;
  total: Nanoseconds;
}

const MOST_PEERS_OF_REQUEST = 16;
const waitsOfRequest = new PerRequest<RequestWaits[]>();

/** Whom a request waited for longest, over all its waits for that peer; null when it is not known to have waited. */
export function longestWaitOf(request: Request): { readonly peer: string; readonly total: Nanoseconds } | null {
  const all = waitsOfRequest.of(request) ?? [];
  const [first] = all;
  if (first === undefined) return null;
  const { peer, total } = all.reduce((most, each) => (each.total > most.total ? each : most), first);
  return { peer: peer.name, total };
}
