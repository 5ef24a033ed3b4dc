import type { Nanoseconds } from '../../trace/time.ts';
import type { Connection, Request, Serving } from './connections.ts';
import type { Turn } from './turn.ts';

/**
 * Up to so many requests are looked at one by one when a long turn ends; of more only the first, and the rest are
 * counted.
 */
const LOOKED_AT = 1_024;
const NAMED = 8;

/** What is asked of the process: which connection each of its descriptors is now. */
interface Holder {
  readonly descriptors: { get(fd: number): { readonly connection: Connection | null } | undefined };
}

/**
 * The requests that a process has read and not answered. A long turn asks for them, and a process may have very many
 * open connections.
 */
export class RequestsInProgress {
  // Made when there is one: most processes serve nobody.
  #requests: Set<Request> | null = null;
  #most = LOOKED_AT;
  /** The oldest one that had not been answered when the capture ended; null for none. */
  oldestAtEnd: Request | null = null;
  /** How many there were then. */
  countAtEnd = 0;
  /** All of them, which are closed with the capture; null while it goes on. */
  #atEnd: readonly Request[] | null = null;
  /** The oldest of those that each thread serves. */
  readonly #oldestOf = new Map<Serving, Request>();

  add(request: Request, process: Holder): void {
    this.#requests ??= new Set();
    this.#requests.add(request);
    if (this.#requests.size <= this.#most) return;
    for (const each of this.#requests) if (!isOpen(each, process)) this.#requests.delete(each);
    this.#most = Math.max(LOOKED_AT, this.#requests.size * 2);
  }

  done(request: Request): void {
    this.#requests?.delete(request);
  }

  /** Takes over those of a process that turned out to be the same. */
  absorb(other: RequestsInProgress, process: Holder): void {
    for (const request of other.#requests ?? []) this.add(request, process);
    other.#requests = null;
  }

  /** The trace has ended, and nothing was closed so far for that. */
  finish(process: Holder): void {
    this.#atEnd = [...this.unanswered(process)];
    for (const request of this.#atEnd) {
      this.countAtEnd++;
      if (isOlder(request, this.oldestAtEnd)) this.oldestAtEnd = request;
      if (isOlder(request, this.oldestOf(request.loop))) this.#oldestOf.set(request.loop, request);
    }
  }

  /** The oldest one that this thread serves and had not answered when the capture ended; null for none. */
  oldestOf(loop: Serving): Request | null {
    return this.#oldestOf.get(loop) ?? null;
  }

  /** The trace goes on after all. */
  goesOn(): void {
    this.oldestAtEnd = null;
    this.countAtEnd = 0;
    this.#atEnd = null;
    this.#oldestOf.clear();
  }

  *unanswered(process: Holder): Iterable<Request> {
    for (const request of this.#requests ?? []) if (isOpen(request, process)) yield request;
  }

  /** The same, also when the capture has ended. */
  stillUnanswered(process: Holder): Iterable<Request> {
    return this.#atEnd ?? this.unanswered(process);
  }

  /** Tells a turn that ended at `at` who waited for it, and gives those that were looked at. */
  noteWaiting(turn: Turn, at: Nanoseconds, process: Holder): readonly Request[] {
    const requests = this.#requests;
    if (requests === null) return [];
    const isMany = requests.size > LOOKED_AT;
    const waiting: Request[] = [];
    for (const request of requests) {
      // What another process answered or closed was not told here.
      if (!isOpen(request, process)) requests.delete(request);
      else if (request !== turn.owner && request.startedAt < at) waiting.push(request);
      if (isMany && waiting.length === NAMED) break;
    }
    for (const { name } of waiting.sort((a, b) => a.connection.fd - b.connection.fd)) turn.addWaiting(name);
    if (!isMany) return waiting;
    const owner = turn.owner !== null && requests.has(turn.owner) ? 1 : 0;
    turn.waitingCount = Math.max(turn.waitingCount, requests.size - owner);
    return waiting;
  }
}

function isOpen(request: Request, { descriptors }: Holder): boolean {
  const { connection } = request;
  return request.inProgress && descriptors.get(connection.fd)?.connection === connection;
}

function isOlder(request: Request, other: Request | null): boolean {
  return other === null || request.startedAt < other.startedAt;
}
